"""Translation and rotation of images: reference numbers, ideal signals, masks."""

import numpy as np
import pytest
import torch
from golden import golden, needs_golden

from epoque.stylegan3.measures.operators import (
    filter_rotated_band,
    pseudo_rotate,
    rotate,
    translate_fractional,
    translate_integer,
)

SIZE = 48
OPERATORS = {
    "integer": lambda images: translate_integer(images, 3, -2),
    "fractional": lambda images: translate_fractional(images, 3.2, -0.96),
    "rotation": lambda images: rotate(images, 0.4),
    "pseudo-rotation": lambda images: pseudo_rotate(images, 0.4),
}


def waves(x, y, highest=0.3, count=40):
    """A signal of two channels at places in pixels: waves up to a share of a cycle per pixel."""
    rng = np.random.default_rng(5)
    radius, angle = highest * np.sqrt(rng.random((2, count))), rng.random((2, count)) * 2 * np.pi
    phase = rng.random((2, count))
    across, down = radius * np.cos(angle), radius * np.sin(angle)
    turns = np.multiply.outer(across, x) + np.multiply.outer(down, y) + phase[..., None, None]
    return np.sin(2 * np.pi * turns).sum(1)[None] / np.sqrt(count / 2)  # of variance 1


def grid():
    place = np.arange(SIZE) - (SIZE - 1) / 2
    return np.meshgrid(place, place)


def psnr(images, expected, mask):
    """Decibels where a mask is true, against the signal's own power."""
    assert mask.any()
    error = (images - torch.from_numpy(expected))[..., mask].square().mean()
    return float(-10 * torch.log10(error))


# Reference numbers


@needs_golden
@pytest.mark.parametrize(
    ("name", "operator", "tolerance"),
    [("int", "integer", 0), ("frac", "fractional", 5e-7), ("pseudo0.4", "pseudo-rotation", 5e-7)],
)
def test_the_official_operators_give_the_same(name, operator, tolerance):
    arrays = golden("augment_equivariance")
    images, mask = OPERATORS[operator](arrays.tensor("x"))
    assert (images - arrays.tensor(f"eq/{name}")).abs().max() <= tolerance
    if name != "int":
        assert torch.equal(mask.expand(2, 3, -1, -1), arrays.tensor(f"eq/{name}_mask") == 1)


@needs_golden
def test_the_official_rotation_is_as_near_as_cut_sincs_are():
    arrays = golden("augment_equivariance")
    images, mask = rotate(arrays.tensor("x"), 0.4)
    official = arrays.tensor("eq/rot0.4_mask")[0, 0] == 1
    difference = (images - arrays.tensor("eq/rot0.4"))[..., mask & official]
    assert difference.abs().max() < 5e-5
    assert difference.square().mean().sqrt() < 1e-5
    # The official mask lies half a point of the finer grid, an eighth of a pixel, off the middle.
    x, y = np.meshgrid(*[np.arange(32) - 15.5] * 2)
    u, v = (np.cos(0.4) * x - np.sin(0.4) * y, np.sin(0.4) * x + np.cos(0.4) * y)
    moved = (abs(u + 1 / 8) <= 10) & (abs(v + 1 / 8) <= 10)
    assert torch.equal(torch.from_numpy(moved), official)


# Ideal signals


def test_whole_pixels_move_without_a_change():
    images = torch.randn(2, 3, 9, 12)
    moved, mask = translate_integer(images, 4, -3)
    assert torch.equal(moved[:, :, :6, 4:], images[:, :, 3:, :8])
    assert mask.sum() == 6 * 8
    assert mask[:6, 4:].all()
    assert not moved[..., ~mask].any()
    back, _ = translate_integer(moved, -4, 3)
    assert torch.equal(back[:, :, 3:, :8], images[:, :, 3:, :8])


@pytest.mark.parametrize(("x", "y"), [(12, 0), (0, -9), (40, 2), (-500, 500)])
def test_what_is_moved_out_is_gone(x, y):
    for translate in (translate_integer, translate_fractional):
        moved, mask = translate(torch.ones(1, 1, 9, 12), x, y)
        assert not mask.any()
        assert moved.shape == (1, 1, 9, 12)
    assert not translate_integer(torch.ones(1, 1, 9, 12), x, y)[0].any()


def test_a_fraction_of_nothing_is_the_translation_by_whole_pixels():
    images = torch.randn(1, 2, 20, 24, dtype=torch.float64)
    for x, y in ((0, 0), (3, -5), (-2, 1)):
        moved, mask = translate_fractional(images, x, y)
        expected, inside = translate_integer(images, x, y)
        torch.testing.assert_close(moved, expected)
        assert not (mask & ~inside).any()


@pytest.mark.parametrize(("highest", "decibels"), [(0.1, 45), (0.2, 38), (0.3, 32)])
def test_a_signal_below_the_band_limit_translates(highest, decibels):
    x, y = grid()
    images = torch.from_numpy(waves(x, y, highest))
    for dx, dy in ((0.5, 0.5), (3.2, -0.96), (-5.75, 0)):
        moved, mask = translate_fractional(images, dx, dy)
        assert psnr(moved, waves(x - dx, y - dy, highest), mask) > decibels


@pytest.mark.parametrize("radians", [0.4, 1.0, -2.5, np.pi / 4, np.pi / 2, 3.0, 0.0])
def test_a_signal_below_the_band_limit_rotates_counter_clockwise(radians):
    x, y = grid()
    images, cosine, sine = torch.from_numpy(waves(x, y, 0.15)), np.cos(radians), np.sin(radians)
    expected = waves(cosine * x - sine * y, sine * x + cosine * y, 0.15)
    moved, mask = rotate(images, radians)
    filtered, inside = pseudo_rotate(torch.from_numpy(expected), radians)
    assert psnr(moved, expected, mask) > 48  # linear interpolation is what it loses by
    assert psnr(filtered, expected, inside) > 48
    assert psnr(moved, filtered.numpy(), mask & inside) > 43


def test_a_dot_right_of_the_middle_goes_up():
    images = torch.zeros(1, 1, 33, 33)
    images[..., 16, 20] = 1
    moved, _ = rotate(images, np.pi / 2)
    assert moved.flatten().argmax() == 12 * 33 + 16


def test_noise_loses_its_corners_the_same_way():
    """Of white noise neither image holds what the other has; without the filter 20 dB are lost."""
    images = torch.randn(1, 1, 96, 96, dtype=torch.float64, generator=torch.manual_seed(0))
    quarter, mask = rotate(images, np.pi / 2)
    exact = torch.rot90(images, 1, (2, 3))
    filtered, inside = pseudo_rotate(exact, np.pi / 2)
    assert psnr(filtered, exact.numpy(), inside) > 100  # the turned grid is the grid
    spectrum = torch.fft.fft2(rotate(images, np.pi / 4)[0]).abs().square()[0, 0]
    corner, middle = spectrum[44:52, 44:52].mean(), spectrum[:8, :8].mean()
    assert corner < 0.02 * middle
    assert psnr(quarter, exact.numpy(), mask) > 8


# Masks, and what holds of all


@pytest.mark.parametrize("name", OPERATORS)
def test_nothing_from_beyond_the_edge_is_in_a_valid_pixel(name):
    """What lies around a larger image changes no valid pixel of the smaller one."""
    large = torch.randn(1, 1, 72, 72, dtype=torch.float64, generator=torch.manual_seed(1))
    inner = slice(12, 60)
    whole, _ = OPERATORS[name](large)
    part, mask = OPERATORS[name](large[:, :, inner, inner])
    assert mask.dtype == torch.bool
    assert mask.shape == (48, 48)
    torch.testing.assert_close(part[..., mask], whole[:, :, inner, inner][..., mask])
    assert not torch.allclose(part, whole[:, :, inner, inner])  # of the others some do change


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("size", [(1, 1), (4, 9), (12, 12)])
def test_small_images_have_no_valid_pixel_or_few(name, size):
    moved, mask = OPERATORS[name](torch.ones(2, 3, *size))
    assert moved.shape == (2, 3, *size)
    assert mask.shape == size
    assert torch.isfinite(moved).all()


@pytest.mark.parametrize("name", OPERATORS)
def test_each_image_and_channel_is_moved_by_itself(name):
    images = torch.randn(3, 2, 24, 40, generator=torch.manual_seed(2))
    together, mask = OPERATORS[name](images)
    assert together.dtype == images.dtype
    for i in range(3):
        alone, same = OPERATORS[name](images[i : i + 1, :1].clone())
        torch.testing.assert_close(alone[0], together[i, :1], rtol=0, atol=1e-6)
        assert torch.equal(same, mask)


@pytest.mark.parametrize("oversampling", [1, 4])
@pytest.mark.parametrize("radians", [0.0, 0.4, np.pi / 4, 2.0])
def test_the_kernel_passes_what_is_even(radians, oversampling):
    kernel = filter_rotated_band(radians, oversampling)
    assert kernel.shape == (12 * oversampling - 1,) * 2
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)
    np.testing.assert_allclose(kernel, np.rot90(kernel), atol=1e-12)
    mirrored = filter_rotated_band(-radians, oversampling)
    np.testing.assert_allclose(kernel[::-1], mirrored, atol=1e-12)


def test_the_kernel_of_an_unturned_grid_is_a_pixel():
    kernel = filter_rotated_band(0.0, 1)
    expected = np.zeros((11, 11))
    expected[5, 5] = 1
    np.testing.assert_allclose(kernel, expected, atol=1e-12)
