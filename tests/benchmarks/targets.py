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


def reached(target, costs):
    """Dict of members and one ratio per precision (None where not measured), and the verdict in words."""
    base = reference(costs, target.model, target.against)
    mine = costs[(costs.runner == "population") & (costs.model == target.model) & (costs.status == "ok")]
    if target.members is not None:
        mine = mine[mine.members == target.members]
    ratios, members = {}, target.members
    for precision in ("float32", "mixed_bfloat16"):
        rows = mine[mine.precision == precision]
        if base is None or rows.empty:
            ratios[precision] = None
            continue
        best = rows.loc[rows.ms.astype(float).idxmin()]
        ratios[precision] = base / float(best.ms)
        members = int(best.members) if precision == "float32" else members
    return ratios | {"members": members, "verdict": _verdict(ratios, target.factor)}


def _verdict(ratios, factor):
    full, half = ratios["float32"], ratios["mixed_bfloat16"]
    if full is None and half is None:
        return "not measured"
    if full is not None and full >= factor:
        return "reached"
    return "reached in mixed_bfloat16 only" if half is not None and half >= factor else "not reached"
