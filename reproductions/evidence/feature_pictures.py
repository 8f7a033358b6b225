"""Draws what feature_maps left: a ConvNet's filters, and what its layers answer to a digit that moves."""

import numpy as np

SHOWN = 4  # maps of each layer, those that vary most


def draw_filters(arrays):
    """The filters of the first layer, white for positive weights, all on one scale."""
    from matplotlib.figure import Figure

    filters = np.moveaxis(arrays["filters"], -1, 0)
    columns = min(8, len(filters))
    rows, limit = -(-len(filters) // columns), np.abs(filters).max()
    figure = Figure(figsize=(0.9 * columns, 0.9 * rows + 0.5))
    figure.suptitle(f"{len(filters)} filters of the first layer, {limit:.2g} (white) to {-limit:.2g} (black)", fontsize=9)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(filters):
            axes.imshow(filters[place], cmap="gray", vmin=-limit, vmax=limit)
    return figure


def draw_maps(arrays):
    """A row for each of some shifts: the digit and the strongest maps of each layer; below, how alike the answers stay."""
    from matplotlib.figure import Figure

    shifts = arrays["shifts"]
    rows = [int(np.argmax(shifts == shift)) for shift in (0, shifts[shifts > 0][0], shifts.max())]
    rows = list(dict.fromkeys(rows))
    columns = [("digit", arrays["image"])]
    for name in sorted(name for name in arrays if name.startswith("maps_")):
        maps, layer = arrays[name].astype("float32"), arrays["layers"][int(name[5:])]
        strongest = np.argsort(-maps[rows[0]].std(axis=(0, 1)), kind="stable")[:SHOWN]
        columns += [(f"{layer}\nmap {index + 1}", maps[..., index]) for index in sorted(strongest)]
    figure = Figure(figsize=(1.1 * len(columns), 1.15 * len(rows) + 3.4))
    above, below = figure.subfigures(2, 1, height_ratios=(1.15 * len(rows) + 0.4, 3))
    panels = above.subplots(len(rows), len(columns), squeeze=False)
    for (title, images), panel in zip(columns, panels.T, strict=True):
        panel[0].set_title(title, fontsize=8)
        for row, axes in zip(rows, panel, strict=True):
            axes.imshow(images[row], cmap="gray", vmin=images[rows].min(), vmax=images[rows].max())
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
    for row, axes in zip(rows, panels[:, 0], strict=True):
        axes.set_ylabel(f"{shifts[row]} px" if row != rows[0] else "in place", fontsize=8)
    axes = below.subplots()
    for layer, values in zip(arrays["layers"], arrays["similarity"], strict=True):
        axes.plot(shifts, values, "o-", ms=4, label=layer)
    axes.set(xlabel="shift to the right, pixels", ylabel="correlation with the\nanswer to the digit in place")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), title="layer", title_fontsize=8)
    return figure
