from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, norm

from epoque.gan2d.measures.histogram import EPS, SIDE, divergences, histogram, overlap


def tell(real: Any, fake: Any, *sizes: int, eps: float = EPS) -> dict[str, float]:
    found = divergences(np.asarray(real), np.asarray(fake), *(sizes or (1, 1)), eps)
    return {name: float(value) for name, value in found.items()}


def masses(mean: tuple[float, float], sd: float, side: int = SIDE) -> Any:
    """Return the exact share of a Gaussian in each cell, and outside the square."""
    edges = np.linspace(0, 1, side + 1)
    x, y = (np.diff(norm(m, sd).cdf(edges)) for m in mean)
    cells = np.outer(y, x).ravel()
    return np.append(cells, 1 - cells.sum())


def gaussian(n: int, mean: tuple[float, float], sd: float, seed: int) -> Any:
    return mean + sd * np.random.default_rng(seed).standard_normal((n, 2))


def test_points_fall_in_their_cells_and_no_point_is_lost() -> None:
    points = [(0, 0), (0.034, 0), (0, 0.034), (1, 1), (0.5, 0.9999), (1.2, 0.5), (0.5, -0.01)]
    shares = histogram(np.array(points)) * len(points)
    counts = {k: round(v) for k, v in enumerate(shares.tolist()) if v}
    assert counts == {0: 1, 1: 1, 30: 1, 899: 1, 29 * 30 + 15: 1, 900: 2}


def test_a_histogram_agrees_with_numpys() -> None:
    points = gaussian(5000, (0.4, 0.7), 0.2, 1).astype(np.float32)
    inside = points[((points >= 0) & (points <= 1)).all(axis=1)]
    wanted = np.histogram2d(inside[:, 1], inside[:, 0], bins=SIDE, range=[(0, 1), (0, 1)])[0]
    found = np.asarray(histogram(np.asarray(points))) * 5000
    np.testing.assert_allclose(found[:-1].reshape(SIDE, SIDE), wanted, atol=1e-3)
    assert found[-1] == pytest.approx(5000 - len(inside), abs=1e-2)


def test_the_divergences_are_scipys_on_the_same_histograms() -> None:
    rng = np.random.default_rng(0)
    real, fake = (rng.dirichlet(np.full(901, 0.2)) for _ in range(2))
    p, q = (real + EPS) / (1 + 901 * EPS), (fake + EPS) / (1 + 901 * EPS)
    found = tell(real, fake)
    assert found["kl"] == pytest.approx(entropy(p, q, base=2), rel=1e-5)
    assert found["js"] == pytest.approx(jensenshannon(p, q, base=2) ** 2, rel=1e-5)


def test_without_added_mass_empty_cells_count_nothing_in_js() -> None:
    real, fake = np.array([0.5, 0.5, 0, 0]), np.array([0, 0.5, 0.5, 0])
    assert tell(real, fake, eps=0)["js"] == pytest.approx(0.5)
    assert tell(np.array([1, 0.0]), np.array([0, 1.0]), eps=0)["js"] == pytest.approx(1)
    assert tell(real, fake, eps=0)["kl"] == np.inf


def test_equal_histograms_have_no_divergence() -> None:
    p = masses((0.5, 0.5), 0.1)
    found = tell(p, p)
    assert found["kl"] == pytest.approx(0, abs=1e-6)
    assert found["js"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("shift", "sd"), [(0.05, 0.1), (0.1, 0.08)])
def test_the_grid_approaches_the_closed_form_for_two_gaussians(shift: float, sd: float) -> None:
    """KL(N(a, s²) ‖ N(b, s²)) = |a − b|² / 2s² nats."""
    exact = shift**2 / (2 * sd**2) / np.log(2)
    gaps = []
    for side in (15, 30, 60):
        p, q = (masses((0.5 + m, 0.5), sd, side) for m in (-shift / 2, shift / 2))
        gaps.append(exact - tell(p, q, eps=0)["kl"])
    assert gaps[1] == pytest.approx(0, abs=0.03 * exact)
    assert 0 < gaps[2] < gaps[1] / 2 < gaps[0] / 4  # a coarser grid sees less; second order


def test_samples_estimate_the_grids_divergence_and_say_how_well() -> None:
    """The 400 estimates' spread is what `kl_se` and `js_se` say."""
    n, rng = 10_000, np.random.default_rng(2)
    p, q = masses((0.45, 0.5), 0.1), masses((0.55, 0.5), 0.12)
    exact = tell(p, q)
    samples = zip(*(rng.multinomial(n, x, 400) / n for x in (p, q)), strict=True)
    each = [divergences(a, b, n, n) for a, b in samples]
    found = {name: np.array([one[name] for one in each]) for name in each[0]}
    for name in ("kl", "js"):
        assert found[name].mean() == pytest.approx(exact[name], rel=0.12)
        assert found[name].std() == pytest.approx(found[f"{name}_se"].mean(), rel=0.12)


def test_what_lies_outside_counts() -> None:
    inside = np.full((100, 2), 0.5)
    found = tell(histogram(inside), histogram(inside + 5), eps=0)
    assert found["js"] == pytest.approx(1)


def test_overlap_tells_what_is_neglected_from_what_is_made_up() -> None:
    real, fake = np.array([0.5, 0.4, 0.1, 0, 0]), np.array([0.6, 0.01, 0, 0.2, 0.19])
    found = overlap(real, fake)
    assert float(found["coverage"]) == pytest.approx(0.5)
    assert float(found["precision"]) == pytest.approx(0.61)
    p = histogram(np.asarray(gaussian(10_000, (0.5, 0.5), 0.1, 1)))
    q = histogram(np.asarray(gaussian(10_000, (0.5, 0.5), 0.1, 2)))
    assert min(map(float, overlap(p, q).values())) > 0.99
