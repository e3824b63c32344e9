"""A walk through the styles as a film that begins again without a seam."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.animate import Kind, save_animation, save_mp4
from epoque.bench.errors import UsageError
from epoque.bench.files import told_write_errors

from ..memory import check
from ..networks import Noise
from ..opening import Opened
from .painting import PLAIN, Styling, paint, styles
from .picture_grid import tiled

__all__ = ["film", "walk"]


USUAL: tuple[Kind, ...] = ("webp",)

Floats = NDArray[np.float64]


def film(
    opened: Opened,
    seeds: Sequence[int],
    stem: Path,
    *,
    kinds: Collection[Kind] = USUAL,
    grid: tuple[int, int] = (1, 1),
    frames: int = 30,
    frame_ms: int = 40,
    styling: Styling = PLAIN,
    noise: Noise = "const",
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write `stem`.webp, `stem`.gif and `stem`.mp4, those asked for.

    The seeds are dealt out over the places of the grid: the first keyframe takes the first
    columns × rows of them, the next the following. Each place walks through its own.

    Args:
        opened: the network.
        seeds: keyframes × columns × rows of them.
        stem: the path without its ending.
        kinds: any of `webp`, `gif` and `mp4`.
        grid: columns and rows.
        frames: from each keyframe to the next.
        frame_ms: how long each stays, in milliseconds.
        styling: truncation and class.
        noise: of StyleGAN2's layers.
        progress: told how many frames are done, of how many.

    Raises:
        UsageError: if the seeds do not fill the grid, or the frames do not fit into memory.
        MissingExtraError: for `mp4` without PyAV.
        RunWriteError: if the system refuses.
    """
    keys, count = _keyframes(seeds, grid), max(1, frames)
    total = len(keys) * count
    side = opened.generator.spec.img_resolution
    check(opened.generator, opened.device, kept=6 * total * len(keys[0]) * side**2)
    ws = styles(opened.generator, np.ravel(keys).tolist(), styling).cpu().double().numpy()
    path = walk(ws.reshape(*keys.shape, *ws.shape[1:]), count)
    shown = []
    for done, picture in enumerate(_frames(opened, path, grid[0], noise), 1):
        shown.append(picture)
        if progress is not None:
            progress(done, total)
    with told_write_errors(stem):
        stem.parent.mkdir(parents=True, exist_ok=True)
    still = [kind for kind in kinds if kind != "mp4"]
    if still:
        save_animation(shown, stem, frame_ms=frame_ms, hold_ms=frame_ms, kinds=still)
    if "mp4" in kinds:
        save_mp4(shown, stem, frame_ms=frame_ms, hold_ms=frame_ms)


def walk(keyframes: Floats, frames: int) -> Floats:
    """Return points on a smooth closed curve through keyframes.

    A cubic spline through the keyframes in turn and back to the first: position, speed and
    acceleration at the end are those at the beginning.

    Args:
        keyframes: [K, …].
        frames: points from each keyframe to the next; the first of them is the keyframe.

    Returns:
        [K·frames, …].
    """
    from scipy.interpolate import CubicSpline

    count = len(keyframes)
    closed = np.concatenate((keyframes, keyframes[:1]))
    curve = CubicSpline(np.arange(count + 1), closed, bc_type="periodic")
    points: Floats = curve(np.arange(count * frames) / frames)
    return points


def _keyframes(seeds: Sequence[int], grid: tuple[int, int]) -> NDArray[np.int64]:
    """Return the seeds as [keyframes, places]."""
    places = grid[0] * grid[1]
    if not seeds or len(seeds) % places:
        told = f"{len(seeds)} seeds cannot be dealt out over {grid[0]}x{grid[1]} places"
        raise UsageError(f"--seeds: {told}; take a multiple of {places}.")
    return np.array(seeds, np.int64).reshape(-1, places)


def _frames(
    opened: Opened, path: Floats, columns: int, noise: Noise
) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures of styles [frames, places, num_ws, w_dim]."""

    def painted(ws: Floats, place: int) -> NDArray[np.uint8]:
        moving: Tensor = torch.from_numpy(ws).float().to(opened.device)
        return paint(opened.generator, moving, noise=noise, seed=place)

    for ws in path:
        yield tiled([painted(row, place) for place, row in enumerate(ws)], columns)
