"""A net whose layers come about in four ways: left as they start, one by one with or without labels, or all together.

A stage is a population of nets cut off above some hidden layer, the layers below frozen; it hands its layers on to the
next. All ways make the same updates in total, share the same grid of step sizes, and start from the same weights.
"""

import itertools
import time

import numpy as np

from zoo.errors import InvalidInput, unknown_name
from zoo.reproductions.trainers.rows import rows_of

# The option of a zoo model that has an entry for each of its hidden layers.
HIDDEN = {"mlp": "widths", "convnet": "blocks"}
WAYS = ("random", "supervised", "unsupervised", "joint")
# Without dropout a frozen layer is a fixed function in training too. Normalised, features of any origin have one scale.
PLAIN = {"dropout": 0, "batch_norm": True}
NOISE = 0.25  # share of an autoencoder's inputs that are set to 0
IMAGES = 1000  # that patches are taken from


def train_layerwise(trial, report):
    """The run function of a zoo model (mlp or convnet) whose hidden layers come about as the recipe's `way` says; of linear,
    which has none and is trained as it is, for comparison.

    The recipe names way, options (of the model), n_train, n_test, epochs (of all stages together), batch_size, rates (step
    sizes, of which that with the lowest mean validation error is tested) and patches (for a convnet without labels).
    Rows: test_error_pct, validation_error_pct and step_size of every seed. seconds are those of one net in one step size.
    """
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.step_sizes import errors_on, losses_on, most_accurate

    r = trial.recipe
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"])
    plan = stages(r["way"], trial.model, train.x.shape[1:], describe(trial.dataset).classes, r["options"], r["epochs"])
    began, weights = time.perf_counter(), None
    if r["way"] == "unsupervised" and trial.model == "convnet":
        weights = [filtered_weights(plan[0][0], train.x[:IMAGES], r["patches"], seed) for seed in trial.seeds]
        weights *= len(r["rates"])
    seconds = (time.perf_counter() - began) / len(trial.seeds)
    for done, population in enumerate(trained(plan, train, trial.seeds, r["rates"], r["batch_size"], weights), start=1):
        seconds += population.fit_seconds / len(population)
        report.progress(done, len(plan))
    # All members are tested at once, but nothing looks at the test errors of those that were not chosen.
    held_out = errors_on(population, validation).reshape(len(r["rates"]), -1)
    best, tested = most_accurate(held_out), losses_on(population, test).reshape(*held_out.shape, -1)
    values = {"test_error_pct": tested[best], "validation_error_pct": held_out[best]}
    values["step_size"] = r["rates"][best]
    shared = {
        "n_train": len(train.x),
        "n_test": len(test.x),
        "parameters": population.template.count_params(),
        "updates": r["epochs"] * (len(train.x) // r["batch_size"]),
        "seconds": seconds,
        "precision": "float32",
    }
    return rows_of(trial.seeds, values, shared)


def stages(way, model, shape, classes, options, epochs):
    """[(build, epochs)] of a way, in order: what makes the net that a stage trains, and for how long.

    The last stage's net is the whole classifier. With labels, a stage trains its layer under a classifier of its own, and
    the last one's stays. Without, it reconstructs (mlp), and one more stage trains the classifier on top; a convnet's
    filters are not learnt by updates (see filtered_weights), so there it is the only stage. Raises UnknownName for another
    way, InvalidInput for another model and for epochs that can't be shared out evenly. linear has one stage.
    """
    import zoo

    if way not in WAYS:
        raise unknown_name("way to come by layers", way, WAYS)
    if model == "linear":
        return [(lambda: zoo.create_model(model, shape, classes, **options), epochs)]
    if model not in HIDDEN:
        raise InvalidInput(f"{model} can't be cut into stages; {' and '.join(HIDDEN)} can.")
    depth = len(options[HIDDEN[model]])

    def net(height, frozen, finish=lambda net: net):
        return lambda: finish(cut_net(model, shape, classes, options, height, frozen))

    builds = [net(depth, 0 if way == "joint" else depth)]
    if way == "supervised":
        builds = [net(height, height - 1) for height in range(1, depth + 1)]
    elif way == "unsupervised" and model == "mlp":
        builds = [net(height, height - 1, autoencoder) for height in range(1, depth + 1)] + builds
    if epochs % len(builds):
        raise InvalidInput(f"{epochs} epochs can't be shared out to {len(builds)} stages; take a multiple of {len(builds)}.")
    return [(build, epochs // len(builds)) for build in builds]


def trained(stages, train, seeds, rates, batch_size, weights=None):
    """The populations of the stages, one after another, each trained; members are step sizes times seeds.

    weights: where the members of the first stage start, None for the start that their seed gives.
    """
    import keras

    import zoo

    below = None
    for build, epochs in stages:
        population = zoo.Population(build, [*seeds] * len(rates), weights=weights)
        weights = None
        if below is not None:
            for mine, theirs in zip(hidden_layers(population.template), hidden_layers(below.template)):
                population.copy_layers(below, mine, theirs)
        decay = keras.optimizers.schedules.CosineDecay(rates[0], epochs * (len(train.x) // batch_size))
        y, aim = train.y, (keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
        if population.template.name == "autoencoder":
            y, aim = None, (zoo.layers.MeanOutput(), [])
        population.compile(keras.optimizers.Adam(decay), *aim, learning_rate=np.repeat(rates, len(seeds)))
        population.fit(train.x, y, epochs=epochs, batch_size=batch_size, drop_remainder=True, verbose=False)
        yield population
        below = population


def cut_net(model, shape, classes, options, height, frozen):
    """A zoo model of the lowest `height` hidden layers, the lowest `frozen` of them not trainable, and a classifier."""
    import zoo

    cut = {HIDDEN[model]: options[HIDDEN[model]][:height]}
    net = zoo.create_model(model, shape, classes, **PLAIN | options | cut)
    for layer in itertools.chain.from_iterable(hidden_layers(net)[:frozen]):
        # Not layer.trainable = False, which would also take a normalisation its statistics of the data.
        for variable in layer.trainable_variables:
            variable.trainable = False
    return net


def hidden_layers(net):
    """Lists of the layers with weights that make up each hidden layer, its normalisation included, lowest first."""
    found = {}
    for layer in net.layers:
        if layer.weights and layer.name not in ("logits", "decoder"):
            found.setdefault(layer.name.removesuffix("_norm"), []).append(layer)
    return list(found.values())


def autoencoder(net):
    """A net's topmost hidden layer, of an mlp, as a denoising autoencoder: raw input to the error of each example, (n,).

    What comes from below is to be reconstructed, in squares and by a linear layer, from its code after a share NOISE of it
    was set to 0, and the rest scaled up as in dropout (Vincent et al. 2010).
    """
    import keras

    learner = hidden_layers(net)[-1][0]
    clean = learner.input
    code = keras.layers.Dropout(NOISE, name="noise")(clean)
    for layer in net.layers[net.layers.index(learner) : -1]:
        code = layer(code)
    output = keras.layers.Dense(clean.shape[-1], name="decoder")(code)
    return keras.Model(net.input, keras.ops.sum(keras.ops.square(output - clean), axis=-1), name="autoencoder")


def filtered_weights(build, images, patches, seed):
    """The weights of the convnet that a seed gives, its filters replaced, from below, by ones learnt from patches."""
    import keras

    from zoo.reproductions.trainers.patch_filters import learned_filters
    from zoo.training.members import build_member

    net = build_member(build, seed)
    for convolution, _ in hidden_layers(net):
        # As in training: normalised by the statistics of these images, as the net has none of its own yet.
        maps = np.asarray(keras.Model(net.input, convolution.input)(images, training=True))
        side = convolution.kernel_size[0]
        convolution.kernel.assign(learned_filters(maps, side, convolution.filters, patches, seed))
    return net.get_weights()
