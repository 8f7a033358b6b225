"""The training engine: K replicas of one Keras model trained as one compiled program."""

from zoo.training.population import Population
from zoo.training.pretraining import pretrain

__all__ = ["Population", "pretrain"]
