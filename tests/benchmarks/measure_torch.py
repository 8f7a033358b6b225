"""PyTorch, eager, the same models and batches with the data on the device; TensorFloat-32 allowed as JAX does.

One model at a time, and several as one by `torch.func`, as its tutorial on ensembling has it.
"""

import copy
import resource
import statistics
import time

import numpy as np
import torch
from torch import nn

from benchmarks.configs import BATCH
from zoo.datasets import load

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Autoencoder(nn.Module):
    """The first stage of the zoo's stack: masking noise, sigmoid units, cross-entropy summed over pixels."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(784, 1000), nn.Linear(1000, 784)

    def forward(self, x):
        x = x.flatten(1)
        noisy = x * (torch.rand_like(x) >= 0.25)
        output = self.decode(torch.sigmoid(self.encode(noisy)))
        return nn.functional.binary_cross_entropy_with_logits(output, x, reduction="none").sum(1)


class Recurrent(nn.Module):
    """One LSTM layer over the rows, cuDNN's on a GPU."""

    def __init__(self):
        super().__init__()
        self.lstm, self.dropout, self.head = nn.LSTM(28, 128, batch_first=True), nn.Dropout(0.3), nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.dropout(self.lstm(x)[0][:, -1]))


def convnet():
    """The zoo's default convnet; the report says so when the two have come apart."""
    layers, channels, side = [nn.Unflatten(1, (1, 28))], 1, 28
    for block in ((32,), (32,), (64, 64)):
        for index, filters in enumerate(block, start=1):
            layers += [nn.Conv2d(channels, filters, 3, padding="same", bias=False)]
            layers += [nn.MaxPool2d(2)] if index == len(block) else []
            layers += [nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        side //= 2
    layers += [nn.Flatten(), nn.Dropout(0.3), nn.Linear(side * side * channels, 256, bias=False)]
    layers += [nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(256, 10))


def mlp():
    """Two hidden layers of 512 units, no dropout."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


BUILD = {
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
    "mlp": mlp,
    "autoencoder": Autoencoder,
    "convnet": convnet,
    "lstm": Recurrent,
}


def eager(config):
    """Prepare, yield, then time: the row of an ordinary training loop."""

    def build():
        model = BUILD[config.model]().to(DEVICE).train()
        return model, list(model.parameters())

    return _measure(config, build)


def ensemble(config):
    """Prepare, yield, then time: the row of several models as one by `torch.func`, each with batches of its own."""

    def build():
        models = [BUILD[config.model]().to(DEVICE).train() for _ in range(config.members)]
        parameters, buffers = torch.func.stack_module_state(models)
        empty = copy.deepcopy(models[0]).to("meta")

        def one(parameters, buffers, batch):
            return torch.func.functional_call(empty, (parameters, buffers), (batch,))

        together = torch.vmap(one, randomness="different")
        return lambda batches: together(parameters, buffers, batches), list(parameters.values())

    return _measure(config, build)


def _measure(config, build):
    """Prepare, yield, then time epochs; `build` gives (a function of the batch or of the members' batches, the weights)."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    train = load("mnist").train
    x = torch.from_numpy(np.array(train.x[: config.examples])).to(DEVICE)
    y = torch.from_numpy(np.array(train.y[: config.examples])).long().to(DEVICE)
    members = config.members if config.runner == "ensemble" else None
    started = time.perf_counter()
    forward, parameters = build()
    optimizer = torch.optim.Adam(parameters)
    built = time.perf_counter()
    epochs = [_epoch(forward, optimizer, x, y, members)]
    yield
    epochs += [_epoch(forward, optimizer, x, y, members) for _ in range(3)]
    seconds = statistics.median(s for s, _ in epochs[1:])
    if DEVICE == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    members = members or 1
    return [
        {
            "seconds": seconds / members,
            "build_s": built - started,
            "compile_s": max(0.0, epochs[0][0] - seconds),
            "peak_mb": peak / 1e6,
            "repeats": len(epochs) - 1,
            "parameters": sum(p.numel() for p in parameters) // members,
            "loss": epochs[-1][1],
        }
    ]


def _epoch(forward, optimizer, x, y, members=None):
    """(seconds, mean loss) of one epoch; loss and accuracy are kept on the device, as Keras does."""
    started = time.perf_counter()
    total, right = torch.zeros((), device=DEVICE), torch.zeros((), device=DEVICE)
    orders = [torch.randperm(len(x), device=DEVICE) for _ in range(members or 1)]
    for rows in (torch.stack(orders) if members else orders[0]).split(BATCH, dim=-1):
        output = forward(x[rows].float() / 255)
        if output.ndim == rows.ndim:
            loss = output.mean()
        else:
            loss = nn.functional.cross_entropy(output.flatten(0, -2), y[rows].flatten())
            right += (output.detach().argmax(-1) == y[rows]).sum()
        optimizer.zero_grad()
        (loss * len(orders)).backward()  # the sum of the members' losses: each learns as if alone
        optimizer.step()
        total += loss.detach() * rows.shape[-1]
    mean = float(total) / len(x)  # waits for the device
    return time.perf_counter() - started, mean
