"""Pretrained models: a preset is a folder of configuration, weights and card, checked at every load, and golden logits."""

from zoo.presets.card import model_card
from zoo.presets.folder import list_presets
from zoo.presets.loading import from_preset
from zoo.presets.proving import evaluate_preset, retrain_preset
from zoo.presets.saving import save_preset

__all__ = ["evaluate_preset", "from_preset", "list_presets", "model_card", "retrain_preset", "save_preset"]
