"""The picture of what sticks to the pixels, from what `slices` followed; no engine is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.plot import SERIES, WIDTH, color, new_figure
from epoque.bench.i18n import mark, translator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOTIONS", "Motion", "Slice", "slice_figure", "still_power"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Motion = Literal["shift", "walk"]
MOTIONS: tuple[Motion, ...] = ("shift", "walk")

TITLE = mark("What sticks to the pixels")
SHIFT = mark("Moved to the right, and back: what moves with the image stands upright, what sticks "
             "leans.")  # fmt: skip
WALK = mark("A walk through the styles: what sticks to the pixels makes straight lines down.")
TIME = mark("time ↓")
STILL = mark("standing still, %")
FREQUENCY = mark("octaves of the row's power, cycles over the image")
EMPTY = 1e-9


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


def still_power(pixels: Pixels) -> dict[str, float | None]:
    """Return which share of a row's power keeps its phase through time, by octave of frequency.

    Of X(f, t), the row's transform at each moment, it is |mean of X over t|² over the mean of |X|²,
    both summed over the octave: 1 for what stays where it is, 1/frames for what is somewhere else
    at each moment.

    Args:
        pixels: [frames, W, 4] a row through time; columns that are not known at some moment are
            left out.

    Returns:
        Octave, in cycles over the image, such as `2–4`, to the share, 0 to 1; None where the row
        has no power.
    """
    known = (pixels[..., 3] == 255).all(0)
    row = pixels[:, known, :3].astype(np.float64) / 255
    width = row.shape[1]
    row = (row - row.mean((0, 1))) * np.hanning(width)[:, None]
    transform = np.fft.rfft(row, axis=1)
    whole = np.square(np.abs(transform)).mean(0).sum(-1)
    still = np.square(np.abs(transform.mean(0))).sum(-1)
    frequencies = np.arange(len(whole)) * pixels.shape[1] / width
    shares: dict[str, float | None] = {}
    low = 1
    while 2 * low <= pixels.shape[1] / 2:
        inside = (frequencies >= low) & (frequencies < 2 * low)
        power = float(whole[inside].sum())
        shares[f"{low}–{2 * low}"] = float(still[inside].sum()) / power if power > EMPTY else None
        low *= 2
    return shares


def slice_figure(
    slices: Sequence[Slice],
    motion: Motion,
    language: str = "en",
    *,
    images: bool = True,
    spectrum: bool = False,
) -> "Figure":
    """Draw networks side by side; call it inside `figure_style`.

    Args:
        slices: one of each network.
        motion: what moved.
        language: "en" or "fr".
        images: whether each row's image stands above it.
        spectrum: whether what stands still is drawn below, by frequency (`still_power`).
    """
    _ = translator(language)
    subtitle = _(SHIFT if motion == "shift" else WALK)
    count, rows = len(slices), 2 if images else 1
    cell = min((WIDTH - 0.5) / count, 2.6)
    above_all = 0.95 if len(subtitle) > 78 else 0.75  # inches, of the title and one line or two
    below = 1.75 if spectrum else 0.15  # inches
    figure = new_figure(rows * cell + above_all + below)
    figure.suptitle(_(TITLE), x=0.02, ha="left")
    height = figure.get_figheight()
    figure.text(
        0.02, 1 - 0.34 / height, subtitle, va="top", size=8.5, color=color("muted"), wrap=True
    )
    figure.set_layout_engine("none")
    middle = (1 - count * cell / WIDTH) / 2
    axes = figure.subplots(rows, count, squeeze=False, gridspec_kw={
        "left": max(middle, 0.07), "right": 1 - max(middle, 0.03), "bottom": (below - 0.1) / height,
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
    if spectrum:
        place = figure.add_axes((0.13, 0.45 / height, 0.84, (below - 0.6) / height))
        for number, one in enumerate(slices):
            shares = still_power(one.pixels)
            percents = [nan if share is None else 100 * share for share in shares.values()]
            tone = color(SERIES[number])
            place.plot(list(shares), percents, color=tone, marker="o", label=one.name)
        place.set(ylim=(0, 150), yticks=(0, 50, 100), xlabel=_(FREQUENCY), ylabel=_(STILL))
        place.legend(loc="upper right", ncols=len(slices), fontsize=8)
    return figure
