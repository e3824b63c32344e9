"""One reader for pictures: any kind comes upright with 8 bits, and none fills the memory."""

import io
import os
import struct
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from epoque.bench.errors import DataError
from epoque.bench.files.images import PictureError, decode, is_picture, other_pictures, read_picture
from epoque.bench.limits import MAX_HEAVY_IMAGE_PIXELS, MAX_IMAGE_PIXELS

LEVELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


def saved(levels: Any, kind: str = "png", **options: Any) -> bytes:
    image = levels if isinstance(levels, Image.Image) else Image.fromarray(np.asarray(levels))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def levels_of(data: bytes, background: tuple[int, int, int] | None = (255, 255, 255)) -> list[Any]:
    found: list[Any] = np.asarray(decode(data, background)).tolist()
    return found


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def huge_png(width: int, height: int) -> bytes:
    """A PNG that announces its size and holds nothing of it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def huge_webp(side: int) -> bytes:
    """A lossless WebP that announces its size and holds nothing of it."""
    bits = struct.pack("<BI", 0x2F, (side - 1) | (side - 1) << 14)
    content = b"WEBPVP8L" + struct.pack("<I", len(bits)) + bits + b"\0"
    return b"RIFF" + struct.pack("<I", len(content)) + content


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "webp", "ppm", "tga", "qoi"])
def test_kinds_without_loss(kind: str) -> None:
    options = {"lossless": True} if kind == "webp" else {}
    assert (np.asarray(decode(saved(LEVELS, kind, **options))) == LEVELS).all()


def test_modes() -> None:
    gray = LEVELS[..., 0]
    assert decode(saved(gray)).mode == "L"
    assert decode(saved(Image.fromarray(gray > 9))).mode == "L"
    palette = Image.fromarray(LEVELS).quantize(48)
    assert decode(saved(palette)).mode == "RGB"
    assert decode(saved(Image.fromarray(LEVELS).convert("CMYK"), "jpeg")).mode == "RGB"
    share = np.array([[0, 0.5, 1]], np.float32)
    assert levels_of(saved(share, "tiff")) == [[0, 128, 255]]
    for wrong in (-share, np.array([[np.nan]], np.float32), np.array([[65_536]], np.int32)):
        with pytest.raises(PictureError, match="levels below 0 or above 65535"):
            decode(saved(wrong, "tiff"))


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_become_the_nearest_eight(kind: str) -> None:
    deep = np.arange(65_536, dtype=np.uint16).reshape(512, 128)  # more than one strip of rows
    nearest = np.rint(np.arange(65_536) / 257).reshape(512, 128)
    assert levels_of(saved(deep, kind)) == nearest.tolist()


def test_transparent_pixels_show_the_background() -> None:
    levels = np.zeros((1, 3, 4), np.uint8)
    levels[..., 0], levels[..., 3] = 200, (255, 0, 51)
    assert levels_of(saved(levels), (100, 0, 255)) == [[[200, 0, 0], [100, 0, 255], [120, 0, 204]]]
    gray = np.array([[[80, 255], [80, 0]]], np.uint8)
    assert levels_of(saved(gray)) == [[80, 255]]
    assert levels_of(saved(gray), (255, 0, 0))[0][1] == [255, 0, 0]
    palette = Image.fromarray(LEVELS[..., 0]).convert("P")
    assert levels_of(saved(palette, transparency=0))[0][0] == [255, 255, 255]


def test_opacity_is_kept_where_it_is_asked_for() -> None:
    levels = np.zeros((300, 2, 4), np.uint8)
    levels[..., 3] = (255, 7)
    assert (np.asarray(decode(saved(levels), None)) == levels).all()
    assert decode(saved(LEVELS), None).mode == "RGB"


def test_photographs_are_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn to the right
    turned = decode(saved(LEVELS[:2], exif=exif))
    assert turned.size == (2, 4)
    assert (np.asarray(turned) == np.rot90(LEVELS[:2], -1)).all()


def test_the_first_of_several_frames() -> None:
    frames = [Image.new("L", (4, 4), level) for level in (10, 200, 90)]
    for kind in ("gif", "webp", "tiff", "png"):
        options = {"lossless": True} if kind == "webp" else {}
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert np.unique(np.asarray(decode(data).convert("L"))).tolist() == [10]


@pytest.mark.parametrize(
    "data",
    [
        huge_png(8192, 8193),
        huge_png(2**31 - 1, 2**31 - 1),
        huge_webp(9450),
        huge_webp(16384),
        b"P5 100000 100000 255 ",
    ],
)
def test_what_would_fill_the_memory_is_refused_unread(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"is too large; at most [\d,]+ pixels are read"):
        decode(data)


def test_the_limits_of_pixels_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_IMAGE_PIXELS == 2 * MAX_HEAVY_IMAGE_PIXELS == 8192**2
    monkeypatch.setattr("epoque.bench.files.images.MAX_IMAGE_PIXELS", 16)
    monkeypatch.setattr("epoque.bench.files.images.MAX_HEAVY_IMAGE_PIXELS", 15)
    assert decode(saved(LEVELS)).size == (4, 4)
    with pytest.raises(PictureError, match="has 4×4 pixels and is too large; at most 15 pixels"):
        decode(saved(LEVELS, "webp"))


def test_a_jpeg_of_endless_scans() -> None:
    data = saved(Image.new("L", (64, 64), 9), "jpeg", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    with pytest.raises(PictureError, match="far more scans than a JPEG of its size needs"):
        decode(data[:-2] + scan * 270_000 + b"\xff\xd9")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"hello", "is no picture"),
        (saved(LEVELS)[:-30], "is damaged"),
        (saved(np.zeros((64, 64, 3), np.uint8), "jpeg")[:600], "is damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript drawing, which"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "is an HEIC picture, which is not read; save it as PNG"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "is a film, which is not read"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "is a web page, which is not read"),
        (b"<svg xmlns='x'/>", "is an SVG drawing, which is not read"),
        (b"\0\0\1\0\1\0" + bytes(40), r"is an icon \(ICO\), which is not read"),
        (POINTER, "is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`"),
    ],
)
def test_what_cannot_be_decoded(data: bytes, told: str) -> None:
    with pytest.raises(PictureError, match=told) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


def test_an_icon_s_inner_picture_is_not_opened() -> None:
    inner = huge_png(13_000, 13_000)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22)
    with pytest.raises(PictureError, match="is an icon"):
        decode(struct.pack("<HHH", 0, 1, 1) + entry + inner)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(LEVELS))
    assert read_picture(tmp_path / "a.png").size == (4, 4)
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "pointer.png").write_bytes(POINTER)
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "fifo.png")
    told = {
        "text.png": "is no picture",
        "pointer.png": "is a pointer of Git LFS",
        "zero.png": "is a device",
        "fifo.png": "is a FIFO",
        "missing.png": "there is no such file",
    }
    for name, sentence in told.items():
        with pytest.raises(DataError, match=rf"{name}\b.*{sentence}.*\.$"):
            read_picture(tmp_path / name)


def test_warnings_of_many_threads_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    data = saved(LEVELS)
    threads = [threading.Thread(target=decode, args=(data,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_names() -> None:
    assert all(map(is_picture, ("a.png", "b/c.JPG", "d.webp", "e.tif", "f.jfif", "g.mpo")))
    assert not any(map(is_picture, ("a.txt", "dataset.json", "b.eps", "c.pdf", "d.ico", "png")))
    names = ["a.HEIC", "b.heic", "c.svg", "d.ico", "e.png", "f.txt", "g.CR2"]
    assert other_pictures(names) == {".heic": 2, ".svg": 1, ".ico": 1, ".cr2": 1}
