"""The training engine: K replicas of one Keras model trained as one compiled program."""

from zoo.training.population import Population

__all__ = ["Population"]
