"""A picture is brought to the wanted size, and written."""

import numpy as np
import pytest
from drawn import picture
from PIL import Image

from epoque.bench.errors import UsageError
from epoque.stylegan3.dataset.preprocess import (
    CropOptions,
    PictureError,
    crop_and_scale,
    decode,
    encode_png,
    parse_background,
    to_array,
)

LEVELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5


def test_colors():
    assert parse_background("black") == (0, 0, 0)
    assert parse_background("#10ff20") == (16, 255, 32)
    with pytest.raises(UsageError, match="background: whitish is not a colour"):
        parse_background("whitish")


@pytest.mark.parametrize("width", [9, 12])
@pytest.mark.parametrize("height", [9, 8])
def test_center_crop(width: int, height: int):
    image = decode(picture(1, width, height))
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    found = to_array(crop_and_scale(image, CropOptions(None, "center-crop")))
    assert (found == to_array(image)[:, top : top + side, left : left + side]).all()


def test_wide_center_crop():
    """16 × 12 into 8 × 4: the middle 16 × 8 halved, black above and below."""
    white = Image.new("RGB", (16, 12), "white")
    found = to_array(crop_and_scale(white, CropOptions((8, 4), "center-crop-wide")))
    assert found.shape == (3, 8, 8)
    assert (found[:, :2] == 0).all()
    assert (found[:, 2:6] == 255).all()
    assert (found[:, 6:] == 0).all()
    narrow = crop_and_scale(Image.new("L", (8, 16), 255), CropOptions((8, 4), "center-crop-wide"))
    assert to_array(narrow).mean() == 127.5


def test_proportions_are_kept_unless_told():
    image = decode(picture(0, 8, 4))
    with pytest.raises(PictureError, match="is 8×4, not square; --transform center-crop or str"):
        crop_and_scale(image, CropOptions((4, 4)))
    assert crop_and_scale(image, CropOptions((4, 4), "stretch")).size == (4, 4)
    square = decode(picture(0, 8, 8))
    assert crop_and_scale(square, CropOptions((4, 4))).size == (4, 4)
    assert crop_and_scale(square, CropOptions((8, 8))) is square


def test_the_written_file_is_uncompressed():
    image = decode(picture(0, 64, 64))
    data = encode_png(image)
    assert len(data) > 64 * 64 * 3
    assert (np.asarray(decode(data)) == np.asarray(image)).all()
