"""Trials as tasks of a Ray cluster: a real one, of one machine, in processes of its own; what a worker refuses, without."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness_example
from zoo.environment import device_and_versions
from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness import Budget, run_claim
from zoo.reproductions.harness.engines import _compute_remotely
from zoo.reproductions.harness.fingerprint import dataset_fingerprint, trial_code

# Drivers of their own: Ray forks when it starts, which a process that has JAX at work should not.
DRIVER = """
import sys
import harness_example
from zoo.errors import ZooError
from zoo.reproductions.harness import run_claim
try:
    run_claim(harness_example, "smoke", engine="local" if "local" in sys.argv else "ray", force="force" in sys.argv)
except ZooError as error:
    print(error)
"""


def drive(*arguments, **variables):
    """Run the driver in a process of its own."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", DRIVER, *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path, **variables}, capture_output=True, text=True, timeout=300)


@pytest.fixture
def ray():
    return pytest.importorskip("ray")


def values(folder):
    with open(folder / "runs.csv", newline="") as file:
        return [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", ["device", "processor", "backend", "versions"])
def test_a_worker_that_is_another_machine_is_refused(name):
    (trial, _) = harness_example.trials(Budget.named("smoke"))
    expected, here = (dataset_fingerprint(trial.dataset), trial_code(trial)), device_and_versions()
    assert _compute_remotely(trial, expected, here).error is None
    with pytest.raises(ResultsError, match=f"not alike.*{name}.*machines of one kind"):
        _compute_remotely(trial, expected, here | {name: "another"})
    with pytest.raises(ResultsError, match="other code or other data"):
        _compute_remotely(trial, ("0", expected[1]), here)


@pytest.mark.slow
def test_ray_gives_the_same_tables_and_shares_the_store(ray, results_dir, tmp_path):
    first = drive()
    assert first.returncode == 0 and first.stdout == "", first.stderr
    again = drive("local")
    assert again.stderr.count("read from the store") == 2, again.stderr
    failed = drive("force", EXAMPLE_FAILS="mlp")
    assert "1 of 2 trials failed" in failed.stdout and "digits mlp (one layer of 32): RuntimeError: the example" in failed.stdout
    local = run_claim(harness_example, "smoke", out=tmp_path / "local")
    assert values(results_dir / "smoke" / "harness_example") == values(local)


@pytest.mark.slow
def test_cluster_that_does_not_answer(ray):
    with pytest.raises(InvalidInput, match="No Ray cluster answers at 127.0.0.1:1"):
        run_claim(harness_example, "smoke", engine="ray", address="127.0.0.1:1")
