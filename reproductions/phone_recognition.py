"""Deep nets tell phones in windows of acoustic coefficients better than what was used before, pre-trained ones best.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") calls speech the first major
application of pre-training: nets that map short windows of coefficients to probabilities for the fragments of speech in
their middle set records on a small vocabulary in 2009. Here 11 frames of 40 log-mel energies with deltas, of Russian speech
of one speaker, give the phone of the frame in the middle, one of 51, of which the pause takes a fifth of the frames: by
Gaussian mixtures, discriminant analysis, nearest neighbours, a linear classifier, nets of 1 to 6 hidden layers from random,
pre-trained and modern starts, a ConvNet and an LSTM, trained on few and on many labelled minutes. Then Robinson's table of
1989: eleven vowels of strangers, where the nearest neighbour won. The speech, 179 MB, has to be at hand: `zoo data fetch
msu_ru_speech`. Without it the vowels are run and the verdicts say so.

Expected, hour budget (5 seeds on speech, 20 on vowels, 2 cores, 99 minutes): that deep nets tell phones better than what was
used before holds, by less than it seemed while our older methods were handicapped; that pre-training, by the one recipe of
it that was tried, makes them does not. Each in the depth that validation prefers, with 10 labelled minutes and with 3,
pre-trained sigmoids (two layers) err on 22.9 and 29.5 % of the frames, those from the better of two random starts (two) on
23.3 and 29.8, rectified units without dropout (four) on 21.1 and 28.2, the modern start (one layer and two) on 21.1 and
27.1; mixtures on 27.6 and 34.9 (on cepstra 30.5 and 36.6), nearest neighbours on 25.6 and 33.9, discriminant analysis on
34.0 and 37.5, the linear classifier on 31.1 and 37.0. The pre-trained, the rectified and the modern stack are ahead of all
older methods, by 2.6 points or more. The LSTM, on 20.1 and 26.5, is ahead of these three, of the modern one with 3 minutes
not for sure; a small ConvNet, on 21.8 with 10 minutes, is ahead of the pre-trained stack and behind the two others, which
have seven to eleven times its weights, so that this decides nothing. Pre-trained sigmoids are behind rectified units by 1.8
and 1.3 points, behind the modern start by 1.8 and 2.4; what they are ahead of the better random start, 0.3 and 0.4, the
frames tested may make. With four layers, which validation ranks last for sigmoids, pre-training spares 5.6 points of the
narrow random start, 8.4 with 3 minutes; of one four times as wide 0.3, which is undecided, and with 3 minutes 0.9; whatever
it spares with one layer and two is undecided. Sigmoids from all three starts err more with four layers than with two, and so
does the modern start, whose dropout after every layer costs 2.7 points with four layers and 10 minutes, while with one layer
it spares half a point to one; that errors rise over the layers is undecided with either number of minutes, since with 10
minutes and three times the updates four layers are not behind one: sigmoids from the wide start then err on 23.3 % with four
layers and on 23.5 with one, the modern start on 20.4 and 20.5. That rectified units err less with more layers than one, the
frames tested may make. Wide-start sigmoids of four layers with as many updates in all are 0.8 points ahead of pre-trained
ones of four; these of two layers, with fewer updates in all, are ahead of the former, by 0.4, which is undecided. Quick
budget (3 seeds on speech; 5 and a half minutes on 2 cores): with 2 minutes labelled rectified units without dropout, the
modern start, both with one layer, and the LSTM err on 34 % of the frames, sigmoids of one layer on 36 to 37 from any start,
as nearest neighbours and mixtures in Fisher's directions do, the other older methods and the ConvNet on 39 to 40. Rectified
units and the modern start are ahead of most older methods, the pre-trained one, in its best depth, of the linear classifier
alone, with half a minute. Four layers of sigmoids from the narrow start err on 54 %, of which pre-training spares 14 points,
with half a minute 13; from the wide one they err on 40, as the pre-trained ones do, and with as many updates in all on 37,
3.4 points ahead of these, but not of one pre-trained layer. Dropout after each of four layers costs 9 points. Vowels: the
nearest neighbour (43.7 %) comes out as in Robinson's table, LDA (56) and QDA (53) as in Hastie, Tibshirani & Friedman's, his
net of 88 units nearly (47, 49 there), while perceptron (52, 67 there) and radial basis functions (37, 47 there), with
cross-entropy and a chosen width, do better. As in the table the nearest neighbour is ahead of the nets of sigmoids, by 2 to
3 points, and of the linear classifier, by 9; other than in it, it is behind the radial basis functions, by 6. The last is
decided over the seven speakers of the test, nothing else is, nor that a net with batch normalisation and dropout is ahead of
it, by 2.5 (the recipe of the zoo's mlp_vowels, 41 % over ten seeds, learnt from six of the eight speakers:
pretrained_sequences). Full (5 seeds on speech, one H100, some 10 minutes by estimate, not run yet): open.
"""

from zoo.reproductions.evidence import speech_verdicts
from zoo.reproductions.harness import Published, Trial
from zoo.reproductions.trainers import vowel_table
from zoo.reproductions.trainers.speech_baselines import metric, train_baseline
from zoo.reproductions.trainers.speech_nets import STRETCH, train_net
from zoo.reproductions.trainers.speech_rows import (
    CONVNET, GMM, GMM_PROJECTED, KNN, LDA, LINEAR, LSTM, RIVALS, SPEECH, STARTS, best_of, depths_of, errors_of, gap_of, in_words,
    longer, minutes_of, net,
)
from zoo.reproductions.trainers.step_sizes import SIGMOID_START

SEEDS = {"smoke": 2, "quick": 20, "hour": 20, "full": 20}
PASSES = 2  # epochs of pre-training per layer
# How much of speech is taken, in minutes (None: all), and how it is learnt.
# rates: step sizes of sigmoid units, and of all others; longer: which stacks are trained once more, for as many updates as
# the deepest pre-trained one makes in all; cepstra, projected: most components of a mixture that are tried on either kind of
# features.
SIZES = {
    "quick": {
        "seeds": 3, "speech": {"pool": 4, "validation": 0.5, "test": 2}, "minutes": [0.5, 2], "epochs": [16, 6],
        "rates": ([3e-3, 1e-2], [1e-3, 3e-3]), "batch_size": 100, "depths": (1, 4), "width": 128, "lstm": 48,
        "blocks": [[4], [8]], "dense": 64, "cepstra": [16, 64], "projected": [4, 16], "longer": [("scaled", 4)],
    },
    "hour": {
        "seeds": 5, "speech": {"pool": 20, "validation": 2, "test": None}, "minutes": [3, 10], "epochs": [16, 8],
        "rates": ([1e-3, 3e-3, 1e-2], [1e-3, 3e-3]), "batch_size": 128, "depths": (1, 2, 4), "width": 256, "lstm": 128,
        "blocks": [[8], [16]], "dense": 128, "cepstra": [16, 64, 128], "projected": [4, 16],
        "longer": [("scaled", 1), ("scaled", 4), ("modern", 1), ("modern", 4)],
    },
    "full": {
        "seeds": 5, "speech": {"pool": None, "validation": None, "test": None}, "minutes": [2, 10, 80], "epochs": [40, 16, 5],
        "rates": ([1e-3, 3e-3], [3e-4, 1e-3]), "batch_size": 256, "depths": (1, 2, 3, 4, 5, 6), "width": 512, "lstm": 256,
        "blocks": [[32], [64]], "dense": 512, "cepstra": [16, 64, 128], "projected": [4, 32],
        "longer": [("scaled", 1), ("scaled", 6), ("modern", 1), ("modern", 6)],
    },
}
# What the starts need but for widths.
RECTIFIED = {"activation": "relu", "input_dropout": 0.0, "dropout": 0.0}
OPTIONS = {
    "scaled": {"initialiser": SIGMOID_START},
    "rectified": RECTIFIED,
    "modern": RECTIFIED | {"input_dropout": 0.1, "dropout": 0.2},
}
# Nets that learn from the most minutes only.
DEAREST = {"quick": (CONVNET, LSTM), "hour": (CONVNET,), "full": ()}
PLACE = 16
HEADLINES = (
    "pre-trained start, in its best depth, beats gmm (cepstra of a frame), * minutes",
    "pre-trained start, in its best depth, beats gmm (11 frames, projected), * minutes",
    "rectified start, in its best depth, beats gmm (11 frames, projected), * minutes",
    "rectified start, in its best depth, beats lstm (over 11 frames), * minutes",
    "pre-trained start beats rectified, * minutes, each in its best depth",
    "pre-trained start beats random, * minutes, each in its best depth*",
    "pre-training helps, * minutes, in its best depth, no fewer updates without",
    "rectified start, [0-9]* minutes: error falls with depth",
    "rectified start, * layers beat *, * minutes",
)
PROTOCOL = """
Speech: one speaker, the same in all splits, labels of an automatic alignment, errors counted in frames: TIMIT's figures,
errors in the phones of whole utterances of strangers after a hidden Markov model, stand beside for their order and are not
comparable in value. A window is 11 frames of 40 log-mel energies, their slopes and the slopes' slopes, each standardised
over the training pool (quick: 4 minutes, hour: 20, full: all 80). A seed labels whole recordings of the pool (quick: 0.5 and
2 minutes, hour: 3 and 10, full: 2, 10 and 80), the same ones for every model; validation and test are other recordings
(quick: 0.5 and 2 minutes, hour: 2 and 9.8, full: 9.3 and 9.8). So seeds share labels (hour: half of them with 10 minutes,
full: all of them with 80), and intervals are of this pool and of these test recordings, whose frames go together: no line
says what others would do. What each frame costs was not kept; so nothing is decided that the frames tested and the seeds
together may make, were frames independent, which is mild, for neighbours are alike, and no two nets wrong on the same ones,
which is not. (That was put in when results were known, for a reader; till then most of what pre-training spares with one
layer and two, and that rectified units err less with more layers, had been decided at the hour.) random: sigmoid units
within Glorot & Bengio's bounds, which are for units of slope 1 at 0. scaled: the same within four times these, as a
sigmoid's slope is a quarter. pre-trained: the net of random, its layers first learnt one by one on the whole pool without
labels as denoising autoencoders (a quarter of the inputs at 0, which for the first is their mean, the first with a linear
decoder, 2 epochs per layer), which stand in for the deep belief nets of the time. These updates come on top of those with
labels; "longer" is a net, on most minutes, with as many in all as the deepest pre-trained one: the deepest scaled start,
and, but in quick, the scaled start of one layer and the modern ones of one layer and of most. A slope over depth, and a step
between two depths, decides nothing where the slope of the longer ones is not for sure of the same sign, with fewer minutes,
of no more updates, either, those of the scaled start speaking for all sigmoids; nor is it decided then that two layers or
more do harm against none (on results/depth.md); that they help is decided, since more updates would not turn it. Where nets
of one depth alone were trained longer, or of none, as in quick and of rectified units, a slope or a step that rises with
depth decides nothing. These rules came in when results were known, for readers: they held for a start's own longer nets
alone before, and of steps only where both depths were trained longer, so that the pre-trained start was said to err more
with depth where the scaled one, with as large errors in training and testing, was not, and quick said so of the random and
the scaled one. Pre-training is this one recipe: its passes, its noise and its step size were never tuned, where steps and
epochs with labels, its own and its rivals', are the best of those tried; a verdict against it is against this recipe, not
against pre-training as such. rectified: rectified units in He's start. modern: these with dropout of a tenth of the inputs
and a fifth of the units of every layer, and so more noise the deeper they are. Of all nets the ConvNet alone has batch
normalisation. Starts are held against each other, against older methods and other nets in the depth that errs least on
validation, in the mean over seeds, as many minutes labelled, random in the better of two starts (those trained for as many
updates as all of pre-training's were run with four layers alone in quick, with one and four in the hour); nothing is decided
against a ConvNet or an LSTM with fewer weights. Layers have 128 units (hour: 256, full: 512). All nets: Adam with cosine
decay, in the step size of two (sigmoid units 0.003 and 0.01, hour: 0.001 as well, full: 0.001 and 0.003; others 0.001 and
0.003, full: 0.0003 and 0.001) whose seeds err least on validation, in each seed's epoch that does so, for every number of
minutes. Training errors of nets are means over the batches of the epoch that counts, as they were trained on, dropout
included. Epochs, for each number of minutes: quick 16 and 6 in batches of 100, hour 16 and 8 in batches of 128, full 40, 16
and 5 in batches of 256. The ConvNet has 4 and 8 filters (hour: 8 and 16, full: 32 and 64) and learns, but in full, from the
most minutes only, and so does, quick, the LSTM. Not untouched: the LSTM of quick learnt from fewer minutes, too, and
pre-training had 3 epochs, until results were known and time was short; the pre-trained start is held against the modern one,
and the deepest net against the next shallower one, since results were known; quick, it had a quarter of the others' epochs
and no net was "longer" until a run without them had been tested; hour, the "longer" nets but the deepest random one, since
replaced by the scaled, came in after a run without them had been; the ConvNets had been trained, and tested, by a program
whose gradients may have come out wrong now and then (see zoo/training/groups.py), in the same settings. When all results
were known a reader saw that sigmoid units had a start too narrow for them and steps too small, that the directions into
which windows were projected were ordered by what shrinking adds to the scatter between classes, and that the floor under the
variances of mixtures hid the slopes of cepstra: the scaled and the rectified start, the larger steps, Fisher's directions
and the grids of the older methods were then set by validation errors of one seed or two, and the random start is no more
"longer". Since all sigmoids of the hour took the smaller of two steps then, 0.001 came in for them last of all: four
pre-trained layers and one wide layer of more updates take it, and pre-training is ahead of four wide layers with 3 minutes,
which had been undecided; while they trained anew other work ran beside them, which their seconds hold. Until another reader
remarked that validation ranks it last for most, the deepest net stood for its start in what now is in best depths. Against
that, at the hour, the pre-trained start is behind the modern one with 10 minutes, too, and this is no more behind the
ConvNet; quick, with 2 minutes, the pre-trained start is no more behind the rectified one nor the older methods (mixtures,
discriminant analysis, nearest neighbours, linear), but behind the modern one, and with half a minute ahead of the linear
classifier; the modern start, which had been behind mixtures in Fisher's directions and nearest neighbours, is ahead of seven
of ten results of the older methods, with either number of minutes, and no more behind the LSTM. That rectified units beat
the ConvNet, in both budgets, went for its weights; that the pre-trained start is behind the rectified one with half a minute
and the LSTM with 2, and, at the hour, the modern one behind the LSTM with 3, for the frames tested. Pre-training takes steps
of 0.001 from the narrow start: from the scaled one two seeds of quick's sizes came out alike on validation with four layers,
and no better with one. Gaussian mixtures with diagonal covariances, one for each phone, of no more components than a tenth
of its frames, fitted in at most 20 rounds, converged or not, weighted by the phones' shares: on 13 cepstra of a frame with
deltas, the features of their time, and on the 40 directions in which the means of phones differ most in a window of 11
frames for their scatter within phones (Fisher's), labelled alike; nearest neighbours on those too, for at most 10 minutes of
labels. Their settings (components of a mixture, what is added to its variances as a share of the variance within phones,
shrinkage of that scatter, neighbours) are the best of a grid on validation. At the hour the mixtures in Fisher's directions
took the most components that they were offered, 16, from every seed with either number of minutes; those on cepstra were
offered eight times as many: more should be tried of the former, too, and might err less. Vowels: settings, for nets the step
size (of four, quick: three) and the number of epochs, are those with the lowest mean error on two of the eight training
speakers; then all eight train, as in Robinson's table, and seven others are tested, by six frames of each of their 11 words;
frames of a speaker go together, so that a check of vowels takes each of the seven for one test example, by Student's t,
beside the seeds (since a reader asked what would decide them: until then none was decided). Nets: 88 sigmoid units per
layer, cross-entropy, Adam, batches of 33, features standardised. The table's other rows, such as FDA/MARS, have no
counterpart here.
"""


def trials(budget):
    """Robinson's table, many seeds of it, and the models of speech, where that is at hand; smoke has the vowels only."""
    yield from vowel_table.trials(budget)
    if budget.name != "smoke":
        yield from _speech_trials(budget)


def _speech_trials(budget):
    size = SIZES[budget.name]
    seeds, minutes = budget.seeds[: size["seeds"]], size["minutes"]
    shared = {"speech": size["speech"], "minutes": minutes}
    for row, features, grid, cost in _older(size):
        # All distances from 80 minutes of frames, for every seed, are beyond reach.
        recipe = shared | {"minutes": [m for m in minutes if row != KNN or m <= 10], "features": features, "grid": grid}
        yield Trial(SPEECH, *row, seeds, train_baseline, recipe, cost, optional=True)
    learning = shared | {name: size[name] for name in ("epochs", "batch_size")}
    for row, own, pretraining, cost in _nets(size):
        recipe = learning | own | {"pretraining": pretraining, "shown": row in _shown(size["depths"])}
        if row in DEAREST[budget.name]:  # with the fewer minutes it takes nearly as long again
            recipe |= {"minutes": minutes[-1:], "epochs": recipe["epochs"][-1:]}
        yield Trial(SPEECH, *row, seeds, train_net, recipe, cost, optional=True, leaves=recipe["shown"])
    depth, most = size["depths"][-1], minutes[-1]
    spent = PASSES * depth * (size["speech"]["pool"] or most) / most  # by pre-training, in epochs on so many minutes
    recipe = learning | {"minutes": [most], "epochs": [size["epochs"][-1] + round(spent)], "pretraining": None, "shown": False}
    for start, depth in size["longer"]:
        mine = recipe | _stack(start, size, depth)
        yield Trial(SPEECH, *longer(start, depth), seeds, train_net, mine, 5 + 5 * depth, optional=True)


def _older(size):
    """((model, setting), features, grid, cost) of every method that is no net."""
    projections = [{"shrinkage": share} for share in (0.1, 0.3)]
    yield GMM, "cepstra", [{"components": most, "floor": floor} for most in size["cepstra"] for floor in (0.1, 0.3)], 15
    mixtures = [{"components": most, "floor": floor} for most in size["projected"] for floor in (0.3, 1.0)]
    yield GMM_PROJECTED, "projected", [share | mixture for share in projections for mixture in mixtures], 20
    yield LDA, "window", [{"shrinkage": 0.03}, *projections], 5
    yield KNN, "projected", [share | {"neighbours": count} for share in projections for count in (10, 30)], 10


def _nets(size):
    """((model, setting), {"options", "rates"}, pre-training, cost) of every net on speech."""
    rates = size["rates"][1]
    yield LINEAR, {"options": {}, "rates": rates}, None, 4
    for depth in size["depths"]:
        noise = {"corruption": "masking", "level": 0.25, "error": ["linear"] + ["crossentropy"] * (depth - 1)}
        noise |= {"epochs": PASSES, "learning_rate": 1e-3}
        for start in STARTS:
            pretrained, own = start == "pre-trained", _stack(start, size, depth)
            yield net(start, depth), own, noise if pretrained else None, 5 + 2 * depth + 3 * depth * pretrained
    yield CONVNET, {"options": {"blocks": size["blocks"], "dense": size["dense"], "dropout": 0.2}, "rates": rates}, None, 30
    yield LSTM, {"options": {"units": size["lstm"], "layers": 1, "dropout": 0.2}, "rates": rates}, None, 15


def _stack(start, size, depth):
    """{"options", "rates"} of a stack of so many layers."""
    options = {"widths": [size["width"]] * depth} | OPTIONS.get(start, {})
    return {"options": options, "rates": size["rates"][STARTS[start] != "autoencoder_stack"]}


def _shown(depths):
    """The rows whose predictions are drawn under the spectrogram."""
    return [LINEAR, net("random", 1), net("pre-trained", depths[-1]), net("modern", depths[-1])]


def judge(runs):
    """Depth, pre-training and the baselines on speech, for each number of minutes; the nets and the neighbour on vowels."""
    return speech_verdicts.checks(runs) + vowel_table.checks(runs)


def ladders(runs, trials):
    """Stacks from every start, in all their depths, for each number of minutes; a linear classifier against them; vowels."""
    return speech_verdicts.ladders(runs) + vowel_table.ladders(runs)


def draw(runs):
    """Error against depth, by model with each number of labelled minutes, what pre-training spares; and Robinson's table."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence import speech_pictures as pictures

    spoken = SPEECH in set(runs.dataset)
    figure = Figure(figsize=(14, 9.4) if spoken else (7, 4.6))
    panels = figure.subplots(2, 2).ravel() if spoken else [figure.subplots()]
    if spoken:
        stacks, others = _stacks(runs), _others(runs)
        figure.suptitle(f"{SPEECH}, and below on the right {vowel_table.VOWELS}", fontsize=11)
        pictures.draw_depths(panels[0], stacks, minutes_of(runs)[-1])
        pictures.draw_minutes(panels[1], _stacks_at_best(runs), others)
        gaps = {
            start: {
                in_words(depth): {minutes: gap_of(runs, depth, minutes, start) for minutes in minutes_of(runs)}
                for depth in depths_of(runs, start)
            }
            for start in RIVALS
        }
        pictures.draw_gaps(panels[2], gaps)
    pictures.draw_vowels(panels[-1], vowel_table.errors(runs, _published_vowels))
    panels[-1].set_title(f"{vowel_table.VOWELS}: seven speakers not heard before", fontsize=11)
    return figure


def _published_vowels(row):
    from zoo.reproductions.harness.published import matches

    return [float(match.value) for match in matches("phone_recognition", PUBLISHED, row, "test_error_pct")]


def _stacks(runs):
    """{name: {layers: {minutes: errors}}} of every start, and of those that were trained longer."""
    rows = {f"{start} start{added}": (start, row) for row, added in ((net, ""), (longer, ", longer")) for start in STARTS}
    found = {
        name: {depth: _curve(runs, row(start, depth)) for depth in depths_of(runs, start, row)}
        for name, (start, row) in rows.items()
    }
    return {name: by_depth for name, by_depth in found.items() if by_depth}


def _stacks_at_best(runs):
    """{name, with its depths where there are several: {minutes: errors}} of every start in the depth that errs least on
    validation with so many minutes.
    """
    found = {}
    for row, added in ((net, ""), (longer, ", longer")):
        for start in STARTS:
            if depths := depths_of(runs, start, row):
                counts = [minutes for minutes in minutes_of(runs) if len(errors_of(runs, row(start, depths[0]), minutes))]
                best = {minutes: best_of(runs, [start], minutes, row) for minutes in counts}
                of = [next(depth for depth in depths if row(start, depth) == best[minutes]) for minutes in counts]
                said = f"{start} start{added}, {' and '.join(map(str, dict.fromkeys(of)))} hidden"
                found[said] = {minutes: errors_of(runs, best[minutes], minutes) for minutes in counts}
    return found


def _curve(runs, row):
    """{minutes: test errors by seed} of a row (model, setting)."""
    found = {minutes: errors_of(runs, row, minutes) for minutes in minutes_of(runs)}
    return {minutes: errors for minutes, errors in found.items() if len(errors)}


def _others(runs):
    """{name: {minutes: errors}} of the models beside the stacks."""
    names = {
        GMM: "Gaussian mixtures, frame", GMM_PROJECTED: "Gaussian mixtures, 11 frames", LDA: "LDA", KNN: "nearest neighbours",
        LINEAR: "linear", CONVNET: "ConvNet", LSTM: "LSTM",
    }
    return {name: _curve(runs, row) for row, name in names.items()}


def illustrate(files):
    """Three seconds of test speech: its log-mel energies, its phones, and those that some of the models hear."""
    from zoo.reproductions.evidence.speech_pictures import spectrogram

    left = {row: found[STRETCH] for row, found in files.items() if STRETCH in found}
    return {"spectrogram.png": spectrogram(left)} if left else {}


def _published():
    timit = {"dataset": "timit", "metric": "phone_error_rate_pct"}
    stand_in = "Boltzmann machines there, denoising autoencoders here"
    decoded = "phones of whole utterances there, found with a hidden Markov model; frames here"
    older = [Published(name, "", decoded, **timit) for name in ("CD-HMM", "Bayesian triphone GMM-HMM")]
    found, sizes = {}, [(size["minutes"], size["depths"]) for size in SIZES.values()]
    # The most minutes and layers of each budget; full has the hour's as well, and shows the same beside both.
    for measured, depth in ((metric("test", minutes[-1]), depths[-1]) for minutes, depths in sizes):
        here = f"{depth} layers here; {decoded}"
        found[(SPEECH, *GMM, measured)] = older
        found[(SPEECH, *net("random", depth), measured)] = Published("DNN, 6 layers, random initialisation", "", here, **timit)
        found[(SPEECH, *net("pre-trained", depth), measured)] = [
            Published(name, "", f"{stand_in}; {here}", **timit)
            for name in (
                "DBN (Mohamed, Dahl & Hinton 2009)", "DBN-DNN, 6 layers, pre-trained", "DBN-DNN, 8 layers, filter banks",
            )
        ]
    return found


PUBLISHED = _published() | vowel_table.PUBLISHED
