"""Average power spectra of images and of layers' signals."""

import numpy as np
import pytest
import torch
from golden import golden, needs_golden, network_of
from PIL import Image
from small import small

from epoque.bench.errors import DataError, UnknownNameError, UsageError
from epoque.bench.figures.plot import encode_svg, figure_style
from epoque.stylegan3.generation.activations import (
    activation_figure,
    layer_names,
    record_activation,
)
from epoque.stylegan3.generation.synthesis import map_seeds, synthesize_image
from epoque.stylegan3.loading import LoadedGenerator
from epoque.stylegan3.measures import spectrum as spectra


def _noise(count=40, size=32):
    rng = np.random.default_rng(1)
    levels = 128 + 40 * rng.standard_normal((count, size, size, 3))
    return [image.clip(0, 255).astype(np.uint8) for image in levels]


def test_white_noise_has_a_power_of_one_everywhere():
    found = spectra.compute_spectrum(_noise(), "noise")
    assert found.power.shape == (128, 128)
    assert (found.size, found.images) == (32, 40)
    assert found.power.mean() == pytest.approx(1, abs=0.02)
    away = abs(np.fft.fftshift(np.fft.fftfreq(128))) > 0.02
    assert 0.6 < found.power[away][:, away].min() < found.power.max() < 1.6


def test_the_transform_is_the_plain_one_of_standardised_images():
    images = _noise(3, 16)
    found = spectra.compute_spectrum(images)
    levels = np.stack(images).astype(np.float64) / 127.5 - 1
    assert found.mean == pytest.approx(levels.mean())
    assert found.std == pytest.approx(levels.std())
    window = np.outer(np.kaiser(16, 8), np.kaiser(16, 8))
    window /= np.sqrt((window**2).sum())
    standard = (levels - levels.mean()) / levels.std()
    parts = np.fft.fft2(np.moveaxis(standard, 3, 1) * window, (64, 64))
    wanted = np.fft.fftshift((abs(parts) ** 2).mean((0, 1)))
    np.testing.assert_allclose(found.power, wanted, rtol=1e-9, atol=1e-9)


def test_a_wave_stands_at_its_frequency():
    x = np.arange(32)
    image = np.rint(128 + 100 * np.cos(2 * np.pi * 6 * x / 32)).astype(np.uint8)
    upright = np.broadcast_to(image[None, :, None], (32, 32, 1)).copy()
    found = spectra.compute_spectrum([upright])
    frequency, power = spectra.slice_spectrum(found, 0)
    assert frequency[power.argmax()] == 6
    diagonal, weak = spectra.slice_spectrum(found, 45)
    assert weak[diagonal > 4].max() < power.max() / 1e3
    peak = np.argwhere(found.power == found.power.max())
    assert {tuple(place) for place in peak} <= {(64, 64 + 24), (64, 64 - 24)}


def test_of_a_network_and_of_the_folder_of_its_images(tmp_path):
    opened = small()
    for seed in range(3, 7):
        pixels = synthesize_image(opened.generator, map_seeds(opened.generator, [seed])[0])
        Image.fromarray(pixels).save(tmp_path / f"{seed}.png")
    told = []
    one = spectra.network_spectrum(opened, 4, first=3, progress=lambda *way: told.append(way))
    other = spectra.file_spectrum(tmp_path)
    assert told[-1] == (4, 4)
    np.testing.assert_allclose(one.power, other.power)
    assert (one.name, other.name) == ("t", tmp_path.name)
    assert spectra.file_spectrum(tmp_path, 2).images == 2


def test_a_spectrum_is_kept(tmp_path):
    found = spectra.compute_spectrum(_noise(2, 8), "noise")
    spectra.write_spectrum(found, tmp_path / "a.npz")
    again = spectra.read_spectrum(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.power, found.power)
    assert (again.size, again.images, again.name) == (8, 2, "noise")
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        spectra.read_spectrum(tmp_path / "b.npz")


def test_what_has_no_spectrum_is_told():
    with pytest.raises(DataError, match="no images"):
        spectra.compute_spectrum([])
    with pytest.raises(DataError, match="flat colour"):
        spectra.compute_spectrum([np.full((8, 8, 3), 7, np.uint8)])
    with pytest.raises(DataError, match="the first"):
        spectra.compute_spectrum([*_noise(1, 8), *_noise(1, 16)])
    with pytest.raises(UsageError, match="at least one image"):
        spectra.network_spectrum(small(), 0)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_spectra_are_drawn(language):
    found = [spectra.compute_spectrum(_noise(2, 16), name) for name in ("one", "two")]
    with figure_style("dark"):
        assert len(encode_svg(spectra.spectrum_map_figure(found[0], language))) > 5000
        figure = spectra.spectrum_slices_figure(found, language)
        assert len(encode_svg(figure)) > 5000
    assert [line.get_label() for line in figure.axes[0].lines] == ["one", "two"]


@needs_golden
def test_signals_are_those_of_the_official_network():
    reference = golden("tiny_t")
    opened = LoadedGenerator(
        network_of("tiny_t").eval().requires_grad_(False), "t", torch.device("cpu")
    )
    for layer in ("input", "L5_52_32"):
        found = record_activation(opened, layer, 2).channels
        wanted = reference[f"act_stride_c4_y4_x4/{layer}"]
        np.testing.assert_allclose(found[::4, ::4, ::4], wanted, rtol=1e-3, atol=1e-3)


def test_layers_by_name():
    opened = small()
    names = layer_names(opened.generator)
    assert names[0] == "input"
    assert len(names) == 6
    found = record_activation(opened, names[2], 1)
    assert found.channels.ndim == 3
    assert found.spectrum.shape == tuple(4 * side for side in found.channels.shape[1:])
    image = record_activation(opened, names[-1], 1).channels * opened.generator.spec.output_scale
    pixels = np.clip(image * 127.5 + 128, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    np.testing.assert_array_equal(
        pixels, synthesize_image(opened.generator, map_seeds(opened.generator, [1])[0])
    )
    with pytest.raises(UnknownNameError, match=f"There are input, {names[1]}"):
        record_activation(opened, "L99", 1)


def test_layers_of_stylegan2_are_drawn():
    opened = small("stylegan2")
    assert layer_names(opened.generator)[:3] == ["b4.conv1", "b4.torgb", "b8.conv0"]
    found = record_activation(opened, "b8.conv1", 1)
    with figure_style():
        assert len(encode_svg(activation_figure(found, "fr", most=4))) > 5000
        with pytest.raises(UsageError, match="at least one is shown"):
            activation_figure(found, most=0)
