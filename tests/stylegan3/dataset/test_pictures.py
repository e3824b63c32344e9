"""Any picture becomes grey or colour, upright, of the wanted size."""

import numpy as np
import pytest
from drawn import picture, saved
from PIL import Image

from epoque.bench.errors import UsageError
from epoque.stylegan3.dataset.pictures import (
    PictureError,
    Shape,
    background_colour,
    decode,
    is_picture,
    pixels,
    png,
    shaped,
)

LEVELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "webp", "ppm", "tga", "qoi"])
def test_kinds_without_loss(kind: str):
    options = {"lossless": True} if kind == "webp" else {}
    assert (np.asarray(decode(saved(LEVELS, kind, **options))) == LEVELS).all()


def test_modes():
    grey = LEVELS[..., 0]
    assert decode(saved(grey)).mode == "L"
    assert decode(saved(Image.fromarray(grey > 9))).mode == "L"
    palette = Image.fromarray(LEVELS).quantize(48)
    assert decode(saved(palette)).mode == "RGB"
    assert decode(saved(Image.fromarray(LEVELS).convert("CMYK"), "jpeg")).mode == "RGB"
    deep = np.array([[0, 257, 65_535], [256, 128, 129]], np.uint16)
    assert pixels(decode(saved(deep))).tolist() == [[[0, 1, 255], [1, 0, 1]]]
    share = np.array([[0, 0.5, 1]], np.float32)
    assert pixels(decode(saved(share, "tiff"))).tolist() == [[[0, 128, 255]]]
    with pytest.raises(PictureError, match="levels below 0"):
        decode(saved(-share, "tiff"))


def test_transparent_pixels_show_the_background():
    levels = np.zeros((1, 3, 4), np.uint8)
    levels[..., 0], levels[..., 3] = 200, (255, 0, 51)
    seen = pixels(decode(saved(levels), (100, 0, 255)))
    assert seen[:, 0, 0].tolist() == [200, 0, 0]
    assert seen[:, 0, 1].tolist() == [100, 0, 255]
    assert seen[:, 0, 2].tolist() == [120, 0, 204]
    grey = np.array([[[80, 255], [80, 0]]], np.uint8)
    assert pixels(decode(saved(grey))).tolist() == [[[80, 255]]]
    palette = Image.fromarray(LEVELS[..., 0]).convert("P")
    kept = saved(palette, transparency=0)
    assert pixels(decode(kept))[:, 0, 0].tolist() == [255, 255, 255]


def test_colours():
    assert background_colour("black") == (0, 0, 0)
    assert background_colour("#10ff20") == (16, 255, 32)
    with pytest.raises(UsageError, match="--background: whitish is not a colour"):
        background_colour("whitish")


def test_photographs_are_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn to the right
    turned = decode(saved(LEVELS[:2], exif=exif))
    assert turned.size == (2, 4)
    assert (np.asarray(turned) == np.rot90(LEVELS[:2], -1)).all()


@pytest.mark.parametrize("width", [9, 12])
@pytest.mark.parametrize("height", [9, 8])
def test_centre_crop(width: int, height: int):
    image = decode(picture(1, width, height))
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    found = pixels(shaped(image, Shape(None, "center-crop")))
    assert (found == pixels(image)[:, top : top + side, left : left + side]).all()


def test_wide_centre_crop():
    """16 × 12 into 8 × 4: the middle 16 × 8 halved, black above and below."""
    white = Image.new("RGB", (16, 12), "white")
    found = pixels(shaped(white, Shape((8, 4), "center-crop-wide")))
    assert found.shape == (3, 8, 8)
    assert (found[:, :2] == 0).all()
    assert (found[:, 2:6] == 255).all()
    assert (found[:, 6:] == 0).all()
    narrow = shaped(Image.new("L", (8, 16), 255), Shape((8, 4), "center-crop-wide"))
    assert pixels(narrow).mean() == 127.5


def test_proportions_are_kept_unless_told():
    image = decode(picture(0, 8, 4))
    with pytest.raises(PictureError, match="is 8×4, not square; --transform center-crop or str"):
        shaped(image, Shape((4, 4)))
    assert shaped(image, Shape((4, 4), "stretch")).size == (4, 4)
    square = decode(picture(0, 8, 8))
    assert shaped(square, Shape((4, 4))).size == (4, 4)
    assert shaped(square, Shape((8, 8))) is square


def test_the_written_file_is_uncompressed():
    image = decode(picture(0, 64, 64))
    data = png(image)
    assert len(data) > 64 * 64 * 3
    assert (np.asarray(decode(data)) == np.asarray(image)).all()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no picture"),
        (b"hello", "is no picture"),
        (picture()[:-30], "is damaged"),
        (picture(0, 64, 64, kind="jpeg")[:600], "is damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture"),
    ],
)
def test_what_cannot_be_decoded(data: bytes, told: str):
    with pytest.raises(PictureError, match=told) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


def test_a_picture_that_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(PictureError, match="is too large"):
        decode(picture(0, 11, 11))


def test_names():
    assert all(map(is_picture, ("a.png", "b/c.JPG", "d.webp", "e.tif", "f.avif")))
    assert not any(map(is_picture, ("a.txt", "dataset.json", "b.eps", "c.pdf", "png")))
