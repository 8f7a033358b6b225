"""What a Keras user passes to compile, fit, evaluate and predict that a population does otherwise: said in one sentence."""

import functools
import inspect

ON_WHOLE_ARRAYS = "a population trains on whole arrays, epoch by epoch"
SIZE = "how many examples are taken at once is chosen by the members"
INSTEAD = {
    "callbacks": (
        "select='best' keeps what early stopping would restore, a learning rate may be a schedule, backup=folder outlasts an "
        "interruption, and further calls of fit go on where the last one ended, so that anything can be done in between"
    ),
    "initial_epoch": "a further call of fit goes on where the last one ended",
    "steps_per_epoch": ON_WHOLE_ARRAYS,
    "validation_steps": ON_WHOLE_ARRAYS,
    "validation_freq": "validation comes after every epoch",
    "validation_batch_size": SIZE,
    "batch_size": SIZE,
    "steps": ON_WHOLE_ARRAYS,
    "verbose": "it prints nothing",
    "return_dict": "it returns a DataFrame, one row per member",
    "loss_weights": "a population's models have one output and one loss",
    "weighted_metrics": "weights of examples count in the loss, not in the metrics",
    "run_eagerly": "members are compiled into one program; population[k] is a Keras model, which can run eagerly",
    "jit_compile": "on JAX members are always compiled into one program",
    "steps_per_execution": "one launch covers at least an epoch, whatever it says",
    "auto_scale_loss": "give a keras.optimizers.LossScaleOptimizer",
}


def explained(method):
    """`method`, which raises TypeError for an argument that it doesn't take, with what there is in its place."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def checked(self, *arguments, **named):
        for name in named:
            if name not in signature.parameters:
                instead = f": {INSTEAD[name]}" if name in INSTEAD else f"; it takes {', '.join(list(signature.parameters)[1:])}"
                raise TypeError(f"Population.{method.__name__} takes no {name}{instead}.")
        return method(self, *arguments, **named)

    return checked
