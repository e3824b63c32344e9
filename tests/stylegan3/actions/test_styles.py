"""directions and project as Python functions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import small

import epoque
from epoque import stylegan3
from epoque.stylegan3.networks.store import save_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    save_network(small().generator, tmp_path / "t")
    return tmp_path / "t.json"


def test_directions_are_found_and_applied(network: Path, tmp_path: Path) -> None:
    found = stylegan3.directions(
        network=network, components=2, samples=50, layers=[0, 1], out=tmp_path / "found"
    )
    assert found.directions.vectors.shape == (2, 8)
    used = stylegan3.directions(network=network, use=found.npz, seed=3, out=tmp_path / "used")
    np.testing.assert_array_equal(used.directions.vectors, found.directions.vectors)
    with pytest.raises(epoque.ConfigError, match=r"^labels: it would be ignored"):
        stylegan3.directions(use=found.npz, labels="labels.csv")


def test_a_projection_is_returned(network: Path, tmp_path: Path) -> None:
    Image.new("RGB", (20, 16), "teal").save(tmp_path / "teal.png")
    result = stylegan3.project(
        tmp_path / "teal.png", network=network, steps=2, steps_plus=1, out=tmp_path / "p"
    )
    assert len(result.projection.losses) == 3
    assert result.npz.is_file()
    assert result.features == ""
    with pytest.raises(epoque.ConfigError, match=r"^vgg: `perceptual none` would ignore it"):
        stylegan3.project("teal.png", perceptual="none", vgg="vgg.pkl")
