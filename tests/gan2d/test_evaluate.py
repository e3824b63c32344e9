import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.run import Run
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.user_points import load_run_points
from epoque.gan2d.evaluate import evaluate
from epoque.gan2d.training.evaluation import INITIAL_MEASURES
from epoque.gan2d.training.sweep import sweep

from .conftest import SMALL


def test_results_are_plain_json_and_the_same_each_time(train_run: Callable[..., Run]) -> None:
    run = train_run()
    found = evaluate(run)
    assert json.loads(json.dumps(found, allow_nan=False)) == found == run.results


def test_the_end_is_the_last_of_the_metrics(train_run: Callable[..., Run]) -> None:
    run = train_run()
    for name in ("loss_d", "loss_g", "accuracy_real", "js", "sliced_w1", "modes_covered"):
        assert run.results[f"final_{name}"] == run.metrics[name].dropna().iloc[-1]
    js = run.metrics["js"].dropna()
    assert list(js.index) == [20, 40, 60]
    assert run.results["best_js"] == js.min()


def test_a_perfect_generators_scores_are_told_beside(train_run: Callable[..., Run]) -> None:
    results = train_run().results
    assert results["floor_js"] < 0.02 < results["final_js"]
    assert results["floor_exact_w1"] < 0.03 < results["final_exact_w1"]
    assert results["floor_modes_covered"] == 8
    assert results["floor_high_quality"] == pytest.approx(0.989, abs=0.005)
    sliced, exact = results["final_sliced_w1"], results["final_exact_w1"]
    assert sliced * 0.98 < exact  # a projection never lengthens a way
    assert results["converged_at"] is None


def test_what_user_points_were_is_told_from_the_folder_alone(
    train_run: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / "points.csv"
    rng = np.random.default_rng(0)
    rows = "\n".join(f"{x},{y}" for x, y in rng.normal(0.5, 0.2, (300, 2)))
    path.write_text(f"x,y\n{rows}\n3,3\n")
    run = train_run(data="csv", csv=str(path))
    path.unlink()
    assert evaluate(run) == run.results
    assert run.results["data_points"] == 301
    user_points = load_run_points(run)
    assert user_points is not None
    assert run.results["data_outside"] == sum(
        not (0 <= x <= 1 and 0 <= y <= 1) for x, y in user_points.points.tolist()
    )
    assert run.results["data_outside"] >= 1
    (run.path / "data.csv").write_text("x,y,jitter\n1,2\n")
    with pytest.raises(DamagedRunError, match=r"data\.csv is not what the finished run saved"):
        evaluate(Run(run.path))


def test_the_start_is_told_as_the_seed_alone_makes_it(train_run: Callable[..., Run]) -> None:
    run = train_run()
    found = sweep(Gan2dConfig(**SMALL), {"iterations": [10, 60], "seed": [run.config.seed] * 2})
    assert found is not None
    for name in INITIAL_MEASURES:
        assert run.results[name] == pytest.approx(found[name][0], rel=1e-4)
        assert found[name][0] == found[name][1]
    assert run.results["first_noise_central"] == pytest.approx(math.pi / 24, abs=0.01)


def test_the_second_half_and_the_end_are_told_in_the_results(train_run: Callable[..., Run]) -> None:
    run = train_run()
    late = run.metrics["sliced_w1"].dropna().loc[31:]
    assert list(late.index) == [40, 60]
    assert run.results["late_sliced_w1"] == pytest.approx(late.mean())
    assert run.results["swing_sliced_w1"] == pytest.approx(
        abs(late.iloc[1] - late.iloc[0]) / 2**0.5
    )
    assert run.results["collapsed"] == float(run.results["final_spread"] < 0.1)
