"""How many members fit into memory at once."""

import contextlib
import os
import re
from pathlib import Path

from zoo.errors import ZooError

HEADROOM = 0.9
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")  # of this container, where it has one of its own


def available_bytes(device):
    """Bytes that a program may take on a JAX device: its limit there, or the memory that the machine has available."""
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return int(HEADROOM * (stats["bytes_limit"] - stats.get("bytes_in_use", 0)))
    return int(HEADROOM * min(_of_the_machine(), _of_the_container()))


def _of_the_machine():
    """Bytes that can be had without swapping: free ones and those that only hold copies of files."""
    if MEMINFO.exists():
        found = re.search(r"^MemAvailable:\s*(\d+) kB", MEMINFO.read_text(), re.MULTILINE)
        if found:
            return 1024 * int(found[1])
    pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"  # macOS counts all only
    return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")


def _of_the_container():
    """Bytes left of the limit of this control group (version 2), copies of files not counted; infinity without a limit."""
    try:
        limit, used = int((CGROUP / "memory.max").read_text()), int((CGROUP / "memory.current").read_text())
        files = re.search(r"^inactive_file (\d+)", (CGROUP / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # no such group, or the limit is "max"
        return float("inf")
    return max(0, limit - used + (int(files[1]) if files else 0))


def needed_bytes(executable):
    """Bytes that a compiled JAX program takes: arguments, results and temporaries, shared buffers once."""
    analysis = executable.memory_analysis()
    if analysis is None:
        return 0
    return (
        analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes - analysis.alias_size_in_bytes
    )


def is_out_of_memory(error):
    """Whether an exception of JAX, TensorFlow or PyTorch says that the device's memory was not enough."""
    return bool(re.search(r"RESOURCE_EXHAUSTED|[Oo]ut of memory|OOM when allocating|can't allocate memory", str(error)))


def not_even_one(error):
    """The ZooError of an exception that says that the memory was not enough for a single member."""
    lines = str(error).splitlines()
    why = next((line.strip() for line in lines if is_out_of_memory(line)), lines[0])
    return ZooError(f"Not even one member fits into the device's memory: {why}")


@contextlib.contextmanager
def explained_memory():
    """Within this context a want of memory for a single member is a ZooError."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise not_even_one(error) from error
