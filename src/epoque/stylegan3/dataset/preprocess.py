"""One picture of a set: cropped and scaled; and written as PNG."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from epoque.bench.errors import ConfigError
from epoque.bench.files.images import PictureError, decode, is_picture

__all__ = [
    "CropOptions",
    "PictureError",
    "Transform",
    "crop_and_scale",
    "decode",
    "encode_png",
    "is_picture",
    "parse_background",
    "to_array",
]

Transform = Literal["none", "stretch", "center-crop", "center-crop-wide"]


def parse_background(name: str) -> tuple[int, int, int]:
    """Return the colour of a name (white) or of #rrggbb.

    Raises:
        UsageError: if there is no such colour.
    """
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        message = "it is a name such as white, or #rrggbb"
        raise ConfigError.of("background", f"{name} is not a colour; {message}.") from None


@dataclass(frozen=True, slots=True)
class CropOptions:
    """How pictures are brought to one size.

    Attributes:
        size: width and height, or None for each picture's own.
        transform: what is done with pictures of other proportions. `none` refuses them; `stretch`
            scales both sides; `center-crop` takes the square in the middle; `center-crop-wide`
            takes the middle in the proportions of `size` and adds black above and below, so that
            a square of its width results.
    """

    size: tuple[int, int] | None = None
    transform: Transform = "none"


def crop_and_scale(image: Image.Image, shape: CropOptions) -> Image.Image:
    """Return a picture of the wanted size, scaled with Lanczos' filter.

    Raises:
        PictureError: if its proportions are others and nothing is told about them.
    """
    if shape.transform == "center-crop":
        image = _crop_middle(image, 1, 1)
    elif shape.transform == "center-crop-wide" and shape.size:
        image = _crop_middle(image, *shape.size)
    elif shape.transform == "none":
        _check_proportions(image, shape.size)
    if shape.size and image.size != shape.size:
        image = image.resize(shape.size, Image.Resampling.LANCZOS)
    if shape.transform == "center-crop-wide" and shape.size:
        return _pad_black(image)
    return image


def _check_proportions(image: Image.Image, size: tuple[int, int] | None) -> None:
    width, height = size or (1, 1)
    if image.width * height != image.height * width:
        ways = "--transform center-crop or stretch brings it there"
        raise PictureError(f"is {image.width}×{image.height}, not square; {ways}")


def _crop_middle(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the largest middle of a picture in the given proportions."""
    wide = min(image.width, round(image.height * width / height))
    high = min(image.height, round(image.width * height / width))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return image.crop((left, top, left + wide, top + high))


def _pad_black(image: Image.Image) -> Image.Image:
    """Return a wide picture on a black square."""
    whole = Image.new(image.mode, (image.width, image.width))
    whole.paste(image, (0, (image.width - image.height) // 2))
    return whole


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Return an image's levels, [C, H, W], 0 to 255."""
    levels = np.array(image, np.uint8)
    planes: NDArray[np.uint8] = levels[None] if levels.ndim == 2 else levels.transpose(2, 0, 1)
    return planes


def encode_png(image: Image.Image) -> bytes:
    """Return an image as an uncompressed PNG, which is read fastest."""
    file = io.BytesIO()
    image.save(file, "png", compress_level=0, optimize=False)
    return file.getvalue()
