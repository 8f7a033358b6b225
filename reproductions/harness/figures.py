"""figure.png, and the pictures of what was learnt: drawn with fixed settings, so that the same versions give the same bytes."""

import contextlib
import io
import re
import sys

from zoo.errors import InvalidInput
from zoo.reproductions.harness.claims import claim_name
from zoo.reproductions.harness.outcomes import fewer_seeds
from zoo.reproductions.harness.trial import usual_seeds

DPI = 120
# Up to how many times the least value an axis goes, and which multiples of powers of ten are marked there; beyond, few.
TICKS = {
    2: (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9),
    4: (1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
}
WIDE_TICKS = (1, 1.5, 2, 3, 5, 7)
STYLE = {"font.family": "DejaVu Sans", "figure.constrained_layout.use": True, "axes.grid": True, "grid.alpha": 0.3}


def figure_png(module, runs, caption=""):
    """The PNG bytes of a reproduction's draw(runs) -> matplotlib Figure, with a caption below: which run it shows.

    The picture carries the versions that drew it (see drawn_by) instead of a date: other versions may set text
    or compress differently.
    """
    return pngs(lambda: {"figure.png": _captioned(module, runs, caption)})["figure.png"]


def figure_of(module, runs, caption=""):
    """The matplotlib Figure of figure_png itself, laid out with the same settings; nothing shows it unasked."""
    with _settings():
        figure = _captioned(module, runs, caption)
        _off_screen(figure)
    return figure


def _captioned(module, runs, caption):
    figure = module.draw(runs)
    if not hasattr(figure, "savefig"):
        raise InvalidInput(f"{claim_name(module)}.draw must return a matplotlib Figure; it returned {type(figure).__name__}.")
    if not figure.get_supxlabel():
        figure.supxlabel(caption, fontsize=8, color="0.4", x=0.99, ha="right")
    return figure


def caption(module, runs, budget):
    """Which runs a figure shows; "" where it is not known of which budget they are."""
    if not budget:
        return ""
    fewer = fewer_seeds(runs.seed.nunique(), usual_seeds(getattr(module, "SEEDS", None)).get(budget))
    return f"{claim_name(module)}, {budget} budget{fewer}, {' and '.join(dict.fromkeys(runs.device))}"


def picture_pngs(module, files):
    """{file name: PNG bytes} of a reproduction's illustrate(files) -> {file name: matplotlib Figure}, if it has that.

    files: {(dataset, model, setting): {name: bytes}}, what the trials left as WithFiles. Filters, reconstructions and the
    like are too much for runs.csv, so a run draws them once, and rebuilding from its runs leaves them alone.
    """
    found = pngs(lambda: module.illustrate(files)) if hasattr(module, "illustrate") else {}
    for name in found:
        if not is_picture(name):
            raise InvalidInput(f"A picture's file is named like first_layer_filters.png, in small letters; got {name!r}.")
    return found


def is_picture(name):
    """Whether a file in a results folder, by its name, is a picture of what the trials left; figure.png is none."""
    return re.fullmatch(r"[a-z0-9_]+\.png", name) is not None and name != "figure.png"


def pngs(draw):
    """{name: PNG bytes} of the figures {name: Figure} that a function draws, in the settings that all share."""
    with _settings():
        return {name: _png(figure) for name, figure in draw().items()}


@contextlib.contextmanager
def _settings():
    """Matplotlib as it is out of the box, but for STYLE, whatever is set around it."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def _png(figure):
    file = io.BytesIO()
    _off_screen(figure)
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": _versions()})
    return file.getvalue()


def _off_screen(figure):
    """Take a figure off any screen, and out of the list in which pyplot keeps it until it is closed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)


def legend_above(axes, **options):
    """A legend over what is drawn, for which the axis is made longer by a third."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.35 * (top - bottom))
    axes.legend(fontsize=8, loc="upper center", **options)


def draw_seeds(axes, tested, validated, height=0):
    """A preset's test errors, one per seed, as dots at a height, the seed that validates best ringed; Series by seed."""
    axes.scatter(tested, [height] * len(tested), s=20, color="C0", alpha=0.5)
    label = None if height else "chosen on validation"
    axes.scatter(tested[validated.idxmin()], height, s=90, facecolor="none", edgecolor="C3", label=label)


def mosaic(images, columns=8):
    """Square images (n, pixels) side by side, each divided by its largest absolute value, NaN between them."""
    import numpy as np

    images = np.asarray(images, float)
    side, rows = int(np.sqrt(images.shape[1])), -(-len(images) // columns)
    scaled = images / np.maximum(np.abs(images).max(axis=1, keepdims=True), np.finfo(float).tiny)
    framed = np.full((rows * columns, side + 1, side + 1), np.nan)
    framed[: len(images), :side, :side] = scaled.reshape(-1, side, side)
    lines = framed.reshape(rows, columns, side + 1, side + 1).swapaxes(1, 2)
    return lines.reshape(rows * (side + 1), columns * (side + 1))[:-1, :-1]


def drawn_by(png):
    """What drew a picture, and whether the same versions are installed here, so that a rebuild gives the same bytes."""
    from PIL import Image

    software = Image.open(io.BytesIO(png)).info.get("Software", "")
    return software, software == _versions()


def _versions():
    from zoo.environment import installed_version

    return f"matplotlib {installed_version('matplotlib')}, pillow {installed_version('pillow')}"


def plain_ticks(axis, subs=None):
    """Numbers such as 0.5 and 20 on a logarithmic axis, few enough to be read and enough to read a dot off.

    subs: which multiples of powers of ten; None for what suits the range of what is drawn so far.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_view_interval()
    subs = subs or next((found for times, found in TICKS.items() if high < times * low), WIDE_TICKS)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")
