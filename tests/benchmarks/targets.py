"""What the engine is to reach, and whether the measured rows reach it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """At least `factor` times the speed of Keras fit, default settings, on the backend `against`, with `members` members.

    members: one number, or None for the best number of members that was measured.
    """

    platform: str
    model: str
    factor: float
    against: str
    members: int | None


TARGETS = (
    Target("gpu", "linear", 1000, "jax", 64),
    Target("gpu", "mlp", 150, "jax", 64),
    Target("gpu", "autoencoder", 40, "jax", 64),
    Target("gpu", "convnet", 35, "jax", 64),
    Target("gpu", "lstm", 40, "jax", 64),
    Target("gpu", "mlp", 30, "jax", 1),
    Target("cpu", "linear", 8, "jax", None),
    Target("cpu", "linear", 8, "tensorflow", None),
    Target("cpu", "mlp", 1.5, "jax", None),
    Target("cpu", "mlp", 1.5, "tensorflow", None),
    Target("cpu", "convnet", 1, "tensorflow", None),
    Target("cpu", "lstm", 1, "tensorflow", None),
)
START_LIMITS = {"import zoo after keras": 0.1, "warm load of mnist": 0.05, "making the 8 mnist_variations": 180}
PRESET_LIMITS = {"load": 0.15, "one image": 0.005}  # seconds
# A fitted slope of cost against size up to this counts as linear: the rest is noise of the clock.
LINEAR_SLOPE = 1.05


def reference(costs, model, backend):
    """ms per epoch of Keras fit with default settings, or None where not measured."""
    found = costs[(costs.runner == "fit") & (costs.family == backend) & (costs.model == model) & (costs.setting == "default")]
    return float(found.ms.iloc[0]) if len(found) and found.status.iloc[0] == "ok" else None


def strongest(costs, model):
    """The row of the fastest Keras fit of a model, whatever its backend and settings; None where none was measured."""
    fits = costs[(costs.runner == "fit") & (costs.model == model) & (costs.status == "ok")]
    return None if fits.empty else fits.loc[fits.ms.astype(float).idxmin()]


def reached(target, costs):
    """Dict of members, one ratio per precision and that to the strongest fit (None where not measured), and the verdict in
    words.
    """
    base = reference(costs, target.model, target.against)
    mine = costs[(costs.runner == "population") & (costs.model == target.model) & (costs.status == "ok")]
    if target.members is not None:
        mine = mine[mine.members == target.members]
    ratios, members, best_fit = {}, target.members, strongest(costs, target.model)
    for precision in ("float32", "mixed_bfloat16"):
        rows = mine[mine.precision == precision]
        if base is None or rows.empty:
            ratios[precision] = None
            continue
        best = rows.loc[rows.ms.astype(float).idxmin()]
        ratios[precision] = base / float(best.ms)
        members = int(best.members) if precision == "float32" else members
    least = mine.ms.astype(float).min()
    over_all = None if best_fit is None or mine.empty else float(best_fit.ms) / least
    return ratios | {"members": members, "strongest": over_all, "verdict": _verdict(ratios, target.factor)}


def _verdict(ratios, factor):
    full, half = ratios["float32"], ratios["mixed_bfloat16"]
    if full is None and half is None:
        return "not measured"
    if full is not None and full >= factor:
        return "reached"
    return "reached in mixed_bfloat16 only" if half is not None and half >= factor else "not reached"
