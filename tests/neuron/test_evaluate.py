import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.neuron.config import NeuronConfig
from epoque.neuron.evaluate import evaluate, is_on_right_side
from epoque.neuron.lab import LAB


def finish(folder: Path, **settings: Any) -> Run:
    run = start(LAB, NeuronConfig.parse(settings), "neuron/test", folder)
    return execute(run, draw=False)


def test_the_analysis_of_and(tmp_path: Path) -> None:
    run = finish(tmp_path)
    found = run.results
    metrics = run.metrics
    for name in ("error", "error_max", "error_mean", "error_rms", "cross_entropy"):
        assert found[f"final_{name}"] == metrics[name].iloc[-1]
    w0, w1, w2 = found["final_weights"]
    assert (found["w0"], found["w1"], found["w2"]) == (w0, w1, w2)
    assert [w0, w1, w2] == metrics[["w0", "w1", "w2"]].iloc[-1].tolist()
    assert found["w0_over_w1"] == w0 / w1
    assert found["y"] == {
        "00": -w0, "01": -w0 + w2, "10": -w0 + w1, "11": -w0 + w1 + w2,
    }  # fmt: skip
    assert found["outputs"] == pytest.approx(
        {k: 1 / (1 + np.exp(-y)) for k, y in found["y"].items()}
    )
    assert found["peak_error"] == metrics["error"].max()
    assert found["peak_iteration"] == metrics["error"].idxmax()
    assert found["mean_error"] == pytest.approx(metrics["error"].mean())
    assert found["accuracy"] == 1
    at = found["converged_at"]
    w = metrics[["w0", "w1", "w2"]].to_numpy()  # as they stand after each pass
    right = [[w0 > 0, w0 > w2, w0 > w1, w1 + w2 > w0] for w0, w1, w2 in w]
    assert np.all(right[at - 1 :])
    assert not np.all(right[at - 2])
    assert found["separable"] is True
    assert found["certificate"] is None
    first = run.artifact("weights.csv").decode().splitlines()[1].split(",")[1:]
    assert found["initial_weights"] == [float(w) for w in first]
    assert "mistakes" not in found


def test_xor_ends_with_a_proof_and_without_convergence(tmp_path: Path) -> None:
    found = finish(tmp_path, truth_table="xor").results
    assert found["converged_at"] is None
    assert found["separable"] is False
    assert found["separating_line"] is None
    assert found["certificate"]["point"] == pytest.approx([0.5, 0.5])
    assert found["accuracy"] == 0.25  # two are wrong, and one lies on the line


def test_a_point_on_the_line_is_on_neither_side() -> None:
    x, d = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([1.0, 1.0, 0.0])
    w = np.array([-0.4229, -0.8459, -0.4229 + 1e-16])
    assert is_on_right_side("delta", w, x, d).tolist() == [False, False, True]
    assert is_on_right_side("delta", np.stack([w, w])[:, None], x, d).shape == (2, 3)
    assert is_on_right_side("step", np.zeros(3), x, d).tolist() == [False, False, True]


@pytest.mark.parametrize("gate", ["and", "or", "implication"])
@pytest.mark.parametrize("seed", range(4))
def test_rosenblatts_rule_keeps_novikoffs_bound(tmp_path: Path, gate: str, seed: int) -> None:
    run = finish(tmp_path, rule="step", truth_table=gate, seed=seed, iterations=60)
    found = run.results
    assert found["final_error_max"] == 0
    assert found["mistakes"] == round(run.metrics["error_mean"].sum() * 4)
    assert 0 < found["mistakes"] <= found["mistake_bound"]
    assert set(found["outputs"].values()) <= {0.0, 1.0}


def test_the_bound_is_null_where_it_does_not_hold(tmp_path: Path) -> None:
    batch = finish(tmp_path, rule="step", update="batch", iterations=30).results
    assert batch["mistake_bound"] is None
    xor = finish(tmp_path, rule="step", truth_table="xor", iterations=30).results
    assert xor["mistake_bound"] is None
    assert xor["mistakes"] >= 30


def test_points_are_scored_on_test_points_as_well(tmp_path: Path) -> None:
    found = finish(tmp_path, data="gaussian", iterations=50, learning_rate=0.05).results
    assert found["accuracy"] > 0.95
    assert found["test_accuracy"] > 0.95
    assert "y" not in found


def test_a_csv_run_needs_its_folder_alone(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("a,b,d\n0,0,0\n0,2,1\n2,0,1\n")
    run = finish(tmp_path / "runs", data="csv", csv=str(path), iterations=30)
    path.unlink()
    assert json.loads(json.dumps(evaluate(Run(run.path)))) == run.results
    assert run.results["separable"] is True


def test_an_mlp_says_as_well_whether_one_line_would_do(tmp_path: Path) -> None:
    found = finish(tmp_path, model="mlp", truth_table="xor", iterations=5).results
    assert found["separable"] is False
    assert set(found["y"]) == {"00", "01", "10", "11"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("weights.csv", b""),
        ("weights.csv", b"iteration,w0,w1,w2\n0,1,2\n"),
        ("weights.csv", b"\xff\xfe\n\xff"),
        ("metrics.jsonl", b""),
        ("metrics.jsonl", b'{"step":1,"error":0.5}\n'),
        ("metrics.jsonl", b'{"step":1,"error":"x","error_max":[1]}\n'),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    run = finish(tmp_path, iterations=3)
    (run.path / name).write_bytes(content)
    with pytest.raises(DamagedRunError, match=name):
        evaluate(Run(run.path))
