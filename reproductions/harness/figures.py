"""figure.png: drawn with fixed settings, so that the same runs and the same versions give the same bytes."""

import io
import sys

DPI = 120
STYLE = {"font.family": "DejaVu Sans", "figure.constrained_layout.use": True, "axes.grid": True, "grid.alpha": 0.3}


def figure_png(module, runs):
    """The PNG bytes of a reproduction's draw(runs) -> matplotlib Figure.

    The picture carries the versions that drew it (see drawn_by) instead of a date: other versions may set text
    or compress differently.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = module.draw(runs)
        FigureCanvasAgg(figure)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": _versions()})
        if "matplotlib.pyplot" in sys.modules:  # a figure made with pyplot stays in its list until it is closed
            sys.modules["matplotlib.pyplot"].close(figure)
    return file.getvalue()


def drawn_by(png):
    """What drew a picture, and whether the same versions are installed here, so that a rebuild gives the same bytes."""
    from PIL import Image

    software = Image.open(io.BytesIO(png)).info.get("Software", "")
    return software, software == _versions()


def _versions():
    from zoo.environment import installed_version

    return f"matplotlib {installed_version('matplotlib')}, pillow {installed_version('pillow')}"
