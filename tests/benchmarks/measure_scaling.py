"""How the cost of a population grows with its members, its examples and its epochs."""

import statistics

import jax

import zoo
from benchmarks.configs import BATCH, scaling_points
from benchmarks.measure_keras import build, images, objective


def scaling(config):
    """Prepare, yield, then time: one row for every point along the axis that config.setting names."""
    x, y = images(config)
    points = scaling_points(config.setting, "cpu" if jax.default_backend() == "cpu" else "gpu", config.examples)
    ready = {}
    for members, examples, epochs in points:
        if (members, examples) not in ready:
            population = zoo.Population(lambda: build(config.model), range(members))
            population.compile(**objective(config.model))
            _fit(population, x, y, examples, epochs)
            ready[members, examples] = population
    yield
    rows = []
    for members, examples, epochs in points:
        seconds = [_fit(ready[members, examples], x, y, examples, epochs) for _ in range(3)]
        point = {"members": members, "examples": examples, "epochs": epochs}
        rows.append(point | {"seconds": statistics.median(seconds), "repeats": 3})
    return rows


def _fit(population, x, y, examples, epochs):
    before = population.fit_seconds
    population.fit(x[:examples], None if y is None else y[:examples], epochs=epochs, batch_size=BATCH, verbose=False)
    return population.fit_seconds - before
