"""The tool that teaches a new generator to copy portraits."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from epoque.stylegan3 import networks
from epoque.stylegan3.dataset.avatars import make_avatars
from epoque.stylegan3.dataset.image_set import ImageSet
from epoque.stylegan3.dataset.portraits import BEARDLESS, sample_portrait

from ..small import small

TOOL = Path(__file__).parents[3] / "tools" / "warm_start.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("warm_start", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("portraits") / "portraits.zip"
    make_avatars(path, 96, 16)
    return ImageSet(path)


@pytest.fixture(scope="module")
def portraits(tool, images):
    tool.POOL = 6000
    return tool.Portraits(len(images), 64, 0)


def test_its_random_numbers_are_those_of_use(portraits):
    z = portraits.numbers(*next(portraits.rows(4000))).numpy()
    assert abs(z.mean()) < 0.05
    np.testing.assert_allclose(z.std(0), 1, atol=0.25)


def test_they_say_what_a_portrait_shows(tool, portraits):
    assert len(portraits.kinds) == 12
    for kind in portraits.kinds:
        drawn = np.array([len(pool) for pool in kind.pools]) / tool.POOL
        had = np.bincount(kind.values[kind.values != tool.UNSEEN])
        np.testing.assert_allclose(drawn, had / had.sum(), atol=0.02)
        numbers = np.concatenate(kind.pools)
        assert len(np.unique(numbers, axis=0)) == len(numbers) == tool.POOL


def test_a_beard_that_the_hair_forbids_is_not_told(tool):
    hair, beard, *_ = tool.shown(300)
    unseen = beard == tool.UNSEEN
    assert 0 < unseen.sum() < len(beard)
    assert {
        sample_portrait(0, int(row)).values["hair"] for row in np.nonzero(unseen)[0]
    } == BEARDLESS
    assert (hair != tool.UNSEEN).all()


def test_copying_learns_and_goes_on(tool, images, portraits, tmp_path):
    tool.MAPPING_STEPS = 300
    pupil = tool.Pupil(networks.init_generator(small("t", z_dim=64).generator.spec, 0), portraits)
    torch.manual_seed(0)
    rows, mirrored = np.arange(64), np.zeros(64, bool)
    wanted = torch.from_numpy(np.stack([images.image(row) for row in rows]))

    def away():
        with torch.no_grad():
            return float(pupil._away(rows, mirrored, wanted))

    before = away()
    assert list(pupil.copy(images, 0.4, 8, 0.01)) == [0.4]
    after = away()
    assert after < 0.7 * before
    assert pupil.teach(300) < 0.9
    pupil.save(tmp_path / "first.json", {"seconds": 1})
    again = tool.Pupil(networks.init_generator(pupil.generator.spec, 1), portraits)
    assert again.load(tmp_path / "first.json") == {"seconds": 1}
    pupil = again
    assert away() == pytest.approx(after, rel=0.05)
