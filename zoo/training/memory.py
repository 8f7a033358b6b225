"""How many members fit into memory at once."""

import os
import re

HEADROOM = 0.9


def available_bytes(device):
    """Bytes that a program may take on a JAX device: its limit there, or the machine's free memory."""
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return int(HEADROOM * (stats["bytes_limit"] - stats.get("bytes_in_use", 0)))
    return int(HEADROOM * os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def needed_bytes(executable):
    """Bytes that a compiled JAX program takes: arguments, results and temporaries, shared buffers once."""
    analysis = executable.memory_analysis()
    if analysis is None:
        return 0
    return (
        analysis.argument_size_in_bytes
        + analysis.output_size_in_bytes
        + analysis.temp_size_in_bytes
        - analysis.alias_size_in_bytes
    )


def is_out_of_memory(error):
    """Whether an exception of JAX says that the device's memory was not enough."""
    return bool(re.search(r"RESOURCE_EXHAUSTED|[Oo]ut of memory", str(error)))
