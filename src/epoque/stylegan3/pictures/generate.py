"""Images from seeds, as files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import isqrt
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import UsageError
from epoque.bench.files import told_write_errors, write_atomic

from ..memory import check
from ..networks import Noise
from ..npz import write_npz
from ..opening import Opened
from .painting import PLAIN, Styling, check_movable, moved, paint, styles
from .picture_grid import tiled
from .transforms import input_transform

__all__ = ["Kind", "Movement", "Picture", "encoded", "generate", "write_grid", "write_styles"]

Kind = Literal["png", "webp"]
KINDS: tuple[Kind, ...] = ("png", "webp")


@dataclass(frozen=True, slots=True)
class Movement:
    """Where the image is asked for; see `transforms.input_transform`.

    Attributes:
        x: the shift to the right, in image widths.
        y: the shift down, in image heights.
        degrees: the rotation, counter-clockwise.
    """

    x: float = 0.0
    y: float = 0.0
    degrees: float = 0.0


STILL = Movement()


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that was written.

    Attributes:
        seed: what it came from.
        path: where it is.
        sha256: of the file.
        pixels: [H, W, 3].
    """

    seed: int
    path: Path
    sha256: str
    pixels: NDArray[np.uint8]


def generate(
    opened: Opened,
    seeds: Sequence[int],
    folder: Path,
    *,
    styling: Styling = PLAIN,
    movement: Movement = STILL,
    noise: Noise = "const",
    kind: Kind = "png",
    progress: Callable[[int, int], None] | None = None,
) -> list[Picture]:
    """Write an image for each seed, `seed0002.png` and so on; both kinds lose nothing.

    An image is the same to the last bit whatever seeds stand beside its own, on one device.

    Args:
        opened: the network.
        seeds: each 0 to 2³² − 1.
        folder: where; made if it is not there.
        styling: truncation and class.
        movement: of an alias-free network; others take none.
        noise: of StyleGAN2's layers.
        kind: png or webp.
        progress: told how many are done, of how many.

    Raises:
        UsageError: if anything asked for is not allowed, or does not fit into memory.
        RunWriteError: if the system refuses.
    """
    if kind not in KINDS:
        raise UsageError(f"--format: {kind} is not allowed; it takes {' or '.join(KINDS)}.")
    generator = opened.generator
    check(generator, opened.device)
    ws = styles(generator, seeds, styling)
    with told_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    made = []
    for done, (seed, row) in enumerate(zip(seeds, ws, strict=True), 1):
        pixels = _painted(opened, row, movement, noise, seed)
        data = encoded(pixels, kind)
        path = folder / f"seed{seed:04d}.{kind}"
        write_atomic(path, data)
        made.append(Picture(seed, path, sha256(data).hexdigest(), pixels))
        if progress is not None:
            progress(done, len(seeds))
    return made


def write_grid(pictures: Sequence[Picture], path: Path, columns: int | None = None) -> None:
    """Write images side by side as one PNG; by default as near to a square as they go."""
    shown = [picture.pixels for picture in pictures]
    columns = columns or isqrt(len(shown) - 1) + 1
    gap = max(1, shown[0].shape[1] // 64)
    write_atomic(path, encoded(tiled(shown, min(columns, len(shown)), gap), "png"))


def write_styles(
    opened: Opened,
    seeds: Sequence[int],
    path: Path,
    styling: Styling = PLAIN,
) -> None:
    """Write the styles as `.npz`: `w` float32 [N, num_ws, w_dim] and `seeds` [N]."""
    ws = styles(opened.generator, seeds, styling).float().cpu().numpy()
    write_npz(path, {"w": ws, "seeds": np.array(seeds, np.int64)})


def encoded(pixels: NDArray[np.uint8], kind: Kind = "png") -> bytes:
    """Return an image [H, W, 3] as a file that loses nothing."""
    from PIL import Image

    buffer, image = BytesIO(), Image.fromarray(pixels)
    if kind == "png":
        image.save(buffer, "PNG", compress_level=6)
    else:
        image.save(buffer, "WEBP", lossless=True, method=4)
    return buffer.getvalue()


def _painted(
    opened: Opened, ws: Tensor, movement: Movement, noise: Noise, seed: int
) -> NDArray[np.uint8]:
    generator = opened.generator
    if movement == STILL:
        return paint(generator, ws, noise=noise, seed=seed)
    check_movable(generator)
    matrix = input_transform(movement.x, movement.y, movement.degrees)
    with moved(generator, matrix):
        return paint(generator, ws, noise=noise, seed=seed)
