"""Pictures that users name: decoded within limits, upright, as grey or colour of 8 bits.

Kind, bytes and pixels are checked in a file's first bytes, before anything is decoded: a file of
200 kB may announce a picture that fills the memory.
"""

import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import DataError, first_line
from ..limits import MAX_HEAVY_IMAGE_PIXELS, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_JPEG_SCAN_PIXELS
from .input_files import describe_pointer, read_regular

__all__ = ["PictureError", "decode", "is_picture", "other_pictures", "read_picture"]

Color = tuple[int, int, int]

_KINDS = frozenset(
    {
        "AVIF",
        "BMP",
        "DIB",
        "GIF",
        "JPEG",
        "JPEG2000",
        "MPO",
        "PCX",
        "PNG",
        "PPM",
        "PSD",
        "QOI",
        "SGI",
        "TGA",
        "TIFF",
        "WEBP",
    }
)
"""Pillow's formats that are read: no program is asked for help, no other picture lies inside."""

_HEAVY = frozenset({"AVIF", "JPEG2000", "WEBP"})
"""Formats whose decoders hold a picture several times."""

_OTHER_ENDINGS = frozenset(
    {
        *(".ai", ".arw", ".cr2", ".cr3", ".cur", ".dng", ".emf", ".eps", ".exr", ".hdr", ".heic"),
        *(".heif", ".hif", ".icns", ".ico", ".jxl", ".jxr", ".nef", ".orf", ".pdf", ".psb", ".raf"),
        *(".raw", ".rw2", ".svg", ".svgz", ".wmf", ".xcf"),
    }
)
"""Of pictures in formats that neither Pillow nor this module reads."""

_OTHER_SIGNS = (
    (b"%PDF", "a PDF"),
    (b"\0\0\1\0", "an icon (ICO)"),
    (b"icns", "an icon (ICNS)"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or another XML file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"%!PS", "a PostScript drawing"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
)

_BRANDS = dict.fromkeys((b"hei", b"hev", b"mif", b"msf"), "an HEIC picture") | {
    b"avi": "an AVIF picture",
    b"crx": "a camera's raw file",
}

_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_STRIP = 256
"""Rows that are converted at a time: what is needed on the way stays small."""


class PictureError(Exception):
    """Why a file is no usable picture, to follow its name."""


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(sorted(_KINDS & set(Image.OPEN)))


@cache
def _endings() -> frozenset[str]:
    extensions = Image.registered_extensions()
    return frozenset(ending for ending, kind in extensions.items() if kind in {*_formats(), "MPO"})


def is_picture(name: str) -> bool:
    """Tell by a file's name whether it is a picture that can be read."""
    return PurePosixPath(name).suffix.lower() in _endings()


def other_pictures(names: Iterable[str]) -> Counter[str]:
    """Count the files that are pictures by their endings, but of kinds that are not read."""
    endings = (PurePosixPath(name).suffix.lower() for name in names)
    others = _OTHER_ENDINGS | (Image.registered_extensions().keys() - _endings())
    return Counter(ending for ending in endings if ending in others)


def read_picture(path: Path, background: Color | None = (255, 255, 255)) -> Image.Image:
    """Read a picture's file; see `decode`.

    Raises:
        DataError: if it is no regular file, too large, of a kind that is not read, or damaged.
    """
    try:
        return decode(read_regular(path, MAX_IMAGE_BYTES), background)
    except PictureError as error:
        raise DataError(f"{path} {error}.") from None


def decode(data: bytes, background: Color | None = (255, 255, 255)) -> Image.Image:
    """Return a picture, upright, with 8 bits: grey (L) or colour (RGB), or RGBA (see below).

    Transparent pixels are laid over the background; of an animation the first frame is taken;
    16-bit levels become 8-bit ones; palettes and CMYK become RGB.

    Args:
        data: the file.
        background: red, green, blue; None keeps the opacity, and what has any is RGBA.

    Raises:
        PictureError: if it is too large or cannot be decoded whole.
    """
    try:
        with _QUIET, Image.open(io.BytesIO(data), formats=_formats()) as opened:
            _check_size(opened, data)
            opened.load()
            return _to_plain(ImageOps.exif_transpose(opened), background)
    except UnidentifiedImageError:
        raise PictureError(_other_kind(data)) from None
    except (Image.DecompressionBombError, MemoryError):
        raise PictureError(_too_large(MAX_IMAGE_PIXELS)) from None
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds
        raise PictureError(f"is damaged ({first_line(error)})") from None


def _check_size(opened: Image.Image, data: bytes) -> None:
    most = MAX_HEAVY_IMAGE_PIXELS if opened.format in _HEAVY else MAX_IMAGE_PIXELS
    count = opened.width * opened.height
    if count > most:
        raise PictureError(f"has {opened.width:,}×{opened.height:,} pixels and {_too_large(most)}")
    # Each scan of a progressive JPEG goes over all pixels; two bytes may begin another one.
    if opened.format in ("JPEG", "MPO") and count * data.count(b"\xff\xda") > MAX_JPEG_SCAN_PIXELS:
        raise PictureError("has far more scans than a JPEG of its size needs")


def _too_large(most: int) -> str:
    return f"is too large; at most {most:,} pixels are read"


def _other_kind(data: bytes) -> str:
    """Tell what a file is that is no picture which can be read."""
    if not data:
        return "is empty"
    if pointer := describe_pointer(data):
        return pointer
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for sign, kind in _OTHER_SIGNS if start.startswith(sign.lower())), "")
    if data[4:8] == b"ftyp":
        kind = _BRANDS.get(data[8:11], "a film")
    return f"is {kind}, which is not read; save it as PNG or JPEG" if kind else "is no picture"


class _Quiet:
    """Silences Pillow's warnings on metadata that is not used, while any thread decodes."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._warnings = warnings.catch_warnings()
                self._warnings.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._warnings.__exit__(None, None, None)


_QUIET = _Quiet()


def _to_plain(image: Image.Image, background: Color | None) -> Image.Image:
    """Return an image as L or RGB, or as RGBA if its opacity is kept."""
    if image.mode in _DEEP:
        return _to_eight_bits(image)
    if image.has_transparency_data:
        if background is None:
            return image.convert("RGBA")
        gray = image.mode == "LA" and len(set(background)) == 1
        mode = "L" if gray else "RGB"
        return _composite_strips(image, mode, lambda strip: _over(strip, background).convert(mode))
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _over(image: Image.Image, background: Color) -> Image.Image:
    below = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")


def _composite_strips(
    image: Image.Image, mode: str, convert: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Convert an image a few rows at a time."""
    whole = Image.new(mode, image.size)
    for top in range(0, image.height, _STRIP):
        box = 0, top, image.width, min(image.height, top + _STRIP)
        whole.paste(convert(image.crop(box)), box)
    return whole


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Return a deep grey image with 8 bits: whole numbers are taken as 0 … 65535."""
    levels = np.asarray(image)
    low, high = levels.min(), levels.max()
    if not 0 <= low <= high <= 65_535:  # false for NaN, too
        raise PictureError("has levels below 0 or above 65535")
    from_one = image.mode == "F" and high <= 1

    def scale(top: int) -> NDArray[Any]:
        strip = levels[top : top + _STRIP].astype(np.float64)
        return np.floor((strip * 255 if from_one else strip / 257) + 0.5).astype(np.uint8)

    return Image.fromarray(np.concatenate([scale(top) for top in range(0, len(levels), _STRIP)]))
