"""stochastic_gradient: SciPy's methods count what they spend, noise has its known law, tuning loses no diverged setting."""

import functools
import itertools

import numpy as np
import pandas as pd
import pytest

from zoo.errors import InvalidInput, UnknownName
from zoo.reproductions import stochastic_gradient as claim
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.trial import Budget
from zoo.reproductions.trainers import batch_methods, gradient_noise, optimisation
from zoo.reproductions.trainers.data import splits

RECIPE = {"n_train": 100, "n_test": 50, "widths": [5], "marks": {"passes": [1, 8], "seconds": [0.0]}}
SCIPY = {"L-BFGS": {"first_step": 0.5, "maxcor": 10}, "conjugate gradient": {"first_step": 0.5, "c2": 0.1}}
each_scipy = pytest.mark.parametrize("method", SCIPY)


class Bowl:
    """An objective with its lowest point, 7, at (1, -2), that counts its evaluations."""

    def __init__(self):
        self.seen = []

    def __call__(self, vector):
        self.seen.append(vector.copy())
        away = vector - [1, -2]
        return float(7 + away @ (away * [1, 10])), 2 * away * [1, 10]


@each_scipy
@pytest.mark.parametrize("place, length", [((4.0, 5.0), 0.5), ((1.5, -1.75), 0.3), ((1.5, -1.75), 0.03)], ids=str)
def test_scipy_counts_evaluations_and_begins_with_a_step_of_the_length_asked_for(method, place, length):
    """Whether the gradient there is long or, as at the start of a net, about 1."""
    bowl, start = Bowl(), [np.array([[place[0]]]), np.array([place[1]])]
    path = batch_methods.minimise(method, SCIPY[method] | {"first_step": length}, start, bowl, evaluations=6)
    assert len(bowl.seen) == 6 and path.evaluations[-1] <= 6
    assert np.linalg.norm(bowl.seen[1] - bowl.seen[0]) == pytest.approx(length, rel=0.02)
    assert path.weights[0].tolist() == [*place] and path.evaluations == sorted(path.evaluations)
    losses = [bowl(point)[0] for point in path.weights]
    assert losses == sorted(losses, reverse=True), "an accepted point is no worse than the one before"


@each_scipy
def test_scipy_may_be_done_before(method):
    path = batch_methods.minimise(method, SCIPY[method], [np.array([4.0, 5.0])], Bowl(), evaluations=10_000)
    assert path.evaluations[-1] < 1000, "at the lowest point no line search goes on"
    assert path.at(10_000) == pytest.approx([1, -2], abs=1e-3)


def test_a_path_stands_at_its_last_point_not_beyond_a_mark():
    path = batch_methods.Path([0, 2, 5], ["a", "b", "c"])
    assert [path.at(mark) for mark in (0, 1, 2, 4, 5, 99)] == ["a", "a", "b", "b", "c", "c"]


def test_a_path_forgets_points_that_no_mark_asks_for():
    path, points = batch_methods.Path([0], ["start"]), {1: "a", 3: "b", 4: "c", 9: "d"}
    for count, point in points.items():
        path.goes_on(count, point, marks={0, 3, 8})
    assert (path.evaluations, path.weights) == ([0, 3, 4, 9], ["start", "b", "c", "d"])
    assert [path.at(mark) for mark in (0, 3, 8)] == ["start", "b", "c"]


class Batches:
    """An objective for ten images, lowest where the first two of a batch say, that keeps where and on which it was evaluated."""

    labels = np.arange(10)

    def __init__(self):
        self.seen, self.rows = [], []

    def on(self, rows):
        return functools.partial(self, rows=rows)

    def __call__(self, vector, rows):
        self.seen.append(vector.copy())
        self.rows.append(rows)
        away = vector - 9 * rows[:2]
        return float(away @ (away * [1, 10])), 2 * away * [1, 10]


@each_scipy
def test_batch_by_batch_a_method_begins_anew_on_every_one_from_where_it_stood(method):
    bowl, start = Batches(), [np.array([40.0, 50.0])]
    setting = {"first_step": 0.5, "batch": 3, "iterations": 2}
    path = batch_methods.minimise(method, setting, start, bowl, evaluations=60, seed=5)
    assert len(bowl.rows) == 60 and path.evaluations[-1] <= 60
    begins = [first for first in range(60) if not first or (bowl.rows[first] != bowl.rows[first - 1]).any()]
    assert len(begins) > 6
    for turn in (0, 1):  # of 10 images 9 go into batches of 3
        order = np.random.default_rng([5, turn]).permutation(10)
        seen = [bowl.rows[first] for first in begins[3 * turn : 3 * turn + 3]]
        assert np.concatenate(seen).tolist() == order[:9].tolist()
    for first, last in itertools.pairwise(begins):
        assert sum(first < count <= last for count in path.evaluations) == 2, "two iterations on each batch"
        assert bowl.seen[last] == pytest.approx(path.at(last), rel=1e-6), "the next batch begins where the last one ended"
        if last < 59:
            assert np.linalg.norm(bowl.seen[last + 1] - bowl.seen[last]) == pytest.approx(0.5, rel=0.02)
    marks = {0, 19, 60}
    kept = batch_methods.minimise(method, setting, start, Batches(), evaluations=60, seed=5, marks=marks)
    assert len(kept.weights) < len(path.weights)
    for mark in marks:
        np.testing.assert_array_equal(kept.at(mark), path.at(mark))


def test_the_loss_on_some_images_is_that_of_these_alone():
    train, _, _ = splits("digits", 100, 50)
    weights = [np.linspace(-0.1, 0.1, 640, dtype="float32").reshape(64, 10), np.zeros(10, "float32")]
    rows, vector = np.arange(30, 50), batch_methods.ravel(weights).astype(float)
    loss, slope = batch_methods.Objective(weights, *train).on(rows)(vector)
    alone, expected = batch_methods.Objective(weights, train.x[rows], train.y[rows])(vector)
    assert loss == pytest.approx(alone, rel=1e-6)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-8)


def test_the_loss_is_that_of_the_zoos_net_and_a_full_batch_steps_along_its_gradient():
    train, _, _ = splits("digits", 100, 50)
    recipe = RECIPE | {"method": "SGD", "batch_size": 100}
    members = optimisation.members_of(train, recipe, [0, 1], [0.1, 0.4])
    starts = [members.get_weights(k) for k in range(2)]
    objective = batch_methods.Objective(starts[0], *train)
    losses = [objective(batch_methods.ravel(start))[0] for start in starts]
    np.testing.assert_allclose(members.evaluate(*train).loss, losses, rtol=1e-5)
    race = object.__new__(optimisation.MiniBatches)  # without its clock
    race.train, race.on_device, race.recipe, race.batch, race.pieces = train, train, recipe, 100, 1
    race._fit(members, 0)
    for k, (start, rate) in enumerate(zip(starts, (0.1, 0.4), strict=True)):
        vector = batch_methods.ravel(start).astype(float)
        expected = vector - rate * objective(vector)[1]
        np.testing.assert_allclose(batch_methods.ravel(members.get_weights(k)), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(optimisation.ByScipy(train, RECIPE | {"method": "L-BFGS"})._start(1)[0], starts[1][0])


def test_pieces_of_a_pass_are_every_image_once_in_an_order_of_the_seeds_own():
    class Recorder:
        seeds, calls = (3, 8), []

        def fit(self, x, y, *, subsets, **options):
            self.calls.append(subsets)

    race, members = object.__new__(optimisation.MiniBatches), Recorder()
    race.on_device, race.batch, race.pieces = (np.zeros((200, 2)), np.zeros(200)), 2, 10
    for done in range(20):
        race._fit(members, done)
    orders = np.concatenate(members.calls, axis=1)
    assert orders.shape == (2, 400)
    assert (np.sort(orders.reshape(2, 2, 200), axis=2) == np.arange(200)).all()
    first, second = orders[:, :200], orders[:, 200:]
    assert (first != second).any() and (first[0] != first[1]).any()


def test_marks_are_whole_rounds_that_cost_no_more():
    marks = {"passes": [0.05, 0.3, 1], "seconds": [0.9, 1.0, 2.5]}
    assert list(optimisation.Clock(0.1, 0.5).rounds(marks).values()) == [0, 3, 10, 1, 2, 5]
    whole = optimisation.Clock(1, 0.5).rounds(marks)
    assert whole["passes", 0.3] == 0 and whole["passes", 1] == 1, "who has seen a third of the images has not stepped yet"


def raced(method, **changes):
    trial = Trial("digits", "mlp", method, (0, 1), optimisation.compare_method, RECIPE | {"method": method} | changes)
    rows = pd.DataFrame(optimisation.compare_method(trial, Report()))
    return rows.pivot(index="seed", columns="metric", values="value")


def test_a_setting_that_diverges_is_counted_and_not_taken_and_one_that_is_taken_keeps_its_rows():
    found = raced("SGD", batch_size=50, settings=[{"step_size": 1e30}, {"step_size": 0.5}])
    assert (found.tuned_step_size_for_examples == 0.5).all()
    assert (found.train_loss_at_800_examples < found.train_loss_at_100_examples).all()
    assert found.test_error_at_800_examples_pct.between(0, 100).all()
    lost = raced("SGD", batch_size=50, settings=[{"step_size": 1e30}], marks={"passes": [1], "seconds": [1e-9, 0.001]})
    assert lost.train_loss_at_100_examples.isna().all() and lost.test_error_at_100_examples_pct.isna().all()
    assert np.isfinite(lost["train_loss_at_1e-09_seconds"]).all(), "at its start it had not diverged"


@each_scipy
def test_scipy_races_from_the_same_starts(method):
    found = raced(method, settings=[SCIPY[method]])
    assert found[[f"tuned_{name}_for_seconds" for name in SCIPY[method]]].iloc[0].tolist() == [*SCIPY[method].values()]
    start = found.train_loss_at_0_seconds
    assert start.nunique() == 2 and (found.train_loss_at_100_examples == start).all(), "one evaluation is the start's"
    assert (found.train_loss_at_800_examples < start).all()
    assert (found.settings_that_diverged == 0).all()


@each_scipy
def test_an_evaluation_of_a_batch_is_its_share_of_a_pass(method):
    by_batch = {"first_step": 0.5, "batch": 25, "iterations": 2}
    found = raced(method, settings=[by_batch], marks={"passes": [0.2, 0.75, 8], "seconds": [0.0]})
    start = found.train_loss_at_0_seconds
    assert (found.train_loss_at_20_examples == start).all(), "a fifth of a pass is less than a batch of a quarter"
    assert (found.train_loss_at_75_examples < start).all() and (found.train_loss_at_800_examples < start).all()
    assert found[[f"tuned_{name}_for_examples" for name in by_batch]].iloc[0].tolist() == [*by_batch.values()]


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(InvalidInput, match="A batch of 101"):
        raced("L-BFGS", settings=[SCIPY["L-BFGS"] | {"batch": 101, "iterations": 4}])
    with pytest.raises(UnknownName, match="momentum"):
        raced("momentun", settings=[{"step_size": 1.0}])
    with pytest.raises(InvalidInput, match="A batch of 101"):
        raced("SGD", batch_size=101, settings=[{"step_size": 1.0}])
    noise = {"batches": [0], "draws": 5, "images": 5, "passes": 1}
    with pytest.raises(InvalidInput, match="batches of 1 or more"):
        measure = gradient_noise.measure_noise
        measure(Trial("digits", "mlp", "", (0,), measure, RECIPE | noise), Report())


def test_the_lowest_finite_loss_is_best():
    assert optimisation.best([np.nan, 3.0, 2.0, np.inf, 2.0]) == 2
    assert optimisation.best([np.nan, np.inf]) == 0


def test_noise_of_known_gradients():
    full = np.array([3.0, 0.0, 4.0])
    across = np.array([[0, 5, 0], [0, -5, 0], [4, 0, -3]])
    assert gradient_noise.noise_of(full + across, full) == pytest.approx((45, 1))
    assert gradient_noise.noise_of(np.stack([2 * full, 3 * full]), full) == pytest.approx((0, np.sqrt(2.5)), abs=1e-4)
    assert gradient_noise.noise_of(np.stack([-full, -full]), full) == pytest.approx((180, 2))


def test_noise_falls_as_the_root_of_the_batch_over_all_batches_there_are():
    train, _, _ = splits("digits", 6, 6)
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape).astype("float32") / 8 for shape in ((64, 5), (5,), (5, 10), (10,))]
    objective = batch_methods.Objective(weights, *train)
    full = objective(batch_methods.ravel(weights))[1]

    def noise(size):
        batches = np.array([*itertools.product(range(6), repeat=size)])
        return gradient_noise.noise_of(gradient_noise.batch_slopes(weights, objective.x, objective.labels, batches), full)[1]

    assert noise(1) > 0.5
    assert noise(2) == pytest.approx(noise(1) / np.sqrt(2), rel=1e-4)
    assert noise(3) == pytest.approx(noise(1) / np.sqrt(3), rel=1e-4)


def test_large_batches_are_put_together_from_parts(monkeypatch):
    train, _, _ = splits("digits", 40, 6)
    weights = [np.full(shape, 0.01, "float32") for shape in ((64, 10), (10,))]
    objective = batch_methods.Objective(weights, *train)
    monkeypatch.setattr(gradient_noise, "CHUNK", 7)
    (slope,) = gradient_noise.batch_slopes(weights, objective.x, objective.labels, np.arange(40)[None])
    np.testing.assert_allclose(slope, objective(batch_methods.ravel(weights))[1], rtol=1e-4, atol=1e-7)


def runs_of(few, rival, slope=-0.5):
    """Runs with these training losses of SGD and of every rival at the finish lines, their errors being ten times that."""
    rows = []
    for name, losses in ({claim.FEW: few} | dict.fromkeys(claim.RIVALS, rival)).items():
        for seed, loss in enumerate(losses):
            for place in ("1000_examples", "200_examples", "0.5_seconds"):
                early = {"200_examples": 3, "0.5_seconds": 0.9}.get(place, 1)
                rows.append((name, f"train_loss_at_{place}", seed, loss * early))
                rows.append((name, f"test_error_at_{place}_pct", seed, loss * early * 10))
    for seed, batch, passes in itertools.product(range(3), (1, 16, 256), (0, 10)):
        noise = (4 + seed) * batch ** (slope + seed / 1000)
        rows.append((claim.NOISE, f"relative_noise_at_batch_{batch}_after_{passes}_passes", seed, noise))
        rows.append((claim.NOISE, f"gradient_angle_at_batch_{batch}_after_{passes}_passes", seed, 60 + seed - batch / 10))
    return pd.DataFrame(rows, columns=["setting", "metric", "seed", "value"]).assign(
        dataset="mnist", model="mlp", device="a card", commit="abc"
    )


def verdicts(runs):
    return {check.name: check for check in claim.judge(runs)}


def test_verdicts_are_those_at_the_finish_lines():
    found = verdicts(runs_of([0.1, 0.11, 0.12], [0.4, 0.45, 0.5]))
    assert {check.verdict for check in found.values()} == {"reproduced"} and len(found) == 20 + 4
    loss = found[f"{claim.FEW} before L-BFGS, equal examples: training loss"]
    assert loss.effect == pytest.approx((4 * 0.45 / 0.11 * 0.5 / 0.12) ** (1 / 3), rel=1e-5)
    assert "1000 examples" in loss.sentence
    assert {name for name, check in found.items() if "seconds on a card" in check.sentence} == {
        name for name in found if "equal seconds" in name
    }
    turned = verdicts(runs_of([0.4, 0.45, 0.5], [0.1, 0.11, 0.12]))
    assert turned[f"{claim.FEW} before conjugate gradient, equal seconds: test error"].verdict == "contradicted"


def test_a_race_against_the_clock_that_ends_like_the_other_says_so():
    runs = runs_of([0.1, 0.11, 0.12], [0.4, 0.45, 0.5])
    clock = (runs.setting == "L-BFGS") & runs.metric.str.endswith(("0.5_seconds", "0.5_seconds_pct"))
    runs.loc[clock, "value"] /= 0.9
    found = {name: check for name, check in verdicts(runs).items() if "equal seconds" in name}
    said = {name for name, check in found.items() if "no more steps than in the race to examples" in check.sentence}
    assert said == {f"{claim.FEW} before L-BFGS, equal seconds: {what}" for what in ("test error", "training loss")}
    assert {check.verdict for check in found.values()} == {"reproduced"}


def test_a_diverged_seed_decides_nothing_and_is_said():
    found = verdicts(runs_of([0.1, 0.11, 0.12], [np.nan, 0.45, 0.5]))
    loss = found[f"{claim.FEW} before L-BFGS, equal examples: training loss"]
    assert loss.verdict == "undecided" and "1 of 3 seeds of mlp (L-BFGS) diverged" in loss.sentence


def test_another_slope_than_a_half_is_contradicted():
    name = "control: noise falls as the root of the batch, after 10 passes"
    assert verdicts(runs_of([0.1, 0.2, 0.3], [1, 2, 3], slope=-0.4))[name].verdict == "contradicted"


def test_every_method_has_the_same_tuning_budget():
    for name, methods, budget in (("smoke", 6, 3), ("quick", 9, 9), ("full", 11, 9)):
        races = [trial for trial in claim.trials(Budget.named(name)) if trial.run is optimisation.compare_method]
        assert len(races) == methods and {len(trial.recipe["settings"]) for trial in races} == {budget}
        assert len({str(trial.recipe["marks"]) for trial in races}) == 1
        for trial in races:
            assert len({str(setting) for setting in trial.recipe["settings"]}) == budget
    full = next(trial for trial in races if trial.setting == claim.RIVALS[0])
    assert full.recipe["batch_size"] == len(splits("mnist")[0].x), "gradient descent takes all images at every step"
