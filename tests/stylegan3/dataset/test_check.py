"""What is wrong with a set is told, all of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import picture

from epoque.bench.errors import DataError
from epoque.stylegan3.dataset.check import check_dataset


def test_a_good_set(golden: Path):
    found = check_dataset(golden / "dataset_out_scale32.zip")
    assert (found.count, found.resolution, found.channels) == (64, 32, 3)
    assert (found.label_dim, found.classes) == (2, (32, 32))
    assert found.problems == found.remarks == ()


def test_all_problems_at_once(pack: Callable[..., Path]):
    files: dict[str, bytes | str] = {f"{i}.png": picture(i, 16, 16) for i in range(5)}
    files |= {"5.png": picture(0, 32, 32), "6.png": picture(0, 16, 16, "L"), "7.png": b"?"}
    files |= {f"x{i}.png": b"?" for i in range(5)}
    files |= {"8.png": picture(1, 16, 16), "note.txt": "hello", "a.heic": "", "b.HEIC": ""}
    files |= {"c.svg": ""}
    labels = [[name, 3] for name in files if name.endswith(".png")] + [["gone.png", 0]]
    files["dataset.json"] = json.dumps({"labels": labels})
    told: list[tuple[int, int]] = []
    found = check_dataset(pack(files), lambda *step: told.append(step))
    assert told[-1] == (14, 14)
    assert found.count == 8
    assert found.problems == (
        "7.png is no picture.",
        "x0.png is no picture.",
        "x1.png is no picture.",
        "3 more pictures cannot be read.",
        "Of another size or colour than most: 5.png (32×32 in colour).",
        "Of another size or colour than most: 6.png (16×16 in grey).",
    )
    assert found.remarks == (
        "dataset.json labels gone.png, which is not there (1 such).",
        "No picture has class 0 of 0 to 3 (3 such).",
        "1 pictures are there several times.",
        "3 pictures (2 .heic, 1 .svg) are left out: their kinds are not read; save them as PNG or "
        "JPEG.",
        "note.txt is no picture, and is left out.",
    )


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.png": picture(0, 12, 12)}, "the side must be a power of two from 16"),
        ({"a.png": picture(0, 8, 8)}, "the side must be a power of two from 16"),
        ({"a.png": picture(0, 16, 8)}, "not square"),
        ({"a.txt": b""}, "There are no pictures."),
        ({"a.png": picture(), "dataset.json": b"{"}, "it is no JSON"),
        ({"a.png": picture(), "dataset.json": b'{"labels": [["b", 0]]}'}, "no label for a.png"),
    ],
)
def test_single_problems(pack: Callable[..., Path], files, told: str):
    assert any(told in problem for problem in check_dataset(pack(files)).problems)


def test_vectors_that_are_all_the_same(pack: Callable[..., Path]):
    labels = {"labels": [["a.png", [1, 2]], ["b.png", [1, 2]]]}
    files = {"a.png": picture(), "b.png": picture(1), "dataset.json": json.dumps(labels)}
    found = check_dataset(pack(files))
    assert (found.label_dim, found.classes) == (2, ())
    assert found.remarks == ("All labels are the same.",)


def test_pictures_that_are_not_square(pack: Callable[..., Path]):
    found = check_dataset(pack({"a.png": picture(0, 64, 96), "b.png": picture(1, 64, 96)}))
    assert (found.width, found.height, found.sizes, found.resolution) == (64, 96, 1, 0)
    assert found.problems == ("The pictures are 64×96 in colour, not square.",)
    none = check_dataset(pack({"a.txt": ""}))
    assert (none.width, none.height, none.sizes, none.resolution, none.count) == (0, 0, 0, 0, 0)


def test_no_zip(tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        check_dataset(tmp_path / "x.zip")
