"""Pictures for tests."""

import io
from typing import Any

import numpy as np
from PIL import Image


def picture(
    seed: int = 0, width: int = 8, height: int = 8, mode: str = "RGB", kind: str = "png"
) -> bytes:
    """Return a file with random levels."""
    bands = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    shape = height, width, *bands
    return save(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), kind)


def save(levels: Any, kind: str = "png", **options: Any) -> bytes:
    """Return an image, or an array of levels, as a file."""
    image = levels if isinstance(levels, Image.Image) else Image.fromarray(np.asarray(levels))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
