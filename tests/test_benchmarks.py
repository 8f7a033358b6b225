"""The benchmark measures, survives what fails, resumes, and judges by its numbers; the numbers come from `make benchmark`."""

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import report, run, server, store
from benchmarks.configs import Config, all_configs
from benchmarks.targets import TARGETS, reached

RESULTS = Path(__file__).resolve().parents[1] / "results"
COMMON = {"device": "a device", "platform": "cpu", "versions": "keras 3.15", "together": 2}
TINY = {"examples": 256, "epochs": 1}


@pytest.fixture(scope="module")
def measured():
    """{name: message} of a population, of Keras fit and of a model that does not exist, measured together."""
    configs = [
        Config("jax", "population", "linear", "", members=2, **TINY),
        Config("jax", "fit", "linear", **TINY),
        Config("jax", "fit", "no such model", **TINY),
    ]
    return dict(run.measure("jax", configs, 3, time.time() + 200))


def test_the_committed_page_follows_from_the_committed_rows(tmp_path):
    report.write(store.read(RESULTS), tmp_path)
    assert (tmp_path / "benchmarks.md").read_text() == (RESULTS / "benchmarks.md").read_text()


@pytest.mark.torch
@pytest.mark.parametrize("model", ["linear", "autoencoder", "convnet"])
def test_an_ensemble_of_pytorch_learns_as_its_single_models_do(model):
    configs = [Config("torch", "eager", model, **TINY), Config("torch", "ensemble", model, members=3, **TINY)]
    found = [message for _, message in run.measure("torch", configs, 1, time.time() + 200)]
    assert [message["status"] for message in found] == ["ok", "ok"], found
    one, several = (message["rows"][0] for message in found)
    assert one["parameters"] == several["parameters"] and several["loss"] == pytest.approx(one["loss"], rel=0.3)


@pytest.mark.torch
def test_members_of_an_ensemble_see_every_example_once_in_orders_of_their_own(monkeypatch):
    import torch

    from benchmarks import measure_torch

    seen, weights = [], torch.zeros(3, 10, requires_grad=True)

    def forward(batches):
        seen.append(batches[:, :, 0, 0] * 255)
        return weights[:, None] + torch.zeros(*batches.shape[:2], 10)

    x, y = torch.arange(200)[:, None, None].expand(200, 2, 2), torch.zeros(200, dtype=torch.long)
    measure_torch._epoch(forward, torch.optim.SGD([weights], lr=1.0), x, y, members=3)
    assert [batches.shape for batches in seen] == [(3, 128), (3, 72)]
    orders = torch.cat(seen, dim=1).round()
    assert (orders.sort(dim=1).values == torch.arange(200)).all() and len(set(map(tuple, orders.tolist()))) == 3
    # The first step from equal logits: each member's own mean gradient, not a third of it.
    alone = torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.SGD([alone], lr=1.0)
    measure_torch._epoch(lambda batch: alone + torch.zeros(len(batch), 10), optimizer, x, y)
    assert torch.allclose(weights, alone.expand(3, 10), atol=1e-5)
    monkeypatch.setattr(measure_torch, "_epoch", lambda *_: (6.0, 0.5))
    measuring = measure_torch.ensemble(Config("torch", "ensemble", "linear", members=3, **TINY))
    next(measuring)
    with pytest.raises(StopIteration) as stop:
        next(measuring)
    assert stop.value.value[0]["seconds"] == 2.0 and stop.value.value[0]["parameters"] == 7850


@pytest.mark.parametrize("model", ["linear", "autoencoder"])
def test_growth_is_measured_with_and_without_labels(model):
    config = Config("jax", "scaling", model, "epochs", **TINY)
    ((_, message),) = run.measure("jax", [config], 1, time.time() + 200)
    assert message["status"] == "ok", message
    assert [line["epochs"] for line in message["rows"]] == [2, 4, 8] and all(line["seconds"] > 0 for line in message["rows"])


def row(config, seconds=1.0, status="ok", **more):
    """One row of the table, as if it had been measured."""
    values = {"seconds": seconds, "build_s": 0.1, "compile_s": 2.0, "peak_mb": 300.0, "repeats": 3, "parameters": 7850}
    (made,) = run.rows_of(config, {"status": status, "rows": [values | more]}, COMMON)
    return made


def test_measures_and_survives_a_failure(measured):
    by_model = {(config.runner, config.model): message for config, message in measured.items()}
    assert by_model["fit", "no such model"]["status"].startswith("failed: KeyError")
    for runner in ("population", "fit"):
        message = by_model[runner, "linear"]
        assert message["status"] == "ok", message
        (values,) = message["rows"]
        assert 0 < values["seconds"] < 60 and values["peak_mb"] > 50 and values["repeats"] >= 3
        assert values["parameters"] == 7850 and np.isfinite(values["loss"])
    json.dumps([run.rows_of(config, message, COMMON) for config, message in measured.items()])


def test_time_limit_cuts_without_starting_anything():
    configs = [Config("jax", "fit", "linear", **TINY)]
    assert [m["status"] for _, m in run.measure("jax", configs, 1, time.time() - 1)] == [server.CUT]


def test_targets_are_judged_by_the_measured_numbers():
    population = Config("jax", "population", "linear", "", members=4, examples=50_000)
    fit, tensorflow = Config("jax", "fit", "linear"), Config("tensorflow", "fit", "linear")
    rows = pd.DataFrame([row(population, 0.1), row(fit, 0.79), row(tensorflow, 0.81)], columns=store.COLUMNS)
    costs = rows.assign(ms=1000 * rows.seconds)
    jax, tensorflow = (t for t in TARGETS if t.platform == "cpu" and t.model == "linear")
    assert reached(jax, costs)["verdict"] == "not reached" and reached(jax, costs)["float32"] == pytest.approx(7.9)
    assert reached(tensorflow, costs)["verdict"] == "reached"
    faster = pd.DataFrame([row(Config("tensorflow", "fit", "linear", "50 steps per execution"), 0.05)], columns=store.COLUMNS)
    both = pd.concat([costs, faster.assign(ms=50.0)])
    assert [reached(jax, rows)["strongest"] for rows in (costs, both)] == [pytest.approx(7.9), pytest.approx(0.5)]
    assert all(reached(t, costs)["verdict"] == "not measured" for t in TARGETS if t.model == "lstm")


def test_page_has_costs_ratios_failures_slopes_and_limits(tmp_path):
    fit = Config("jax", "fit", "mlp", examples=12_500)
    rows = [row(Config("jax", "population", "mlp", "", members=4, examples=25_000), 0.5), row(fit, 0.75)]
    rows += [row(Config("tensorflow", "fit", "mlp"), None, "failed: killed by SIGSEGV")]
    rows += [row(Config("torch", "eager", "mlp"), 2.0, parameters=9000)]
    rows += [row(Config("torch", "ensemble", "mlp", members=4), 1.5)]
    scaling = Config("jax", "scaling", "mlp", "members")
    rows += [row(scaling, 0.5 * k**2, members=k) for k in (1, 2, 4)]
    rows += [row(Config("plain", "start", "", ""), 0.2, setting="import zoo after keras")]
    rows += [row(Config("plain", "variations", "", ""), 100.0, setting="making the 8 mnist_variations")]
    rows = pd.DataFrame(rows, columns=store.COLUMNS)
    store.write(rows, tmp_path)
    report.write(store.read(tmp_path), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| **population**, K=4, float32 | 1,000 | 3x | - |" in page
    assert "| Keras fit, JAX, default | 3,000 | 1x | - |" in page
    assert "| mlp | 4 | 1.5x fit, JAX | 3x | - | reached | 3x: JAX, default |" in page
    assert "failed: killed by SIGSEGV" in page
    assert "| PyTorch ensemble, K=4 | 1,500 | 2x | - |" in page
    assert "another model: 9,000 parameters, the population 7,850" in page
    assert "| 2.00 | worse than linear |" in page and (tmp_path / "benchmarks.png").exists()
    assert "| import zoo after keras | 0.2 | 0.1 | not reached |" in page
    assert "| making the 8 mnist_variations | 100 | 180 | reached |" in page
    assert f"Of {len(rows)} measurements the commit was not recorded." in page


def test_rows_accumulate_by_device_and_an_unfinished_run_counts(tmp_path):
    fit, mlp = Config("jax", "fit", "linear"), Config("jax", "fit", "mlp")
    old = pd.DataFrame([row(fit, 1.0), row(mlp, 2.0), row(fit, 9.0) | {"device": "another"}], columns=store.COLUMNS)
    store.write(old, tmp_path)
    store.append_partial(tmp_path, [row(fit, 3.0), row(mlp, None, server.CUT)])
    with open(tmp_path / store.PARTIAL, "a") as file:
        file.write('{"device": "cut off in the mid')
    rows = store.read(tmp_path)
    assert {(r.device, r.config): r.seconds for r in rows.itertuples()} == {
        ("a device", fit.name): 3.0,
        ("a device", mlp.name): 2.0,  # a time limit takes nothing away
        ("another", fit.name): 9.0,
    }
    store.forget_partial(tmp_path, "a device", {fit.name, mlp.name})
    assert not (tmp_path / store.PARTIAL).exists()


def test_of_runs_cut_off_again_and_again_each_configuration_counts_once(tmp_path):
    """Cut, measured by the next run, cut by the one after it; measured with other versions; failed; never measured."""
    growth, fit, never = Config("jax", "scaling", "mlp", "members"), Config("jax", "fit", "mlp"), Config("jax", "fit", "lstm")
    broken = Config("jax", "fit", "convnet")
    cut = [row(config, None, server.CUT) for config in (growth, fit, never)]
    store.append_partial(tmp_path, cut)
    store.append_partial(tmp_path, [row(growth, float(k), members=k) for k in (1, 2, 4)] + [row(fit, 5.0), *cut[2:]])
    store.append_partial(tmp_path, [*cut, row(fit, 6.0) | {"versions": "keras 3.16"}, row(broken, 7.0)])
    store.append_partial(tmp_path, [row(broken, None, "failed: killed by SIGSEGV"), *cut[2:]])
    store.append_partial(tmp_path, cut[2:])
    rows = store.read(tmp_path)
    assert rows[rows.config == growth.name].seconds.tolist() == [1, 2, 4]
    assert rows[rows.config == fit.name].seconds.tolist() == [6]
    assert rows[rows.config == never.name].status.tolist() == [server.CUT]
    assert rows[rows.config == broken.name].status.tolist() == ["failed: killed by SIGSEGV"]
    assert len(rows) == 6


@pytest.mark.parametrize("platform", ["gpu", "cpu"])
def test_every_target_is_planned_early_and_no_name_twice(platform):
    configs = all_configs(platform)
    names = [config.name for config in configs]
    assert len(set(names)) == len(names)
    for target in TARGETS:
        if target.platform == platform:
            needed = [c for c in configs if c.model == target.model and c.runner == "population"]
            needed = [c for c in needed if target.members in (None, c.members)]
            assert needed and configs.index(needed[0]) < 12
            assert f"fit {target.against} {target.model} default" in names


def test_a_run_that_was_cut_off_goes_on_with_what_is_missing():
    from benchmarks.run import still_missing

    configs = all_configs("cpu")[:4]
    here = {"device": "a card", "versions": "jax 1, deepzoo abc"}
    partial = [
        {"config": config.name, "status": status} | here | changes
        for config, status, changes in zip(
            configs, ("ok", "ok", "not measured", "ok"), ({}, {"device": "another card"}, {}, {"versions": "jax 2, deepzoo abc"})
        )
    ]
    assert still_missing(configs, partial, here) == configs[1:]


SMALL = {"convnet": {"blocks": ((4,), (4, 8)), "dense": 0}, "lstm": {"units": 4, "layers": 1}}


@pytest.mark.parametrize("model", SMALL)
def test_keras_fit_trains_the_same_model_of_keras_own_layers(model):
    import zoo
    from benchmarks.measure_keras import stock

    ours = zoo.create_model(model, (8, 8), 3, **SMALL[model])
    plain = stock(ours)
    plain.set_weights(ours.get_weights())
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8)).astype("uint8")
    np.testing.assert_allclose(plain.predict_on_batch(x), ours.predict_on_batch(x), rtol=1e-4, atol=1e-4)
    assert all(type(layer).__module__.startswith("keras.") for layer in plain.layers)
