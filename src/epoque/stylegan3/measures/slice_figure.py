"""The picture of what sticks to the pixels, from what `slices` followed; no engine is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.plot import WIDTH, color, new_figure
from epoque.bench.i18n import mark, translator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOTIONS", "Motion", "Slice", "slice_figure"]

Pixels = NDArray[np.uint8]
Motion = Literal["shift", "walk"]
MOTIONS: tuple[Motion, ...] = ("shift", "walk")

TITLE = mark("What sticks to the pixels")
SHIFT = mark("Moved to the right, and back: what moves with the image stands upright, what sticks "
             "leans.")  # fmt: skip
WALK = mark("A walk through the styles: what sticks to the pixels makes straight lines down.")
TIME = mark("time ↓")


@dataclass(frozen=True, slots=True)
class Slice:
    """One row of pixels through time.

    Attributes:
        name: of the network.
        image: [H, W, 3] the first moment.
        row: which row of it.
        pixels: [frames, W, 4] that row, later moments below; where it is not known, the last of the
            four is 0.
    """

    name: str
    image: Pixels
    row: int
    pixels: Pixels


def slice_figure(
    slices: Sequence[Slice], motion: Motion, language: str = "en", *, images: bool = True
) -> "Figure":
    """Draw networks side by side; call it inside `figure_style`.

    Args:
        slices: one of each network.
        motion: what moved.
        language: "en" or "fr".
        images: whether each row's image stands above it.
    """
    _ = translator(language)
    subtitle = _(SHIFT if motion == "shift" else WALK)
    count, rows = len(slices), 2 if images else 1
    cell = min((WIDTH - 0.5) / count, 2.6)
    above_all = 0.95 if len(subtitle) > 78 else 0.75  # inches, of the title and one line or two
    figure = new_figure(rows * cell + above_all + 0.15)
    figure.suptitle(_(TITLE), x=0.02, ha="left")
    height = figure.get_figheight()
    figure.text(
        0.02, 1 - 0.34 / height, subtitle, va="top", size=8.5, color=color("muted"), wrap=True
    )
    figure.set_layout_engine("none")
    middle = (1 - count * cell / WIDTH) / 2
    axes = figure.subplots(rows, count, squeeze=False, gridspec_kw={
        "left": max(middle, 0.07), "right": 1 - max(middle, 0.03), "bottom": 0.05 / height,
        "top": 1 - above_all / height, "wspace": 0.05, "hspace": 0.04})  # fmt: skip
    for column, one in zip(axes.T, slices, strict=True):
        column[0].set_title(one.name, size=9, weight="normal", loc="center", pad=3)
        if images:
            column[0].imshow(one.image, interpolation="antialiased")
            column[0].axhline(one.row, color=color("vermilion"), linewidth=1.2)
        column[-1].imshow(one.pixels, interpolation="antialiased", aspect="auto")
        for place in column:
            place.set(xticks=[], yticks=[])
            place.grid(visible=False)
            place.spines[:].set_visible(False)
        column[-1].spines[:].set(visible=True, color=color("vermilion"), linewidth=1.2)
    axes[-1, 0].set_ylabel(_(TIME), size=9)
    return figure
