"""The live engine of the neuron lab, held against the Python engine."""

import math
from itertools import combinations, product
from pathlib import Path
from typing import Any, get_args

import jax
import numpy as np
import pytest
from engine_hosts import compute_in_chromium, compute_in_node, list_jobs

from epoque.bench.events import Metrics
from epoque.bench.live_engine import EngineTraining, read_manifest
from epoque.neuron import data
from epoque.neuron.config import GATES, NeuronConfig
from epoque.neuron.live_engine import REASONS, begin_training, live_engine
from epoque.neuron.mlp.initialization import init_params
from epoque.neuron.mlp.network import layers_to_arrays
from epoque.neuron.mlp.steps import Batch, Hyperparameters, StaticConfig, objective
from epoque.neuron.perceptron.initialization import init_weights
from epoque.neuron.train import train

pytest.importorskip("wasmtime", reason="the extra studio brings wasmtime")

AXES: dict[str, tuple[Any, ...]] = {
    "data": ("circle", "exclusive_or", "gaussian", "spiral"),
    "hidden_layers": ((2,), (4, 3)),
    "activation": ("relu", "tanh", "sigmoid", "linear"),
    "loss": ("cross_entropy", "squared_error", "hinge"),
    "optimizer": ("sgd", "momentum", "adam"),
    "init": ("uniform", "normal", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"),
    "batch_size": (None, 3, 7),
    "l1": (0.0, 0.01),
    "l2": (0.0, 0.02),
}
SEEDS = range(40)
POINTS = 8
"""As many training points in every set: other shapes would be compiled anew."""


def covering_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return rows of settings in which any two values of two axes meet."""
    left = {
        ((a, i), (b, j))
        for a, b in combinations(AXES, 2)
        for i, j in product(range(len(AXES[a])), range(len(AXES[b])))
    }
    rows = []
    while left:
        best: tuple[int, dict[str, int]] = (-1, {})
        for _ in range(30):
            row = {name: int(rng.integers(len(values))) for name, values in AXES.items()}
            (a, i), (b, j) = next(iter(sorted(left)))
            row |= {a: i, b: j}
            new = sum(pair in left for pair in combinations(row.items(), 2))
            best = max(best, (new, row), key=lambda option: option[0])
        left -= set(combinations(best[1].items(), 2))
        rows.append({name: AXES[name][index] for name, index in best[1].items()})
    return rows


def network_config(row: dict[str, Any], seed: int) -> NeuronConfig:
    """Return the config of a row, without settings that would have no effect."""
    values = {"model": "mlp", "seed": seed, "learning_rate": 0.05, "iterations": 20, **row}
    values |= {"samples": 12, "train_share": 0.7, "noise": 0.1}
    if row["init"] == "normal":
        values["init_scale"] = 0.5
    return NeuronConfig(**values)


def configs(count: int) -> list[NeuronConfig]:
    """Return configs of covering rows, one array of them after the other, each of its own seed."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        rows += covering_rows(rng)
    return [network_config(row, seed) for seed, row in enumerate(rows[:count])]


def begin(config: NeuronConfig) -> EngineTraining:
    """Begin a training that the engine covers."""
    assert live_engine(config) is None
    return begin_training(config)


@pytest.mark.parametrize("init", ["uniform", "normal"])
def test_first_weights_are_numpys(init: str) -> None:
    """4,225 numbers a seed, so that each way through the ziggurat is taken."""
    for seed in (*SEEDS, 2**31, 2**32 - 1):
        config = NeuronConfig(model="mlp", hidden_layers=(64, 64), init=init, seed=seed)
        weights = begin(config).weights()
        for name, array in layers_to_arrays(init_params(config, 2)).items():
            np.testing.assert_array_equal(weights[name], array)


@pytest.mark.parametrize("init", get_args(NeuronConfig.model_fields["init"].annotation))
def test_first_weights_of_each_initializer(init: str) -> None:
    """Of one neuron and of a network, bit for bit."""
    for seed in range(5):
        config = NeuronConfig(truth_table="00010111", init=init, seed=seed)
        np.testing.assert_array_equal(begin(config).weights()["w"], init_weights(config, 3))
        config = config.replace(model="mlp", hidden_layers=(5, 3))
        weights = begin(config).weights()
        for name, array in layers_to_arrays(init_params(config, 3)).items():
            np.testing.assert_array_equal(weights[name], array)


@pytest.mark.parametrize("shape", ["circle", "exclusive_or", "gaussian", "spiral"])
@pytest.mark.parametrize("noise", [0.0, 0.15])
@pytest.mark.parametrize(("samples", "share"), [(500, 0.5), (7, 0.3), (101, 0.9)])
def test_points_are_numpys(shape: str, noise: float, samples: int, share: float) -> None:
    """The sines of hosts differ in their last digit; classes and order do not."""
    for seed in range(3):
        settings = {"noise": noise, "samples": samples, "train_share": share, "seed": seed}
        config = NeuronConfig(data=shape, **settings)
        dataset, arrays = data.load(config), begin(config).snapshot()
        for name in ("x", "x_test"):
            expected = getattr(dataset, name)
            np.testing.assert_allclose(arrays[name], expected, rtol=2e-7, atol=1e-7)
        np.testing.assert_array_equal(arrays["d"], dataset.d)
        np.testing.assert_array_equal(arrays["d_test"], dataset.d_test)


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
def test_scaling_of_the_users_points(scale: str) -> None:
    """Also of inputs whose squares would overflow, and of one that never changes."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(50, 4)) * (1.0, 1e200, 1e-200, 0.0) + (3.0, 0.0, 0.0, 7.0)
    d = (x[:, 0] > 3).astype(float)
    config = NeuronConfig(data="csv", csv="/nowhere.csv", scale=scale, learning_rate=1e-3)
    dataset = data._without_test_points(x, d)
    training = begin_training(config, dataset)
    scaled = data._scale_inputs(config, dataset).x
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(training.snapshot()["x"], np.float32(scaled), rtol=1e-6)


@pytest.mark.parametrize("gate", [*GATES, "01", "00000001000101110001011101111111"])
@pytest.mark.parametrize("rule", ["delta", "squared_error", "step"])
@pytest.mark.parametrize("update", ["online", "batch"])
def test_perceptron_against_jax(gate: str, rule: str, update: str) -> None:
    """Weights and metrics of 1,000 iterations to 1e-9."""
    config = NeuronConfig(truth_table=gate, rule=rule, update=update)
    training = begin(config)
    assert training.advance(1000) == 1000
    compare_metrics(training, [e.values for e in train(config) if isinstance(e, Metrics)], 1e-9)


def compare_metrics(training: EngineTraining, rows: list[Any], tolerance: float) -> None:
    """Compare all metrics of all iterations."""
    names, table = training.manifest.metrics, training.metrics()
    assert len(table) == len(rows)
    for name, column in zip(names, table.T, strict=True):
        if name in rows[0]:
            expected = [row[name] for row in rows]
            np.testing.assert_allclose(column, expected, rtol=tolerance, atol=tolerance)
        else:
            assert np.isnan(column).all()


def test_a_perceptron_on_points_of_the_plane() -> None:
    """Against JAX, on a set with test points."""
    config = NeuronConfig(data="gaussian", noise=0.2, learning_rate=0.01, iterations=100)
    training = begin(config)
    training.advance(100)
    compare_metrics(training, [e.values for e in train(config) if isinstance(e, Metrics)], 1e-9)


def test_network_gradients_against_jax() -> None:
    """200 covering configs: the gradients of all weights at the first ones."""
    gradient = jax.jit(jax.grad(objective), static_argnums=2)
    for config in configs(200):
        config = config.replace(batch_size=None, optimizer="sgd")
        dataset, params = data.load(config), init_params(config, len(data.load(config).names))
        assert len(dataset.d) == POINTS
        static = StaticConfig.of(config, *dataset.x.shape)
        batch = Batch(dataset.x, dataset.d, np.full(POINTS, 1 / POINTS))
        with jax.enable_x64(True):
            slopes = gradient(params, batch, static, Hyperparameters.of(config))
            expected = layers_to_arrays(jax.device_get(slopes))
        actual = gradients_of(begin(config))
        size = max(abs(array).max() for array in expected.values())
        for name, array in expected.items():
            np.testing.assert_allclose(actual[name], array, rtol=1e-9, atol=1e-9 * size)


def gradients_of(training: EngineTraining) -> dict[str, Any]:
    """Return the gradients of the first minibatch, by the parameters' names."""
    while (phase := training.phase()) is not None and phase.name != "update":
        pass
    assert phase is not None
    prefix = "gradients."
    return {n.removeprefix(prefix): a for n, a in phase.arrays.items() if n.startswith(prefix)}


def test_network_training_against_jax() -> None:
    """Covering configs: all metrics of the first 20 iterations, minibatches too."""
    for config in [*configs(12), NeuronConfig(model="mlp", truth_table="xor", iterations=20)]:
        training = begin(config)
        assert training.advance(20) == 20
        compare_metrics(training, [e.values for e in train(config) if isinstance(e, Metrics)], 1e-7)


@pytest.fixture(scope="module")
def settings() -> list[dict[str, Any]]:
    """20 configs."""
    single = [NeuronConfig(), NeuronConfig(data="spiral", rule="step")]
    return [dict(config.flatten()) for config in [*configs(18), *single]]


@pytest.fixture(scope="module")
def digests(settings: list[dict[str, Any]]) -> list[str]:
    """What wasmtime ends with after 2,000 iterations of each."""
    ends = []
    for values in settings:
        training = EngineTraining("neuron", values)
        training.advance(2000)
        ends.append(training.digest())
    assert len(set(ends)) == len(ends)
    return ends


def test_same_bytes_in_node(
    settings: list[dict[str, Any]], digests: list[str], tmp_path: Path
) -> None:
    """Of the state after 2,000 iterations."""
    assert compute_in_node(list_jobs("neuron", settings, 2000), tmp_path) == digests


def test_same_bytes_in_chromium(settings: list[dict[str, Any]], digests: list[str]) -> None:
    """Of the state after 2,000 iterations."""
    assert compute_in_chromium(list_jobs("neuron", settings, 2000)) == digests


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"update": "batch", "truth_table": "xor"},
        {"model": "mlp", "data": "circle", "samples": 40, "batch_size": 7, "hidden_layers": (3,)},
        {"model": "mlp", "data": "circle", "samples": 400, "optimizer": "adam"},
    ],
)
def test_an_iteration_in_phases_is_the_same(values: dict[str, Any]) -> None:
    """To the bit, also where it is left in the middle."""
    whole, parts = begin(NeuronConfig(**values)), begin(NeuronConfig(**values))
    whole.advance(4)
    parts.advance(2)
    while parts.step < 3:
        assert parts.phase() is not None
    parts.phase()
    assert parts.advance(1) == 1
    assert whole.digest() == parts.digest()
    parts.phase()
    assert parts.digest() == whole.digest(), "a look at the state begins the iteration anew"
    whole.advance(1)
    parts.advance(1)
    assert whole.digest() == parts.digest()


def test_the_phases_of_a_pattern() -> None:
    """Each part follows from the ones before by the rule."""
    training = begin(NeuronConfig(truth_table="or", learning_rate=0.5))
    phases = [phase for _ in range(5) if (phase := training.phase())]
    assert [phase.name for phase in phases] == ["input", "sum", "output", "error", "correction"]
    shown = phases[-1].arrays
    assert shown["sum"] == pytest.approx(-shown["w"][0] + shown["x"] @ shown["w"][1:])
    assert shown["output"] == pytest.approx(1 / (1 + math.exp(-shown["sum"])))
    assert shown["error"] == pytest.approx(shown["d"] - shown["output"])
    np.testing.assert_allclose(shown["correction"], 0.5 * shown["error"] * np.r_[-1, shown["x"]])
    np.testing.assert_array_equal(shown["w_after"], shown["w"] + shown["correction"])


def test_a_checkpoint_brings_a_training_back() -> None:
    """With the moments of Adam, the place among the minibatches, and what is held."""
    values = {"optimizer": "adam", "batch_size": 5, "samples": 40, "hidden_layers": (4, 2)}
    training = begin(NeuronConfig(model="mlp", data="spiral", **values))
    training.advance(10)
    held = np.zeros((2, 4))
    held[1, 2] = 1
    training.set_weights({"held.w1": held})
    state = training.checkpoint()
    training.advance(10)
    digest, weights = training.digest(), training.weights()
    training.restore(state)
    assert training.step == 10
    training.advance(10)
    assert training.digest() == digest
    np.testing.assert_array_equal(training.weights()["w1"], weights["w1"])
    with pytest.raises(ValueError, match="another training"):
        training.restore(state[:-8])


def test_a_weight_is_written_and_held() -> None:
    """It stays at its value while the others learn."""
    training = begin(NeuronConfig(model="mlp", truth_table="xor", hidden_layers=(3,)))
    before = training.weights()
    before["w1"][1, 2] = 0.125
    held = np.zeros((2, 3))
    held[1, 2] = 1
    training.set_weights({"w1": before["w1"], "held.w1": held})
    training.advance(50)
    after = training.weights()["w1"]
    assert after[1, 2] == 0.125
    assert (np.delete(after.ravel(), 5) != np.delete(before["w1"].ravel(), 5)).all()


def test_a_state_is_measured_as_it_stands() -> None:
    """A network as after its iteration; a neuron without the corrections of a pass."""
    network = begin(NeuronConfig(model="mlp", data="circle", samples=40, hidden_layers=(3,)))
    network.advance(5)
    digest, row = network.digest(), network.metrics()[-1]
    np.testing.assert_array_equal(network.evaluate(), row)
    assert network.digest() == digest
    network.advance(1)
    neuron = begin(NeuronConfig(truth_table="0111"))
    neuron.advance(3)
    neuron.set_weights({"w": [0.5, 1.0, 2.0]})
    measured = dict(zip(read_manifest("neuron").metrics, neuron.evaluate(), strict=True))
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    z = x @ [1.0, 2.0] - 0.5
    gaps = np.abs([0, 1, 1, 1] - 1 / (1 + np.exp(-z)))
    assert measured["error_max"] == pytest.approx(gaps.max(), rel=1e-12)
    assert measured["error_mean"] == pytest.approx(gaps.mean(), rel=1e-12)
    assert [measured[f"w{i}"] for i in range(3)] == [0.5, 1.0, 2.0]


def test_a_change_without_a_restart() -> None:
    """The next iteration goes by it."""
    config = NeuronConfig(learning_rate=0.7)
    training, slow = begin(config), config.replace(learning_rate=0.01)
    training.advance(5)
    first = training.weights()["w"]
    training.change(slow.flatten())
    training.advance(1)
    assert 0 < abs(training.weights()["w"] - first).max() < 0.03


def test_a_training_that_diverges_stays_as_it_was() -> None:
    """And says what would not be finite."""
    values = {"activation": "linear", "loss": "squared_error", "hidden_layers": (4, 4, 4)}
    config = NeuronConfig(
        model="mlp", data="circle", init="normal", learning_rate=1000, optimizer="momentum",
        l2=100, **values,
    )  # fmt: skip
    training = begin(config)
    done = training.advance(10_000)
    assert 0 < done == training.step < 10_000
    assert training.failure in ("a loss", "a weight")
    assert all(np.isfinite(array).all() for array in training.weights().values())
    assert training.advance(1) == 0
    training.change(config.replace(learning_rate=1e-9, l2=0.0).flatten())
    assert training.failure == ""


def test_more_rows_than_are_kept() -> None:
    """The newest 4,096, in their order."""
    training = begin(NeuronConfig())
    training.advance(5000)
    rows = training.metrics()
    again = begin(NeuronConfig())
    again.advance(904)
    again.metrics()
    again.advance(4096)
    np.testing.assert_array_equal(rows, again.metrics())
    assert len(rows) == 4096
    assert len(training.metrics()) == 0


def test_what_it_does_not_cover() -> None:
    """The reason is one of those that are translated, and the engine itself refuses as well."""
    config = NeuronConfig(model="mlp", hidden_layers=(65,))
    assert live_engine(config) in REASONS
    assert live_engine(config.replace(hidden_layers=(64,) * 6)) is None
    assert live_engine(config.replace(hidden_layers=(2,) * 7)) in REASONS
    assert {rule["reason"] for rule in read_manifest("neuron").covers} == set(REASONS)
