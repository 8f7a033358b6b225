"""Presets for sequences: an LSTM that writes Shakespeare, one that forecasts electricity demand, a net that hears vowels.

No claim of the review of its own: what its claims on recurrent nets and on speech leave to play with (see language_model,
forecasting and phone_recognition). `zoo generate lstm_shakespeare --prompt ...` goes on with a text; lstm_taylor_demand
forecasts the next half hour from the last day and the same hours of the week before; mlp_vowels tells eleven English vowels
apart by ten numbers each, which are no sequence for an LSTM. The seed with the least error on validation ships; `zoo results
presets pretrained_sequences` makes the folders.

Expected, full budget: some 2.6 bits per character on Shakespeare's held-out lines, a root mean squared error of some 210
megawatts, and 41 % of the vowels of unknown speakers wrong, fewer than the published net of one layer, which was trained on
two speakers more; but vowels of seven speakers decide nothing. The writer's are fewer bits than nanoGPT's small Transformer
needs, 2.7, and more than its larger one does, 2.1. Some 20 minutes on two CPU cores for 3 seeds of the writer and 10 of the
others. Quick: 3 seeds, few epochs but for the vowels' net, 3 minutes. Shakespeare's text is left out where it is not at
hand.
"""

from zoo.reproductions.evidence.vowel_table import DEPENDENT
from zoo.reproductions.harness import Published, Trial, control, target
from zoo.reproductions.harness.figures import draw_seeds
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.harness.runs import rows_in
from zoo.reproductions.trainers.preset import train_preset
from zoo.tasks import task_of
from zoo.training.recipe import recipe

CLAIM, PRESET = "pretrained_sequences", "preset"
TEXT, DEMAND, VOWELS = "tiny_shakespeare", "taylor_demand", "deterding_vowels"
ROWS = {TEXT: (TEXT, "language_model", PRESET), DEMAND: (DEMAND, "lstm", PRESET), VOWELS: (VOWELS, "mlp", PRESET)}
NAMES = {ROWS[TEXT]: "lstm_shakespeare", ROWS[VOWELS]: "mlp_vowels"}  # presets that are not called <model>_<dataset>
BITS = "test_bits_per_char"
# {(row, metric): checks} of those that are held against published nets, one for each entry of PUBLISHED.
JUDGED = {
    (ROWS[VOWELS], "test_error_pct"): ["vowels: below the error of Robinson's net of one layer of 88"],
    (ROWS[TEXT], BITS): ["Shakespeare: as nanoGPT's net for a CPU", "Shakespeare: as nanoGPT's larger net"],
}
PROTOCOL = """
**Training.** Each model is trained by one recipe, set on the validation split, from every seed; the weights after the last
epoch count. The means are over all seeds; the one with the least validation error is the preset.

**Measures.** The writer reads blocks of 128 characters, its state 0 at the start of each, in training and in testing, which
costs it some of the bits that longer reading spares (language_model reads on). Demand: the units are megawatts. Vowels: the
speakers of the test are in no other split.

**Changed after seeing results.** A net of one layer of 88, tested before, erred on 57 % of the vowels; two normalised layers
validated better; and the LSTM of the demand had been tested with a head that started at random, by which it erred by 3 %
more on validation and 5 % less on the test.
"""


def trials(budget):
    """One trial per preset; of the writer, which takes the longest, full has a third of the seeds."""
    books = budget.choose(smoke="canterbury_alice29", quick=TEXT, full=TEXT)
    size = budget.choose(smoke=16, quick=64, full=192)
    options = {"units": size, "layers": 1, "embedding": 32, "dropout": 0.0}
    settings = recipe(options=options, epochs=budget.choose(smoke=1, quick=2, full=12), learning_rate=3e-3, batch_size=32)
    seeds = budget.choose(smoke=budget.seeds, quick=budget.seeds, full=budget.seeds[: max(1, len(budget.seeds) // 3)])
    yield Trial(books, "language_model", PRESET, seeds, train_preset, settings, cost=40, optional=books == TEXT)
    # The level and the spread of the demand in megawatts, roughly.
    options = {"units": 32, "layers": 1, "dropout": 0.0, "series": [30000.0, 5600.0]}
    settings = recipe(options=options, epochs=budget.choose(smoke=2, quick=20, full=60), learning_rate=1e-2, batch_size=32)
    yield Trial(*ROWS[DEMAND], budget.seeds, train_preset, settings)
    options = {"widths": [88, 88], "input_dropout": 0.0, "dropout": 0.5, "batch_norm": True, "rescale": None}
    settings = recipe(options=options, epochs=budget.choose(smoke=5, quick=200, full=200), learning_rate=1e-2, batch_size=16)
    yield Trial(*ROWS[VOWELS], budget.seeds, train_preset, settings)


def judge(runs):
    """Whether the vowels' net errs as little as a published one of its kind, and the writer as nanoGPT's two on another part."""
    present = set(rows_in(runs))
    checks = []
    for (row, metric), names in JUDGED.items():
        for place, name in enumerate(names if row in present else ()):
            at_most, doubt = published_value(CLAIM, PUBLISHED, row, metric, place), DEPENDENT if row == ROWS[VOWELS] else ""
            found = target(runs, row, at_most=at_most, metric=metric, name=name, doubt=doubt)
            checks.append(control(found) if row == ROWS[TEXT] else found)
    return checks


def draw(runs):
    """Test errors, every seed a dot, the chosen one of each preset marked."""
    from matplotlib.figure import Figure

    rows = rows_in(runs)
    figure = Figure(figsize=(3.6 * len(rows), 2.6))
    for axes, (dataset, model, setting) in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows):
        error = task_of(model, dataset)
        seeds = runs[runs.dataset == dataset].pivot(index="seed", columns="metric", values="value")
        tested, held_out = (seeds[f"{split}_{error.error}"] for split in ("test", "validation"))
        draw_seeds(axes, tested, held_out)
        for (row, metric), names in JUDGED.items():
            for place, name in enumerate(names if row == (dataset, model, setting) else ()):
                published = published_value(CLAIM, PUBLISHED, row, metric, place)
                label = "published: " + name.partition(" as ")[2] if len(names) > 1 else "published"
                axes.plot(published, 0, "|", ms=16, mew=2, color=("black", "C3")[place], label=label)
        words = error.words.replace("the units of the series", "megawatts")
        axes.set(yticks=[], xlabel=f"test {words}", title=f"{model}, {dataset}")
        axes.xaxis.label.set_size(8)
        axes.locator_params(axis="x", nbins=5)
        axes.legend(fontsize=8, markerscale=0.6)
    return figure


PUBLISHED = {
    (*ROWS[TEXT], BITS): [
        Published(f"nanoGPT, {net}", which, "ours on the test text, half of theirs", topic="language_model")
        for net, which in (("4 layers of 128, for a CPU", "loss"), ("6 layers of 384", "validation loss"))
    ],
    ROWS[VOWELS]: Published(
        "MLP, 88 hidden",
        "",
        "one layer, trained on all eight speakers, its last state after some 3,000 passes; ours two layers, on six speakers, "
        "epochs chosen on the others",
        "vowel (8 speakers / 7 others)",
        "phone_recognition",
    ),
}
