"""What the presets of one kind of net on several image sets are held against: an error to reach, and published nets."""

from zoo.reproductions.harness.figures import draw_seeds
from zoo.reproductions.harness.published import Published, published_value
from zoo.reproductions.harness.runs import rows_in
from zoo.reproductions.harness.verdicts import target


def of_users(*models, note):
    """What users submitted for Fashion-MNIST, as a list of PUBLISHED. models: as published.csv calls them; note: what differs."""
    return [Published(name, "submitted by users, not verified by the authors", note, topic="shallow_vs_deep") for name in models]


def against_marks(runs, claim, targets, published):
    """Checks: the mean test error over each row's seeds against the error to reach, and against the published ones.

    targets: {row: percent}, of all rows that the claim can have; published: its PUBLISHED, in lists.
    """
    checks = []
    for row in rows_in(runs):
        checks.append(target(runs, row, at_most=targets[row]))
        for name, value in _published(claim, row, published).items():
            words = {"name": f"{row[0]}: fewer errors than {name}", "remark": f"against {name}"}
            checks.append(target(runs, row, at_most=value, published=True, **words))
    return checks


def draw_marks(runs, claim, targets, published):
    """Test errors, every seed a dot, the chosen one of each preset marked, what they are held against as strokes."""
    from matplotlib.figure import Figure

    rows = rows_in(runs)
    figure = Figure(figsize=(5 * len(rows), 2.6))
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows):
        seeds = runs[runs.dataset == row[0]].pivot(index="seed", columns="metric", values="value")
        draw_seeds(axes, seeds.test_error_pct, seeds.validation_error_pct)
        marks = {"to reach": targets[row]} | {
            f"published: {name}": value for name, value in _published(claim, row, published).items()
        }
        for number, (name, value) in enumerate(marks.items()):
            axes.plot(value, 0, "|", ms=16, mew=2, color="black" if number == 0 else f"C{number + 3}", label=name)
        axes.set(yticks=[], ylim=(-0.6, 1.4), xlabel="test error, %", title=f"{row[1]}, {row[0]}")
        axes.legend(fontsize=8, markerscale=0.6, loc="upper center")
    return figure


def _published(claim, row, published):
    """{published model: its error, percent} of a row, in the order of PUBLISHED."""
    entries = published.get(row, ())
    return {entry.model: published_value(claim, published, row, place=place) for place, entry in enumerate(entries)}
