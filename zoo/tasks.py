"""What the models of the zoo are trained for: the loss, what their outputs are held against, the error that a card states."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from zoo.errors import InvalidInput
from zoo.registry import models_text, reconstructs

ALPHABET = 128  # of texts: the codes of ASCII


@dataclass(frozen=True)
class Task:
    """One kind of training.

    name: in words. inputs, outputs: what goes in and comes out, {classes} being a number. error: what cards and runs.csv call
    the error, after "test_" or "validation_"; words, unit: the same for people; decimals: that are worth printing. hub: what
    the Hugging Face hub calls the task and the metric. limits: of use. examples(x, made): made-up raw inputs of the task, from
    uniform integers 0..255 and what the model was made from.
    classes(data): of zoo.create_model, for a Dataset or an Info. loss(), metrics(): for compile. targets(model, x, y): what
    the outputs for the raw x are held against. of(scores): the error, from {name: mean over examples} of loss and metrics,
    a number that is less where the model is better.
    """

    name: str
    inputs: str
    outputs: str
    error: str
    words: str
    unit: str
    decimals: int
    hub: tuple[str, str]
    limits: str
    classes: Callable
    loss: Callable
    metrics: Callable
    targets: Callable
    of: Callable
    examples: Callable = lambda x, made: x

    def number(self, value):
        """The error as text, small ones in three digits."""
        return f"{value:.{self.decimals}f}" if abs(value) >= 0.1 or not value else f"{value:.3g}"

    def show(self, value):
        """The error with its unit, as text."""
        return f"{self.number(value)} {self.unit}"


def task_of(model, dataset):
    """The Task of a model of the zoo on a data set, both by name. Raises UnknownName; InvalidInput where there is none."""
    from zoo.datasets import describe

    info = describe(dataset)
    if reconstructs(model):
        return RECONSTRUCTION
    found = next((task for task in TASKS if task.name == info.task and task is not RECONSTRUCTION), None)
    if found is None or (found is LANGUAGE) != models_text(model):
        raise InvalidInput(f"{dataset} is for {info.task}, which {model} is not made for.")
    return TABLES if found is CLASSIFICATION and len(info.input_shape) == 1 else found


def task_of_model(name, input_shape, options):
    """The Task that a model of the zoo was made for, by its name, input and options. Raises UnknownName."""
    if models_text(name):
        return LANGUAGE
    if reconstructs(name):
        return RECONSTRUCTION
    if options.get("series"):
        return FORECASTING
    return CLASSIFICATION if len(input_shape) > 1 else TABLES


def described(card):
    """(what goes in, what comes out), in words, of a card's model."""
    model = card["model"]
    task = task_of_model(model["name"], model["input_shape"], model["options"])
    inputs = "values in the scale that it learnt from" if own_scale(card) and "0..255" in task.inputs else task.inputs
    return inputs, task.outputs.format(classes=model["classes"])


def own_scale(card):
    """Whether a card's model takes its input as it is, and no data set of the zoo's says in what scale that was."""
    from zoo.datasets import list_datasets
    from zoo.datasets.own import is_own

    name = card.get("dataset", {}).get("name")
    known = name in list_datasets() and not is_own(name)
    return not known and card["model"]["options"].get("rescale", 1 / 255) in (None, 1)


def task_of_error(metric):
    """The Task whose error a card's metric is, such as "test_error_pct"; None for a metric of somebody's own."""
    return next((task for task in TASKS if metric in (f"test_{task.error}", f"validation_{task.error}")), None)


def _class_loss():
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _pixel_loss():
    from zoo import reconstruction

    return reconstruction.loss()


def _pixel_metrics():
    from zoo import reconstruction

    return [reconstruction.squared_error]


def _pixels(model, x, y):
    from zoo import reconstruction

    return reconstruction.targets(model, x)


def _codes(x, made):
    return (x.astype("int32") % min(256, made["classes"])).astype("uint8")


def _around_the_mean(x, made):
    mean, spread = made["options"]["series"]
    return (mean + spread * (x / 128 - 1)).astype("float32")


CLASSIFICATION = Task(
    name="classification",
    inputs="raw values 0..255",
    outputs="logits of {classes} classes",
    error="error_pct",
    words="error, %",
    unit="%",
    decimals=2,
    hub=("image-classification", "error_rate"),
    limits=(
        "Trained on centred, upright images of one data set, size-normalised as that data set is; images drawn or photographed "
        "otherwise, and anything that is none of the classes, get a confident answer all the same. For study and comparison, "
        "not for decisions about people."
    ),
    classes=lambda data: data.classes,
    loss=_class_loss,
    metrics=lambda: ["accuracy"],
    targets=lambda model, x, y: y,
    of=lambda scores: 100 * (1 - scores["accuracy"]),
)
# Of vectors that are no images. Not in TASKS: training, error and unit are those of CLASSIFICATION.
TABLES = replace(
    CLASSIFICATION,
    inputs="values as the data set has them",
    hub=("tabular-classification", "error_rate"),
    limits=(
        "Trained on the examples of one data set, whose README says where they are from; others, and anything that is none of "
        "the classes, get a confident answer all the same. Intervals are over seeds: where examples come in groups, such as "
        "vowels of one speaker, other groups may move the error by more. For study and comparison, not for decisions about people."
    ),
)
RECONSTRUCTION = Task(
    name="reconstruction",
    inputs="raw values 0..255",
    outputs="logits of the pixels that it reconstructs",
    error="squared_error",
    words="squared error of an image, pixels in 0..1",
    unit="squared error per image",
    decimals=2,
    hub=("image-feature-extraction", "squared_error"),
    limits=(
        "Trained on centred, upright images of one data set, size-normalised as that data set is; of other images the code "
        "keeps what they have in common with these, and their reconstructions look like these. For study and comparison."
    ),
    classes=lambda data: None,
    loss=_pixel_loss,
    metrics=_pixel_metrics,
    targets=_pixels,
    of=lambda scores: scores["squared_error"],
)
LANGUAGE = Task(
    name="language modelling",
    inputs="character codes",
    outputs="at every place logits of the next of {classes} characters",
    error="bits_per_char",
    words="bits per character",
    unit="bits per character",
    decimals=3,
    hub=("text-generation", "bits_per_char"),
    limits=(
        "Its bits are those of blocks as long as the data set's, each read from an empty state. Knows the spelling and the look "
        "of one small collection of English texts, a character at a time, and nothing of what they are about; what it writes is "
        "made up. For study and play."
    ),
    classes=lambda data: ALPHABET,
    loss=_class_loss,
    metrics=lambda: ["accuracy"],
    targets=lambda model, x, y: y,
    of=lambda scores: scores["loss"] / math.log(2),
    examples=_codes,
)
FORECASTING = Task(
    name="forecasting",
    inputs="values of the series",
    outputs="its next value",
    error="root_mean_squared_error",
    words="root mean squared error, in the units of the series",
    unit="RMSE",
    decimals=2,
    hub=("time-series-forecasting", "rmse"),
    limits=(
        "Trained on one series, of one place and time, to forecast one step ahead: for study and comparison, not for planning. "
        "The reproduction forecasting holds such nets against linear autoregression, which does better on electricity demand."
    ),
    classes=lambda data: 1,
    loss=lambda: "mean_squared_error",
    metrics=lambda: [],
    targets=lambda model, x, y: y,
    of=lambda scores: math.sqrt(scores["loss"]),
    examples=_around_the_mean,
)
TASKS = (CLASSIFICATION, RECONSTRUCTION, LANGUAGE, FORECASTING)
