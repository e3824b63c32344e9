"""A film as frames and words: a page plays it, a printed page shows some of its frames in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Film", "encode_sheet", "encode_strip"]

Pixels = NDArray[np.uint8]

MOST_SIDE = 16_383
"""Pixels of a WebP's side."""
STILLS = 5
"""Frames in a row on paper."""
GAP = 12  # pixels between two stills
PAPER = 255
QUALITY = 65  # of WebP, 0 to 100
MOST_COLORS = 256  # up to so many, flat pictures take fewer bytes without loss


@dataclass(frozen=True)
class Film:
    """Frames with what each shows.

    Attributes:
        frames: pictures in their order, uint8 [height, width, 3], all of one size.
        moments: what a reader calls each of them, such as "iteration 200".
        frame_ms: how long each stays, in milliseconds.
        stills: how many frames stand in a row on paper; fewer where words are to be read in them.
    """

    frames: Sequence[Pixels]
    moments: Sequence[str]
    frame_ms: int = 120
    stills: int = STILLS

    def __post_init__(self) -> None:
        assert 0 < len(self.frames) == len(self.moments)
        assert len({frame.shape for frame in self.frames}) == 1, "frames differ in size"


def encode_sheet(film: Film) -> bytes:
    """Return all frames below one another as WebP: a player shows one of them at a time."""
    assert len(film.frames) * film.frames[0].shape[0] <= MOST_SIDE, "too many frames for a sheet"
    return _encode(np.concatenate(list(film.frames)), "WEBP")


def encode_strip(film: Film) -> bytes:
    """Return some frames side by side as PNG, the first and the last among them."""
    count = min(film.stills, len(film.frames))
    places = np.linspace(0, len(film.frames) - 1, count).round().astype(int)
    height = film.frames[0].shape[0]
    gap = np.full((height, GAP, 3), PAPER, np.uint8)
    pieces: list[Pixels] = []
    for place in places:
        pieces += [film.frames[place], gap]
    return _encode(np.concatenate(pieces[:-1], axis=1), "PNG")


def _encode(pixels: Pixels, kind: str) -> bytes:
    from PIL import Image

    image, buffer = Image.fromarray(np.ascontiguousarray(pixels)), BytesIO()
    if kind == "PNG":
        image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
    lossy = _webp(image, quality=QUALITY, method=4)
    if image.getcolors(MOST_COLORS) is None:
        return lossy
    return min(lossy, _webp(image, lossless=True, quality=60, method=4), key=len)


def _webp(image: "Image.Image", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()
