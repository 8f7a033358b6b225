"""What a number depends on besides its recipe: device, backend, precision, versions and the commit of the code."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

CODE = ("zoo", "datasets", "reproductions", "tests/benchmarks", "setup.cfg", "pyproject.toml")
NUMERICS = ("JAX_DEFAULT_MATMUL_PRECISION", "JAX_ENABLE_X64")  # what JAX takes out of the environment
PACKAGES = ("keras", "jax", "jaxlib", "numpy", "scipy", "scikit-learn", "scikit-image")


def device_and_versions():
    """The environment of this process as a JSON-able dict; imports Keras and asks its backend for the device.

    No host name and no path is in it, so it can be published.
    """
    import keras

    backend = keras.backend.backend()
    packages = PACKAGES if backend == "jax" else (*PACKAGES, backend)
    return {
        "device": _device(backend),
        "processor": processor(),
        "backend": backend,
        "precision": _precision(backend),
        "versions": {name: version for name in packages if (version := installed_version(name))},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def installed_version(name):
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def processor():
    """The model of this machine's processor, such as "AMD EPYC 9R14"."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return " ".join(found[1].split()) if found else platform.processor() or platform.machine()


def on_cpu():
    """Whether Keras's backend computes on the processor; imports Keras."""
    import keras

    return _device(keras.backend.backend()) == processor()


def commit():
    """The commit of the code that runs: env ZOO_COMMIT, else git's short hash with "-dirty" if changed, else "unknown"."""
    if os.environ.get("ZOO_COMMIT"):
        return os.environ["ZOO_COMMIT"]
    checkout = Path(__file__).resolve().parents[1]
    if not (checkout / ".git").exists():
        return "unknown"
    head = _git(checkout, "rev-parse", "--short", "HEAD")
    # What decides a number: neither what a run writes nor what a user puts beside it makes the code another one.
    changed = _git(checkout, "status", "--porcelain", "--", *CODE)
    return "unknown" if not head else f"{head}-dirty" if changed else head


def _git(folder, *words):
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _precision(backend):
    """What numbers are kept and computed in: Keras's policy, and where JAX was told otherwise than by default."""
    import keras

    said = [keras.config.dtype_policy().name]
    if backend == "jax":
        import jax

        if products := jax.config.jax_default_matmul_precision:
            said.append(f"products in {products}")
        if jax.config.jax_enable_x64:
            said.append("64 bits allowed")
    return ", ".join(said)


def _device(backend):
    """Name of the accelerator that the backend trains on, else of the processor."""
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return processor() if device.platform == "cpu" else device.device_kind
    if backend == "tensorflow":
        import tensorflow

        accelerators = tensorflow.config.list_physical_devices("GPU")
        if accelerators:
            details = tensorflow.config.experimental.get_device_details(accelerators[0])
            return details.get("device_name", "GPU")
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name(0)
    return processor()
