"""Pretrained models: a preset is a folder with a configuration, weights, a card and golden logits, checked at every load."""

from zoo.presets.card import model_card
from zoo.presets.folder import list_presets
from zoo.presets.loading import from_preset
from zoo.presets.proving import evaluate_preset, retrain_preset
from zoo.presets.saving import save_preset

__all__ = ["evaluate_preset", "from_preset", "list_presets", "model_card", "retrain_preset", "save_preset"]
