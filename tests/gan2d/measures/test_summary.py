import numpy as np

from epoque.gan2d.measures.summary import CONVERGED, converged_at, summary


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
    together = summary(steps, {"js": js, "sliced_w1": distance, "kl": js + 1})
    assert {name: array.tolist()[0] for name, array in together.items()} == {
        "final_js": 0.3,
        "final_sliced_w1": good,
        "final_kl": 1.3,
        "best_js": 0.2,
        "best_sliced_w1": good / 2,
        "best_step": 200,
        "converged_at": 200,
    }
    for i in range(3):
        alone = summary(steps, {"js": js[i], "sliced_w1": distance[i], "kl": js[i] + 1})
        for name, value in alone.items():
            np.testing.assert_array_equal(value, together[name][i])
    assert together["best_step"][1] == 100
    assert np.isnan(together["best_step"][2])
    assert np.isnan(together["converged_at"][1:]).all()
