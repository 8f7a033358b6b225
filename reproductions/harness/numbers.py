"""How numbers are written, so that the same runs always give the same bytes."""

import math
import re

_IN_FULL = {
    "step_size": "learning rate",
    "strength": "L2 strength",
    "log10_mse": "log10 of the mean squared error",
    "mse": "mean squared error",
    "nrmse": "normalised root mean squared error",
    "mape": "mean absolute percentage error",
    "arv": "average relative variance",
    "coverage": "coverage of 95% intervals",
    "char": "character",
    "px": "pixels",
    "wrong": "share of wrong answers",
    "components": "mixture components",
    "floor": "variance floor",
    "variant_i": "PPMd variant I",
}


def rounded(value):
    """A float as the tables hold it: six significant digits."""
    return float(f"{float(value):.6g}")


def in_markdown(text):
    """Text in one line that can't break a Markdown table, and in which no tag, code or emphasis is seen."""
    text = re.sub(r"([|<`])", r"\\\1", " ".join(str(text).split()))
    return text.replace("*", "\\*") if text.count("*") > 1 else text


def cell(value):
    """A number in a table's CSV: six significant digits, empty where there is none."""
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def words(metric):
    """A metric in words, its unit left to stand beside the numbers.

    >>> words("test_error_pct"), words("bits_per_char")
    ('test error', 'bits per character')
    """
    for short, full in _IN_FULL.items():
        metric = re.sub(rf"(?<![^_]){short}(?![^_])", full, metric)
    return metric.removesuffix("_pct").replace("_", " ")


def duration(seconds):
    """How long something took, in words.

    >>> duration(4776.311), duration(52.277), duration(1.34)
    ('80 minutes', '52 seconds', '1.3 seconds')
    """
    if seconds >= 90:
        return f"{seconds / 60:,.0f} minutes"
    return f"{seconds:.{1 if seconds < 10 else 0}f} seconds"


def number(value, beside=None):
    """A number in a sentence: four significant digits, or six where only these tell it from another that stands beside it.

    >>> number(7.26961), number(0.3764), number(12), number(15.5997, beside=15.6)
    ('7.27', '0.3764', '12', '15.5997')
    """
    if math.isnan(value):
        return "no number"
    value, short = rounded(value), f"{rounded(value):.4g}"
    return f"{value:.6g}" if beside is not None and value != rounded(beside) and short == number(beside) else short
