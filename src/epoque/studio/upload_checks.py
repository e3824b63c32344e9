"""Whether a file is what its ending says, found out before anything of it is decoded."""

import json
from pathlib import Path

from epoque.bench.errors import DataError
from epoque.bench.files.input_files import binary_kind
from epoque.bench.limits import (
    MAX_CSV_BYTES,
    MAX_DRAWING_BYTES,
    MAX_HEAVY_IMAGE_PIXELS,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_TENSORS_HEADER_BYTES,
)

__all__ = ["ENDINGS", "MAX_BYTES", "check_content"]

_PICTURES = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
_TEXTS = ("txt", "text", "tokens", "md", "jsonl", "ndjson")
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_LARGE = 2**30

MAX_BYTES = {
    "csv": MAX_CSV_BYTES,
    "json": MAX_DRAWING_BYTES,
    "parquet": 256 * 2**20,
    "zip": _LARGE,
    "safetensors": _LARGE,
    "pkl": _LARGE,
    **dict.fromkeys(_TEXTS, 256 * 2**20),
    **dict.fromkeys(_PICTURES, MAX_IMAGE_BYTES),
}
"""Ending to the most bytes that a file of it may have."""
ENDINGS = tuple(MAX_BYTES)


def check_content(path: Path, ending: str) -> None:
    """Look at a file's first bytes, of a picture at its size, of a drawing at all of it.

    Args:
        path: of the file, whatever its name.
        ending: what it is said to be.

    Raises:
        DataError: if it is something else, or too large to decode.
    """
    if ending in _PICTURES:
        _check_picture(path)
    elif ending in ("csv", "json", *_TEXTS):
        _check_text(path, ending)
    elif ending == "safetensors":
        _check_tensors(path)
    else:
        _check_first_bytes(path, ending)


def _check_picture(path: Path) -> None:
    """Read a picture's header alone, which tells its size."""
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                (width, height), kind = image.size, image.format
    except UnidentifiedImageError:
        raise DataError("The file is no picture of a kind that is read here.") from None
    except Image.DecompressionBombError:
        raise DataError(_too_many_pixels(MAX_IMAGE_PIXELS)) from None
    except Exception:  # whatever a decoder raises at a damaged header
        raise DataError("The picture is damaged.") from None
    limit = MAX_HEAVY_IMAGE_PIXELS if kind == "WEBP" else MAX_IMAGE_PIXELS
    if width * height > limit:
        raise DataError(_too_many_pixels(limit))


def _too_many_pixels(limit: int) -> str:
    return f"The picture has more than {limit / 1e6:,.0f} megapixels, which is the most."


def _check_text(path: Path, ending: str) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
    if kind := binary_kind(start):
        raise DataError(f"The file is no text: it is {kind}.")
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in start and not wide:
        raise DataError("The file is no text: it holds zero bytes.")
    if ending == "json":
        try:
            json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            raise DataError("The file is no JSON.") from None


def _check_tensors(path: Path) -> None:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        first = file.read(1)
    if not 2 <= size <= MAX_TENSORS_HEADER_BYTES or first != b"{":
        raise DataError("The file is no safetensors file.")


_MAGIC = {"zip": b"PK", "parquet": b"PAR1", "pkl": b"\x80"}
"""Pickles are read as data: nothing in them is run."""


def _check_first_bytes(path: Path, ending: str) -> None:
    with path.open("rb") as file:
        if not file.read(4).startswith(_MAGIC[ending]):
            raise DataError(f"The file is no {ending} file.")
