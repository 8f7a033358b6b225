"""The training engine: K replicas of one Keras model trained as one compiled program.

Its modules are imported one by one: a recipe is plain data, and whoever reads one needs no Keras.
"""
