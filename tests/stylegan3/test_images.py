"""Random numbers of a seed, bytes of an image, and where the image is asked for."""

import numpy as np
import pytest
import torch

from epoque.bench.errors import UsageError
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.images import to_uint8
from epoque.stylegan3.latents import sample_latents


def test_a_seed_is_a_row_whatever_stands_beside_it():
    rows = sample_latents([2, 674, 2**32 - 1], 16)
    assert rows.shape == (3, 16)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(sample_latents([674], 16)[0], rows[1])
    assert rows[0, 0] == pytest.approx(-0.416757847)  # of MT19937, as published with NumPy
    assert sample_latents([], 16).shape == (0, 16)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_told(seed):
    with pytest.raises(UsageError, match=f"Seed {seed} is out of range: 0 to 4294967295"):
        sample_latents([seed], 4)


def test_levels_are_cut_off_and_clamped():
    values = [-7, -1, -0.999, 0, 0.0039, 0.9999, 1, 7]
    image = torch.tensor(values).reshape(1, 1, 2, 4)
    assert to_uint8(image).flatten().tolist() == [0, 0, 0, 128, 128, 255, 255, 255]
    assert to_uint8(torch.zeros(2, 3, 4, 5, dtype=torch.float16)).shape == (2, 4, 5, 3)


def test_a_transform_takes_back_a_turn_then_a_shift():
    matrix = transform_matrix(0.25, -0.5, 90)
    corner = matrix @ [0.25, -0.5, 1]
    np.testing.assert_allclose(corner, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(transform_matrix(0, 0, 0), np.eye(3))
    np.testing.assert_allclose(matrix[:2, :2] @ matrix[:2, :2].T, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("moved", [(np.nan, 0, 0), (0, np.inf, 0), (0, 0, -np.inf)])
def test_a_transform_of_no_number_is_told(moved):
    with pytest.raises(UsageError, match="must be finite numbers"):
        transform_matrix(*moved)
