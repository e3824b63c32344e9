"""One picture: decoded, laid over a background, cropped and scaled; and written as PNG."""

import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from epoque.bench.errors import UsageError

__all__ = [
    "PictureError",
    "Shape",
    "Transform",
    "background_colour",
    "decode",
    "is_picture",
    "pixels",
    "png",
    "shaped",
]

Transform = Literal["none", "stretch", "center-crop", "center-crop-wide"]

_PROGRAMS = frozenset({"EPS", "WMF", "MPEG", "BUFR", "GRIB", "HDF5", "IPTC", "PDF"})
"""Formats that Pillow opens with other programs' help, or that are no pictures."""

_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


class PictureError(Exception):
    """Why a file is no usable picture, to follow its name."""


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(sorted(set(Image.OPEN) - _PROGRAMS))


@cache
def _endings() -> frozenset[str]:
    known = Image.registered_extensions()
    return frozenset(ending for ending, kind in known.items() if kind in _formats())


def is_picture(name: str) -> bool:
    """Tell by a file's name whether it is a picture that can be read."""
    return PurePosixPath(name).suffix.lower() in _endings()


def background_colour(name: str) -> tuple[int, int, int]:
    """Return the colour of a name (white) or of #rrggbb.

    Raises:
        UsageError: if there is no such colour.
    """
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        told = "it is a name such as white, or #rrggbb"
        raise UsageError(f"--background: {name} is not a colour; {told}.") from None


def decode(data: bytes, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """Return a picture as grey (L) or colour (RGB), upright.

    Transparent pixels are laid over the background; of an animation the first frame is taken;
    16-bit levels become 8-bit ones; palettes and CMYK become RGB.

    Args:
        data: the file.
        background: red, green, blue.

    Raises:
        PictureError: if it cannot be decoded whole.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about metadata that is not used
            with Image.open(io.BytesIO(data), formats=_formats()) as opened:
                opened.load()
                return _plain(ImageOps.exif_transpose(opened), background)
    except UnidentifiedImageError:
        raise PictureError("is no picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise PictureError("is too large") from None
    except Exception as error:  # Pillow's decoders raise many kinds
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise PictureError(f"is damaged ({told})") from None


def _plain(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Return an image as L or RGB."""
    if image.mode in _DEEP:
        return _eight_bits(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        below = Image.new("RGBA", image.size, (*background, 255))
        colour = Image.alpha_composite(below, seen).convert("RGB")
        grey = image.mode == "LA" and len(set(background)) == 1
        return colour.convert("L") if grey else colour
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a deep grey image with 8 bits: whole numbers are taken as 0 … 65535."""
    levels = np.asarray(image, np.float64)
    if not np.isfinite(levels).all() or levels.min() < 0 or levels.max() > 65_535:
        raise PictureError("has levels below 0 or above 65535")
    scaled = levels * 255 if image.mode == "F" and levels.max() <= 1 else levels / 257
    return Image.fromarray(np.floor(scaled + 0.5).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Shape:
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


def shaped(image: Image.Image, shape: Shape) -> Image.Image:
    """Return a picture of the wanted size, scaled with Lanczos' filter.

    Raises:
        PictureError: if its proportions are others and nothing is told about them.
    """
    if shape.transform == "center-crop":
        image = _middle(image, 1, 1)
    elif shape.transform == "center-crop-wide" and shape.size:
        image = _middle(image, *shape.size)
    elif shape.transform == "none":
        _check_proportions(image, shape.size)
    if shape.size and image.size != shape.size:
        image = image.resize(shape.size, Image.Resampling.LANCZOS)
    if shape.transform == "center-crop-wide" and shape.size:
        return _on_black(image)
    return image


def _check_proportions(image: Image.Image, size: tuple[int, int] | None) -> None:
    width, height = size or (1, 1)
    if image.width * height != image.height * width:
        ways = "--transform center-crop or stretch brings it there"
        raise PictureError(f"is {image.width}×{image.height}, not square; {ways}")


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the largest middle of a picture in the given proportions."""
    wide = min(image.width, round(image.height * width / height))
    high = min(image.height, round(image.width * height / width))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return image.crop((left, top, left + wide, top + high))


def _on_black(image: Image.Image) -> Image.Image:
    """Return a wide picture on a black square."""
    whole = Image.new(image.mode, (image.width, image.width))
    whole.paste(image, (0, (image.width - image.height) // 2))
    return whole


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return an image's levels, [C, H, W], 0 to 255."""
    levels = np.array(image, np.uint8)
    planes: NDArray[np.uint8] = levels[None] if levels.ndim == 2 else levels.transpose(2, 0, 1)
    return planes


def png(image: Image.Image) -> bytes:
    """Return an image as an uncompressed PNG, which is read fastest."""
    file = io.BytesIO()
    image.save(file, "png", compress_level=0, optimize=False)
    return file.getvalue()
