"""What sticks to the pixels: one row of the image through time (Karras et al. 2021, figure 1)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import UsageError
from epoque.bench.i18n import mark, translator
from epoque.bench.plot import WIDTH, colour, new_figure

from ..memory import check
from ..opening import Opened
from ..pictures.film import walk
from ..pictures.painting import PLAIN, Styling, check_movable, moved, paint, styles
from ..pictures.transforms import input_transform
from .operators import shifted_by_fraction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Motion", "Slice", "slice_figure", "space_time"]

Pixels = NDArray[np.uint8]
Motion = Literal["shift", "walk"]
MOTIONS: tuple[Motion, ...] = ("shift", "walk")

TITLE = mark("What sticks to the pixels")
SHIFT = mark("Moved to the right, and back: what moves with the image stands upright, what sticks "
             "leans.")  # fmt: skip
WALK = mark("A walk through the styles: what sticks to the pixels makes straight lines down.")
TIME = mark("time ↓")

REACH = 0.25  # image widths that are shifted through


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


def space_time(
    opened: Opened,
    seed: int,
    *,
    motion: Motion = "shift",
    frames: int = 96,
    row: float = 0.5,
    styling: Styling = PLAIN,
    progress: Callable[[int, int], None] | None = None,
) -> Slice:
    """Follow one row of an image.

    Args:
        opened: the network; `shift` needs an alias-free one.
        seed: of the image; the walk goes on through the two following ones and back.
        motion: `shift` moves the input by a quarter of the width, and the image back; `walk`
            changes the styles.
        frames: moments.
        row: where, 0 at the top to 1 at the bottom.
        styling: truncation and class.
        progress: told how many frames are done, of how many.

    Raises:
        UsageError: if anything asked for is not allowed.
    """
    if motion not in MOTIONS:
        raise UsageError(f"--motion: {motion} is not allowed; it takes {' or '.join(MOTIONS)}.")
    if not (0 <= row <= 1 and 2 <= frames <= 10_000):
        raise UsageError(f"--row {row} must be 0 to 1, and --frames {frames} 2 to 10000.")
    generator = opened.generator
    check(generator, opened.device)
    at = min(int(row * generator.spec.img_resolution), generator.spec.img_resolution - 1)
    moments = _shifts if motion == "shift" else _walked
    first, rows = np.zeros(0, np.uint8), []
    for done, image in enumerate(moments(opened, seed, styling, frames), 1):
        first = image[..., :3] if done == 1 else first
        rows.append(image[at])
        if progress is not None:
            progress(done, frames)
    return Slice(opened.name, first, at, np.stack(rows))


def _shifts(opened: Opened, seed: int, styling: Styling, frames: int) -> Iterator[Pixels]:
    check_movable(opened.generator)
    size = opened.generator.spec.img_resolution
    ws = styles(opened.generator, [seed], styling)[0]
    for x in np.linspace(0, REACH, frames):
        with moved(opened.generator, input_transform(float(x), 0, 0)):
            image = paint(opened.generator, ws)
        levels = torch.from_numpy(image).permute(2, 0, 1)[None].double()
        back, known = shifted_by_fraction(levels, -float(x) * size, 0)
        colours = back[0].clamp(0, 255).round().permute(1, 2, 0)
        shown: Pixels = torch.cat((colours, 255.0 * known[..., None]), 2).to(torch.uint8).numpy()
        yield shown


def _walked(opened: Opened, seed: int, styling: Styling, frames: int) -> Iterator[Pixels]:
    seeds = [seed, *((seed + i) % 2**32 for i in (1, 2))]
    keys = styles(opened.generator, seeds, styling).cpu().double().numpy()
    path = walk(keys, -(-frames // len(seeds)))[:frames]
    for ws in path:
        image = paint(opened.generator, torch.from_numpy(ws).float().to(opened.device))
        yield np.dstack((image, np.full(image.shape[:2], 255, np.uint8)))


def slice_figure(slices: Sequence[Slice], motion: Motion, language: str = "en") -> "Figure":
    """Draw networks side by side, each image above its row; call it inside `house_style`."""
    _ = translator(language)
    told = _(SHIFT if motion == "shift" else WALK)
    count = len(slices)
    cell = min((WIDTH - 0.5) / count, 2.6)
    above_all = 0.95 if len(told) > 78 else 0.75  # inches, of the title and one line or two
    figure = new_figure(2 * cell + above_all + 0.15)
    figure.suptitle(_(TITLE), x=0.02, ha="left")
    height = figure.get_figheight()
    figure.text(0.02, 1 - 0.34 / height, told, va="top", size=8.5, color=colour("muted"), wrap=True)
    figure.set_layout_engine("none")
    middle = (1 - count * cell / WIDTH) / 2
    axes = figure.subplots(2, count, squeeze=False, gridspec_kw={
        "left": max(middle, 0.07), "right": 1 - max(middle, 0.03), "bottom": 0.05 / height,
        "top": 1 - above_all / height, "wspace": 0.05, "hspace": 0.04})  # fmt: skip
    for x, one in enumerate(slices):
        above, below = axes[:, x]
        above.imshow(one.image, interpolation="antialiased")
        above.axhline(one.row, color=colour("vermilion"), linewidth=1.2)
        above.set_title(one.name, size=9, weight="normal", loc="center", pad=3)
        below.imshow(one.pixels, interpolation="antialiased", aspect="auto")
        for place in (above, below):
            place.set(xticks=[], yticks=[])
            place.grid(visible=False)
            for spine in place.spines.values():
                spine.set_visible(False)
        for edge in ("top", "bottom", "left", "right"):
            below.spines[edge].set(visible=True, color=colour("vermilion"), linewidth=1.2)
    axes[1, 0].set_ylabel(_(TIME), size=9)
    return figure
