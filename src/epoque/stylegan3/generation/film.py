"""A walk through the styles as a film that begins again without a seam."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError
from epoque.bench.figures.animation import FilmFormat, save_animation, save_mp4
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.progress import Progress

from ..loading import LoadedGenerator
from ..memory import check_memory
from ..networks import Noise
from .image_grid import tile_images
from .inputs import LatentInput, compute_styles
from .precision import Precision, precision_dtype
from .synthesis import DEFAULT_MAPPING, MappingOptions, synthesize_image

__all__ = ["interpolate_loop", "write_film"]


DEFAULT_KINDS: tuple[FilmFormat, ...] = ("webp",)

Floats = NDArray[np.float64]


def write_film(
    network: LoadedGenerator,
    inputs: Sequence[LatentInput],
    stem: Path,
    *,
    kinds: Collection[FilmFormat] = DEFAULT_KINDS,
    grid: tuple[int, int] = (1, 1),
    frames: int = 30,
    frame_ms: float = 40,
    options: MappingOptions = DEFAULT_MAPPING,
    noise: Noise = "const",
    precision: Precision = "float32",
    progress: Progress | None = None,
) -> None:
    """Write `stem`.webp, `stem`.gif and `stem`.mp4, those asked for.

    What it starts from is dealt out over the places of the grid: the first keyframe takes the first
    columns × rows, the next the following. Each place walks through its own.

    Args:
        network: the network.
        inputs: keyframes × columns × rows seeds or styles of files.
        stem: the path without its ending.
        kinds: any of `webp`, `gif` and `mp4`.
        grid: columns and rows.
        frames: from each keyframe to the next.
        frame_ms: how long each stays, in milliseconds; see `save_animation`.
        options: truncation and class of the seeds.
        noise: of StyleGAN2's layers.
        precision: of the convolutions of the highest resolutions.
        progress: told how many frames are done, of how many.

    Raises:
        UsageError: if they do not fill the grid, or the frames do not fit into memory.
        MissingExtraError: for `mp4` without PyAV.
        RunWriteError: if the system refuses.
    """
    keys, low_precision_dtype = _count_keyframes(len(inputs), grid), precision_dtype(precision)
    total, generator = keys * max(1, frames), network.generator
    side = generator.spec.img_resolution
    check_memory(generator, network.device, extra_bytes=6 * total * grid[0] * grid[1] * side**2)
    ws = compute_styles(generator, inputs, options).cpu().double().numpy()
    path = interpolate_loop(ws.reshape(keys, -1, *ws.shape[1:]), max(1, frames))
    frame_images = []
    for done, moment in enumerate(path, 1):
        rows = torch.from_numpy(moment).float().to(network.device)
        images = [
            synthesize_image(
                generator, one, noise=noise, seed=i, low_precision_dtype=low_precision_dtype
            )
            for i, one in enumerate(rows)
        ]
        frame_images.append(tile_images(images, grid[0]))
        if progress is not None:
            progress(done, total)
    with explain_write_errors(stem):
        stem.parent.mkdir(parents=True, exist_ok=True)
    still = [kind for kind in kinds if kind != "mp4"]
    if still:
        save_animation(frame_images, stem, frame_ms=frame_ms, hold_ms=frame_ms, kinds=still)
    if "mp4" in kinds:
        save_mp4(frame_images, stem, frame_ms=frame_ms, hold_ms=0)


def interpolate_loop(keyframes: Floats, frames: int) -> Floats:
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


def _count_keyframes(count: int, grid: tuple[int, int]) -> int:
    """Return how many keyframes each place of a grid walks through."""
    places = grid[0] * grid[1]
    if not count or count % places:
        message = f"{count} keyframes cannot be dealt out over {grid[0]}x{grid[1]} places"
        raise ConfigError.of("grid", f"{message}; take a multiple of {places}.")
    return count // places
