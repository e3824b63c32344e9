import numpy as np
import pytest

from epoque.gan2d.measures.summary import COLLAPSED, CONVERGED, converged_at, summarize, swing


def test_convergence_is_where_a_divergence_goes_below_for_good() -> None:
    steps = np.array([10, 20, 30, 40])
    nan = np.nan
    values = np.array(
        [
            [0.9, 0.1, 0.1, 0.1],
            [0.1, 0.9, 0.1, 0.1],
            [0.1, 0.1, 0.1, 0.1],
            [0.1, 0.1, 0.1, 0.9],
            [0.9, nan, 0.1, 0.1],
            [0.1, 0.1, 0.1, nan],
        ]
    )
    wanted = [20, 30, 10, nan, 30, nan]
    np.testing.assert_array_equal(converged_at(steps, values, 0.5), wanted)
    assert float(converged_at(steps, values[0], 0.5)) == 20


def test_a_summary_tells_of_many_trainings_what_it_tells_of_each() -> None:
    steps = np.array([100, 200, 300])
    good, bad = CONVERGED / 2, CONVERGED * 2
    js = np.array([[0.5, 0.2, 0.3], [0.5, np.nan, np.nan], [np.nan] * 3])
    distance = np.array([[bad, good / 2, good], [bad, np.nan, np.nan], [np.nan] * 3])
    together = summarize(steps, {"js": js, "sliced_w1": distance, "kl": js + 1})
    assert {name: array.tolist()[0] for name, array in together.items()} == {
        "final_js": 0.3,
        "final_sliced_w1": good,
        "final_kl": 1.3,
        "late_js": 0.25,
        "late_sliced_w1": good * 0.75,
        "swing_js": pytest.approx(0.1 / 2**0.5),
        "swing_sliced_w1": pytest.approx(good / 2 / 2**0.5),
        "best_js": 0.2,
        "best_sliced_w1": good / 2,
        "best_step": 200,
        "converged_at": 200,
    }
    for i in range(3):
        alone = summarize(steps, {"js": js[i], "sliced_w1": distance[i], "kl": js[i] + 1})
        for name, value in alone.items():
            np.testing.assert_array_equal(value, together[name][i])
    assert together["best_step"][1] == 100
    assert np.isnan(together["best_step"][2])
    assert np.isnan(together["converged_at"][1:]).all()


def test_the_second_half_is_told_by_itself() -> None:
    steps = np.array([100, 200, 300, 400, 450])
    spread = np.array([[9.0, 9.0, 2.0, 4.0, 6.0], [9.0, 9.0, 1.0, 1.0, COLLAPSED / 2]])
    js = np.array([[9.0, 9.0, 0.3, 0.3, 0.3], [9.0, 9.0, 0.3, np.nan, np.nan]])
    found = summarize(steps, {"js": js, "sliced_w1": js, "spread": spread})
    assert found["late_spread"].tolist() == [4.0, pytest.approx((2 + COLLAPSED / 2) / 3)]
    assert found["collapsed"].tolist() == [0.0, 1.0]
    assert found["late_js"][0] == pytest.approx(0.3)
    assert found["swing_js"][0] == 0
    assert np.isnan(found["late_js"][1])
    diverged = summarize(steps, {"js": js, "sliced_w1": js, "spread": spread * np.nan})
    assert np.isnan(diverged["collapsed"]).all()


def test_swing_is_the_noise_without_the_trend() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, (4, 5000))
    trend = np.linspace(3, 0, 5000)
    np.testing.assert_allclose(swing(noise), noise.std(axis=1), rtol=0.03)
    np.testing.assert_allclose(swing(noise + trend), swing(noise), rtol=0.01)
    assert np.isnan(swing(noise[:, :1])).all()
