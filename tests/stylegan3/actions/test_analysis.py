"""sticking, spectrum and layers as Python functions."""

from pathlib import Path

import numpy as np
import pytest
from small import small

import epoque
from epoque import stylegan3
from epoque.stylegan3.networks.store import save_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    save_network(small().generator, tmp_path / "t")
    return tmp_path / "t.json"


def test_layers_are_named_and_one_is_drawn(network: Path, tmp_path: Path) -> None:
    names = stylegan3.layers(network=network).names
    assert names[0] == "input"
    drawn = stylegan3.layers(network=network, layer="input", out=tmp_path / "layer")
    assert drawn.figure is not None
    assert drawn.figure.png.is_file()


def test_spectra_are_returned_and_read_again(network: Path, tmp_path: Path) -> None:
    one = stylegan3.spectrum(network, images=2, out=tmp_path / "one")
    two = stylegan3.spectrum(one.npz[0], network, images=2, out=tmp_path / "two")
    assert [path.name for path in two.npz] == ["two-1.npz", "two-2.npz"]
    np.testing.assert_allclose(two.spectra[0].power, two.spectra[1].power)


def test_a_slice_through_time(network: Path, tmp_path: Path) -> None:
    files = stylegan3.sticking(
        network=network, against=network, frames=3, out=tmp_path / "slice", dark=True
    )
    assert files.svg.is_file()
    with pytest.raises(epoque.ConfigError, match=r"^row: 2 is not allowed"):
        stylegan3.sticking(network=network, row=2)


def test_all_networks_are_opened_before_one_is_measured(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[object] = []
    for name in ("slices.space_time", "spectrum.network_spectrum"):
        monkeypatch.setattr(
            f"epoque.stylegan3.measures.{name}", lambda *args, **_: measured.append(args)
        )
    with pytest.raises(epoque.UnknownNameError, match="nope"):
        stylegan3.sticking(network=network, against="nope")
    with pytest.raises(epoque.UnknownNameError, match="nope"):
        stylegan3.spectrum(network, "nope", images=2)
    assert measured == []
