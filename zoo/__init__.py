"""deepzoo: Keras models from shallow to deep, whole populations of seeds, and evidence for every claim.

Nothing heavy is imported until it is used (PEP 562): Keras fixes its backend at its first import, so `import zoo` must leave
that choice to the user. Where Keras is there already, its `keras.saving.load_model` learns what the zoo's models are made of.
"""

import importlib
import sys

_HOMES = {
    "create_model": "zoo.registry",
    "list_models": "zoo.registry",
    "register_model": "zoo.registry",
    "Population": "zoo.training.population",
    "classify": "zoo.classifying",
    "decoder": "zoo.representations",
    "embedding": "zoo.representations",
    "encoder": "zoo.representations",
    "evaluate_preset": "zoo.presets",
    "export_model": "zoo.exporting",
    "features": "zoo.representations",
    "forecast": "zoo.forecasting",
    "from_preset": "zoo.presets",
    "generate": "zoo.generation",
    "list_presets": "zoo.presets",
    "model_card": "zoo.presets",
    "model_options": "zoo.registry",
    "prepare_image": "zoo.image_files",
    "read_examples": "zoo.data_files",
    "retrain_preset": "zoo.presets",
    "save_preset": "zoo.presets",
    "pretrain": "zoo.training.pretraining",
}
_SUBPACKAGES = ("datasets", "errors", "layers", "models", "presets", "reconstruction", "registry", "reproductions", "training")

__all__ = sorted([*_HOMES, "__version__", "datasets", "errors", "reconstruction"])


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in _SUBPACKAGES:
        return importlib.import_module(f"zoo.{name}")
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES, *_SUBPACKAGES, "__version__"})


def _version():
    """The version that is installed; "unknown" for a copy of the files that nobody installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("deepzoo")
    except PackageNotFoundError:
        return "unknown"


if sys.modules.get("keras"):
    importlib.import_module("zoo.layers")
