import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from epoque.bench.events import Metrics
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.evaluate import compute_weighted_sums, is_on_right_side
from epoque.neuron.perceptron import sweep as perceptron_sweep
from epoque.neuron.sweep import sweep
from epoque.neuron.train import train

Points = dict[str, list[Any]]

CLOSE = {"rtol": 1e-12, "atol": 1e-13}
"""A sweep rounds as a single run does but for the last bit of a product and sum taken at once."""


def swept(base: NeuronConfig, points: Points) -> dict[str, np.ndarray]:
    found = sweep(base, points)
    assert found is not None
    return {name: np.array(column) for name, column in found.items()}


def single(config: NeuronConfig) -> dict[str, float]:
    """Return what a sweep tells of a run, from the events of the run itself."""
    rows = [event.values for event in train(config) if isinstance(event, Metrics)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    data, error = load(config), columns["error"]
    finals = ("error", "error_max", "error_mean", "error_rms", "cross_entropy")
    found = {f"final_{name}": columns[name][-1] for name in finals}
    found |= {"peak_error": error.max(), "peak_iteration": error.argmax() + 1}
    found |= {"mean_error": error.mean()}
    inputs = data.x.shape[1]
    for i in range(inputs + 1):
        w = columns[f"w{i}"]
        found |= {f"w{i}": w[-1], f"w{i}_min": w.min(), f"w{i}_max": w.max()}
    y = compute_weighted_sums(np.array([found[f"w{i}"] for i in range(inputs + 1)]), data.x)
    if config.data == "truth_table" and inputs <= 3:
        found |= {f"y_{n:0{inputs}b}": value for n, value in enumerate(y)}
    history = np.stack([columns[f"w{i}"] for i in range(inputs + 1)], axis=1)
    right = is_on_right_side(config.rule, history[:, None], data.x, data.d)
    found["accuracy"] = right[-1].mean()
    wrong = np.flatnonzero(~right.all(axis=1))
    since = wrong[-1] + 2 if len(wrong) else 1
    found["converged_at"] = since if since <= len(rows) else np.nan
    return found


def check(base: NeuronConfig, points: Points) -> None:
    found = swept(base, points)
    for place, row in enumerate(zip(*points.values(), strict=True)):
        settings = dict(zip(points, row, strict=True))
        wanted = single(base.replace(**settings))
        for name, value in wanted.items():
            assert np.isclose(found[name][place], value, equal_nan=True, **CLOSE), (settings, name)
        others = {name for name in found if name not in wanted}
        assert all(np.isnan(found[name][place]) for name in others), (settings, others)


@pytest.mark.parametrize(
    ("settings", "points"),
    [
        ({}, {"learning_rate": [0.01, 0.7, 10.0], "seed": [0, 1, 2]}),
        ({"learning_rate": 0.3}, {"seed": [3, 3, 4], "iterations": [1, 50, 999]}),
        ({"iterations": 300}, {"truth_table": ["0001", "0111", "1001"]}),
        ({"iterations": 40}, {"init_low": [-3.0, -2.0], "init_high": [1.0, -1.0]}),
        ({"iterations": 40, "init": "normal"}, {"init_scale": [0.1, 3.0], "seed": [1, 2]}),
        ({"iterations": 200}, {"rule": ["delta", "squared_error", "step"], "seed": [5, 6, 7]}),
        ({"iterations": 30}, {"update": ["online", "batch"], "init": ["zeros", "he_normal"]}),
        ({"iterations": 20}, {"truth_table": ["01", "0001", "00010111", "0" * 15 + "1"]}),
        ({"iterations": 3}, {"truth_table": ["0" * 512 + "1" * 512], "seed": [1]}),
        (
            {"iterations": 12, "data": "gaussian", "noise": 0.4, "learning_rate": 0.05},
            {"seed": [0, 1, 0], "learning_rate": [0.01, 0.02, 0.03]},
        ),
        ({"iterations": 12, "data": "spiral"}, {"samples": [10, 20], "seed": [0, 1]}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_every_run_of_a_sweep_is_the_single_run(settings: dict[str, Any], points: Points) -> None:
    check(NeuronConfig(**settings), points)


def test_wide_inputs_of_a_csv(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 30))
    header = ",".join([f"a{i}" for i in range(30)] + ["d"])
    rows = [",".join(map(repr, [*row.tolist(), int(row[0] > 0)])) for row in x]
    (tmp_path / "wide.csv").write_text("\n".join([header, *rows]))
    base = NeuronConfig(data="csv", csv=str(tmp_path / "wide.csv"), iterations=10)
    check(base, {"learning_rate": [0.01, 0.1, 1.0]})


def test_a_run_does_not_depend_on_its_company(monkeypatch: pytest.MonkeyPatch) -> None:
    base = NeuronConfig(iterations=100)
    points: Points = {"learning_rate": np.geomspace(0.01, 10, 50).tolist(), "seed": [3] * 50}
    together = swept(base, points)
    for lanes in (7, 25):
        monkeypatch.setattr(perceptron_sweep, "LANES", lanes)
        found = swept(base, points)
        assert all(found[n].tobytes() == together[n].tobytes() for n in together)
    alone = swept(base, {name: values[20:21] for name, values in points.items()})
    assert all(alone[name][0] == together[name][20] for name in together)


def test_the_state_after_each_number_of_iterations_is_one_runs() -> None:
    stops = [1, 2, 10, 11, 100]
    points: Points = {
        "iterations": stops * 2,
        "seed": [4] * 5 + [5] * 5,
    }
    found = swept(NeuronConfig(), points)
    for place, stop in enumerate(points["iterations"]):
        alone = swept(NeuronConfig(iterations=stop), {"seed": [points["seed"][place]]})
        assert all(
            np.array_equal(found[n][place], alone[n][0], equal_nan=True) for n in alone
        ), stop  # fmt: skip


def test_a_run_that_diverges_is_nan_and_leaves_the_others(tmp_path: Any) -> None:
    path = tmp_path / "points.csv"
    path.write_text("a,b,d\n1e305,1e305,0\n1e305,0,1\n0,1e305,1\n")
    base = NeuronConfig(data="csv", csv=str(path), iterations=9)
    found = swept(base, {"iterations": [1, 2, 9], "learning_rate": [1000.0] * 3})
    assert np.isfinite(found["w1"]).tolist() == [True, False, False]
    assert np.isnan(found["accuracy"]).tolist() == [False, True, True]


def test_other_models_go_their_own_way() -> None:
    assert sweep(NeuronConfig(), {"model": ["perceptron", "mlp"]}) is None
    mlp = NeuronConfig(model="mlp", truth_table="xor", iterations=2)
    assert len(swept(mlp, {"seed": [0, 1]})["solved"]) == 2


# Experiments 1.1 to 1.11 of the practical: what an independent run of the same rule gave, from
# other initial weights. Each must lie among the values of 1000 seeds, up to half a unit of its
# last digit.
REFERENCES = [
    ({"iterations": 400}, "final_error", "0.025"),
    ({}, "final_error", "0.010"),
    ({}, "w0", "14.4993"),
    ({}, "w1", "9.5638"),
    ({}, "w2", "9.5576"),
    ({}, "w0/w1", "1.516"),
    ({}, "y_00", "-14.50"),
    ({}, "y_01", "-4.94"),
    ({}, "y_10", "-4.94"),
    ({}, "y_11", "4.62"),
    ({"learning_rate": 0.01}, "peak_error", "0.66"),
    ({"learning_rate": 0.01}, "final_error", "0.387"),
    ({"learning_rate": 0.01}, "w0", "2.64"),
    ({"learning_rate": 0.01}, "w1", "1.53"),
    ({"learning_rate": 0.01}, "w2", "1.58"),
    ({"learning_rate": 10, "iterations": 10}, "final_error", "0.005"),
    ({"learning_rate": 10}, "w0", "26.9"),
    ({"learning_rate": 10}, "w1", "18.6"),
    ({"learning_rate": 10}, "w2", "16.8"),
    ({"iterations": 50}, "final_error", "0.170"),
    ({"truth_table": "or"}, "w0", "4.925"),
    ({"truth_table": "or"}, "w1", "10.773"),
    ({"truth_table": "or"}, "w2", "10.777"),
    ({"truth_table": "xor"}, "final_error", "0.604"),
    ({"truth_table": "xor"}, "w0", "-0.423"),
    ({"truth_table": "xor"}, "w1", "-0.846"),
    ({"truth_table": "xor"}, "w2", "-0.423"),
]


@pytest.fixture(scope="module")
def over_seeds() -> dict[str, dict[str, np.ndarray]]:
    tasks = {str(settings): settings for settings, _, _ in REFERENCES}
    seeds: Points = {"seed": list(range(1000))}
    found = {}
    for name, settings in tasks.items():
        columns = swept(NeuronConfig.parse(settings), seeds)
        found[name] = {**columns, "w0/w1": columns["w0"] / columns["w1"]}
    return found


@pytest.mark.parametrize(("settings", "name", "told"), REFERENCES, ids=str)
def test_reference_values_lie_in_the_spread_of_a_thousand_seeds(
    over_seeds: dict[str, dict[str, np.ndarray]], settings: dict[str, Any], name: str, told: str
) -> None:
    values = over_seeds[str(settings)][name]
    half = 0.5 * 10.0 ** -len(told.partition(".")[2])
    assert values.min() - half <= float(told) <= values.max() + half


PROGRAM = """
import hashlib
from epoque.neuron.config import NeuronConfig
from epoque.neuron.sweep import sweep
found = sweep(NeuronConfig(iterations=50), {"seed": list(range(2300))})
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


def test_a_sweep_has_the_same_bytes_in_two_processes() -> None:
    command = [sys.executable, "-c", PROGRAM]
    outputs = {subprocess.run(command, check=True, capture_output=True).stdout for _ in range(2)}
    assert len(outputs) == 1
