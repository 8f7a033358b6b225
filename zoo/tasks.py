"""What the models of the zoo are trained for: the loss, what their outputs are held against, the error that a card states."""

from collections.abc import Callable
from dataclasses import dataclass

from zoo.errors import InvalidInput
from zoo.registry import reconstructs


@dataclass(frozen=True)
class Task:
    """One kind of training.

    name: in words. error: what cards and runs.csv call the error, after "test_" or "validation_"; words, unit: the same for
    people; decimals: that are worth printing. hub: what the Hugging Face hub calls the task and the metric. limits: of use.
    classes(data): of zoo.create_model, for a Dataset or an Info. loss(), metrics(): for compile. targets(model, x, y): what
    the outputs for the raw x are held against. of(scores): the error, from {name: mean over examples} of loss and metrics,
    a number that is less where the model is better.
    """

    name: str
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

    def show(self, value):
        """The error with its unit, as text."""
        return f"{value:.{self.decimals}f} {self.unit}"


def task_of(model, dataset):
    """The Task of a model of the zoo on a data set, both by name. Raises UnknownName; InvalidInput where there is none."""
    from zoo.datasets import describe

    purpose = describe(dataset).task
    if reconstructs(model):
        return RECONSTRUCTION
    found = next((task for task in TASKS if task.name == purpose and task is not RECONSTRUCTION), None)
    if found is None:
        raise InvalidInput(f"{dataset} is for {purpose}, which {model} is not made for.")
    return found


def task_of_error(metric):
    """The Task whose error a card's metric is, such as "test_error_pct"; None for a metric of somebody's own."""
    return next((task for task in TASKS if metric in (f"test_{task.error}", f"validation_{task.error}")), None)


def _class_loss():
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _pixel_loss():
    from zoo.training import reconstruction

    return reconstruction.loss()


def _pixel_metrics():
    from zoo.training import reconstruction

    return [reconstruction.squared_error]


def _pixels(model, x, y):
    from zoo.training import reconstruction

    return reconstruction.targets(model, x)


CLASSIFICATION = Task(
    name="classification", error="error_pct", words="error, %", unit="%", decimals=2, hub=("image-classification", "error_rate"),
    limits=(
        "Trained on centred, upright images of one data set, size-normalised as that data set is; other images, other pens, "
        "photographs and anything that is none of the classes get a confident answer all the same. For study and comparison, "
        "not for decisions about people."
    ),
    classes=lambda data: data.classes, loss=_class_loss, metrics=lambda: ["accuracy"], targets=lambda model, x, y: y,
    of=lambda scores: 100 * (1 - scores["accuracy"]),
)
RECONSTRUCTION = Task(
    name="reconstruction", error="squared_error", words="squared error of an image, pixels in 0..1", unit="per image", decimals=2,
    hub=("image-feature-extraction", "squared_error"),
    limits=(
        "Trained on centred, upright images of one data set, size-normalised as that data set is; of other images the code "
        "keeps what they have in common with these, and their reconstructions look like these. For study and comparison."
    ),
    classes=lambda data: None, loss=_pixel_loss, metrics=_pixel_metrics, targets=_pixels,
    of=lambda scores: scores["squared_error"],
)
TASKS = (CLASSIFICATION, RECONSTRUCTION)
