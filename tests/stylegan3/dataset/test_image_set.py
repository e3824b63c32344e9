"""Reading sets: indices, labels, mirror images, other processes."""

import json
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from drawn import picture

from epoque.bench.errors import DataError, UsageError
from epoque.stylegan3.dataset.image_set import ImageSet


@pytest.fixture
def ten(pack: Callable[..., Path]) -> Path:
    files = {f"{i}.png": picture(i) for i in range(10)}
    return pack(
        files | {"dataset.json": json.dumps({"labels": [[n, i % 3] for i, n in enumerate(files)]})}
    )


def test_pictures_and_labels(ten: Path):
    found = ImageSet(ten)
    assert (len(found), found.resolution, found.channels, found.label_dim) == (10, 8, 3, 3)
    image, label = found[4]
    assert (image.shape, image.dtype) == ((3, 8, 8), np.uint8)
    assert label.tolist() == [0, 1, 0]
    assert (found.image(-1) == found.image(9)).all()
    with pytest.raises(IndexError, match="There are 10 images; 10 is none"):
        found.image(10)
    assert ImageSet(ten, labels=False).label_dim == 0


def test_mirror_images_follow(ten: Path):
    found = ImageSet(ten, mirror=True)
    assert len(found) == 20
    assert (found.image(13) == found.image(3)[:, :, ::-1]).all()
    assert (found.label(13) == found.label(3)).all()


def test_a_part_chosen_by_seed(ten: Path):
    some = [ImageSet(ten, limit=4, seed=seed) for seed in (1, 1, 2)]
    assert some[0].names == some[1].names != some[2].names
    assert list(some[0].names) == sorted(some[0].names)
    assert len(some[0]) == len(some[0].labels) == 4
    assert some[0].label_dim == 3
    assert len(ImageSet(ten, limit=99)) == 10
    with pytest.raises(UsageError, match="limit: 0 is not allowed"):
        ImageSet(ten, limit=0)


def test_other_processes(ten: Path):
    """It goes to another process by pickle, and a forked one opens the zip anew."""
    found = ImageSet(ten)
    expected = [found.image(i) for i in range(10)]
    again = pickle.loads(pickle.dumps(found))
    assert all((again.image(i) == expected[i]).all() for i in range(10))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        theirs = list(pool.map(found.image, range(10)))
    assert np.array_equal(theirs, expected)


def test_gray(pack: Callable[..., Path]):
    found = ImageSet(pack({"a.png": picture(mode="L")}))
    assert (found.channels, found.image(0).shape) == (1, (1, 8, 8))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.txt": b""}, "holds no pictures"),
        ({"a.png": picture(0, 8, 4)}, r"a.png is 8×4 in colour, not square"),
        ({"a.png": b"?"}, r"a.png is no picture"),
        ({"a.png": picture(), "dataset.json": b'{"labels": [["b.png", 1]]}'}, "no label for a.png"),
        (
            {
                "a.png": picture(),
                "b.png": picture(),
                "dataset.json": b'{"labels": [["a.png", 1], ["b.png", [1.0]]]}',
            },
            "labels of several kinds",
        ),
    ],
)
def test_sets_that_cannot_be_used(pack: Callable[..., Path], files, told: str):
    with pytest.raises(DataError, match=told):
        ImageSet(pack(files))


def test_pictures_that_differ(pack: Callable[..., Path]):
    found = ImageSet(pack({"a.png": picture(), "b.png": picture(mode="L"), "c.png": b"?"}))
    with pytest.raises(DataError, match=r"not all alike: b.png is 8×8 in grey, the first 8×8 in c"):
        found.image(1)
    with pytest.raises(DataError, match=r"c.png is no picture"):
        found.image(2)
