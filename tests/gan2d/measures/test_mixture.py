import numpy as np
import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.distributions import find_mixture, sample_real_points
from epoque.gan2d.measures import SAMPLES, measure_samples
from epoque.gan2d.measures.mixture import mode_fractions, mode_measures

CIRCLE = find_mixture(Gan2dConfig(data="circle"))
assert CIRCLE is not None


def test_a_mixtures_own_points_are_good_and_cover_it() -> None:
    """In the plane exp(−9/2) = 1.1 % of a Gaussian lies beyond three standard deviations."""
    for name, count in {"gaussians": 2, "disjoint": 3, "grid": 25, "circle": 8}.items():
        config = Gan2dConfig(data=name)
        mixture = find_mixture(config)
        assert mixture is not None
        found = mode_measures(np.asarray(sample_real_points(config, SAMPLES, 0)), mixture)
        assert float(found["modes_covered"]) == count
        assert float(found["high_quality"]) == pytest.approx(1 - np.exp(-4.5), abs=0.005)


def test_a_collapsed_generator_covers_one_mode_with_good_points() -> None:
    found = mode_measures(np.tile(CIRCLE.centers[3], (500, 1)), CIRCLE)
    assert float(found["modes_covered"]) == 1
    assert float(found["high_quality"]) == 1


def test_a_stray_point_covers_nothing_and_points_between_modes_are_not_good() -> None:
    stray = np.tile(CIRCLE.centers[0], (1000, 1))
    stray[:12] = CIRCLE.centers[1]  # 1.2 % is under, 1.3 % over a tenth of an eighth
    assert float(mode_measures(np.asarray(stray), CIRCLE)["modes_covered"]) == 1
    stray[:13] = CIRCLE.centers[1]
    assert float(mode_measures(np.asarray(stray), CIRCLE)["modes_covered"]) == 2
    middle = np.full((100, 2), 0.5)
    assert float(mode_measures(middle, CIRCLE)["high_quality"]) == 0


def test_three_standard_deviations_are_counted_along_each_axis() -> None:
    mixture = find_mixture(Gan2dConfig(data="gaussians"))
    assert mixture is not None
    near, far = (0.7, 0.4 + 2.9 * 0.2), (0.7 + 3.1 * 0.05, 0.4)
    np.testing.assert_allclose(mode_fractions(np.array([near, far]), mixture), [0, 0.5])


def test_all_measures_of_real_points_against_real_points_are_near_nothing() -> None:
    config = Gan2dConfig(data="circle")
    a, b = (np.asarray(sample_real_points(config, SAMPLES, seed)) for seed in (1, 2))
    found = {name: float(value) for name, value in measure_samples(a, b, CIRCLE).items()}
    assert found["kl"] < 0.06
    assert found["js"] < 0.02
    assert found["sliced_w1"] < 0.015
    assert abs(found["mmd2"]) < 0.003
    assert abs(found["energy"]) < 0.005
    assert found["outside"] == 0
    assert min(found["coverage"], found["precision"]) > 0.98
    assert found["modes_covered"] == 8
    assert "modes_covered" not in measure_samples(a, b)
