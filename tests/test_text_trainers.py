"""What learns text: blocks and windows of it, nets on every backend, compressors, and the costs of each block."""

import bz2
import itertools
import json
import math

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from text_example import TALE, codes
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import compressors, ngrams, recurrent_text, texts

PPM_5 = ("H", 5)  # variant and order


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
    before, text = codes(TALE[:60]), codes(TALE[60:80])
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
    "options": {"cell": "lstm", "layers": 1, "units": 16, "embedding": 8, "dropout": 0.0},
    "n_train": 60,
    "n_test": 3,
    "window": 16,
    "stride": 16,
    "batch_size": 16,
    "epochs": 3,
    "samples": 30,
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


def test_a_part_of_a_text_has_no_bits_of_the_whole_file():
    def metrics(**share):
        recipe = {"n_train": 60, "n_test": 3} | share
        trial = Trial("canterbury_alice29", "gzip", "-9", (0,), compressors.compress, recipe)
        return {row["metric"] for row in compressors.compress(trial, None)}

    assert metrics() - metrics(share=1 / 4) == {texts.WHOLE} and texts.METRIC in metrics(share=1 / 4)


def test_what_bzip2_needs_by_where_the_text_begins_has_a_row():
    recipe = {"n_train": 60, "n_test": 3, "cuts": 4}
    found = {row["metric"]: row["value"] for row in compressors.compress(
        Trial("canterbury_alice29", "bzip2", "-9", (0,), compressors.compress, recipe), None
    )}  # fmt: skip
    text = texts.text_of("canterbury_alice29", 60, 3)
    each = [compressors.held_out_bits("bzip2", None, text.train[begin:], text.test[1]) for begin in (0, 10, 20, 30)]
    assert found[compressors.BY_CUT] == pytest.approx(np.std(each, ddof=1)) and found[compressors.BY_CUT] > 0
    assert found[texts.METRIC] == each[0]


def test_compressors_are_charged_for_what_the_file_grows_by():
    train, text = codes(TALE * 20), codes("the fox was a quick fox. ")
    grown = len(bz2.compress((TALE * 20 + "the fox was a quick fox. ").encode())) - len(bz2.compress((TALE * 20).encode()))
    assert compressors.held_out_bits("bzip2", None, train, text) == 8 * grown / len(text)
    for name, order in (("gzip", None), ("xz", None), ("ppm", PPM_5)):
        seen, unseen = codes(TALE), np.random.RandomState(0).randint(32, 127, len(TALE)).astype("uint8")
        costs = [compressors.held_out_bits(name, order, train, part) for part in (seen, unseen)]
        assert costs[0] < 1 < 5 < costs[1], name


def test_what_each_block_costs_makes_up_what_the_file_grows_by():
    train, text = codes(TALE * 20), np.concatenate([codes(TALE)[:64], np.random.RandomState(0).randint(32, 127, 64)])
    text = text.astype("uint8")
    by_block = compressors.bits_by_block("ppm", PPM_5, train, text, 32)
    assert by_block.shape == (4,) and max(by_block[:2]) < 1 < 5 < min(by_block[2:]), "what was seen before costs little"
    assert by_block.mean() == pytest.approx(compressors.held_out_bits("ppm", PPM_5, train, text))
    assert (
        by_block[1]
        == 8
        * (
            compressors.size("ppm", PPM_5, bytes([*train, *text[:64]]))
            - compressors.size("ppm", PPM_5, bytes([*train, *text[:32]]))
        )
        / 32
    )


def test_a_lone_block_costs_what_so_many_characters_before_it_leave():
    train, tale = (
        codes(TALE * 20),
        codes("Of a hen that no fox had met, there is a tale; the hen had met no fox, the tale says. " * 6),
    )
    held_out = tale[:40], tale[40 : 40 + 14 * 32]
    lone = compressors.bits_of_lone_blocks("ppm", PPM_5, train, held_out, 32, 64)
    assert lone.shape == (14,)
    for place in (0, 3):
        start = 40 + 32 * place
        known = bytes([*train, *tale[max(0, start - 64) : start]])
        grown = compressors.size("ppm", PPM_5, known + bytes(tale[start : start + 32])) - compressors.size("ppm", PPM_5, known)
        assert lone[place] == 8 * grown / 32
    adaptive = compressors.bits_by_block("ppm", PPM_5, train, held_out[1], 32)
    assert adaptive[-4:].mean() < lone[-4:].mean(), "of a text that says the same again, who remembers more needs less"


def test_ppm_that_forgets_is_tuned_as_it_is_tested():
    recipe = {"n_train": 60, "n_test": 3, "variants": ["H", "I"], "orders": [2, 5], "before": 384, "every": 4}
    trial = Trial("canterbury_alice29", "ppm", "forgets", (0,), compressors.compress, recipe)
    found = {row["metric"]: row for row in compressors.compress(trial, None)}
    text = texts.text_of("canterbury_alice29", 60, 3)
    after = text.validation[1][:0], text.validation[1]
    validated = {
        setting: compressors.bits_of_lone_blocks("ppm", setting, text.train, after, 128, 384)[::4].mean()
        for setting in itertools.product("HI", (2, 5))
    }
    best = min(validated, key=validated.get)
    assert found[texts.VALIDATION]["value"] == validated[best]
    assert (found["variant_i"]["value"], found["order"]["value"]) == (best[0] == "I", best[1])
    assert texts.WHOLE not in found and np.shape(found[texts.METRIC]["losses"]) == (3,)


def test_rows_have_the_costs_of_blocks_whose_mean_they_are():
    shared = {"n_train": 60, "n_test": 3}
    nets = RECIPE | {"rates": [0.03]}
    recipes = {
        recurrent_text.train_language_model: ("lstm", (5, 6), nets),
        ngrams.count_ngrams: ("ngrams", (0,), {"orders": [2, 3]}),
        compressors.compress: ("ppm", (0,), {"variants": ["H"], "orders": [3, 4]}),
    }
    for run, (model, seeds, recipe) in recipes.items():
        found = run(Trial("canterbury_alice29", model, "x", seeds, run, recipe | shared), Report())
        tested = [row for row in getattr(found, "rows", found) if "losses" in row]
        assert [row["seed"] for row in tested] == [*seeds] and {row["metric"] for row in tested} == {texts.METRIC}
        for row in tested:
            assert row["losses"].shape == (3,) and np.ptp(row["losses"]) > 0.01
            assert row["value"] == pytest.approx(np.mean(row["losses"]))
    gzip = Trial("canterbury_alice29", "gzip", "x", (0,), compressors.compress, shared)
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


@pytest.mark.parametrize("variant, decoder", [("H", "Ppmd7Decoder"), ("I", "Ppmd8Decoder")])
def test_ppm_gives_back_what_it_was_given(variant, decoder):
    import pyppmd

    packed = pyppmd.compress(TALE.encode(), max_order=6, mem_size=compressors.PPM_MEMORY, variant=variant)
    assert getattr(pyppmd, decoder)(6, compressors.PPM_MEMORY).decode(packed, len(TALE)) == TALE.encode()
    assert len(packed) == compressors.size("ppm", (variant, 6), TALE.encode())


def test_bzip2_sorts_held_out_text_together_with_what_fits_of_the_training_text():
    """In a block of its own it would have forgotten what it read."""
    text = texts.text_of("canterbury_alice29", 60, 3)
    trial = Trial("canterbury_alice29", "bzip2", "-9", (0,), compressors.compress, {"n_train": 60, "n_test": 3, "sorts": 3000})
    found = {row["metric"]: row["value"] for row in compressors.compress(trial, None)}
    for metric, part in ((texts.METRIC, text.test[1]), (texts.VALIDATION, text.validation[1])):
        kept = text.train[len(text.train) + len(part) - 3000 :]
        assert len(kept) + len(part) == 3000 < len(text.train)
        assert found[metric] == compressors.held_out_bits("bzip2", None, kept, part)
