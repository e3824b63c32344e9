import numpy as np
import pytest
from scipy.stats import wasserstein_distance, wasserstein_distance_nd

from epoque.gan2d.measures.transport import exact_w1, sliced_w1

rng = np.random.default_rng(7)


def test_the_exact_distance_is_scipys_linear_programme() -> None:
    a, b = rng.random((25, 2)), rng.random((25, 2)) ** 2
    assert exact_w1(a, b) == pytest.approx(wasserstein_distance_nd(a, b), rel=1e-6)


def test_on_a_line_both_are_the_one_dimensional_distance() -> None:
    a, b = rng.random(500), rng.normal(0.6, 0.2, 500)
    way = np.array([0.6, 0.8])
    wanted = wasserstein_distance(a, b)
    assert exact_w1(a[:, None] * way, b[:, None] * way) == pytest.approx(wanted, rel=1e-6)
    found = sliced_w1(np.asarray(a[:, None] * way), np.asarray(b[:, None] * way), 512)
    assert float(found) == pytest.approx(2 / np.pi * wanted, rel=1e-3)  # mean of |cos|


def test_a_translation_costs_its_length() -> None:
    a, shift = rng.random((400, 2)), np.array([0.3, -0.4])
    assert exact_w1(a, a + shift) == pytest.approx(0.5, rel=1e-6)
    assert float(sliced_w1(np.asarray(a), np.asarray(a + shift))) == pytest.approx(
        2 / np.pi * 0.5, rel=1e-3
    )


def test_two_round_gaussians_differ_by_their_widths() -> None:
    """Sliced: every projection is N(0, s²), so that W1 = |s − t| √(2/π)."""
    a, b = (s * rng.standard_normal((20_000, 2)) for s in (0.1, 0.25))
    found = float(sliced_w1(np.asarray(a), np.asarray(b)))
    assert found == pytest.approx(0.15 * np.sqrt(2 / np.pi), rel=0.02)


def test_order_does_not_matter_and_equal_samples_have_no_distance() -> None:
    a = rng.random((300, 2)).astype(np.float32)
    assert exact_w1(a, a[::-1]) == pytest.approx(0, abs=1e-9)
    assert float(sliced_w1(np.asarray(a), np.asarray(a[::-1]))) == pytest.approx(0, abs=1e-6)
