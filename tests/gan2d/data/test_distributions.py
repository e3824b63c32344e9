from typing import Any

import jax
import numpy as np
import pytest
from scipy.stats import kstest, norm, uniform

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.distributions import find_mixture, make_sampler, sample_real_points

FORMULAS = [
    *("line", "gaussians", "ring", "disjoint", "grid", "circle"),
    *("moons", "spiral", "checkerboard", "pinwheel"),
]
MIXTURES = {"gaussians": 2, "disjoint": 3, "grid": 25, "circle": 8}
N = 10_000


def points(name: str, n: int = N, seed: int = 3) -> Any:
    return sample_real_points(Gan2dConfig(data=name), n, seed).astype(float)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_seed_gives_the_same_points_and_another_seed_gives_others(name: str) -> None:
    first = points(name, 150)
    assert first.shape == (150, 2)
    assert np.array_equal(first, points(name, 150))
    assert not np.any(np.all(first == points(name, 150, seed=4), axis=1))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_sampler_compiles_vectorises_and_gives_float32(name: str) -> None:
    draw = make_sampler(Gan2dConfig(data=name))
    keys = jax.random.split(jax.random.key(1), 3)
    together = jax.jit(jax.vmap(lambda key: draw(key, 50)))(keys)
    assert together.dtype == np.float32
    assert together.shape == (3, 50, 2)
    np.testing.assert_allclose(together[1], draw(keys[1], 50), atol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_points_fill_the_square_without_leaving_it_much(name: str) -> None:
    found = points(name)
    inside = ((found > 0) & (found < 1)).all(axis=1)
    assert inside.mean() > 0.985
    assert (np.ptp(found, axis=0) > 0.3).all()


def test_line_is_gan_labs() -> None:
    x, y = points("line").T
    across = (x - 0.8) * 0.3 + (y - 0.6) * 0.75
    assert kstest(across, norm(0, 0.01 * np.hypot(0.3, 0.75)).cdf).pvalue > 1e-3
    assert kstest((0.8 - x) / 0.75, uniform.cdf).statistic < 0.02
    assert np.corrcoef(x, y)[0, 1] < -0.98


def test_ring_is_gan_labs_ellipse() -> None:
    x, y = points("ring").T
    assert (x.mean(), y.mean()) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.45, abs=0.01))
    assert x.var() == pytest.approx(0.3**2 / 2 + 0.025**2, rel=0.03)
    assert y.var() == pytest.approx(0.25**2 / 2 + 0.025**2, rel=0.03)
    radius = np.hypot((x - 0.5) / 0.3, (y - 0.45) / 0.25)
    assert np.abs(radius - 1).max() < 0.45
    angle = np.arctan2((y - 0.45) / 0.25, (x - 0.5) / 0.3)
    assert kstest(angle, uniform(-np.pi, 2 * np.pi).cdf).statistic < 0.015


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_has_its_modes_equally_likely_each_with_its_spread(name: str) -> None:
    mixture = find_mixture(Gan2dConfig(data=name))
    assert mixture is not None
    assert len(mixture.centers) == MIXTURES[name]
    found = points(name)
    away = (found[:, None] - mixture.centers) / mixture.sd
    own = (away**2).sum(axis=2).argmin(axis=1)
    shares = np.bincount(own, minlength=len(mixture.centers)) / N
    assert np.abs(shares * len(shares) - 1).max() < 0.15
    for k in range(len(shares)):
        mine = away[own == k, k]
        np.testing.assert_allclose(mine.mean(axis=0), 0, atol=0.2)
        np.testing.assert_allclose(mine.std(axis=0), 1, atol=0.12)


def test_gan_labs_two_gaussians_and_three_disjoint_ones_have_its_numbers() -> None:
    two = find_mixture(Gan2dConfig(data="gaussians"))
    three = find_mixture(Gan2dConfig(data="disjoint"))
    assert two is not None
    assert three is not None
    np.testing.assert_allclose(two.centers, [(0.3, 0.7), (0.7, 0.4)], rtol=1e-6)
    np.testing.assert_allclose(two.sd, [(0.1, 0.1), (0.05, 0.2)], rtol=1e-6)
    np.testing.assert_allclose(three.centers, [(0.35, 0.75), (0.75, 0.6), (0.45, 0.35)], rtol=1e-6)
    np.testing.assert_allclose(three.sd, 0.025, rtol=1e-6)


@pytest.mark.parametrize("name", ["line", "ring", "moons", "spiral", "checkerboard", "pinwheel"])
def test_what_is_no_mixture_of_axis_parallel_gaussians_has_no_modes(name: str) -> None:
    assert find_mixture(Gan2dConfig(data=name)) is None


def test_moons_are_two_half_circles() -> None:
    found = (points("moons") - 0.5) / 0.27 + (0.5, 0.25)
    upper = np.abs(np.hypot(*found.T) - 1)
    lower = np.abs(np.hypot(*(found - (1, 0.5)).T) - 1)
    assert np.minimum(upper, lower).max() < 5 * 0.02 / 0.27
    assert (upper < lower).mean() == pytest.approx(0.5, abs=0.02)


def test_the_spiral_has_two_turns_as_dense_outside_as_inside() -> None:
    x, y = (points("spiral").T - 0.5) / 0.4
    radius = np.hypot(x, y)
    assert kstest(radius**2, uniform.cdf).statistic < 0.03
    turn = np.exp(1j * np.arctan2(y, x)) * np.exp(-4j * np.pi * radius)
    assert np.abs(turn[radius > 0.3].mean()) > 0.9


def test_the_checkerboard_fills_its_eight_squares_evenly() -> None:
    column, row = np.floor((points("checkerboard") - 0.1) / 0.2).astype(int).clip(0, 3).T
    assert ((column + row) % 2 == 0).all()
    counts = np.bincount(4 * row + column, minlength=16)
    assert sorted(counts)[7] == 0
    np.testing.assert_allclose(sorted(counts)[8:], N / 8, rtol=0.08)


def test_the_pinwheel_looks_the_same_after_a_fifth_of_a_turn() -> None:
    from epoque.gan2d.measures import exact_w1

    found, turn = points("pinwheel") - 0.5, 2 * np.pi / 5
    turned = found @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    halfway = found @ [
        [np.cos(turn / 2), np.sin(turn / 2)],
        [-np.sin(turn / 2), np.cos(turn / 2)],
    ]
    same = exact_w1(found[:800], turned[800:1600])
    other = exact_w1(found[:800], halfway[800:1600])
    assert same < 0.5 * other
