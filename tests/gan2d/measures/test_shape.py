"""The width, the middle and the dimension of clouds of points, against what is known of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from epoque.gan2d.measures.shape import central_fraction, intrinsic_dimension, spread

N = 2048
RNG = np.random.default_rng(5)
ANGLES = RNG.uniform(0, 2 * np.pi, N)
SQUARE = RNG.random((N, 2)).astype(np.float32)
NORMAL = RNG.normal(size=(N, 2)).astype(np.float32)
LINE = (RNG.random((N, 1)) * [0.7, 0.3] + 0.1).astype(np.float32)
RING = np.stack([0.5 + 0.3 * np.cos(ANGLES), 0.5 + 0.3 * np.sin(ANGLES)], axis=1).astype(np.float32)
POINT = np.full((N, 2), 0.3, np.float32)


def test_spread_is_the_root_mean_square_distance_from_the_mean() -> None:
    assert float(spread(RING)) == pytest.approx(0.3, rel=0.01)
    assert float(spread(SQUARE)) == pytest.approx((1 / 6) ** 0.5, rel=0.02)
    assert float(spread(SQUARE)) == pytest.approx(SQUARE.var(axis=0).sum() ** 0.5, rel=1e-4)
    assert float(spread(POINT)) < 1e-4


@pytest.mark.parametrize(
    ("points", "share"),
    [(SQUARE, np.pi / 24), (NORMAL, 1 - np.exp(-0.25)), (LINE, 12**-0.5), (RING, 0.0)],
)
def test_the_share_in_the_middle_does_not_depend_on_the_size(
    points: NDArray[np.float32], share: float
) -> None:
    assert float(central_fraction(points)) == pytest.approx(share, abs=0.025)
    assert float(central_fraction(points * 8 + 3)) == pytest.approx(
        float(central_fraction(points)), abs=0.003
    )


@pytest.mark.parametrize(
    ("points", "dimension"), [(SQUARE, 2), (NORMAL, 2), (LINE, 1), (RING, 1), (POINT, 0)]
)
def test_the_dimension_that_neighbours_show(points: NDArray[np.float32], dimension: int) -> None:
    assert float(intrinsic_dimension(points)) == pytest.approx(dimension, abs=0.1)


def test_the_dimension_is_facco_and_others_estimate() -> None:
    from scipy.spatial import KDTree

    distances, _ = KDTree(SQUARE).query(SQUARE, k=3)
    expected = (N - 1) / np.log(distances[:, 2] / distances[:, 1]).sum()
    assert float(intrinsic_dimension(SQUARE)) == pytest.approx(expected, rel=1e-3)


def test_a_thin_band_is_a_curve_from_afar() -> None:
    thin = RING + RNG.normal(0, 1e-5, RING.shape).astype(np.float32)
    wide = RING + RNG.normal(0, 5e-2, RING.shape).astype(np.float32)
    assert float(intrinsic_dimension(thin)) < 1.2
    assert float(intrinsic_dimension(wide)) > 1.8


def test_points_that_coincide_tell_no_dimension() -> None:
    some = np.concatenate([SQUARE[:1200], POINT[:848]])
    most = np.concatenate([SQUARE[:800], POINT[:1248]])
    assert float(intrinsic_dimension(some)) == pytest.approx(2, abs=0.15)
    assert float(intrinsic_dimension(most)) == 0
