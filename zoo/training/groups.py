"""How the members of a population are dealt out: in groups that fit into memory, on a CPU several groups at a time.

One small net cannot keep the cores of a CPU busy: the operations of a step are too short to be shared out. Groups that train
side by side, a thread each, can. Programs with a convolution that XLA computes itself are the exception: with JAX 0.10 on
two cores, while two executions were under way, the first images of a batch came out of it wrong in up to three steps of
five, without an error. Such groups train in turn. Convolutions that XLA hands over to YNNPACK, and products of matrices,
came out right.
"""

import math
import os
import re
import threading
import time
from pathlib import Path

import jax

CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def cores():
    """How many groups the device can train side by side: as many as this process may use CPU cores, on a GPU one.

    One, too, while JAX looks for NaN or infinity, or compiles nothing: it does so in the thread that was told to only.
    """
    debugging = jax.config.jax_debug_nans or jax.config.jax_debug_infs or jax.config.jax_disable_jit
    if jax.default_backend() != "cpu" or debugging:
        return 1
    return processor_cores()


def processor_cores():
    """CPU cores that this process may use: no more than its affinity and its container (cgroup, version 2) allow."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_LIMIT.read_text().split()
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such group, or its quota is "max"
        pass
    return max(1, allowed)


def may_run_side_by_side(compiled):
    """Whether executions of this program leave one another alone: all its convolutions lie in fusions for YNNPACK.

    compiled: a `jax.stages.Compiled`, of which XLA's text is read; without one it is taken to have such convolutions.
    """
    text = compiled.as_text()
    if not text:
        return False
    fused = set(re.findall(r"\bfusion\(.*?\bcalls=%?([\w.-]+).*\"__ynn_fusion\"", text))
    computations = re.split(r"\n(?=\S.*\{\n)", text)  # a computation begins at the margin, what it computes does not
    return all(
        " convolution(" not in computation or re.match(r"%?([\w.-]+)", computation)[1] in fused for computation in computations
    )


def deal(members, at_once, cores):
    """(members per group, groups side by side) for at most `at_once` members in training at the same time.

    Side by side the groups are of one size, which takes one compilation, and of the size that keeps the cores busy to
    the end: 3 members on 2 cores are 3 groups of one.
    """
    side_by_side = min(cores, at_once)
    if side_by_side == 1:
        return at_once, 1
    sizes = [size for size in range(1, at_once // side_by_side + 1) if members % size == 0]
    return min(sizes, key=lambda size: (-(-members // size // side_by_side) * size, -size)), side_by_side


def run_groups(groups, prepare, work, side_by_side):
    """([work(prepare(group), stopped) for all groups], seconds in which at least one was at work).

    prepare runs in this thread, work in up to `side_by_side` others. When one of them fails, or the user interrupts,
    stopped() becomes true for the others and the error is raised.
    """
    stop, free = threading.Event(), threading.Semaphore(side_by_side)
    threads, results, errors, spans = [], {}, [], []

    def run(place, prepared):
        began = time.perf_counter()
        try:
            results[place] = work(prepared, stop.is_set)
        except BaseException as error:
            errors.append(error)
            stop.set()
        finally:
            spans.append((began, time.perf_counter()))
            free.release()

    try:
        for place, group in enumerate(groups):
            free.acquire()
            if errors:
                break
            if side_by_side == 1:
                run(place, prepare(group))
            else:
                threads.append(threading.Thread(target=run, args=(place, prepare(group))))
                threads[-1].start()
        for thread in threads:  # in here, too, the user may interrupt
            thread.join()
    except BaseException:
        stop.set()
        raise
    finally:
        for thread in threads:
            thread.join()
    if errors:
        try:
            raise errors[0]
        finally:
            errors.clear()  # an error that holds on to this frame would hold on to the arrays of its group
    return [results[place] for place in sorted(results)], _covered(spans)


def _covered(spans):
    """The length of the union of intervals (begin, end)."""
    total, last = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, last))
        last = max(last, end)
    return total
