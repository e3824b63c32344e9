"""Images from seeds or styles, as files."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import isqrt
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.files.output_paths import make_parent_folder
from epoque.bench.progress import Progress

from ..loading import LoadedGenerator
from ..memory import check_memory
from ..networks import Generator, Noise
from ..npz import write_npz
from .image_grid import tile_images
from .inputs import LatentInput, compute_styles, noise_seed
from .precision import Difference, Precision, measure_difference, precision_dtype
from .synthesis import (
    DEFAULT_MAPPING,
    MappingOptions,
    check_transformable,
    map_seeds,
    synthesize_pixels,
    transform_input,
)
from .transforms import transform_matrix

__all__ = [
    "GeneratedImage",
    "ImageFormat",
    "InputTransform",
    "compare_precision",
    "encode_image",
    "generate",
    "write_grid",
    "write_styles",
]  # fmt: skip

ImageFormat = Literal["png", "webp"]
FORMATS: tuple[ImageFormat, ...] = ("png", "webp")

SHEETS = 3  # copies of what is drawn together: the images, the sheet, its file


@dataclass(frozen=True, slots=True)
class InputTransform:
    """Where the image is asked for; see `transforms.transform_matrix`.

    Attributes:
        x: the shift to the right, in image widths.
        y: the shift down, in image heights.
        degrees: the rotation, counter-clockwise.
    """

    x: float = 0.0
    y: float = 0.0
    degrees: float = 0.0


IDENTITY = InputTransform()


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """An image that was written.

    Attributes:
        start: what it came from.
        path: where it is.
        sha256: of the file.
    """

    start: LatentInput
    path: Path
    sha256: str

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The image [H, W, 3], read anew: it is not kept, so that memory does not grow."""
        from PIL import Image

        with Image.open(self.path) as image:
            return np.asarray(image.convert("RGB"))


def generate(
    network: LoadedGenerator,
    inputs: Sequence[LatentInput],
    folder: Path,
    *,
    options: MappingOptions = DEFAULT_MAPPING,
    movement: InputTransform = IDENTITY,
    noise: Noise = "const",
    precision: Precision = "float32",
    batch: int = 1,
    grid: bool = False,
    kind: ImageFormat = "png",
    progress: Progress | None = None,
) -> list[GeneratedImage]:
    """Write an image for each seed, `seed0002.png` and so on, or style; both kinds lose nothing.

    An image is the same to the last bit whatever stands beside it, on one device, as long as it is
    made by itself (a `batch` of 1).

    Args:
        network: the network.
        inputs: seeds, each 0 to 2³² − 1, and styles of files, at least one.
        folder: where; made if it is not there.
        options: truncation and class of the seeds.
        movement: of an alias-free network; others take none.
        noise: of StyleGAN2's layers.
        precision: of the convolutions of the highest resolutions.
        batch: how many are made at a time.
        grid: whether all will be drawn together (see `write_grid`), for which memory is needed.
        kind: png or webp.
        progress: told how many are done, of how many.

    Raises:
        UsageError: if anything asked for is not allowed, or does not fit into memory.
        RunWriteError: if the system refuses.
    """
    if kind not in FORMATS:
        raise ConfigError.of("format", f"{kind} is not allowed; it takes {' or '.join(FORMATS)}.")
    if batch < 1:
        raise ConfigError.of("batch", f"{batch} is not allowed; at least 1 is needed.")
    generator, low_precision_dtype = network.generator, precision_dtype(precision)
    _check_names(inputs)
    count = len(inputs)
    grid_bytes = SHEETS * 3 * count * generator.spec.img_resolution**2 if grid else 0
    check_memory(generator, network.device, images=min(batch, count), extra_bytes=grid_bytes)
    if any(isinstance(latent_input, int) for latent_input in inputs):
        options.check(generator)
    moving = _apply_transform(generator, movement)
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    images: list[GeneratedImage] = []
    with moving:
        for first in range(0, count, batch):
            part = inputs[first : first + batch]
            ws, seeds = compute_styles(generator, part, options), list(map(noise_seed, part))
            pixels = synthesize_pixels(
                generator, ws, seeds, noise=noise, low_precision_dtype=low_precision_dtype
            )
            for latent_input, one in zip(part, pixels, strict=True):
                images.append(_write_image(one, folder, kind, latent_input))
                if progress is not None:
                    progress(len(images), count)
    return images


def compare_precision(
    network: LoadedGenerator,
    latent_input: LatentInput,
    precision: Precision,
    *,
    options: MappingOptions = DEFAULT_MAPPING,
    movement: InputTransform = IDENTITY,
    noise: Noise = "const",
) -> Difference:
    """Return how far an image is from the same one in float32; see `generate`."""
    (ws,) = compute_styles(network.generator, [latent_input], options)
    with _apply_transform(network.generator, movement):
        return measure_difference(
            network.generator, ws, precision, noise=noise, seed=noise_seed(latent_input)
        )


def _check_names(inputs: Sequence[LatentInput]) -> None:
    """Refuse styles whose images would have one name."""
    seeds = {_file_stem(latent_input) for latent_input in inputs if isinstance(latent_input, int)}
    files = [
        _file_stem(latent_input) for latent_input in inputs if not isinstance(latent_input, int)
    ]
    for name, count in Counter([*seeds, *files]).items():
        if count > 1:
            raise ConfigError.of("w", f"two images would be named {name}; rename a file of styles.")


def _file_stem(latent_input: LatentInput) -> str:
    return f"seed{latent_input:04d}" if isinstance(latent_input, int) else latent_input.name


def _apply_transform(
    generator: Generator, movement: InputTransform
) -> AbstractContextManager[None]:
    """Return what makes images elsewhere inside.

    Raises:
        UsageError: if the network cannot, or a number is not finite.
    """
    if movement == IDENTITY:
        return nullcontext()
    check_transformable(generator)
    return transform_input(generator, transform_matrix(movement.x, movement.y, movement.degrees))


def _write_image(
    pixels: NDArray[np.uint8], folder: Path, kind: ImageFormat, latent_input: LatentInput
) -> GeneratedImage:
    path, data = folder / f"{_file_stem(latent_input)}.{kind}", encode_image(pixels, kind)
    write_atomic(path, data)
    return GeneratedImage(latent_input, path, sha256(data).hexdigest())


def write_grid(pictures: Sequence[GeneratedImage], path: Path, columns: int | None = None) -> None:
    """Write images side by side as one PNG; by default as near to a square as they go."""
    images = [picture.pixels for picture in pictures]
    columns = columns or isqrt(len(images) - 1) + 1
    gap = max(1, images[0].shape[1] // 64)
    make_parent_folder(path)
    write_atomic(path, encode_image(tile_images(images, min(columns, len(images)), gap), "png"))


def write_styles(
    network: LoadedGenerator,
    seeds: Sequence[int],
    path: Path,
    options: MappingOptions = DEFAULT_MAPPING,
) -> None:
    """Write the styles as `.npz`: `w` float32 [N, num_ws, w_dim] and `seeds` [N]."""
    ws = map_seeds(network.generator, seeds, options).float().cpu().numpy()
    write_npz(path, {"w": ws, "seeds": np.array(seeds, np.int64)})


def encode_image(pixels: NDArray[np.uint8], kind: ImageFormat = "png") -> bytes:
    """Return an image [H, W, 3] as a file that loses nothing."""
    from PIL import Image

    buffer, image = BytesIO(), Image.fromarray(pixels)
    if kind == "png":
        image.save(buffer, "PNG", compress_level=6)
    else:
        image.save(buffer, "WEBP", lossless=True, method=4)
    return buffer.getvalue()
