import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import energy_distance as energy_on_a_line

from epoque.gan2d.measures.kernels import WIDTHS, energy_distance, mmd2

rng = np.random.default_rng(11)


def test_mmd_is_the_mean_over_pairs() -> None:
    a, b = rng.random((60, 2)), rng.random((50, 2)) ** 2

    def kernel(r: np.ndarray) -> float:
        return float(np.mean([np.exp(-(r**2) / (2 * w**2)) for w in WIDTHS]))

    wanted = kernel(pdist(a)) + kernel(pdist(b)) - 2 * kernel(cdist(a, b))
    assert float(mmd2(np.asarray(a), np.asarray(b))) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("shift", "s", "t"), [(0.2, 0.1, 0.1), (0.0, 0.1, 0.2), (0.5, 0.05, 0.1)])
def test_mmd_of_gaussians_is_the_closed_form(shift: float, s: float, t: float) -> None:
    """E exp(−|X − Y|²/2w²) = w²/(w² + v) · exp(−d²/2(w² + v)), v the variances' sum, in 2-D."""

    def mean(v: float, d: float) -> float:
        each = [w * w / (w * w + v) * np.exp(-d * d / (2 * (w * w + v))) for w in WIDTHS]
        return float(np.mean(each))

    wanted = mean(2 * s * s, 0) + mean(2 * t * t, 0) - 2 * mean(s * s + t * t, shift)
    a = s * rng.standard_normal((3000, 2))
    b = t * rng.standard_normal((3000, 2)) + (0.6 * shift, 0.8 * shift)
    found = float(mmd2(np.asarray(a), np.asarray(b)))
    assert found == pytest.approx(wanted, rel=0.05, abs=5e-4)


def test_the_energy_distance_is_scipys_on_a_line() -> None:
    """scipy gives the root, and counts each point's distance to itself."""
    a, b = rng.random(80), rng.normal(0.6, 0.2, 90)
    within = [pdist(x[:, None]).mean() / len(x) for x in (a, b)]
    flat = [np.asarray(np.stack([0.6 * x, 0.8 * x], axis=1)) for x in (a, b)]
    wanted = energy_on_a_line(a, b) ** 2 - sum(within)
    assert float(energy_distance(*flat)) == pytest.approx(wanted, abs=1e-6)


def test_without_bias_equal_distributions_average_to_nothing() -> None:
    samples = [np.asarray(rng.random((200, 2))) for _ in range(60)]
    pairs = list(zip(samples[::2], samples[1::2], strict=True))
    for distance in (mmd2, energy_distance):
        found = np.array([float(distance(a, b)) for a, b in pairs])
        assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))
        assert found.min() < 0 < found.max()
