"""Where trials are computed: in this process, or as tasks of a Ray cluster; storing them is the runner's business."""

import copy
import functools
import gc
import importlib.util
import logging
import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from zoo.environment import NUMERICS, commit, device_and_versions
from zoo.errors import InvalidInput, ResultsError, unknown_name
from zoo.reproductions.harness.fingerprint import dataset_fingerprint, trial_code

ENGINES = ("local", "ray")
CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    """What a trial's run returned, or the exception that ended it, and the seconds that it took, compilation included."""

    returned: object
    error: Exception | None
    wall_seconds: float


def open_engine(name, address=None):
    """The engine of a name. Raises UnknownName, or InvalidInput where an address or ray is missing its other half."""
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    if name == "local" and address:
        raise InvalidInput("An address goes with --engine ray only.")
    return LocalEngine() if name == "local" else RayEngine(address)


def compute(trial, report):
    """Run one trial, from seeded generators, so that its outcome does not depend on what this process ran before.

    Keras's own generator is seeded wherever a model is built; keras.utils.set_random_seed would import TensorFlow.
    """
    random.seed(trial.seeds[0])
    np.random.seed(trial.seeds[0])
    began = time.perf_counter()
    try:
        # What tells of the trial afterwards is its recipe as it was, whatever a run function does to what it is given.
        returned, error = trial.run(replace(trial, recipe=copy.deepcopy(trial.recipe)), report), None
        returned = [*returned] if isinstance(returned, Iterator) else returned  # such as a generator, which is read once
    except Exception as caught:  # one trial that fails must not take the others with it
        returned, error = None, caught
    gc.collect()
    return Outcome(returned, error, time.perf_counter() - began)


class LocalEngine:
    """Computes one trial after the other in this process. here: whether trials share the runner's disk."""

    slots, here = 1, True

    def environment(self):
        """device_and_versions() of the process that trains."""
        return device_and_versions()

    def start(self, trial, report):
        """Take a trial on; what it returns is a handle for wait."""
        return functools.partial(compute, trial, report)

    def wait(self, handles):
        """(handle, Outcome) of one of the trials taken on."""
        return handles[0], handles[0]()

    def close(self):
        """Nothing is held."""


class RayEngine:
    """Computes trials as Ray tasks, one GPU each where the cluster has any; the driver stores what comes back."""

    here = False

    def __init__(self, address=None):
        if importlib.util.find_spec("ray") is None:
            raise InvalidInput("The engine ray needs Ray, which is not installed: pip install 'deepzoo[cluster]'.")
        import keras
        import ray

        self._ray = ray
        self._started = not ray.is_initialized()
        # Workers must train with the driver's backend and write down the driver's commit.
        variables = {"KERAS_BACKEND": keras.backend.backend(), "ZOO_COMMIT": commit()}
        variables |= {name: os.environ[name] for name in NUMERICS if name in os.environ}
        if self._started:
            quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
            try:
                _require_answer(address)
                ray.init(address=address or "local", runtime_env={"env_vars": variables}, **quiet)
            except (OSError, ValueError, RuntimeError) as error:
                if address is None:
                    raise InvalidInput(f"Ray did not start on this machine ({error}).") from None
                raise InvalidInput(f"No Ray cluster answers at {address} ({error}); start one with ray start --head.") from None
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        self.slots = gpus or max(1, int(resources.get("CPU", 1)))
        self._task = ray.remote(num_gpus=1 if gpus else 0, num_cpus=1, max_retries=1)

    def environment(self):
        """device_and_versions() of a worker, whose code must be ours and which all the others must be like."""
        self._here = self._ray.get(self._task(device_and_versions).remote())
        return self._here

    def start(self, trial, report):
        """Send a trial to the cluster."""
        expected = dataset_fingerprint(trial.dataset), trial_code(trial)
        return self._task(_compute_remotely).remote(trial, expected, self._here)

    def wait(self, handles):
        """(handle, Outcome) of the first trial that comes back."""
        (done,), _ = self._ray.wait(handles, num_returns=1)
        try:
            return done, self._ray.get(done)
        except self._ray.exceptions.RayError as error:
            return done, Outcome(None, getattr(error, "cause", None) or error, 0.0)

    def close(self):
        """Leave the cluster, or stop the one that was started here."""
        if self._started:
            self._ray.shutdown()


def _require_answer(address):
    """Raise OSError where nobody listens: Ray itself would try for many minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


def _compute_remotely(trial, expected, place):
    """compute() on a worker. Raises ResultsError where its code, its data or what its rows would have to name is another."""
    from zoo.reproductions.harness.progress import Report

    here = device_and_versions()
    for name in ("device", "processor", "backend", "precision", "versions"):
        if here[name] != place[name]:
            raise ResultsError(
                f"The cluster's workers are not alike ({name}: {here[name]} here, {place[name]} elsewhere), and a table holds "
                "one device only: give it machines of one kind."
            )

    if (dataset_fingerprint(trial.dataset), trial_code(trial)) != expected:
        raise ResultsError(
            "A worker of the cluster has other code or other data than this machine: install the same there, and let the module "
            "of the trials import those of models of your own."
        )
    return compute(trial, Report())
