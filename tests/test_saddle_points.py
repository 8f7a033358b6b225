"""Critical points of functions whose own are known, the Hessian of the small net, and what saddle_points makes of its runs."""

import json

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.figure import Figure

import zoo
from zoo.reproductions import saddle_points
from zoo.reproductions.evidence import saddle_statistics
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import saddles, small_net
from zoo.reproductions.trainers.critical_points import METHODS, search

each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def searching(function, *settings):
    return search(jax.grad(function), jax.hessian(function), *settings)


def double_well(vector):
    """Minima at (+-1, 0), the saddle (0, 0) between them."""
    x, y = vector
    return (x**2 - 1) ** 2 / 4 + y**2


@each_method
@pytest.mark.parametrize("start, end", [((0.2, 0.5), (0, 0)), ((-0.1, -2), (0, 0)), ((1.4, 1), (1, 0)), ((-0.8, 0.3), (-1, 0))])
def test_finds_the_saddle_and_the_minima_of_a_double_well(method, start, end):
    point, norm, made = jax.jit(searching(double_well, method, 100, 1e-10))(jnp.array(start))
    assert np.asarray(point) == pytest.approx(np.array(end), abs=1e-8) and norm <= 1e-10 and 0 < made < 100


@each_method
def test_saddle_of_a_quadratic_is_found_whatever_the_signs(method):
    random = np.random.RandomState(0)
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0]
    hessian, centre = turn @ np.diag([-3, -1, -0.5, 0.5, 2, 4]) @ turn.T, random.normal(size=6)
    run = searching(lambda v: (v - centre) @ jnp.asarray(hessian) @ (v - centre) / 2, method, 60, 1e-11)
    point, norm, made = run(jnp.asarray(random.normal(size=6)))
    assert np.asarray(point) == pytest.approx(centre, abs=1e-9)
    assert made == 1 or method == "gradient_norm"


@each_method
def test_without_a_critical_point_it_stops_and_says_the_norm(method):
    point, norm, made = searching(lambda v: jnp.exp(v[0]) + v[1], method, 30, 1e-8)(jnp.array([1.0, 0.0]))
    assert norm >= 1 and made <= 30


@each_method
def test_vmap_gives_what_single_starts_give(method):
    run, starts = searching(double_well, method, 100, 1e-10), jnp.array([[0.2, 0.5], [1.4, 1.0], [-0.8, 0.3]])
    together = jax.vmap(run)(starts)
    for k, start in enumerate(starts):
        for part, alone in zip(together, run(start), strict=True):
            assert np.asarray(part[k]) == pytest.approx(np.asarray(alone), abs=1e-9)


@pytest.fixture(scope="module")
def landscape():
    random = np.random.RandomState(1)
    with jax.enable_x64(True):
        yield saddles.Landscape(random.rand(20, 4), random.randint(0, 3, 20), small_net.shapes(4, 2, 3), 0.01)


def test_hessian_equals_automatic_and_finite_differences(landscape):
    vector, h = np.random.RandomState(2).normal(size=19), 1e-5
    hessian = np.asarray(landscape.hessian(jnp.asarray(vector)))
    assert hessian == pytest.approx(np.asarray(jax.hessian(landscape.loss)(jnp.asarray(vector))), abs=1e-14)
    differences = [
        (landscape.gradient(jnp.asarray(vector + h * e)) - landscape.gradient(jnp.asarray(vector - h * e))) / (2 * h)
        for e in np.eye(len(vector))
    ]
    assert hessian.dtype == np.float64
    assert hessian == pytest.approx(np.array(differences), abs=1e-8) and hessian == pytest.approx(hessian.T, abs=1e-14)


def test_path_goes_downhill(landscape):
    start = jnp.asarray(np.random.RandomState(3).normal(size=19))
    losses = [landscape.loss(landscape.path(start, steps, 0.1, 0.5)) for steps in (0, 1, 10, 100)]
    assert losses == sorted(losses, reverse=True) and losses[0] == landscape.loss(start)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_small_net_is_the_zoos_mlp(activation):
    random = np.random.RandomState(4)
    x, y = random.rand(30, 3, 3).astype("float32"), random.randint(0, 4, 30)
    model = zoo.create_model("mlp", (3, 3), 4, widths=[5], activation=activation, dropout=0, input_dropout=0, rescale=None)
    weights = [random.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights(weights)
    function, flat = getattr(jax.nn, activation), x.reshape(30, -1)
    assert [w.shape for w in weights] == small_net.shapes(9, 5, 4)
    assert np.asarray(small_net.logits(weights, flat, function)) == pytest.approx(model.predict(x, verbose=0), abs=1e-5)
    loss = float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, model(x)))
    assert float(small_net.cross_entropy(weights, flat, y, function)) == pytest.approx(loss, abs=1e-5)
    vector = np.concatenate([w.ravel() for w in weights])
    assert small_net.count(small_net.shapes(9, 5, 4)) == len(vector)
    for one, other in zip(small_net.unflatten(vector, small_net.shapes(9, 5, 4)), weights, strict=True):
        assert np.array_equal(one, other)


def trial(**changes):
    (first, _) = saddle_points.trials(Budget.named("smoke"))
    return Trial(*first.row, first.seeds, saddles.find_saddles, first.recipe | changes)


def test_too_large_a_hessian_is_not_tried_and_the_table_says_so(monkeypatch):
    monkeypatch.setattr(saddles, "Landscape", None)
    rows = saddles.find_saddles(trial(units=100_000), Report())
    runs = pd.DataFrame([{"dataset": "digits", "model": "mlp", "setting": "wide"} | row for row in rows])
    assert set(runs.parameters) == {2_700_010} and set(runs[runs.metric == "converged"].value) == {0}
    needed, free = (runs[runs.metric == metric].value.iloc[0] for metric in (saddles.NEEDED, saddles.FREE))
    assert needed > 1e5 > free
    checks = saddle_points.judge(runs)
    assert {check.verdict for check in checks} == {"undecided"}
    assert all(f"its Hessian needs {needed:.1f} GiB and {free:.1f} were free" in check.sentence for check in checks)
    assert "its Hessian needs" in saddle_points.judge(runs[runs.seed == 0])[0].sentence
    summary = {metric: interval.estimate for _, metric, interval in saddle_points.summarise(runs)}
    assert summary["share_converged"] == 0 and saddle_points.draw(runs).axes


def test_a_gpu_takes_as_many_starts_as_surely_fit(monkeypatch):
    class Gpu:
        platform = "gpu"

    monkeypatch.setattr("jax.devices", lambda: [Gpu()])

    def at_once(*size):
        return saddles.starts_at_once(saddles.hessian_bytes(*size), 80 * 2**30)

    assert at_once(454, 1000, 4, 10) == saddles.MOST_AT_ONCE
    assert 1 <= at_once(20_000, 1000, 4, 10) < at_once(20_000, 1000, 4, 4) < saddles.MOST_AT_ONCE


def test_it_leaves_the_precision_of_the_process_alone():
    with jax.enable_x64(False):
        rows = saddles.find_saddles(trial(iterations=2), Report())
        assert jnp.zeros(1).dtype == jnp.float32
    assert {row["precision"] for row in rows} == {"float64"}


def test_a_start_that_does_not_converge_keeps_its_rows_and_the_claim_says_so():
    rows = saddles.find_saddles(trial(iterations=0), Report())
    runs = pd.DataFrame([{"dataset": "digits", "model": "mlp", "setting": "none"} | row for row in rows])
    ends = runs.pivot(index="seed", columns="metric", values="value")
    assert len(ends) == 2 and (ends.converged == 0).all() and (ends.gradient_norm > 0).all() and ends.index_pct.isna().all()
    checks = saddle_points.judge(runs)
    assert {check.verdict for check in checks} == {"undecided"}
    assert all("no start converged to a critical point" in check.sentence for check in checks)
    assert saddle_points.draw(runs).axes


def test_a_path_that_diverges_keeps_its_rows():
    rows = saddles.find_saddles(trial(rate=1e4), Report())
    ends = {(row["seed"], row["metric"]): row["value"] for row in rows}
    assert all(ends[seed, "converged"] == 0 and not np.isfinite(ends[seed, "gradient_norm"]) for seed in (0, 1))


def test_points_met_again_count_once():
    values = {"converged": [1, 1, 1, 0], "loss": [2.0, 2.0 + 1e-9, 1.0, np.nan], "index_pct": [5, 5, 0, np.nan]}
    runs = pd.DataFrame(
        [
            {"dataset": "d", "model": "m", "setting": "s", "seed": seed, "metric": metric, "value": value, "parameters": 100}
            for metric, column in values.items()
            for seed, value in enumerate(column)
        ]
    )
    (points,) = saddle_points._converged(runs).values()
    assert list(points.index) == [0, 1, 2] and list(saddle_points._distinct(points).index) == [0, 2]


def known(spread, few, silent=0.0):
    """Runs of 12 minima and 40 saddles whose error and loss rise with the index, the `few` lowest alike up to a spread."""
    index = np.r_[np.zeros(12), np.full(few, 1.0), np.geomspace(6, 30, 40 - few)]
    loss = np.where(index < 2, 1 + spread * np.cos(np.arange(52)), 1 + index / 30)
    values = {"converged": np.ones(52), "index_pct": index, "loss": loss, "train_error_pct": index + np.cos(np.arange(52))}
    values["silent_units"] = values[saddles.SILENT] = np.zeros(52) + silent
    return pd.DataFrame(
        [
            {"dataset": "d", "model": "m", "setting": "s", "seed": seed, "metric": metric, "value": value, "parameters": 100}
            for metric, column in values.items()
            for seed, value in enumerate(column)
        ]
    )


@pytest.mark.parametrize("spread, few, verdict", [
    (0.01, 12, "reproduced"), (0.4, 12, "contradicted"), (0.01, 8, "undecided"), (0.01, 2, "undecided")
])  # fmt: skip
def test_verdicts_follow_the_points(spread, few, verdict):
    rises, within, many, bent, alike, low = saddle_points.judge(known(spread, few))
    assert (rises.verdict, within.verdict, many.verdict) == 3 * ("reproduced",) and alike.verdict == verdict
    assert bent.effect == pytest.approx(100 * few / 40) and bent.verdict == "contradicted"
    assert low.verdict == ("undecided" if spread > 0.1 or few < 6 else "reproduced")
    assert ("so few points" in alike.sentence) == (few < 10) and ("so few points" in low.sentence) == (few < 6)


def test_alike_is_not_yet_low():
    runs = known(0.01, 12)
    runs.loc[(runs.metric == "loss") & runs.seed.between(12, 23), "value"] += 0.2
    *_, alike, low = saddle_points.judge(runs)
    assert (alike.verdict, low.verdict) == ("reproduced", "contradicted") and low.effect == pytest.approx(20, abs=0.5)
    losses = runs[(runs.metric == "loss") & runs.seed.between(12, 23)].value
    bounds = np.sqrt(11 / scipy.stats.chi2.ppf([0.975, 0.025], 11)) * losses.std(ddof=1)  # the range is 1 to 2
    assert (alike.low, alike.high) == pytest.approx(tuple(100 * bounds), rel=1e-2)  # resampled, they would be too narrow
    assert alike.name.startswith("control: ")


def test_a_bound_that_saddles_with_more_directions_meet_decides_nothing():
    runs = known(0.01, 12)
    *_, low = saddle_points.judge(runs)
    table = runs.pivot(index="seed", columns="metric", values="value")
    more = table[table.index_pct.between(6, 10.49)]
    share = 100 * (more.loss.mean() - table.loss[:12].mean()) / (2 - table.loss[:12].mean())
    met = "6, 7, 8, 9, 10 downward directions, 0 of them with a silent unit"
    assert low.verdict == "reproduced" and f"Of the {len(more)} with {met}: {share:.4g}. Of the 12 saddles" in low.sentence
    least = table.index_pct[table.index_pct > 0.5].min()
    ones = table[table.index_pct == least]
    above = 100 * (ones.loss.mean() - table.loss[:12].mean()) / (2 - table.loss[:12].mean())
    assert f"how many points: {least:g}: {above:.4g} ({len(ones)})" in low.sentence
    lower = runs.copy()
    lower.loc[(runs.metric == "loss") & runs.seed.isin(more.index), "value"] = 1.05
    *_, alike, low = saddle_points.judge(lower)
    assert low.verdict == "undecided" and f"the bound does not tell them from those with {met}" in low.sentence
    few = runs[~runs.seed.isin(more.index[4:])]
    *_, low = saddle_points.judge(few)
    assert low.verdict == "undecided" and " Of the 4 with " in low.sentence and "does not tell" in low.sentence


def test_of_saddles_with_more_directions_it_is_said_how_many_have_a_silent_unit():
    runs = known(0.01, 12)
    index = runs[runs.metric == "index_pct"]
    more = index.seed[index.value.between(6, 10.49)].tolist()
    runs.loc[(runs.metric == saddle_points.SILENT) & runs.seed.isin(more[:3]), "value"] = 1.0
    *_, low = saddle_points.judge(runs)
    assert "downward directions, 3 of them with a silent unit: " in low.sentence


def both_methods():
    """Runs of two methods from the same 52 starts: the second meets 47 of the first's points, loses two starts of which the
    first converged and has lost four others less far from a critical point than the first did.
    """
    first = known(0.01, 12).pivot(index="seed", columns="metric", values="value")
    first["gradient_norm"] = 1e-9
    first[[saddle_points._quantile(q) for q in saddle_points.QUANTILES]] = 0.0
    second = first.copy()
    first.loc[[12, 13, 14], ["converged", "gradient_norm"]] = 0, 0.1
    second.loc[[13, 14], ["converged", "gradient_norm"]] = [[0, 0.01], [0, 0.09]]
    second.loc[[20, 21], ["converged", "gradient_norm"]] = 0, 0.3
    second.loc[51, "loss"] = 3.0  # another point, and the highest of both
    both = {"4 units, first": first, "4 units, second": second, "8 units, first": first}
    return pd.concat(
        [table.reset_index().melt(id_vars="seed", var_name="metric").assign(setting=setting) for setting, table in both.items()]
    ).assign(dataset="d", model="m", parameters=100)


def test_it_is_said_how_much_two_methods_share_and_lost():
    runs = both_methods()
    checks = {check.name: check for check in saddle_points.judge(runs)}
    low = ": saddles with few downward directions lie nearly as low as minima"
    first, second, alone = (checks[net + low] for net in ("4 units, first", "4 units, second", "8 units, first"))
    assert (
        "(4 units, first; 3 of 52 starts did not converge; 46 of the points were found by the other method, too)" in first.sentence
    )
    assert (
        "(4 units, second; 4 of 52 starts did not converge; 46 of the points were found by the other method, too)"
        in second.sentence
    )
    assert "(8 units, first; 3 of 52 starts did not converge)" in alone.sentence, "another net's points are none of its own"
    assert first.effect == pytest.approx(alone.effect / 2, rel=0.01), "the highest point is that of either method"
    summary = {(row[2], metric): interval for row, metric, interval in saddle_points.summarise(runs) if "other" in metric}
    assert {setting for setting, _ in summary} == {"4 units, first", "4 units, second"}
    assert summary["4 units, first", "distinct_points_of_the_other_method_too"].estimate == 46
    found = summary["4 units, first", "share_of_lost_where_the_other_converged"]
    assert (found.estimate, found.n) == (pytest.approx(1 / 3), 3)
    assert summary["4 units, first", "share_of_lost_where_the_other_ended_below_half_the_norm"].estimate == pytest.approx(2 / 3)
    assert summary["4 units, second", "share_of_lost_where_the_other_converged"].estimate == pytest.approx(1 / 2)


def test_what_the_number_of_silent_units_decides_is_no_evidence():
    """An index that only follows the silent units says nothing among points of as many; a start without them has to be there."""
    runs = known(0.01, 12, silent=np.arange(52) // 13)
    table = runs.pivot(index="seed", columns="metric", values="value")
    table["index_pct"], table["train_error_pct"] = table.silent_units * 2, table.silent_units * 10 + np.cos(np.arange(52))
    runs = table.reset_index().melt(id_vars="seed", var_name="metric").assign(dataset="d", model="m", setting="s", parameters=100)
    rises, within, many, *_ = saddle_points.judge(runs)
    assert rises.verdict == "reproduced" and within.verdict == "undecided" and many.verdict == "contradicted"
    starts = runs[runs.metric == "silent_units"].assign(value=lambda rows: rows.value % 2)  # that fell silent on the way
    _, fallen, *_ = saddle_points.judge(pd.concat([runs[runs.metric != "silent_units"], starts]))
    assert fallen.sentence == within.sentence and np.isnan(fallen.effect)
    uncounted = saddle_points.judge(runs[runs.metric != saddles.SILENT])
    assert [check.name for check in uncounted] == [
        check.name for check in saddle_points.judge(runs) if "equal silent" not in check.name
    ]
    _, _, many, *_ = saddle_points.judge(known(0.01, 12, silent=1.0))
    assert many.verdict == "undecided" and "there was no such start" in many.sentence
    lost = known(0.01, 12)
    lost.loc[(lost.metric == "converged") & (lost.seed < 5), "value"] = 0
    _, _, many, *_ = saddle_points.judge(lost)
    assert many.verdict == "undecided" and "5 of 52 such starts did not converge" in many.sentence


def test_points_of_a_smaller_net_with_the_units_beside_silent_are_left_out():
    """Those of 8 units of which 4 or more are silent are points of 4 units again: what holds among them is no evidence."""
    silent = np.arange(52) % 9
    large = known(0.01, 12, silent=silent)
    table = large.pivot(index="seed", columns="metric", values="value")
    turned = table.silent_units >= 4
    table.loc[turned, "train_error_pct"] = 100 - table.train_error_pct[turned]
    large = table.reset_index().melt(id_vars="seed", var_name="metric").assign(setting="8 tanh units, first", parameters=100)
    small = known(0.01, 12, silent=silent // 2).assign(setting="4 tanh units, first")
    runs = pd.concat([large.assign(dataset="d", model="m"), small])
    name = "8 tanh units, first: error rises with the index at equal silent units"
    both, alone = ({check.name: check for check in saddle_points.judge(part)} for part in (runs, runs[runs.setting.str[0] == "8"]))
    kept = saddle_statistics.correlation_within(table[~turned])
    assert both[name].effect == pytest.approx(kept.estimate, rel=1e-4)
    assert both[name].verdict == "reproduced" and alone[name].effect < both[name].effect
    assert (
        "equally many silent units (28 with 4 or more silent units are points of 4 units again and left out)" in both[name].sentence
    )
    assert "left out" not in both[name.replace("8", "4")].sentence + alone[name].sentence, "no smaller net was searched"
    line = next(interval for _, metric, interval in saddle_points.summarise(runs) if metric.endswith("equal_silent_units"))
    assert line.estimate == kept.estimate, "the table has the check's number"


def test_rank_correlation_within_groups():
    """Of one group it is Spearman's; a level that differs between groups leaves it as it is."""
    random = np.random.RandomState(6)
    first = random.normal(size=60).round(1)  # some are equal
    points = pd.DataFrame({saddles.SILENT: 0, "index_pct": first, "train_error_pct": first + random.normal(size=60)})
    expected = scipy.stats.spearmanr(points.index_pct, points.train_error_pct).statistic
    assert saddle_statistics.correlation_within(points).estimate == pytest.approx(expected)
    lower = points.train_error_pct - 50
    twice = pd.concat([points, points.assign(**{saddles.SILENT: 1}, index_pct=first + 50, train_error_pct=lower)])
    assert saddle_statistics.correlation_within(twice).estimate == pytest.approx(expected)


def test_silent_units_are_drawn_evenly_and_are_silent():
    drawn = [saddles.silent_units(seed, 4) for seed in range(400)]
    assert set(drawn) == {0, 1, 2, 3} and min(map(drawn.count, range(4))) > 70
    for seed in range(5):
        start = saddles.random_start(seed, small_net.shapes(9, 4, 3), {"scale": 0.05})
        first, bias, second, _ = small_net.unflatten(start, small_net.shapes(9, 4, 3))
        assert (np.asarray(first) == 0).all(axis=0).sum() == (np.asarray(second) == 0).all(axis=1).sum() == drawn[seed]
        landscape = saddles.Landscape(np.zeros((2, 9)), np.zeros(2, int), small_net.shapes(9, 4, 3), 0.01)
        assert landscape.silent(start) == drawn[seed] == landscape.silent(start + 1e-6) and landscape.silent(start + 1e-3) == 0


def test_rank_correlation_is_spearmans():
    random = np.random.RandomState(5)
    first = random.normal(size=80)
    second = first + random.normal(size=80)
    ours = saddle_statistics.rank_correlation(first, second)
    assert ours.estimate == pytest.approx(scipy.stats.spearmanr(first, second).statistic)
    drawn = [scipy.stats.spearmanr(first[rows], second[rows]).statistic for rows in random.randint(0, 80, (1000, 80))]
    assert ours[1:3] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.06)
    assert np.isnan(saddle_statistics.rank_correlation([1.0], [2.0]).estimate)
    assert json.dumps(ours)


def test_a_point_that_both_methods_found_is_drawn_and_averaged_once():
    index = np.linspace(0, 30, 12)
    points = pd.DataFrame({"digits": [f"{value:.5e}" for value in index], "index_pct": index, "loss": index})
    points = points.assign(train_error_pct=index, **{saddle_points._quantile(q): index * q for q in saddle_points.QUANTILES})
    found = {("d", "m", "4 units, Newton"): points.iloc[:9], ("d", "m", "4 units, least norm"): points.iloc[3:]}
    axes = Figure().subplots()
    saddle_points._draw_spectra(axes, found)
    drawn = [line.get_ydata() for line in axes.lines[:3]]
    thirds = [third.mean() for third in np.split(index, 3)]
    assert drawn == [pytest.approx([mean * q for q in saddle_points.QUANTILES]) for mean in thirds]


def test_budget_takes_its_own_number_of_starts():
    assert len(Budget.named("quick", defaults=saddle_points.SEEDS).seeds) == saddle_points.SEEDS["quick"]
