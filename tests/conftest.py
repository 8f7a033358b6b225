"""What holds for every test: the backend, results that never touch the checkout, and which tests run by default."""

import os

# Keras fixes its backend at its first import, so this comes before every other import.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

import pytest  # noqa: E402

# Run only when -m names them.
OPT_IN = ("slow", "gpu", "network")


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that a default run cannot afford; `-m slow` and the like bring them in."""
    chosen = config.option.markexpr
    left_out = [item for item in items if any(item.get_closest_marker(m) and m not in chosen for m in OPT_IN)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(autouse=True)
def results_dir(tmp_path, monkeypatch):
    """An own results folder for every test: nothing a test does reaches the checkout's results/."""
    folder = tmp_path / "results"
    monkeypatch.setenv("ZOO_RESULTS_DIR", str(folder))
    return folder
