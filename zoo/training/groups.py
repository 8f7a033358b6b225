"""How the members of a population are dealt out: in groups that fit into memory, on a CPU several groups at a time.

One small net cannot keep the cores of a CPU busy: the operations of a step are too short to be shared out. Groups that
train side by side, a thread each, can.
"""

import os
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import jax


def cores():
    """How many groups the device can train side by side: as many as the process has CPU cores, on a GPU one."""
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    """[work(prepare(group), stopped) for all groups]; prepare runs in this thread, work in up to `side_by_side` others.

    When one of them fails, or the user interrupts, stopped() becomes true for the others and the error is raised.
    """
    stop = threading.Event()
    if side_by_side == 1:
        return [work(prepare(group), stop.is_set) for group in groups]
    free, futures = threading.Semaphore(side_by_side), []
    with ThreadPoolExecutor(side_by_side) as pool:
        try:
            for group in groups:
                free.acquire()
                _raise_errors(futures)
                futures.append(pool.submit(work, prepare(group), stop.is_set))
                futures[-1].add_done_callback(lambda future: free.release())
            wait(futures, return_when=FIRST_EXCEPTION)
            _raise_errors(futures)
        except BaseException:
            stop.set()
            raise
    return [future.result() for future in futures]


def _raise_errors(futures):
    for future in futures:
        if future.done():
            future.result()
