"""A recipe: all that decides how a model is trained, as plain JSON, and the population that it trains."""

from zoo.errors import InvalidInput

RECIPE = {
    "options": {},  # of zoo.create_model
    "epochs": 30,
    "batch_size": 128,
    "learning_rate": 1e-3,  # peak of a cosine decay to 0 over all steps
    "weight_decay": None,  # decoupled, as in AdamW
    "ema": None,  # momentum of the average of the weights that is evaluated
    "precision": "float32",
    "pretraining": None,  # of zoo.pretrain, for autoencoder_stack
}


def recipe(**changes):
    """RECIPE with changes. Raises InvalidInput for a name that no recipe has."""
    unknown = sorted(changes.keys() - RECIPE.keys())
    if unknown:
        raise InvalidInput(f"A recipe has no {', '.join(unknown)}; it has {', '.join(RECIPE)}.")
    return RECIPE | changes


def train_population(model, classes, x, y, recipe, seeds, verbose="auto"):
    """Train one member per seed on all of x (n, *input_shape), y (n,) as the recipe says; returns the Population.

    model: a name of the zoo. An epoch's last, smaller batch is left out, so every step costs the same. The weights
    are those after the last epoch, averaged where the recipe says so. Raises InvalidInput for what can't be trained.
    """
    import keras

    import zoo

    r = RECIPE | recipe
    population = zoo.Population(
        lambda: zoo.create_model(model, x.shape[1:], classes, **r["options"]), seeds, precision=r["precision"]
    )
    if r["pretraining"]:
        settings = dict(r["pretraining"])
        adam = keras.optimizers.Adam(settings.pop("learning_rate"))
        zoo.pretrain(population, x, optimizer=adam, batch_size=r["batch_size"], verbose=verbose, **settings)
    population.compile(optimizer(r, steps(r, len(x))), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    population.fit(x, y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=verbose)
    return population


def steps(recipe, n):
    """Updates that a recipe makes on n examples, pre-training aside."""
    return recipe["epochs"] * (n // recipe["batch_size"])


def optimizer(recipe, steps):
    """Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) with weight decay, under a cosine decay over `steps` steps."""
    import keras

    rate = keras.optimizers.schedules.CosineDecay(recipe["learning_rate"], steps)
    average = {"use_ema": True, "ema_momentum": recipe["ema"]} if recipe["ema"] else {}
    if recipe["weight_decay"]:
        return keras.optimizers.AdamW(rate, weight_decay=recipe["weight_decay"], **average)
    return keras.optimizers.Adam(rate, **average)
