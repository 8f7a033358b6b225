"""language_model: windows, compressors, nets that learn text on every backend, and its checks; n-grams are in test_ngrams."""

import bz2
import json
import math
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from text_example import TALE, codes

import zoo
from zoo.reproductions import language_model as claim
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.losses import OF_RUNS, Costs, Losses
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.published import matches
from zoo.reproductions.trainers import compressors, ngrams, recurrent_text, texts


@pytest.mark.parametrize("length", [1, 15, 16, 17, 100])
def test_every_held_out_character_is_a_target_once_after_enough_others(length):
    before, text = np.arange(40) % 128, (np.arange(length) + 40) % 128
    x, y = recurrent_text.held_out_windows(before, text, 32)
    assert x.shape == y.shape and x.shape[1] == 32
    counted = y != recurrent_text.IGNORED
    assert y[counted].tolist() == text.tolist()
    assert np.array_equal((x[counted] + 1) % 128, y[counted])
    assert not counted[:, :16].any(), "16 characters or more must have been read"


def test_training_windows_overlap():
    x, y = recurrent_text.training_windows(np.arange(50), 10, 5)
    assert x[:, 0].tolist() == list(range(0, 40, 5)) and np.array_equal(y, x + 1)


def test_a_block_is_of_characters_that_stand_together():
    text = texts.text_of("canterbury_alice29", 20, 3)
    costs = np.repeat([1.0, 2.0, 4.0], 128)
    assert text.by_block(costs).tolist() == [1, 2, 4]
    assert text.by_block(np.stack([costs, 2 * costs])).tolist() == [[1, 2, 4], [2, 4, 8]]


def test_texts_are_cut_without_gaps():
    whole = texts.text_of("canterbury_alice29")
    part = texts.text_of("canterbury_alice29", 20, 3)
    assert len(part.train) == 20 * 128 + 1 and np.array_equal(part.train, whole.train[-len(part.train) :])
    assert np.array_equal(part.test[1], whole.test[1][: 3 * 128])
    everything = np.concatenate([whole.train, whole.validation[1], whole.test[1]])
    assert bytes(everything[:40]).strip().startswith(b"ALICE")
    for before, text in (whole.validation, whole.test):
        start = len(everything) - len(whole.test[1]) - (len(whole.validation[1]) if text is whole.validation[1] else 0)
        assert np.array_equal(everything[start - 100 : start], before[-100:])


def test_a_share_of_a_text_is_its_end():
    whole, part = texts.text_of("canterbury_alice29"), texts.text_of("canterbury_alice29", share=1 / 16)
    assert len(part.train) == 128 * round((len(whole.train) - 1) / 128 / 16) + 1
    assert np.array_equal(part.train, whole.train[-len(part.train) :])
    for mine, other in zip((*part.validation, *part.test), (*whole.validation, *whole.test)):
        assert np.array_equal(mine, other[-len(mine) :]), "what is held out, and what stands just before it, is the same"


@pytest.fixture
def population():
    """Two untrained nets that read 32 characters."""
    build = {"input_shape": (32,), "classes": 128, "units": 10, "layers": 2, "embedding": 5, "dropout": 0.0}
    population = zoo.Population(lambda: zoo.create_model("language_model", **build), (0, 1))
    recurrent_text._compile(population, {"rates": [0.01]}, 10, 2)
    return population


@pytest.mark.backend
def test_bits_are_those_of_the_nets_read_character_by_character(population):
    before, text = codes(TALE[:60]), codes(TALE[60:94])
    bits = recurrent_text.held_out_bits(population, before, text)
    for found, net in zip(bits, [population[member] for member in range(2)]):
        surprise = []
        for place, code in enumerate(text):
            # Windows begin every 16 characters, and 16 more have been read by then.
            start = 60 + place - place % 16 - 17
            read = np.concatenate([before, text])[start : 60 + place]
            logits = keras.ops.convert_to_numpy(net(np.pad(read, (0, 32 - len(read)))[None]))[0, len(read) - 1]
            surprise.append(math.log2(np.exp(logits.astype("float64")).sum()) - logits[code] / math.log(2))
        np.testing.assert_allclose(found, surprise, rtol=1e-4)


@pytest.mark.backend
def test_training_equals_keras_and_ignored_targets_count_for_nothing(population):
    """One member against keras.Model.fit: loss over (n, T, alphabet) with targets (n, T), some of them ignored."""
    from zoo.training.members import build_member
    from zoo.training.order import host_order

    x, y = recurrent_text.training_windows(codes(TALE), 32, 8)
    held_out = recurrent_text.held_out_windows(codes(TALE), codes(TALE[:77]), 32)
    history = population.fit(x, y, epochs=2, batch_size=8, validation_data=held_out, drop_remainder=True, verbose=False)
    alone = build_member(population.build, 1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    decay = keras.optimizers.schedules.CosineDecay(0.01, 10)
    alone.compile(keras.optimizers.Adam(decay, global_clipnorm=1.0), loss)
    for epoch in range(2):
        rows = host_order(1, epoch, len(x))[: len(x) // 8 * 8]
        alone.fit(x[rows], y[rows], batch_size=8, shuffle=False, verbose=0)
    for mine, theirs in zip(population.get_weights(1), alone.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=2e-5)
    # Keras averages over what counts in a batch; all rows but the last have as much of it.
    bits = recurrent_text.held_out_bits(population, codes(TALE), codes(TALE[:64]))
    exact = population.evaluate(*recurrent_text.held_out_windows(codes(TALE), codes(TALE[:64]), 32)).loss / math.log(2)
    np.testing.assert_allclose(bits.mean(axis=1), exact, rtol=1e-5)
    assert history.val_loss.notna().all()


RECIPE = {
    "options": {"cell": "lstm", "layers": 1, "units": 16, "embedding": 8, "dropout": 0.0}, "n_train": 60, "n_test": 3,
    "window": 16, "stride": 16, "batch_size": 16, "epochs": 3, "samples": 30,
}


def test_the_step_size_is_chosen_on_validation_and_samples_are_left():
    run = recurrent_text.train_language_model
    found = run(Trial("canterbury_alice29", "lstm", "x", (5, 6), run, RECIPE | {"rates": [1e-6, 0.03]}), Report())
    runs = pd.DataFrame(found.rows)
    assert (runs[runs.metric == "step_size"].value == 0.03).all() and set(runs.seed) == {5, 6}
    assert (runs.updates == 3 * 30).all() and (runs.n_train == 60 * 128 + 1).all() and (runs.n_test == 3 * 128).all()
    assert runs[runs.metric == "bits_per_char"].value.between(3, 6).all(), "less than 7, what knowing nothing costs"
    curve = runs[(runs.seed == 5) & runs.metric.str.startswith("validation_bits_after")]
    assert list(curve.metric) == [f"validation_bits_after_{30 * n}_updates" for n in (1, 2, 3)]
    sample = json.loads(found.files[recurrent_text.SAMPLES])
    assert len(sample["prompt"]) == 64 and {len(text) for text in sample["drawn"].values()} == {30}


def test_a_net_learns_from_a_share_and_leaves_a_curve_of_a_dozen_points():
    run, recipe = recurrent_text.train_language_model, RECIPE | {"rates": [0.01], "epochs": 25, "share": 1 / 4}
    runs = pd.DataFrame(run(Trial("canterbury_alice29", "lstm", "x", (5,), run, recipe), Report()).rows)
    assert set(runs.n_train) == {15 * 128 + 1} and set(runs.updates) == {25 * 7}
    curve = runs.metric[runs.metric.str.startswith("validation_bits_after")]
    assert list(curve) == [f"validation_bits_after_{7 * n}_updates" for n in range(3, 25, 3)]


@pytest.mark.parametrize(("budget", "datasets"), [
    ("smoke", ["canterbury_alice29"]), ("quick", []), ("hour", ["canterbury_plrabn12"]), ("full", ["canterbury_plrabn12"]),
])
def test_shares_of_one_book_are_learnt_from_by_the_net_and_its_rivals(budget, datasets):
    trials = list(claim.trials(Budget.named(budget, defaults=claim.SEEDS)))
    shared = [trial for trial in trials if "share" in trial.recipe]
    found = [(trial.dataset, trial.model, trial.setting, trial.recipe["share"]) for trial in shared]
    assert found == [
        (dataset, row[0], f"{row[1]}, {name} of the text", share)
        for dataset in datasets
        for name, share in (("1/16", 1 / 16), ("1/4", 1 / 4))
        for row in (claim.ONE, claim.NGRAMS, claim.PPM)
    ]
    # A net differs from that of the whole text in how often it reads and in dropout alone.
    for trial in shared:
        if trial.model == "lstm":
            (whole,) = [each for each in trials if (each.dataset, each.model, each.setting) == (trial.dataset, *claim.ONE)]
            part = {**trial.recipe, "epochs": 0, "options": {**trial.recipe["options"], "dropout": 0}}
            del part["share"]
            assert part == {**whole.recipe, "epochs": 0, "options": {**whole.recipe["options"], "dropout": 0}}


def test_a_part_of_a_text_has_no_bits_of_the_whole_file():
    def metrics(**share):
        recipe = {"n_train": 60, "n_test": 3, "orders": None} | share
        trial = Trial("canterbury_alice29", "gzip", "-9", (0,), compressors.compress, recipe)
        return {row["metric"] for row in compressors.compress(trial, None)}

    assert metrics() - metrics(share=1 / 4) == {texts.WHOLE} and texts.METRIC in metrics(share=1 / 4)


def test_compressors_are_charged_for_what_the_file_grows_by():
    train, text = codes(TALE * 20), codes("the fox was a quick fox. ")
    grown = len(bz2.compress((TALE * 20 + "the fox was a quick fox. ").encode())) - len(bz2.compress((TALE * 20).encode()))
    assert compressors.held_out_bits("bzip2", None, train, text) == 8 * grown / len(text)
    for name, order in (("gzip", None), ("xz", None), ("ppm", 5)):
        seen, unseen = codes(TALE), np.random.RandomState(0).randint(32, 127, len(TALE)).astype("uint8")
        costs = [compressors.held_out_bits(name, order, train, part) for part in (seen, unseen)]
        assert costs[0] < 1 < 5 < costs[1], name


def test_what_each_block_costs_makes_up_what_the_file_grows_by():
    train, text = codes(TALE * 20), np.concatenate([codes(TALE)[:64], np.random.RandomState(0).randint(32, 127, 64)])
    text = text.astype("uint8")
    by_block = compressors.bits_by_block("ppm", 5, train, text, 32)
    assert by_block.shape == (4,) and max(by_block[:2]) < 1 < 5 < min(by_block[2:]), "what was seen before costs little"
    assert by_block.mean() == pytest.approx(compressors.held_out_bits("ppm", 5, train, text))
    assert by_block[1] == 8 * (compressors.size("ppm", 5, bytes([*train, *text[:64]]))
                               - compressors.size("ppm", 5, bytes([*train, *text[:32]]))) / 32


def test_rows_have_the_costs_of_blocks_whose_mean_they_are():
    shared = {"n_train": 60, "n_test": 3}
    nets = RECIPE | {"rates": [0.03]}
    recipes = {
        recurrent_text.train_language_model: ("lstm", (5, 6), nets), ngrams.count_ngrams: ("ngrams", (0,), {"orders": [2, 3]}),
        compressors.compress: ("ppm", (0,), {"orders": [3, 4]}),
    }
    for run, (model, seeds, recipe) in recipes.items():
        found = run(Trial("canterbury_alice29", model, "x", seeds, run, recipe | shared), Report())
        tested = [row for row in getattr(found, "rows", found) if "losses" in row]
        assert [row["seed"] for row in tested] == [*seeds] and {row["metric"] for row in tested} == {texts.METRIC}
        for row in tested:
            assert row["losses"].shape == (3,) and np.ptp(row["losses"]) > 0.01
            assert row["value"] == pytest.approx(np.mean(row["losses"]))
    gzip = Trial("canterbury_alice29", "gzip", "x", (0,), compressors.compress, shared | {"orders": None})
    assert not [row for row in compressors.compress(gzip, Report()) if "losses" in row]


def test_a_net_that_diverged_has_no_bits(monkeypatch):
    def fit(population, *arguments, trained=zoo.Population.fit, **settings):
        history = trained(population, *arguments, **settings)
        population.diverged[1] = True
        return history

    monkeypatch.setattr(zoo.Population, "fit", fit)
    run, recipe = recurrent_text.train_language_model, RECIPE | {"rates": [0.03]}
    runs = pd.DataFrame(run(Trial("canterbury_alice29", "lstm", "x", (5, 6), run, recipe), Report()).rows)
    for metric in (texts.METRIC, texts.VALIDATION):
        bits = runs[runs.metric == metric].set_index("seed").value
        assert np.isfinite(bits[5]) and np.isnan(bits[6])


def test_ppm_gives_back_what_it_was_given():
    import pyppmd

    packed = pyppmd.compress(TALE.encode(), max_order=6, mem_size=compressors.PPM_MEMORY, variant="H")
    assert pyppmd.Ppmd7Decoder(6, compressors.PPM_MEMORY).decode(packed, len(TALE)) == TALE.encode()
    assert len(packed) == compressors.size("ppm", 6, TALE.encode())


def test_without_pyppmd_ppm_is_left_out_and_that_is_said(monkeypatch, capsys):
    import importlib.util

    from zoo.reproductions.harness import runner

    found = importlib.util.find_spec
    monkeypatch.setattr(runner.importlib.util, "find_spec", lambda name: None if name == "pyppmd" else found(name))
    trials, left_out = runner._at_hand(list(claim.trials(Budget.named("quick"))))
    assert [trial.model for trial in left_out] == ["ppm"] and "ppm" not in {trial.model for trial in trials}
    assert "pip install pyppmd" in runner._lacking(left_out[0])


def test_the_claim_imports_without_pyppmd():
    code = """
import sys
sys.modules["pyppmd"] = None  # as if it were not installed
from zoo.reproductions import language_model
from zoo.reproductions.trainers import compressors
assert compressors.size("bzip2", None, b"abc") > 0
try:
    compressors.size("ppm", 4, b"abc")
except ImportError:
    print("not here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "not here\n"), done.stderr


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_nets_on_one_text_differ_in_nothing_but_what_is_compared(budget):
    chosen = Budget.named(budget, defaults=claim.SEEDS)
    trials = [trial for trial in claim.trials(chosen) if trial.run is recurrent_text.train_language_model]
    trials = [trial for trial in trials if "share" not in trial.recipe]
    for dataset in {trial.dataset for trial in trials}:
        mine = [json.loads(json.dumps(trial.recipe)) for trial in trials if trial.dataset == dataset]
        for recipe in mine:
            assert {recipe["options"].pop("cell"), recipe["options"].pop("layers")} <= {"rnn", "lstm", 1, 2}
        assert all(recipe == mine[0] for recipe in mine)


def test_published_nats_stand_beside_our_bits_as_bits():
    for row, nats in ((claim.ONE, 1.88), (claim.TWO, 1.4697)):
        (found,) = matches("language_model", claim.PUBLISHED, (claim.SHAKESPEARE, *row), claim.VALIDATION)
        assert float(found.value) == pytest.approx(nats / math.log(2), rel=1e-5) and f"published as {nats} nats" in found.note


def test_checks_say_who_wins():
    values = {claim.TWO: [2.0, 2.02, 1.98], claim.ONE: [2.1, 2.12, 2.11], claim.PLAIN: [2.3, 2.2, 2.25]}
    values |= {claim.NGRAMS: [1.8], claim.PPM: [1.7], **dict.fromkeys(claim.COMPRESSORS, [2.5])}
    shared = {"dataset": "canterbury_alice29", "n_train": 136_961}
    rows = [
        shared | {"model": row[0], "setting": row[1], "metric": texts.METRIC, "seed": seed, "value": value}
        for row, found in values.items() for seed, value in enumerate(found)
    ]
    rows += [shared | {"model": "bzip2", "setting": "-9", "metric": texts.WHOLE, "seed": 0, "value": 2.2725}]
    checks = {check.name.removeprefix("canterbury_alice29: "): check for check in claim.judge(pd.DataFrame(rows))}
    assert len(checks) == 13
    assert checks["lstm of 2 layers beats ngrams"].verdict == "contradicted"
    assert checks["lstm of 1 layer beats gzip"].verdict == "reproduced"
    assert checks["lstm of 1 layer beats rnn of 1 layer"].effect == pytest.approx(0.14, abs=1e-6)
    assert checks["lstm of 2 layers beats lstm of 1 layer"].verdict == "reproduced"
    assert checks["control: canterbury_alice29: bzip2 as published"].verdict == "reproduced"


def runs_by_length(lacking):
    """Runs of a text and of its shares, in which the LSTM of seed s needs lacking[s] bits (by length) beyond its rivals."""
    rows, shared = [], {"dataset": "tiny_shakespeare"}
    for place, (n, share) in enumerate(((24_001, "1/16"), (96_001, "1/4"), (384_001, None))):
        for row in claim.LEARN_FROM_SHARES:
            model, setting = claim._part(row, share) if share else row
            values = [3 - place / 2 + by_length[place] for by_length in lacking] if row == claim.ONE else [3 - place / 2]
            rows += [
                shared | {"model": model, "setting": setting, "n_train": n, "metric": metric, "seed": seed, "value": value}
                for metric in (texts.METRIC, texts.VALIDATION)
                for seed, value in enumerate(values)
            ]
    return pd.DataFrame(rows)


def gains(lacking):
    """The checks of what the LSTM gains on n-grams, from the shorter texts and from the longer ones."""
    return [each for each in claim.judge(runs_by_length(lacking)) if "gains on ngrams" in each.name]


def test_an_lstm_that_gains_with_the_length_of_the_text_is_told_from_one_that_does_not():
    short, long = gains([(0.6, 0.4, 0.2), (0.7, 0.5, 0.3), (0.8, 0.63, 0.45)])
    assert short.name == "tiny_shakespeare: lstm of 1 layer gains on ngrams from 1/16 to 1/4 of the text"
    assert (short.verdict, long.verdict) == ("reproduced", "reproduced")
    assert short.effect == pytest.approx((0.2 + 0.2 + 0.17) / 3, rel=1e-5)
    assert long.effect == pytest.approx((0.2 + 0.2 + 0.18) / 3, rel=1e-5)
    assert "from 0.700 bits per character with 1/16 of the training text to 0.510 with 1/4" in short.sentence
    short, long = gains([(0.6, 0.4, 0.5), (0.7, 0.5, 0.6), (0.8, 0.63, 0.75)])
    assert (short.verdict, long.verdict) == ("reproduced", "contradicted"), "a gap that opens again is seen"


def test_a_seed_that_diverged_is_left_out_of_gains_and_of_what_is_said_of_them():
    short, long = gains([(0.6, 0.4, np.nan), (0.7, 0.5, 0.3), (0.8, 0.6, 0.42)])
    assert "over 3 seeds" in short.sentence and "over 2 seeds" in long.sentence
    assert "from 0.550 bits per character with 1/4 of the training text to 0.360 with all" in long.sentence
    assert gains([(0.6, np.nan, 0.4), (0.7, np.nan, 0.3)])[0].verdict == "undecided"


LACKING = [(0.6, 0.4, 0.2), (0.7, 0.5, 0.3), (0.8, 0.63, 0.45)]
SPREAD = np.linspace(-2, 2, 50)


def runs_by_block(around):
    """runs_by_length in which a row's 50 test blocks cost around(net or not, share) beyond their mean, whatever the seed."""
    runs, costs = runs_by_length(LACKING), {}
    for row, lines in runs[runs.metric == texts.METRIC].groupby(["dataset", "model", "setting"]):
        share = next((name for name in claim.SHARES if name in row[2]), "all")
        each = lines.value.to_numpy()[:, None] + around(row[1] == "lstm", share)
        costs[(*row, texts.METRIC)] = Costs(lines.seed.to_numpy(), np.float32(each))
    runs.attrs[OF_RUNS] = Losses(costs)
    return runs


def test_a_gain_that_blocks_of_the_text_may_make_is_left_open():
    def halves(around):
        found = [each for each in claim.judge(runs_by_block(around)) if "gains on ngrams" in each.name]
        for each in found:
            yield each.verdict, (each.wide[1] - each.wide[0]) - (each.high - each.low) > 0.1, each.sentence

    level, open_ = ("reproduced", False), ("undecided", True)
    for around, expected in (
        (lambda net, share: SPREAD, [level, level]),  # what all have in common goes out,
        (lambda net, share: SPREAD * net, [level, level]),  # and what the net has with less text and with more,
        (lambda net, share: -SPREAD * (not net), [level, level]),  # and what n-grams have
        (lambda net, share: SPREAD * (share == "1/16"), [level, level]),
        (lambda net, share: SPREAD * (net and share == "1/16"), [open_, level]),
        (lambda net, share: SPREAD * (net == (share == "1/16")), [open_, level]),
        (lambda net, share: SPREAD * (not net and share == "all"), [level, open_]),
    ):
        found = [*halves(around)]
        assert [each[:2] for each in found] == expected
        for verdict, _, sentence in found:
            because = "because the 50 test examples and the seeds together may make up to"
            assert (because in sentence) == (verdict == "undecided")


def test_blocks_that_go_together_count_together():
    """Costs that rise and fall slowly leave more open than the same in any order, in every comparison."""
    shuffled = np.random.default_rng(0).permutation(SPREAD)
    for name in ("lstm of 1 layer beats ngrams", "gains on ngrams from 1/16 to 1/4"):
        widths = []
        for spread in (SPREAD, shuffled):
            runs = runs_by_block(lambda net, share: spread * (net and share != "1/4"))
            (found,) = [each for each in claim.judge(runs) if name in each.name]
            widths.append(found.wide[1] - found.wide[0])
        assert widths[0] > 1.5 * widths[1] > 0


def test_without_shares_of_a_text_nothing_is_said_of_them():
    runs = runs_by_length([(0.6, 0.4, 0.2), (0.7, 0.5, 0.3)])
    for part in (runs[~runs.setting.str.contains("1/4")], runs[runs.model != "ngrams"]):
        assert not [each for each in claim.judge(part) if "gains" in each.name]


def test_lengths_of_text_are_drawn_where_there_are_shares():
    figure = claim.draw(runs_by_length([(0.6, 0.4, 0.2), (0.7, 0.5, 0.3)]))
    assert [axes.get_xlabel() for axes in figure.axes] == ["updates", "bits per character", "characters of training text"]
    (by_length,) = [line for line in figure.axes[2].lines if line.get_label() == "lstm of 1 layer"]
    np.testing.assert_allclose(by_length.get_ydata(), [3.65, 2.95, 2.25])


def test_samples_are_shown_as_they_are():
    sample = {"prompt": "to be or not\r\n", "drawn": {"0.5": "to be said the queen", "1.0": "2\x07 b"}}
    left = {recurrent_text.SAMPLES: json.dumps(sample).encode()}
    pictures = claim.illustrate({("digits", *row): left for row in (claim.ONE, claim.PLAIN)} | {("digits", "gzip", "-9"): {}})
    (name, figure), = pictures.items()
    assert name == "samples_digits.png"
    shown = figure.texts[0].get_text()
    assert "lstm of 1 layer, temperature 0.5:\nto be or not |to be said the queen" in shown
    assert "temperature 1.0:\nto be or not |2 b" in shown, "a character no font has is a blank"
    assert "rnn" not in shown, "of the LSTM alone"
