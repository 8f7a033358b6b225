"""What is measured, most important first, so that a time limit cuts the least important."""

from dataclasses import dataclass

from zoo import list_presets

EXAMPLES = 50_000  # all costs are given for an epoch of so many
MODELS = ("linear", "mlp", "autoencoder", "convnet", "lstm")
BATCH = 128
QUICK_EXAMPLES = 20 * BATCH
# Two cores need minutes for an epoch of the deep models: they get a part of it, scaled up in the table.
CPU_EXAMPLES = {"linear": 100 * BATCH, "mlp": 100 * BATCH, "autoencoder": 50 * BATCH, "convnet": 40 * BATCH, "lstm": 40 * BATCH}
# Epochs of one timed population fit: enough that starting it does not count.
EPOCHS = {
    "gpu": {"linear": 10, "mlp": 4, "autoencoder": 2, "convnet": 1, "lstm": 1},
    "cpu": {"linear": 4, "mlp": 1, "autoencoder": 1, "convnet": 1, "lstm": 1},
}
MEMBERS = {"gpu": (64, 1, 16), "cpu": (4, 1)}
MORE_MEMBERS = (16, 64)  # on a CPU, of the cheapest model: where more of them stop paying
TUNED = ("50 steps per execution", "epoch per execution")
# Built beside the presets: the smallest usual model of Keras's own collection.
FOR_SCALE = "MobileNetV2"
# Models whose zoo layers differ from those an ordinary Keras user would take.
OWN_LAYERS = ("convnet", "lstm")


@dataclass(frozen=True)
class Config:
    """One measurement, made in a process of its own.

    family: the framework whose process runs it; runner: the function that measures; setting: of that runner;
    epochs: of one timed call.
    """

    family: str
    runner: str
    model: str
    setting: str = "default"
    members: int = 1
    precision: str = "float32"
    examples: int = EXAMPLES
    epochs: int = 1

    @property
    def name(self):
        parts = [self.runner, self.family, self.model, self.setting]
        if self.runner == "ensemble":
            parts += [f"K={self.members}"]
        if self.runner == "population":
            parts += [f"K={self.members}", self.precision]
        return " ".join(filter(None, parts))


def all_configs(platform, quick=False):
    """Every Config for a platform, "gpu" or "cpu", in the order in which they are to be measured."""
    examples = {model: EXAMPLES if platform == "gpu" else CPU_EXAMPLES[model] for model in MODELS}
    if quick:
        examples = dict.fromkeys(MODELS, QUICK_EXAMPLES)

    def config(family, runner, model, **options):
        return Config(family, runner, model, examples=examples[model], **options)

    def population(model, members, precision="float32"):
        epochs = EPOCHS[platform][model]
        return config("jax", "population", model, members=members, precision=precision, epochs=epochs, setting="")

    many, *fewer = MEMBERS[platform]
    if quick:
        many, fewer = 2, []
    configs = []
    for model in MODELS:
        configs += [population(model, many), config("jax", "fit", model)]
    configs += [population("mlp", k) for k in fewer[:1]]
    if platform == "gpu":
        configs += [population(model, many, "mixed_bfloat16") for model in reversed(MODELS)]
    configs += [config("tensorflow", "fit", model) for model in MODELS]
    configs += [config("torch", "eager", model) for model in MODELS]
    ensembles = [model for model in MODELS if model != "lstm"]  # torch.vmap has no rule for it
    configs += [config("torch", "ensemble", model, members=many) for model in ensembles]
    if platform == "cpu":
        configs += [config("sklearn", "MLPClassifier", "mlp")]
    if not quick:
        configs += [config("jax", "fit", model, setting="zoo layers") for model in OWN_LAYERS]
        configs += [config("jax", "fit", model, setting=setting) for model in MODELS for setting in TUNED]
        tuned = (*TUNED, "50 steps per execution, no XLA")
        configs += [config("tensorflow", "fit", model, setting=setting) for model in MODELS for setting in tuned]
    axes = ("members", "examples", "epochs")
    configs += [config("jax", "scaling", model, setting=axis) for model in MODELS[: 1 if quick else 2] for axis in axes]
    if platform == "cpu" and not quick:
        configs += [population(MODELS[0], k) for k in MORE_MEMBERS]
    configs += [population(model, k) for k in fewer for model in MODELS]
    if platform == "cpu" and not quick:  # whose 16 bits XLA makes nothing of, where TensorFlow may
        kinds = ("float32", "mixed_bfloat16")
        configs += [config("tensorflow", "population", "convnet", precision=kind, setting="") for kind in kinds]
    if platform == "gpu":
        configs += [population(model, k, "mixed_bfloat16") for k in fewer for model in MODELS]
    configs += [Config("plain", "start", "", setting="")]
    if not quick:
        names = [FOR_SCALE, *list_presets()]
        configs += [Config("plain", "variations", "", setting="")]
        configs += [Config(family, "presets", name, setting="") for family in ("jax", "tensorflow") for name in names]
        configs += [config("jax", "scaling", model, setting=axis) for model in MODELS[2:] for axis in axes]
    return list(dict.fromkeys(configs))


def scaling_points(axis, platform, examples):
    """[(members, examples, epochs)] along one axis, from small to large; each step doubles or more."""
    members, epochs = (16, 4) if platform == "gpu" else (2, 2)
    if axis == "members":
        return [(k, examples, epochs) for k in ((1, 4, 16, 64) if platform == "gpu" else (1, 2, 4))]
    if axis == "examples":
        return [(members, examples // part, epochs) for part in (8, 4, 2, 1)]
    return [(members, examples, factor * epochs) for factor in (1, 2, 4)]
