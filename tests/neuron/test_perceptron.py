"""The rule, against a plain NumPy loop that shares no code with it."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.bench.events import Metrics
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import Dataset, load
from epoque.neuron.perceptron.initialization import init_weights
from epoque.neuron.perceptron.live import run_block
from epoque.neuron.perceptron.rule import correct
from epoque.neuron.perceptron.vectors import UnrolledVector
from epoque.neuron.train import train_on

MAJORITY_OF_FIVE = "".join(str(int(n.bit_count() > 2)) for n in range(32))
FIRST_OF_TEN = "0" * 512 + "1" * 512


def slope(rule: str, o: float) -> float:
    return o * (1 - o) if rule == "squared_error" else 1.0


def plain(config: NeuronConfig, data: Dataset) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """Train as a student would write it: return each iteration's error measures and weights."""
    x = np.hstack([-np.ones((len(data.x), 1)), data.x])
    w = init_weights(config, data.x.shape[1])
    rows, history = [], []
    for _ in range(config.iterations):
        summed, errors, entropies = np.zeros_like(w), [], []
        for pattern, d in zip(x, data.d, strict=True):
            y = sum(a * b for a, b in zip(pattern, w, strict=True))
            o = float(y > 0) if config.rule == "step" else 1 / (1 + math.exp(-y))
            change = config.learning_rate * pattern * (d - o) * slope(config.rule, o)
            if config.update == "online":
                w = w + change
            summed += change
            errors.append(abs(d - o))
            right = y if d == 1 else -y
            entropies.append(math.log1p(math.exp(-right)) if right > -500 else -right)
        if config.update == "batch":
            w = w + summed
        e = np.array(errors)
        rows.append(
            {
                "error": e[-1],
                "error_max": e.max(),
                "error_mean": e.mean(),
                "error_rms": (e**2).mean() ** 0.5,
                "cross_entropy": np.mean(entropies),
            }
        )
        history.append(w)
    return rows, history


def ours(config: NeuronConfig, data: Dataset) -> list[dict[str, float]]:
    return [dict(e.values) for e in train_on(config, data) if isinstance(e, Metrics)]


@pytest.mark.parametrize(
    "config",
    [
        NeuronConfig(),
        NeuronConfig(learning_rate=0.01),
        NeuronConfig(learning_rate=10, truth_table="or"),
        NeuronConfig(truth_table="xor", seed=7),
        NeuronConfig(truth_table="nand", update="batch", init="normal"),
        NeuronConfig(rule="squared_error", init="zeros"),
        NeuronConfig(rule="squared_error", update="batch", learning_rate=5, init="he_uniform"),
        NeuronConfig(rule="step", seed=3),
        NeuronConfig(rule="step", update="batch", truth_table="xor"),
        NeuronConfig(truth_table="10", init="glorot_normal"),
        NeuronConfig(truth_table=MAJORITY_OF_FIVE, iterations=200),
        NeuronConfig(truth_table=FIRST_OF_TEN, iterations=5, update="batch"),
        NeuronConfig(truth_table=FIRST_OF_TEN, iterations=5, learning_rate=0.01),
        NeuronConfig(data="gaussian", noise=0.3, iterations=20, learning_rate=0.05),
    ],
    ids=lambda c: f"{c.truth_table[:8]}-{c.rule}-{c.update}-{c.learning_rate}",
)
def test_the_rule_is_a_plain_loop_to_twelve_digits(config: NeuronConfig) -> None:
    data = load(config)
    rows, history = plain(config, data)
    found = ours(config, data)
    assert len(found) == config.iterations
    assert list(found[0]) == [*rows[0], *(f"w{i}" for i in range(data.x.shape[1] + 1))]
    for name in rows[0]:
        wanted = [row[name] for row in rows]
        assert np.allclose([row[name] for row in found], wanted, rtol=1e-12, atol=1e-12), name
    weights = [[row[f"w{i}"] for i in range(data.x.shape[1] + 1)] for row in found]
    assert np.allclose(weights, history, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", ["delta", "squared_error", "step"])
@pytest.mark.parametrize("pattern", [(0.0, 1.0), (1.0, 1.0), (0.3, -2.5)])
def test_a_correction_is_the_same_for_an_array_and_an_unrolled_vector(
    rule: str, pattern: tuple[float, ...]
) -> None:
    with jax.enable_x64(True):
        w, x = jnp.array([0.4, -1.2, 0.9]), (-1.0, *pattern)
        d, rate = jnp.array(1.0), jnp.array(0.7)
        array, of_array = correct(w, jnp.array(x), d, rate, rule)
        vector, of_vector = correct(UnrolledVector(tuple(w)), UnrolledVector(x), d, rate, rule)
        assert np.allclose([float(c) for c in vector.components], array, rtol=1e-15)
        assert np.allclose(of_vector, of_array, rtol=1e-15)


def test_many_inputs_are_trained_as_one_array() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 40))
    data = Dataset(x, (x[:, 0] > 0).astype(float), x[:0], np.empty(0), ("x",) * 40)
    config = NeuronConfig(iterations=20, learning_rate=0.1)
    _, history = plain(config, data)
    found = ours(config, data)
    assert np.allclose([found[-1][f"w{i}"] for i in range(41)], history[-1], rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "low", "high", "spread"),
    [
        ({}, -2, 0, 2 / 12**0.5),
        ({"init_low": 3, "init_high": 3.5}, 3, 3.5, 0.5 / 12**0.5),
        ({"init": "normal", "init_scale": 0.1}, -0.5, 0.5, 0.1),
        ({"init": "zeros"}, 0, 0, 0),
        ({"init": "glorot_uniform"}, -(2**0.5), 2**0.5, (2 / 3) ** 0.5),
        ({"init": "he_uniform"}, -(3**0.5), 3**0.5, 1),
        ({"init": "glorot_normal"}, -9, 9, (2 / 3) ** 0.5),
        ({"init": "he_normal"}, -9, 9, 1),
    ],
)
def test_initial_weights_have_their_distribution(
    settings: dict[str, object], low: float, high: float, spread: float
) -> None:
    draws = [init_weights(NeuronConfig.parse({**settings, "seed": s}), 2) for s in range(1000)]
    w = np.stack(draws)
    assert ((low <= w) & (w <= high)).all()
    assert w[:, 1:].std() == pytest.approx(spread, rel=0.06)
    if "init" in settings and settings["init"] != "normal":
        assert (w[:, 0] == 0).all()
    elif spread:
        assert len(np.unique(w)) == 3000


def test_one_program_serves_all_gates_rates_and_lengths() -> None:
    ours(NeuronConfig(iterations=3), load(NeuronConfig()))
    compiled = run_block._cache_size()
    for gate, rate, iterations in (("and", 0.1, 5), ("or", 2.0, 5), ("xor", 0.7, 2000)):
        config = NeuronConfig(truth_table=gate, learning_rate=rate, iterations=iterations)
        assert len(ours(config, load(config))) == iterations
    assert run_block._cache_size() == compiled
