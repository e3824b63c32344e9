"""What sticks to the pixels: one row of the image through time (Karras et al. 2021, figure 1)."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.progress import Progress

from ..generation.film import interpolate_loop
from ..generation.synthesis import (
    DEFAULT_MAPPING,
    MappingOptions,
    map_seeds,
    synthesize_image,
    transform_input,
)
from ..generation.transforms import transform_matrix
from ..loading import LoadedGenerator
from ..memory import check_memory
from .operators import translate_fractional
from .slice_figure import MOTIONS, Motion, Slice, slice_figure, still_power

__all__ = ["Motion", "Slice", "slice_figure", "space_time", "still_power"]

Pixels = NDArray[np.uint8]
REACH = 0.25  # image widths that are shifted through


def space_time(
    opened: LoadedGenerator,
    seed: int,
    *,
    motion: Motion = "shift",
    frames: int = 96,
    row: float = 0.5,
    styling: MappingOptions = DEFAULT_MAPPING,
    progress: Progress | None = None,
) -> Slice:
    """Follow one row of an image.

    Args:
        opened: the network.
        seed: of the image; the walk goes on through the two following ones and back.
        motion: `shift` moves the input by a quarter of the width (StyleGAN2's constant, see
            `generation.synthesis.transform_input`), and the image back; `interpolate_loop` changes
            the styles.
        frames: moments.
        row: where, 0 at the top to 1 at the bottom.
        styling: truncation and class.
        progress: told how many frames are done, of how many.

    Raises:
        UsageError: if anything asked for is not allowed.
    """
    if motion not in MOTIONS:
        raise ConfigError.of("motion", f"{motion} is not allowed; it takes {' or '.join(MOTIONS)}.")
    if not (0 <= row <= 1 and 2 <= frames <= 10_000):
        raise UsageError(f"--row {row} must be 0 to 1, and --frames {frames} 2 to 10000.")
    generator = opened.generator
    check_memory(generator, opened.device)
    at = min(int(row * generator.spec.img_resolution), generator.spec.img_resolution - 1)
    moments = _shifts if motion == "shift" else _walk
    first, rows = np.zeros(0, np.uint8), []
    for done, image in enumerate(moments(opened, seed, styling, frames), 1):
        first = image[..., :3] if done == 1 else first
        rows.append(image[at])
        if progress is not None:
            progress(done, frames)
    return Slice(opened.name, first, at, np.stack(rows))


def _shifts(
    opened: LoadedGenerator, seed: int, styling: MappingOptions, frames: int
) -> Iterator[Pixels]:
    size = opened.generator.spec.img_resolution
    ws = map_seeds(opened.generator, [seed], styling)[0]
    for x in np.linspace(0, REACH, frames):
        with transform_input(opened.generator, transform_matrix(float(x), 0, 0)):
            image = synthesize_image(opened.generator, ws)
        levels = torch.from_numpy(image).permute(2, 0, 1)[None].double()
        back, mask = translate_fractional(levels, -float(x) * size, 0)
        colors = back[0].clamp(0, 255).round().permute(1, 2, 0)
        shown: Pixels = torch.cat((colors, 255.0 * mask[..., None]), 2).to(torch.uint8).numpy()
        yield shown


def _walk(
    opened: LoadedGenerator, seed: int, styling: MappingOptions, frames: int
) -> Iterator[Pixels]:
    seeds = [seed, *((seed + i) % 2**32 for i in (1, 2))]
    keys = map_seeds(opened.generator, seeds, styling).cpu().double().numpy()
    path = interpolate_loop(keys, -(-frames // len(seeds)))[:frames]
    for ws in path:
        image = synthesize_image(opened.generator, torch.from_numpy(ws).float().to(opened.device))
        yield np.dstack((image, np.full(image.shape[:2], 255, np.uint8)))
