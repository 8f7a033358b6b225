"""Members in groups: how they are dealt out, side by side on a CPU, and what becomes of the others when one group fails."""

import gc
import itertools
import signal
import threading
import time
import weakref

import pytest
from numpy.testing import assert_allclose, assert_array_equal

from population_example import compiled, digits
from zoo.training import engine, waiting
from zoo.training.groups import cores, deal, processor_cores, run_groups


@pytest.mark.parametrize(
    "members, at_once, cores, dealt",
    [
        (20, 20, 1, (20, 1)),
        (7, 3, 1, (3, 1)),
        (1, 1, 8, (1, 1)),
        (3, 3, 2, (1, 2)),
        (4, 4, 2, (2, 2)),
        (20, 20, 2, (10, 2)),
        (21, 21, 2, (1, 2)),
        (7, 7, 16, (1, 7)),
        (200, 200, 16, (1, 16)),
        (200, 200, 8, (25, 8)),
        (20, 10, 4, (1, 4)),
        (20, 2, 4, (1, 2)),
    ],
)
def test_members_are_dealt_out_evenly_and_never_more_at_once_than_allowed(members, at_once, cores, dealt):
    size, side_by_side = deal(members, at_once, cores)
    assert (size, side_by_side) == dealt
    assert size * side_by_side <= at_once


@pytest.mark.parametrize("members", range(1, 40))
@pytest.mark.parametrize("cores", [2, 3, 8])
def test_no_dealing_out_keeps_the_cores_longer_than_single_members_would(members, cores):
    size, side_by_side = deal(members, members, cores)
    rounds = -(-(members // size) // side_by_side)
    assert members % size == 0
    assert rounds * size == -(-members // side_by_side)


@pytest.mark.parametrize("cores", [2, 5])
def test_groups_side_by_side_train_as_one_group_does(monkeypatch, cores):
    train, validation = digits()[:2]
    settings = {"epochs": 2, "batch_size": 32, "validation_data": validation, "select": "best"}
    rows, answers = [], []
    evaluated = engine.evaluation_rows
    monkeypatch.setattr(engine, "evaluation_rows", lambda members, *how: rows.append(members) or evaluated(members, *how))
    for count in (1, cores):
        monkeypatch.setattr("zoo.training.engine.cores", lambda: count)
        population = compiled(range(20))
        history = population.fit(*train, **settings)
        answers.append([history.to_numpy(), population.best_epoch, *population.get_weights(3)])
    for one, other in zip(*answers):
        assert_array_equal(one, other)
    assert rows == [20, 20]  # so that no number of cores decides how many rows of validation are evaluated, and summed, at once


def test_no_more_groups_run_at_a_time_than_asked_for():
    lock, running, most, first = threading.Lock(), 0, 0, threading.Barrier(3)

    def work(group, stopped):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if group <= 3:
            first.wait(60)
        time.sleep(0.02)
        with lock:
            running -= 1
        return group * 10

    results, seconds = run_groups(range(7), lambda group: group + 1, work, 3)
    assert results == [10, 20, 30, 40, 50, 60, 70]
    assert most == 3
    assert seconds >= 3 * 0.02


def test_an_error_in_one_group_stops_the_others_and_is_the_one_that_is_raised():
    begun = []

    def work(group, stopped):
        begun.append(group)
        if group == 1:
            raise RuntimeError("group 1 failed")
        while not stopped():
            time.sleep(0.001)

    with pytest.raises(RuntimeError, match="group 1 failed"):
        run_groups(range(50), lambda group: group, work, 2)
    assert set(begun) <= {0, 1, 2}


def test_an_error_lets_go_of_the_arrays_of_its_group():
    class Array:
        pass

    array = Array()
    left = weakref.ref(array)

    def work(group, stopped):
        own = group  # noqa: F841
        raise RuntimeError

    gc.disable()
    try:
        with pytest.raises(RuntimeError):
            run_groups([array], lambda group: group, work, 2)
        del array
        assert left() is None
    finally:
        gc.enable()


def test_debugging_of_nan_sees_every_member():
    import jax

    with jax.debug_nans(True):
        assert cores() == 1
    assert cores() >= 1


def test_an_interrupt_while_the_last_groups_train_stops_them():
    main = threading.main_thread().ident
    ended = []

    def work(group, stopped):
        if group == 1:
            signal.pthread_kill(main, signal.SIGINT)
        end = time.perf_counter() + 20
        while not stopped() and time.perf_counter() < end:
            time.sleep(0.001)
        ended.append(stopped())

    # tests that run in the background of a shell inherit that SIGINT is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_groups(range(2), lambda group: group, work, 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True, True]


def test_cores_are_those_that_affinity_and_container_allow(tmp_path, monkeypatch):
    limit = tmp_path / "cpu.max"
    monkeypatch.setattr("zoo.training.groups.CPU_LIMIT", limit)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert processor_cores() == 8
    for text, allowed in (("max 100000", 8), ("250000 100000", 3), ("5000 100000", 1), ("1600000 100000", 8), ("", 8)):
        limit.write_text(text)
        assert processor_cores() == allowed


def test_an_interrupt_stops_all_groups():
    def prepare(group):
        if group == 1:
            raise KeyboardInterrupt
        return group

    def work(group, stopped):
        while not stopped():
            time.sleep(0.001)

    with pytest.raises(KeyboardInterrupt):
        run_groups(range(5), prepare, work, 2)


class InHand:
    """What a launch gives, that takes three looks, at the second of which the user may interrupt."""

    def __init__(self, interrupted=False):
        self.looks, self.interrupted = 0, interrupted

    def is_ready(self):
        self.looks += 1
        if self.interrupted and self.looks == 2:
            raise KeyboardInterrupt
        return self.looks >= 3


def test_an_interrupt_is_heard_while_a_launch_is_in_hand():
    assert waiting.waited_for(InHand(), lambda: False)
    assert not waiting.waited_for(InHand(), lambda: True)
    with pytest.raises(KeyboardInterrupt):
        waiting.waited_for(InHand(interrupted=True), lambda: False)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("looks", [1, 3])
def test_what_comes_next_waits_for_what_an_interrupt_left(members, looks, monkeypatch):
    """That is the last launch given to the device, be it ahead of the one waited for."""
    monkeypatch.setattr(engine, "STEPS_PER_LAUNCH", 2)  # an epoch to a launch
    population, (x, y) = compiled(range(members)), digits(n=40)[0]
    waits, launches, waited_for = itertools.count(1), {}, engine.waited_for

    def interrupted(values, stopped):
        if next(waits) == looks:
            raise KeyboardInterrupt
        return waited_for(values, stopped)

    def copy(values):
        launches.setdefault(threading.current_thread(), []).append(made := jnp_copy(values))
        return made

    jnp_copy = engine.jnp.copy
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(engine, "waited_for", interrupted)
        patched.setattr(engine.jnp, "copy", copy)
        population.fit(x, y, epochs=6, batch_size=20)
    lasts = [made for group in launches.values() for made in group[-2:]]  # loss and accuracy of each group's last launch
    assert 1 <= len(waiting._left) <= members
    assert all(any(left is made for made in lasts) for left in waiting._left)
    population.fit(x, y, batch_size=20)
    assert not waiting._left and not waiting.in_hand()


def test_an_interrupted_fit_leaves_the_population_as_it_was(monkeypatch):
    population, x = compiled([0, 1]), digits(n=40)[0]
    population.fit(*x, batch_size=20)
    before, twin = population.get_weights(1), compiled([0, 1])
    twin.fit(*x, batch_size=20)

    def interrupted(values, stopped):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(engine, "waited_for", interrupted)
        population.fit(*x, epochs=2, batch_size=20)
    assert population.epochs_trained == 1
    for mine, known in zip(population.get_weights(1), before, strict=True):
        assert_array_equal(mine, known)
    assert_array_equal(population.fit(*x, batch_size=20).loss, twin.fit(*x, batch_size=20).loss)


def test_without_compilation_all_is_the_same():
    """For stepping through a loss of one's own."""
    import jax

    x = digits(n=40)[0]
    loss = compiled([0, 1]).fit(*x, epochs=2, batch_size=20).loss
    with jax.disable_jit():
        assert cores() == 1
        assert_allclose(compiled([0, 1]).fit(*x, epochs=2, batch_size=20).loss, loss, rtol=1e-5)
