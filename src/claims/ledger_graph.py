"""Which equation rests on which, drawn in layers from top to bottom.

An equation stands one layer below the last of those that it rests on. A layer takes as
many rows as it needs, and what is not tied together stands apart: the drawing grows
downwards, and every name keeps its size.
"""

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.patches import Patch, Rectangle

if TYPE_CHECKING:
    from claims.ledger import Ledger

# Strongest first. The colours can be told apart with any colour vision (Okabe and Ito);
# every one of them carries black or white text with a contrast of at least 4.5.
STATUSES = {
    "proved in general": ("#0072b2", "#ffffff", "for all sizes"),
    "exact at stated sizes": ("#56b4e9", "#000000", "with a symbol for every entry"),
    "verified at random exact instances": ("#009e73", "#000000", "not proved"),
    "numerical": ("#e69f00", "#000000", "to a stated tolerance"),
    "definition": ("#bbbbbb", "#000000", "nothing to check"),
    "cited": ("#cc79a7", "#000000", "quoted, and tried on instances"),
    "not checked": ("#d55e00", "#000000", "no claim stands below it"),
}
NOT_CHECKED = "not checked"
FONT = 7.5  # points, at a width that a page shows unscaled
LINE = 0.145  # inches per line of text
ACROSS = 4  # boxes in a row


def depths(rests_on: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """The layer of every label; a circle of labels is cut where it closes."""
    found: dict[str, int] = {}

    def depth(label: str, above: tuple[str, ...]) -> int:
        if label not in found:
            below = [b for b in rests_on.get(label, ()) if b not in (*above, label)]
            layers = [depth(b, (*above, label)) for b in below]
            found[label] = 1 + max(layers, default=-1)
        return found[label]

    for label in rests_on:
        depth(label, ())
    return found


def layout(rests_on: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """The labels layer by layer, each near the middle of its neighbours."""
    layer_of = depths(rests_on)
    layers: list[list[str]] = [
        [] for _ in range(max(layer_of.values(), default=-1) + 1)
    ]
    for label, layer in layer_of.items():
        layers[layer].append(label)
    near: dict[str, set[str]] = {label: set() for label in layer_of}
    for label, below in rests_on.items():
        for b in below:
            near[label].add(b)
            near[b].add(label)
    for _ in range(6):
        place = {
            label: (n % ACROSS, n / len(layer))
            for layer in layers
            for n, label in enumerate(layer)
        }
        middle = {
            label: sum(place[b][1] for b in near[label]) / len(near[label])
            for label in place
        }
        for layer in layers:
            layer.sort(key=lambda label: (middle[label], place[label]))
    return layers


def islands(rests_on: dict[str, tuple[str, ...]]) -> list[dict[str, tuple[str, ...]]]:
    """The parts of the graph that no tie connects, each with its own ties."""
    island = {label: {label} for label in rests_on}
    for label, below in rests_on.items():
        for b in below:
            joined = island[label] | island[b]
            island.update(dict.fromkeys(joined, joined))
    parts = {min(labels): labels for labels in island.values()}
    return [
        {label: ties for label, ties in rests_on.items() if label in labels}
        for labels in parts.values()
    ]


def _places(rests_on: Any, step: float, tall: float) -> tuple[dict[str, Any], float]:
    """Where the boxes stand: islands side by side while there is room, then below."""
    place: dict[str, tuple[float, float]] = {}
    top = bottom = -0.6
    used = 0
    for island in islands(rests_on):
        layers = layout(island)
        across = min(max(len(layer) for layer in layers), ACROSS)
        if used + across > ACROSS:
            top, used = bottom - 0.3, 0
        y = top
        for layer in layers:
            for n in range(0, len(layer), ACROSS):
                row = layer[n : n + ACROSS]
                y -= tall + (0.16 if n else 0.5)
                middle = (used + across / 2) * step
                for m, label in enumerate(row):
                    place[label] = (middle + (m - (len(row) - 1) / 2) * step, y)
        used, bottom = used + across, min(bottom, y)
    return place, bottom


def draw(ledger: "Ledger", width: float) -> Any:
    """The figure; equations that neither rest on others nor carry any are left out."""
    rests_on = {e.label: e.rests_on for e in ledger.entries if e.rests_on}
    for label in [b for below in rests_on.values() for b in below]:
        rests_on.setdefault(label, ())
    step = width / ACROSS
    letters = int((step - 0.3) * 72 / (0.6 * FONT))
    text = {label: _wrapped(label, letters) for label in rests_on}
    tall = LINE * (max((t.count("\n") for t in text.values()), default=0) + 1) + 0.06

    place, bottom = _places(rests_on, step, tall)
    height = tall - bottom

    figure = plt.figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))  # one unit of the axes is an inch
    axes.set(xlim=(0, width), ylim=(-height, 0))
    axes.axis("off")
    for label, below in rests_on.items():
        for b in below:
            _arrow(axes, place[b], place[label], tall / 2)
    status = {entry.label: entry.status for entry in ledger.entries}
    _boxes(axes, place, text, status, (step - 0.2, tall))
    return figure


def _arrow(axes: Any, start: Any, end: Any, half: float) -> None:
    """From the bottom of one box to the top of another, behind all boxes."""
    axes.annotate(
        "",
        (end[0], end[1] + half),
        (start[0], start[1] - half),
        arrowprops={
            "arrowstyle": "->",
            "color": "0.45",
            "lw": 0.8,
            "shrinkA": 0,
            "shrinkB": 1,
        },
        zorder=1,
    )


def _boxes(axes: Any, place: Any, text: Any, status: Any, size: Any) -> None:
    """The boxes with their names, and what their colours mean."""
    wide, tall = size
    for label, (x, y) in place.items():
        fill, ink, _ = STATUSES[status.get(label, NOT_CHECKED)]
        corner = (x - wide / 2, y - tall / 2)
        axes.add_patch(Rectangle(corner, wide, tall, fc=fill, ec="0.2", zorder=2))
        axes.text(x, y, text[label], ha="center", va="center", color=ink, fontsize=FONT)
    used = {status.get(label, NOT_CHECKED) for label in place}
    axes.legend(
        handles=[
            Patch(fc=fill, ec="0.2", label=name)
            for name, (fill, _, _) in STATUSES.items()
            if name in used
        ],
        loc="upper center",
        ncols=3,
        fontsize=FONT,
        frameon=False,
    )


def _wrapped(label: str, letters: int) -> str:
    """Break a label at its hyphens."""
    spaced = label.replace("-", "- ")
    lines = textwrap.wrap(spaced, letters)
    return "\n".join(line.replace("- ", "-") for line in lines)


__all__ = ["NOT_CHECKED", "STATUSES", "depths", "draw", "islands", "layout"]
