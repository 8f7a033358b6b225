"""Races of optimisation methods on one net: each tuned from as many settings, then followed to the same finish lines."""

import time
from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput, unknown_name

# The two clocks of a race, and what the tables call their marks: passes over the training images are told as examples.
AXES = {"passes": "examples", "seconds": "seconds"}
OPTIMIZERS = ("SGD", "momentum", "Adam")
PIECES = 10  # into which a pass is cut, so that its course can be seen, where a piece holds at least so many batches:
BATCHES = 4
TIMED = 5  # launches of TIMED_ROUNDS rounds of one net alone; other programs only lengthen them, so the fastest is its clock
TIMED_ROUNDS = 4


class Way(NamedTuple):
    """How a net fared: {(axis, mark): (training loss, test error in percent)}, steps taken and seconds spent on them."""

    scores: dict
    updates: int
    seconds: float


class Clock(NamedTuple):
    """What a round of a method costs: passes over the training images, and seconds of one net alone."""

    passes: float
    seconds: float

    def rounds(self, marks):
        """{(axis, mark): the number of whole rounds that cost no more} for marks {axis: [...]}."""
        return {(axis, mark): int(mark / getattr(self, axis) + 1e-9) for axis in AXES for mark in marks[axis]}


def compare_method(trial, report):
    """The run function of one method on the zoo's mlp, rectified and without dropout: only the loss is to be minimised.

    The recipe: method, one of OPTIMIZERS, with batch_size and settings {"step_size"}, or of batch_methods.NAMES, with
    settings for its `minimise`; widths, n_train, n_test; marks {"passes": [...], "seconds": [...]}, whose last ones are
    the finish lines. All settings are tried on a seed of their own, and for each finish line the one with the lowest
    training loss there is followed from every seed. Rows: train_loss and test_error at every mark (where a net stood when
    it had spent no more than that, NaN where the loss is not finite), the settings taken, how many settings diverged.
    """
    import jax

    # A GPU's short cut through matrix products would end line searches early and leave small steps as they are.
    with jax.default_matmul_precision("float32"):
        return _race(trial, report)


def _race(trial, report):
    from zoo.reproductions.trainers.batch_methods import NAMES
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    train, _, test = splits(trial.dataset, r["n_train"], r["n_test"])
    if r["method"] not in (*OPTIMIZERS, *NAMES):
        raise unknown_name("optimisation method", r["method"], (*OPTIMIZERS, *NAMES))
    race = (ByScipy if r["method"] in NAMES else MiniBatches)(train, r)
    tried = race.follow([(setting, max(trial.seeds) + 1) for setting in r["settings"]])
    report.progress(1, 2)
    losses = {axis: [way.scores[axis, r["marks"][axis][-1]][0] for way in tried] for axis in AXES}
    chosen = {axis: r["settings"][best(found)] for axis, found in losses.items()}
    distinct = [setting for n, setting in enumerate(chosen.values()) if setting not in list(chosen.values())[:n]]
    ways = race.follow([(setting, seed) for setting in distinct for seed in trial.seeds], test)
    by_setting = [ways[n : n + len(trial.seeds)] for n in range(0, len(ways), len(trial.seeds))]
    values = {}
    for axis, setting in chosen.items():
        values |= _at_marks(axis, r, len(train.x), by_setting[distinct.index(setting)])
    for axis, setting in chosen.items():
        values |= {f"tuned_{name}_for_{AXES[axis]}": [value] * len(trial.seeds) for name, value in setting.items()}
    values["settings_that_diverged"] = [int((~np.isfinite(losses["seconds"])).sum())] * len(trial.seeds)
    shared = {"n_train": len(train.x), "n_test": len(test.x), "parameters": race.parameters}
    longest = by_setting[distinct.index(chosen["seconds"])]
    return [
        shared | {"seed": seed, "metric": metric, "value": value, "updates": way.updates, "seconds": way.seconds}
        for metric, column in values.items()
        for seed, value, way in zip(trial.seeds, column, longest, strict=True)
    ]


def best(losses):
    """The place of the lowest finite loss, the first where there is none."""
    return int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))


def metric_names(axis, mark, n_train):
    """What the tables call the training loss and the test error at a mark."""
    place = f"{round(mark * n_train)}_examples" if axis == "passes" else f"{mark:g}_seconds"
    return f"train_loss_at_{place}", f"test_error_at_{place}_pct"


def _at_marks(axis, recipe, n_train, ways):
    """{metric: a value for every way} at the marks of an axis."""
    return {
        name: [way.scores[axis, mark][which] for way in ways]
        for mark in recipe["marks"][axis]
        for which, name in enumerate(metric_names(axis, mark, n_train))
    }


def build_net(input_shape, widths):
    """The zoo's mlp of these widths, rectified, without dropout."""
    import zoo

    return zoo.create_model("mlp", input_shape, 10, widths=widths, input_dropout=0, dropout=0)


def members_of(train, recipe, seeds, rates):
    """A population with a member for every seed, each with its own learning rate, ready for `fit`."""
    import keras

    import zoo

    optimizers = {
        "SGD": lambda: keras.optimizers.SGD(0.1),
        "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        "Adam": lambda: keras.optimizers.Adam(0.1),
    }
    members = zoo.Population(lambda: build_net(train.x.shape[1:], recipe["widths"]), seeds)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    members.compile(optimizers[recipe["method"]](), loss, ["accuracy"], learning_rate=rates)
    return members


def _on_device(split):
    """(x, y) where the nets are trained, so that a round need not bring them there."""
    import keras

    return [keras.ops.convert_to_tensor(np.asarray(part)) for part in split] if keras.backend.backend() == "jax" else split


class MiniBatches:
    """Methods that step after every batch: all nets as one population, by the clock of a net trained alone."""

    def __init__(self, train, recipe):
        self.train, self.recipe, self.batch = train, recipe, recipe["batch_size"]
        if not 1 <= self.batch <= len(train.x):
            raise InvalidInput(f"A batch of {self.batch} can't be drawn from {len(train.x)} images; take 1 to all of them.")
        self.pieces = PIECES if len(train.x) >= BATCHES * PIECES * self.batch else 1
        self.on_device = _on_device(train)
        self.clock, self.parameters = self._clock()

    def _clock(self):
        """(the Clock of one net alone, without compilation; its number of parameters)."""
        alone, spent = members_of(self.train, self.recipe, [0], [self.recipe["settings"][0]["step_size"]]), []
        for done in range(1 + TIMED):
            before = alone.fit_seconds
            self._fit(alone, done, TIMED_ROUNDS)
            spent.append((alone.fit_seconds - before) / TIMED_ROUNDS)
        return Clock(1 / self.pieces, min(spent[1:])), alone.template.count_params()

    def _fit(self, members, done, epochs=1):
        """A round: a pass over the training images, or a piece of it, after `done` of them."""
        x, y = self.on_device
        rows = None
        if self.pieces > 1:
            turn, piece = divmod(done, self.pieces)
            orders = [np.random.default_rng([seed, turn]).permutation(len(x)) for seed in members.seeds]
            rows = np.stack([np.array_split(order, self.pieces)[piece] for order in orders])
        # A batch of everything needs no order, and drawing one would count as its work.
        shuffle = self.batch < len(x)
        members.fit(x, y, epochs=epochs, batch_size=self.batch, subsets=rows, shuffle=shuffle, verbose=False)

    def follow(self, pairs, test=None):
        """The Way of every (setting, seed); test: (x, y), or None to leave its errors out (NaN)."""
        members = members_of(self.train, self.recipe, [seed for _, seed in pairs], [s["step_size"] for s, _ in pairs])
        rounds, found, done = self.clock.rounds(self.recipe["marks"]), {}, 0
        for place in sorted(set(rounds.values())):
            while done < place:
                self._fit(members, done)
                done += 1
            found[place] = self._standing(members, test)
        steps = done * -(-len(self.train.x) // self.pieces // self.batch)
        scores = [{mark: found[place][k] for mark, place in rounds.items()} for k in range(len(pairs))]
        return [Way(each, steps, done * self.clock.seconds) for each in scores]

    def _standing(self, members, test):
        on_train = members.evaluate(*self.train)
        wrong = 100 * (1 - members.evaluate(*test).accuracy) if test else np.full(len(members), np.nan)
        lost = on_train.diverged | ~np.isfinite(on_train.loss)
        return [(np.nan, np.nan) if gone else pair for *pair, gone in zip(on_train.loss, wrong, lost, strict=True)]


class ByScipy:
    """SciPy's methods, which look at all training images, or so many as a setting says, before every step: net after net."""

    def __init__(self, train, recipe):
        from zoo.reproductions.trainers.batch_methods import Objective

        self.train, self.recipe, self.clocks = train, recipe, {}
        start = self._start(0)
        self.objective, self.parameters = Objective(start, *train), sum(np.size(w) for w in start)

    def _start(self, seed):
        """The weights of the member of a population that has this seed."""
        import zoo

        return zoo.Population(lambda: build_net(self.train.x.shape[1:], self.recipe["widths"]), [seed]).get_weights(0)

    def _clock(self, setting):
        """A round is one evaluation, with SciPy's work between evaluations, which the setting decides."""
        from zoo.reproductions.trainers.batch_methods import minimise

        n = len(self.train.x)
        if not 1 <= (images := setting.get("batch", n)) <= n:
            raise InvalidInput(f"A batch of {images} can't be drawn from {n} images; take 1 to all of them.")
        spent, start, rounds = [], self._start(0), 2 * TIMED_ROUNDS * setting.get("iterations", 1)
        if "batch" in setting:  # which compiles, where there was no batch of this size before
            minimise(self.recipe["method"], setting, start, self.objective, 1)
        for _ in range(TIMED):
            began = time.perf_counter()
            minimise(self.recipe["method"], setting, start, self.objective, rounds)
            spent.append((time.perf_counter() - began) / rounds)
        return Clock(images / n, min(spent))

    def follow(self, pairs, test=None):
        """The Way of every (setting, seed); test: (x, y), or None to leave its errors out (NaN)."""
        from zoo.reproductions.trainers.batch_methods import minimise

        starts, ways = {seed: self._start(seed) for _, seed in pairs}, []
        for setting, seed in pairs:
            if str(setting) not in self.clocks:
                self.clocks[str(setting)] = self._clock(setting)
            clock = self.clocks[str(setting)]
            rounds = clock.rounds(self.recipe["marks"])
            most = max(rounds.values())
            places = set(rounds.values())
            path = minimise(self.recipe["method"], setting, starts[seed], self.objective, most, seed, places)
            scores = {mark: self._standing(path.at(place), test) for mark, place in rounds.items()}
            ways.append(Way(scores, most, most * clock.seconds))
        return ways

    def _standing(self, vector, test):
        from zoo.reproductions.trainers.batch_methods import outputs, scaled

        loss, wrong = self.objective(vector)[0], np.nan
        if test:
            found = outputs(self.objective.unravel(vector), scaled(test.x))
            wrong = 100 * float(np.mean(np.argmax(found, axis=1) != test.y))
        return (loss, wrong) if np.isfinite(loss) else (np.nan, np.nan)
