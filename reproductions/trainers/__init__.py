"""How the reproductions train: run functions for their trials, and the baselines that are not Keras models.

Unlike harness/, what stands here decides outcomes, so that its source is part of a trial's key.
"""
