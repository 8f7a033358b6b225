"""Runs the measurements of one framework, each in a process of its own, forked after the one costly import.

A few processes at a time build and compile their models; then they measure one by one, all others at rest.
"""

import importlib
import json
import multiprocessing
import os
import re
import signal
import sys
import time
import traceback
import warnings

from benchmarks.configs import Config

PATIENCE = 240  # seconds that one configuration may take to prepare, and again to measure
# Nothing here may touch the device: a process that has cannot be forked.
IMPORTS = {
    "jax": ("keras", "pandas", "zoo"),
    "tensorflow": ("keras", "zoo"),
    "torch": ("torch", "zoo"),
    "sklearn": ("sklearn.neural_network", "zoo"),
    "plain": (),
}
RUNNERS = {
    "population": "benchmarks.measure_keras",
    "fit": "benchmarks.measure_keras",
    "scaling": "benchmarks.measure_scaling",
    "eager": "benchmarks.measure_torch",
    "ensemble": "benchmarks.measure_torch",
    "MLPClassifier": "benchmarks.measure_sklearn",
    "start": "benchmarks.measure_start",
    "variations": "benchmarks.measure_start",
    "presets": "benchmarks.measure_presets",
}
CUT = "not measured: time limit"


class Child:
    """A forked process that measures one Config: first `prepared`, then `result` when its turn has come."""

    def __init__(self, config):
        self.config = config
        self.pipe, theirs = multiprocessing.Pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about threads: none of them holds a lock at this point
            self.pid = os.fork()
        if self.pid == 0:
            _serve(config, theirs)
        theirs.close()

    def receive(self, deadline):
        """Its next message, or one that says how it ended."""
        try:
            if self.pipe.poll(max(0.0, min(PATIENCE, deadline - time.time()))):
                return self.pipe.recv()
        except (EOFError, OSError):
            _, status = os.waitpid(self.pid, 0)
            self.pid = None
            code = os.waitstatus_to_exitcode(status)
            return {"status": f"failed: killed by {signal.Signals(-code).name}" if code < 0 else f"failed: exit code {code}"}
        return {"status": CUT if time.time() >= deadline else f"failed: no answer within {PATIENCE} s"}

    def end(self):
        """Leave nothing of it behind."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pipe.close()


def _serve(config, pipe):
    """What a child does; never returns."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        measure = getattr(importlib.import_module(RUNNERS[config.runner]), config.runner)(config)
        next(measure)
        pipe.send({"status": "prepared"})
        pipe.recv()
        try:
            next(measure)
        except StopIteration as stop:
            pipe.send({"status": "ok", "rows": stop.value})
    except BaseException as error:  # whatever it was, the others go on
        pipe.send({"status": f"failed: {_sentence(error)}", "traceback": traceback.format_exc()})
    os._exit(0)


def _sentence(error):
    """An error in one line, without the paths of this machine."""
    line = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: " + re.sub(r"(?:/[\w.+-]+){2,}", "<path>", line)[:160]


def run_batch(configs, deadline):
    """Prepare some configurations together, then measure one after another; yields (config, message)."""
    if time.time() >= deadline:
        yield from ((config, {"status": CUT}) for config in configs)
        return
    children = [Child(config) for config in configs]
    messages = [child.receive(deadline) for child in children]
    for child, message in zip(children, messages):
        if message["status"] != "prepared":
            child.end()  # before anybody measures: nothing else may run then
    for child, message in zip(children, messages):
        if message["status"] == "prepared":
            child.pipe.send("go")
            message = child.receive(deadline)
            child.end()
        yield child.config, message


def main(family, together, deadline):
    """Read Configs as JSON from stdin, write one line of JSON for each to stdout."""
    configs = [Config(**fields) for fields in json.load(sys.stdin)]
    for module in IMPORTS[family]:
        importlib.import_module(module)
    for start in range(0, len(configs), together):
        for config, message in run_batch(configs[start : start + together], deadline):
            if "traceback" in message:
                print(f"{config.name}\n{message.pop('traceback')}", file=sys.stderr, flush=True)
            print(json.dumps({"config": config.name} | message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
