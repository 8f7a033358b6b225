"""Integrates the delay equation, to the same numbers everywhere: all machines round sums, products and quotients alike."""

import numpy as np

from zoo.datasets import series
from zoo.datasets.dataset import GENERATED, Built
from zoo.datasets.mackey_glass import INFO

DELAY, GROWTH, DECAY = 17, 0.2, 0.1  # tau, a, b; the exponent is 10
STEPS = 10  # of the integration, in one unit of time
START = 1.2  # the value at and before time 0
SETTLED = 1200  # units of time that pass before the series begins
APART = 6  # units of time between its values

SOURCES = GENERATED


def build(folder):
    """Windows of the last 12 values, 6 units of time apart, and the next."""
    lags = series.lags_of(INFO)
    values = sampled(len(lags) + sum(INFO.sizes.values()))
    return Built(series.windows(values, lags, len(lags), INFO.sizes), f"NumPy {np.__version__}")


def sampled(n):
    """n values of the settled series, APART units of time from one to the next, float64."""
    every = APART * STEPS
    return solution(SETTLED * STEPS + n * every)[SETTLED * STEPS :: every][:n]


def solution(steps):
    """x(t), t = 0, 1/STEPS, 2/STEPS, ... (steps + 1 values), by the classical Runge-Kutta method.

    Half way through a step, the delayed value is the mean of its neighbours.
    """
    delay = DELAY * STEPS
    x = [START] * (delay + 1)
    for now in range(delay, delay + steps):
        before, after = x[now - delay], x[now - delay + 1]
        inflow = [_inflow(delayed) for delayed in (before, (before + after) / 2, after)]
        k1 = inflow[0] - DECAY * x[now]
        k2 = inflow[1] - DECAY * (x[now] + k1 / (2 * STEPS))
        k3 = inflow[1] - DECAY * (x[now] + k2 / (2 * STEPS))
        k4 = inflow[2] - DECAY * (x[now] + k3 / STEPS)
        x.append(x[now] + (k1 + 2 * k2 + 2 * k3 + k4) / (6 * STEPS))
    return x[delay:]


def _inflow(x):
    # The tenth power as products: a library's power function may round otherwise elsewhere.
    square = x * x
    fourth = square * square
    return GROWTH * x / (1 + fourth * fourth * square)
