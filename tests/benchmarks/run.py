"""Measures the population beside Keras fit, PyTorch and scikit-learn, writes results/benchmarks.{csv,md,png}.

A run that was stopped goes on where it was when started again; results of other devices stay.
"""

import argparse
import dataclasses
import fnmatch
import importlib.metadata
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
RESULTS = TESTS.parent / "results"
sys.path.insert(0, str(TESTS))

from benchmarks import report, server, store  # noqa: E402
from benchmarks.configs import all_configs  # noqa: E402
from zoo.environment import commit  # noqa: E402

MODULES = {"jax": "jax", "tensorflow": "tensorflow", "torch": "torch", "sklearn": "sklearn", "plain": "zoo"}
PACKAGES = ("keras", "jax", "tensorflow", "torch", "scikit-learn", "numpy")
WRITING = 8  # seconds of the limit that are kept for tables and figure
PROBE = """
import jax
from zoo.datasets import load
load("mnist")  # so that no measurement has to fetch it
print(jax.default_backend(), jax.devices()[0].device_kind, sep="\\t")
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it on few examples, into results/smoke")
    parser.add_argument("--only", metavar="PATTERN", help="only configurations whose name matches, e.g. '*mlp*'")
    parser.add_argument("--limit", metavar="SECONDS", type=float, default=600, help="stop by then (600); start again to go on")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where results go (default: results)")
    parser.add_argument("--take", metavar="FOLDER", type=Path, help="measure nothing: take over another folder's results")
    parser.add_argument("--list", action="store_true", help="measure nothing: print the names of the configurations")
    return parser.parse_args()


def environment(family):
    """Variables of the process that measures a family: modules are compiled once, as those of an installed package are."""
    backend = family if family in ("jax", "tensorflow") else "jax"
    own = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    others = ("JAX_COMPILATION_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return kept | own | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


def find_device():
    """(platform, name): "gpu" or "cpu", and what it is called; the data are at hand afterwards."""
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment("jax"), stdout=subprocess.PIPE, text=True, check=True)
    platform, kind = done.stdout.strip().splitlines()[-1].split("\t")
    if platform != "cpu":
        return "gpu", kind
    models = [line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return "cpu", f"{models[0] if models else 'CPU'}, {len(os.sched_getaffinity(0))} cores"


def versions():
    """Versions of the packages and the commit of our code, all that a measurement can change with on one machine."""
    found = [f"deepzoo {commit()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def measure(family, configs, together, deadline):
    """Yield (config, message) for every one of configs, whatever happens to the process that measures them."""
    if time.time() >= deadline:
        yield from ((config, {"status": server.CUT}) for config in configs)
        return
    command = [sys.executable, "-m", "benchmarks.server", family, str(together), str(deadline)]
    with subprocess.Popen(command, env=environment(family), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        json.dump([dataclasses.asdict(config) for config in configs], process.stdin)
        process.stdin.close()
        left = {config.name: config for config in configs}
        for line in filter(lambda text: text.startswith("{"), process.stdout):  # frameworks print as well
            message = json.loads(line)
            yield left.pop(message["config"]), message
    for config in left.values():
        yield config, {"status": f"failed: its process ended with exit code {process.returncode}"}


def rows_of(config, message, common):
    """The rows for the table: one, or several for scaling and start, or one that says what went wrong."""
    base = dict.fromkeys(store.COLUMNS) | dataclasses.asdict(config) | common
    base |= {"config": config.name, "status": message["status"]}
    return [base | row for row in message.get("rows", [{}])]


def still_missing(configs, partial, common):
    """The configurations that a run cut off before has not measured, on this device with these versions."""
    alike = [row for row in partial if (row["device"], row["versions"]) == (common["device"], common["versions"])]
    done = {row["config"] for row in alike if row["status"] == "ok"}
    return [config for config in configs if config.name not in done]


def run(options, folder):
    """Measure what is missing; returns how many configurations failed, and forgets the run if it came to its end."""
    deadline = time.time() + options.limit - WRITING
    platform, device = find_device()
    configs = [c for c in all_configs(platform, options.quick) if importlib.util.find_spec(MODULES[c.family])]
    configs = [c for c in configs if fnmatch.fnmatch(c.name, options.only or "*")]
    if options.list:
        print(*(c.name for c in configs), sep="\n")
        return 0
    together = min(6, max(1, len(os.sched_getaffinity(0)) // 2)) if platform == "gpu" else 1
    common = {"device": device, "platform": platform, "versions": versions(), "together": together}
    folder.mkdir(parents=True, exist_ok=True)
    missing = still_missing(configs, store.read_partial(folder), common)
    print(f"{device}: {len(missing)} measurements, {len(configs) - len(missing)} done before", flush=True)
    statuses, started = [], time.time()
    for family, group in itertools.groupby(missing, lambda config: config.family):
        for config, message in measure(family, list(group), together, deadline):
            rows = rows_of(config, message, common)
            store.append_partial(folder, rows)
            statuses.append(message["status"])
            shown = f"{rows[0]['seconds']:.4g} s" if message["status"] == "ok" else message["status"]
            print(f"[{len(statuses)}/{len(missing)}, {time.time() - started:.0f} s] {config.name}: {shown}", flush=True)
    finished = server.CUT not in statuses
    write(store.read(folder), folder)
    if finished:
        store.forget_partial(folder, device, {config.name for config in configs})
    return sum(status.startswith("failed") for status in statuses)


def write(rows, folder):
    """The table, the page and the figure."""
    store.write(rows, folder)
    report.write(rows, folder)
    print(f"wrote {store.CSV} and benchmarks.md")


def main():
    options = arguments()
    folder = options.out or (RESULTS / "smoke" if options.quick else RESULTS)
    if options.take:
        write(store.merged(store.read(folder), store.read(options.take)), folder)
        return 0
    failed = run(options, folder)
    if failed:
        print(f"{failed} failed: see the remarks in benchmarks.md", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
