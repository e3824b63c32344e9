"""EQ-T and EQ-R against the official numbers: the same random inputs, moved in the same way."""

from math import inf, isnan, log10, pi

import numpy as np
import pytest
import torch
from golden import needs_golden, network_of

from epoque.stylegan3.measures.equivariance import _error, _made, _measured, decibels
from epoque.stylegan3.measures.operators import (
    pseudo_rotated,
    rotated,
    shifted,
    shifted_by_fraction,
)


@needs_golden
@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("tiny_t", (57.53357138432726, 58.14358038650039, 15.896339879023017)),
        ("tiny_r", (92.86810294521288, 77.22204648734242, 72.10459101437938)),
    ],
)
def test_the_official_draws_give_the_official_decibels(name, official):
    """32 images in batches of 4, one movement a batch, as the reference numbers were made.

    `equivariance` draws a movement for each image instead, which needs fewer images.
    """
    network = network_of(name).eval().requires_grad_(False)
    size, sums = network.spec.img_resolution, np.zeros((3, 2))
    torch.manual_seed(0)

    def drawn(shape=()):
        return (torch.rand(shape) * 2 - 1).double().numpy()

    def made(shift=(0.0, 0.0), angle=0.0):
        return _made(network, ws, np.tile(shift, (4, 1)), np.full(4, angle))

    for _ in range(8):
        ws = network.mapping(torch.randn(4, network.spec.z_dim))
        plain = made()
        whole = np.rint(drawn(2) / 8 * size)
        errors = [_error(made(whole / size), *shifted(plain, *whole.astype(int).tolist()))]
        part = drawn(2) / 8
        errors.append(_error(made(part), *shifted_by_fraction(plain, *(part * size))))
        angle = float(drawn()) * pi
        filtered, known = pseudo_rotated(made(angle=angle), angle)
        image, there = rotated(plain, angle)
        errors.append(_error(filtered, image, there & known))
        sums += errors
    found = [10 * log10(4 * 4 * count / squares) for squares, count in sums]
    assert found[:2] == pytest.approx(official[:2], abs=0.002)
    assert found[2] == pytest.approx(official[2], abs=0.2)  # both resample, not quite alike


@pytest.mark.filterwarnings("error")
def test_images_that_share_no_pixel_are_not_measured() -> None:
    assert decibels(np.array([[0.0, 40.0]])) == inf
    assert isnan(decibels(np.array([[0.0, 0.0]])))
    assert isnan(decibels(np.empty((0, 2))))
    found = _measured(np.zeros((3, 2)), seed=0)
    assert all(map(isnan, (found.decibels, found.low, found.high)))
