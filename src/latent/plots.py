"""Figures and tables that several chapters share.

Colours are those of Okabe and Ito, told apart with any colour vision; where lines
meet, markers and dashes tell them apart too. Alt text and captions stand in the
chapter, in the header of the cell that draws.
"""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import Markdown
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy import ndarray

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
STYLE: dict[str, object] = {
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(marker=list("os^Dv<>")),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 11,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.markersize": 4,
    "savefig.facecolor": "white",
}


def use_style() -> None:
    """Give the figures that follow the book's look."""
    plt.style.use(STYLE)


def image_sheet(
    images: Sequence[ndarray],
    titles: Sequence[str],
    *,
    columns: int,
    size: float = 2.2,
) -> Figure:
    """Images side by side, row by row, a title over each.

    Args:
        images: (H, W) grey or (H, W, 3) colour, each.
        titles: one an image.
        columns: images in a row.
        size: width of an image, in inches.
    """
    rows = -(-len(images) // columns)
    height, width = images[0].shape[:2]
    shape = (columns * size, rows * (size * height / width + 0.35))
    figure, axes = plt.subplots(rows, columns, figsize=shape, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize="medium")
    figure.tight_layout(pad=0.4)
    return figure


def curve(
    axis: Axes,
    y: Float[ndarray, " T"] | Sequence[float],
    *,
    x: Sequence[float] | ndarray | None = None,
    label: str | None = None,
    xlabel: str,
    ylabel: str,
) -> None:
    """One line with its axes named; a marker on each point if there are few."""
    x = range(len(y)) if x is None else x
    axis.plot(x, y, label=label, marker=None if len(y) <= 25 else "")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if label is not None:
        axis.legend()


def ellipse(
    axis: Axes,
    mean: Float[ndarray, " 2"],
    covariance: Float[ndarray, "2 2"],
    *,
    deviations: float = 2.0,
    color: str = "black",
) -> None:
    """The points `deviations` standard deviations away from a Gaussian's mean."""
    variances, directions = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
    height, width = 2 * deviations * np.sqrt(variances)
    axis.add_patch(
        Ellipse(tuple(mean), width, height, angle=angle, fill=False, ec=color, lw=1.5)
    )


def table(rows: Iterable[Mapping[str, object]]) -> Markdown:
    """Rows as a table of the page: the keys of the first are the heads.

    Numbers come as text, rounded by the caller, who knows how many digits mean
    something.
    """
    rows = list(rows)
    lines = [list(rows[0]), [":--"] * len(rows[0]), *(row.values() for row in rows)]
    return Markdown("\n".join("| " + " | ".join(map(str, r)) + " |" for r in lines))
