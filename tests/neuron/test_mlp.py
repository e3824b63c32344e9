import json
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from epoque.bench.errors import DamagedRunError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Metrics, Snapshot
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter, create_run
from epoque.bench.seeds import jax_key
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.mlp import evaluate as evaluation
from epoque.neuron.mlp import network
from epoque.neuron.mlp.evaluate import evaluate
from epoque.neuron.mlp.initialization import init_params
from epoque.neuron.mlp.steps import Points, shuffle_into_batches
from epoque.neuron.mlp.sweep import sweep
from epoque.neuron.train import train_on

XOR = NeuronConfig(
    model="mlp",
    truth_table="xor",
    optimizer="momentum",
    learning_rate=0.5,
    init="normal",
    init_scale=0.1,
)
CIRCLE = NeuronConfig(
    model="mlp",
    data="circle",
    samples=41,
    hidden_layers=(4,),
    init="glorot_uniform",
    optimizer="adam",
    learning_rate=0.01,
    batch_size=8,
    iterations=60,
    checkpoint_every=7,
)


def train(config, resume=None):
    return list(train_on(config, load(config), resume))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


# An implementation of its own: NumPy, hand-written derivatives.


SLOPES = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (expit, lambda z: expit(z) * (1 - expit(z))),
    "linear": (lambda z: z, np.ones_like),
}


def hand_gradient(config, weights, x, d):
    f, slope = SLOPES[config.activation]
    layers = len(weights) // 2
    inputs, sums = [x], []
    for k in range(1, layers + 1):
        sums.append(inputs[-1] @ weights[f"w{k}"] + weights[f"b{k}"])
        inputs.append(f(sums[-1]) if k < layers else sums[-1])
    z = sums[-1][:, 0]
    o, s = expit(z), 2 * d - 1
    delta = {
        "cross_entropy": o - d,
        "squared_error": (o - d) * o * (1 - o),
        "hinge": np.where(s * z < 1, -s, 0.0),
    }[config.loss][:, None] / len(d)
    found = {}
    for k in range(layers, 0, -1):
        w = weights[f"w{k}"]
        found[f"w{k}"] = inputs[k - 1].T @ delta + config.l1 * np.sign(w) + config.l2 * w
        found[f"b{k}"] = delta.sum(axis=0)
        if k > 1:
            delta = delta @ w.T * slope(sums[k - 2])
    return found


class HandOptimizer:
    def __init__(self, config):
        self.config, self.count = config, 0
        self.first, self.second = {}, {}

    def step(self, weights, gradient):
        self.count += 1
        return {name: weights[name] - self.change(name, g) for name, g in gradient.items()}

    def change(self, name, g):
        rate = self.config.learning_rate
        if self.config.optimizer == "sgd":
            return rate * g
        if self.config.optimizer == "momentum":
            self.first[name] = g + self.config.momentum * self.first.get(name, 0)
            return rate * self.first[name]
        self.first[name] = 0.9 * self.first.get(name, 0) + 0.1 * g
        self.second[name] = 0.999 * self.second.get(name, 0) + 0.001 * g**2
        m = self.first[name] / (1 - 0.9**self.count)
        v = self.second[name] / (1 - 0.999**self.count)
        return rate * m / (np.sqrt(v) + 1e-8)


def batches_of(config, d, step):
    if config.batch_size is None:
        return [np.arange(len(d))]
    with jax.enable_x64(True):
        key = jax.random.fold_in(jax_key(config.seed, "batches"), step)
        order = np.asarray(jax.random.permutation(key, len(d)))
    return np.split(order, range(config.batch_size, len(d), config.batch_size))


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "loss": "cross_entropy", "activation": "tanh"},
        {
            "optimizer": "momentum",
            "loss": "squared_error",
            "activation": "sigmoid",
            "l1": 0.01,
            "hidden_layers": (5, 3),
        },
        {"optimizer": "adam", "loss": "hinge", "activation": "relu", "l2": 0.1},
        {"optimizer": "sgd", "loss": "hinge", "activation": "linear"},
        {
            "optimizer": "adam",
            "loss": "cross_entropy",
            "activation": "linear",
            "l1": 0.1,
            "hidden_layers": (),
        },
        {"optimizer": "momentum", "activation": "sigmoid", "momentum": 0.5, "batch_size": 6},
    ],
    ids=lambda s: "-".join(map(str, s.values())),
)
def test_100_steps_are_those_of_a_numpy_implementation(settings):
    settings = {"batch_size": None, **settings}
    config = CIRCLE.replace(iterations=100, learning_rate=0.05, init="normal", **settings)
    data = load(config)
    first, *snapshots = of(Snapshot, train(config))
    assert len(snapshots) == 100
    weights = {name: a for name, a in first.arrays.items() if name[0] in "wb"}
    optimizer = HandOptimizer(config)
    for step, snapshot in enumerate(snapshots):
        for batch in batches_of(config, data.d, step):
            gradient = hand_gradient(config, weights, data.x[batch], data.d[batch])
            weights = optimizer.step(weights, gradient)
        for name, array in weights.items():
            np.testing.assert_allclose(snapshot.arrays[name], array, rtol=1e-9, atol=1e-11)


def test_metrics_are_those_of_the_network_after_the_iteration():
    config = CIRCLE.replace(iterations=3, loss="squared_error")
    data, events = load(config), train(config)
    for metrics, snapshot in zip(of(Metrics, events), of(Snapshot, events)[1:], strict=True):
        params = network.params_from_arrays(snapshot.arrays, 2)
        o = network.outputs(params, data.x, config.activation)
        gap, p = abs(data.d - o), np.where(data.d == 1, o, 1 - o)
        o_test = network.outputs(params, data.x_test, config.activation)
        expected = {
            "loss": np.mean(gap**2) / 2,
            "error": gap[-1],
            "error_max": gap.max(),
            "error_mean": gap.mean(),
            "error_rms": np.sqrt(np.mean(gap**2)),
            "cross_entropy": -np.log(p).mean(),
            "accuracy": np.mean((o > 0.5) == data.d),
            "test_loss": np.mean((data.d_test - o_test) ** 2) / 2,
            "test_accuracy": np.mean((o_test > 0.5) == data.d_test),
        }
        assert list(metrics.values) == list(expected)
        assert metrics.values == pytest.approx(expected, rel=1e-12)


def test_a_truth_table_has_no_test_metrics():
    metrics = of(Metrics, train(XOR.replace(iterations=2)))[-1]
    assert not {"test_loss", "test_accuracy"} & set(metrics.values)


def test_extreme_sums_give_finite_losses_and_gradients():
    z, d = np.array([-800.0, -800.0, 800.0, 800.0, 0.0]), np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(network.sigmoid(z), expit(z), atol=1e-16)
    for loss, expected in {
        "cross_entropy": [0, 800, 800, 0, np.log(2)],
        "squared_error": [0, 0.5, 0.5, 0, 0.125],
        "hinge": [0, 801, 801, 0, 1],
    }.items():
        np.testing.assert_allclose(network.point_losses(z, d, loss), expected, atol=1e-300)
        slope = jax.grad(lambda z, loss=loss: network.point_losses(z, d, loss).sum())(z)
        assert np.isfinite(slope).all()


def test_only_weights_are_penalised_never_biases():
    params = [{"w": np.array([[-2.0], [1.0]]), "b": np.array([5.0])}]
    assert network.penalty(params, 0.5, 0.1) == pytest.approx(0.5 * 3 + 0.05 * 5)


# The first weights.


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("glorot_uniform", 2 / 1200),
        ("glorot_normal", 2 / 1200),
        ("he_uniform", 2 / 400),
        ("he_normal", 2 / 400),
        ("normal", 9.0),
        ("uniform", 1 / 12),
    ],
)
def test_initialisers_have_their_variance(init, expected):
    settings = {"normal": {"init_scale": 3.0}, "uniform": {"init_low": 1, "init_high": 2}}
    config = NeuronConfig(
        model="mlp", hidden_layers=(400, 800), init=init, **settings.get(init, {})
    )
    second = init_params(config, 2)[1]
    w = second["w"]
    assert w.shape == (400, 800)
    assert w.var() == pytest.approx(expected, rel=0.02)
    if init.endswith("uniform") and init != "uniform":
        assert abs(w).max() <= np.sqrt(3 * expected)
    drawn = init in ("uniform", "normal")
    assert np.any(second["b"]) == drawn
    assert w.mean() == pytest.approx(1.5 if init == "uniform" else 0, abs=0.03)


def test_zero_weights_stay_alike_and_never_solve_xor():
    events = train(XOR.replace(init="zeros", init_scale=1.0, iterations=200))
    weights = of(Checkpoint, events)[-1].arrays
    assert weights["w1"][0, 0] == weights["w1"][0, 1]
    assert of(Metrics, events)[-1].values["error_max"] >= 0.5


# Events, resuming, determinism.


def test_the_event_stream():
    events = train(XOR.replace(iterations=250, checkpoint_every=100))
    assert [e.step for e in of(Metrics, events)] == list(range(1, 251))
    assert [e.step for e in of(Checkpoint, events)] == [100, 200, 250]
    steps = [e.step for e in of(Snapshot, events)]
    assert steps[:2] == [0, 3]
    assert steps[-1] == 250
    assert isinstance(events[-1], Artifact)


def write(path, config, events):
    run = create_run(path, "neuron", "neuron/test", config)
    folder = RunWriter(run)
    for event in events:
        folder.log(event)
    folder.close("finished")
    return Run.open(run.path)


def pack(event):
    if isinstance(event, Snapshot | Checkpoint):
        arrays = {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in event.arrays.items()}
        return type(event).__name__, event.step, arrays
    return event


@pytest.mark.parametrize(
    "config",
    [
        CIRCLE,
        CIRCLE.replace(batch_size=None, optimizer="momentum"),
        XOR.replace(optimizer="sgd", iterations=2100, checkpoint_every=499),
    ],
    ids=["adam-minibatches", "momentum-full-batch", "sgd-over-blocks"],
)
def test_a_resumed_run_is_bit_identical_from_every_checkpoint(tmp_path, config):
    whole = train(config)
    run = write(tmp_path, config, whole)
    assert len(run.checkpoint_steps) >= 5
    for step in run.checkpoint_steps:
        resumed = train(config, run.checkpoint(step))
        place = next(i for i, e in enumerate(whole) if isinstance(e, Checkpoint) and e.step == step)
        assert list(map(pack, resumed)) == list(map(pack, whole[place + 1 :]))


def test_a_checkpoint_of_another_network_is_refused():
    checkpoint = of(Checkpoint, train(XOR.replace(iterations=1)))[-1]
    for change in ({"hidden_layers": (3,)}, {"optimizer": "adam"}, {"truth_table": "00010111"}):
        with pytest.raises(DamagedRunError, match="step 1 is of another network"):
            train(XOR.replace(**change), checkpoint)


def test_same_seed_same_bytes_in_another_process():
    config = XOR.replace(batch_size=3, iterations=50)
    code = (
        "from epoque.neuron.train import train_on; from epoque.neuron.config import NeuronConfig\n"
        f"from epoque.neuron.data import load; c = NeuronConfig.parse({config.model_dump()!r})\n"
        "*_, last = train_on(c, load(c)); print(last.data.hex())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert bytes.fromhex(other.stdout.strip()) == train(config)[-1].data


def test_minibatches_hold_every_point_once_a_pass_and_are_reshuffled():
    data = Points(np.arange(10.0)[:, None], np.arange(10.0), None, None)
    passes = []
    for step in range(3):
        x, d, shares = shuffle_into_batches(4, np.uint32(5), data, step)
        assert x.shape == (3, 4, 1)
        assert np.array_equal(x[..., 0], d)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert sorted(np.asarray(d)[np.asarray(shares) > 0].tolist()) == list(range(10))
        passes.append(d.ravel()[:10].tolist())
    assert all(a != b for a, b in pairwise(passes))


def test_another_seed_gives_another_run():
    first, other = (train(CIRCLE.replace(seed=s))[-1].data for s in (0, 1))
    assert first != other


def test_training_leaves_jax_as_it_was_and_the_model_needs_none():
    train(XOR.replace(iterations=1))
    assert jnp.zeros(1).dtype == jnp.float32
    code = "import sys, epoque.neuron.mlp.evaluate; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# Divergence.


def test_divergence_names_the_iteration_and_keeps_what_was_before():
    config = CIRCLE.replace(
        activation="relu", loss="squared_error", optimizer="sgd", init="normal",
        init_scale=100, learning_rate=1000, l2=100, batch_size=None, checkpoint_every=10,
    )  # fmt: skip
    seen = []
    with pytest.raises(DivergenceError) as caught:
        seen.extend(train_on(config, load(config)))
    step = caught.value.step
    assert step > 10
    assert f"iteration {step}" in str(caught.value)
    assert of(Metrics, seen)[-1].step == step - 1
    assert all(np.isfinite(list(e.values.values())).all() for e in of(Metrics, seen))
    assert all(np.isfinite(a).all() for e in of(Checkpoint, seen) for a in e.arrays.values())
    assert of(Checkpoint, seen)[-1].step == (step - 1) // 10 * 10
    found = sweep(config, load(config), {"learning_rate": [1000, 0.001], "iterations": [60, 5]})
    assert found["solved"][0] == 0
    assert np.isnan(found["final_loss"][0])
    assert np.isfinite(found["final_loss"][1])


# Sweeps.


SWEEPS = {
    "one program": (
        CIRCLE.replace(samples=20, iterations=30, batch_size=None),
        {
            "seed": [0, 1, 2, 2**32 - 1],
            "learning_rate": [0.01, 0.1, 0.02, 0.3],
            "iterations": [30, 1, 7, 12],
            "init": ["zeros", "normal", "he_normal", "glorot_uniform"],
            "l1": [0.0, 0.1, 0.0, 0.0],
            "l2": [0.0, 0.0, 0.0, 0.2],
        },
    ),
    "other networks, sizes and points": (
        XOR.replace(iterations=30),
        {
            "hidden_layers": [(3,), (2,), (2,), (2,)],
            "batch_size": [3, None, None, None],
            "momentum": [0.9, 0.5, 0.2, 0.9],
            "init_scale": [0.1, 0.5, 1.0, 2.0],
            "truth_table": ["xor", "or", "and", "00010111"],
        },
    ),
}


@pytest.mark.parametrize(("base", "points"), SWEEPS.values(), ids=SWEEPS)
def test_a_sweep_equals_single_runs(base, points):
    found = sweep(base, load(base), points)
    for i in range(4):
        config = base.replace(**{name: column[i] for name, column in points.items()})
        last = of(Metrics, train(config))[-1].values
        row = {name: column[i] for name, column in found.items()}
        assert row.pop("solved") == (last["error_max"] < 0.5)
        expected = {n if n.endswith("accuracy") else f"final_{n}": v for n, v in last.items()}
        assert row == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_points_without_test_data_have_none_of_its_numbers():
    config = CIRCLE.replace(samples=500, iterations=1, batch_size=None, optimizer="sgd")
    found = sweep(config, load(config), {"data": ["circle", "truth_table"]})
    assert np.isnan(found["test_accuracy"]).tolist() == [False, True]


def test_a_sweep_in_chunks_is_the_sweep(monkeypatch):
    from epoque.neuron.mlp import sweep as sweeping

    config, points = XOR.replace(iterations=20), {"seed": list(range(10))}
    whole = sweep(config, load(config), points)
    monkeypatch.setattr(sweeping, "RUNS_AT_ONCE", 4)
    chunked = sweep(config, load(config), points)
    assert whole.keys() == chunked.keys()
    for name, column in whole.items():
        np.testing.assert_allclose(chunked[name], column, rtol=1e-9)


def test_the_model_is_no_axis_of_a_compiled_sweep():
    assert sweep(XOR, load(XOR), {"model": ["mlp", "perceptron"]}) is None


def test_two_hidden_neurons_solve_xor_from_most_of_1000_seeds():
    found = sweep(XOR, load(XOR), {"seed": range(1000)})
    assert 0.9 < np.mean(found["solved"]) < 0.98
    assert np.all((np.array(found["accuracy"]) == 1) == (np.array(found["solved"]) == 1))


# The numbers of a finished run.


@pytest.fixture(scope="module")
def xor_run(tmp_path_factory):
    return write(tmp_path_factory.mktemp("runs"), XOR, train(XOR))


def test_evaluate_xor(xor_run):
    data = load(XOR)
    numbers = json.loads(json.dumps(evaluate(xor_run, data), allow_nan=False))
    metrics, weights = xor_run.metrics, xor_run.snapshot(1000)
    assert numbers["solved"] is True
    assert numbers["accuracy"] == 1
    assert numbers["parameters"] == 9
    assert numbers["test_accuracy"] is numbers["final_test_loss"] is None
    for name in ("loss", "error", "error_max", "error_mean", "error_rms", "cross_entropy"):
        assert numbers[f"final_{name}"] == metrics[name].iloc[-1]
    assert numbers["peak_error"] == metrics["error"][numbers["peak_iteration"]]
    assert numbers["peak_error"] == metrics["error"].max()
    at = numbers["converged_at"]
    assert (metrics["error_max"][at:] < 0.5).all()
    assert metrics["error_max"][at - 1] >= 0.5
    assert list(numbers["outputs"]) == ["00", "01", "10", "11"]
    o = np.array(list(numbers["outputs"].values()))
    np.testing.assert_allclose(o, expit(list(numbers["y"].values())), rtol=1e-12)
    assert ((o > 0.5) == data.d).all()
    assert abs(data.d - o).max() == pytest.approx(numbers["final_error_max"])
    for neuron, (a, b, c) in enumerate(numbers["hidden_lines"]):
        on_the_line = np.array([[0.3, -(0.3 * a + c) / b]])
        z = on_the_line @ weights["w1"][:, neuron] + weights["b1"][neuron]
        np.testing.assert_allclose(z, 0, atol=1e-12)


def test_evaluate_points_in_the_plane(tmp_path):
    config = CIRCLE.replace(iterations=5)
    numbers = evaluate(write(tmp_path, config, train(config)), load(config))
    assert len(numbers["hidden_lines"]) == 4
    assert numbers["converged_at"] is None
    assert not {"outputs", "y"} & set(numbers)
    assert 0 <= numbers["test_accuracy"] <= 1
    assert numbers["final_test_loss"] > 0


@pytest.mark.parametrize(
    ("error_max", "at"),
    [([0.4, 0.3], 1), ([0.6, 0.4, 0.5, 0.2, 0.1], 4), ([0.4, 0.5], None), ([0.4, np.nan], None)],
)
def test_converged_at(error_max, at):
    assert evaluation._find_convergence(np.array(error_max)) == at


def test_evaluate_a_damaged_run(tmp_path):
    config = XOR.replace(iterations=2)
    run = write(tmp_path, config, train(config))
    (run.path / "metrics.jsonl").write_text('{"step":1,"other":2}\n')
    with pytest.raises(DamagedRunError, match=r"metrics\.jsonl is not an MLP's"):
        evaluate(Run.open(run.path), load(config))
    stranger = SimpleNamespace(
        config=config, path=run.path, checkpoint=lambda: Checkpoint(2, {"w": np.zeros(3)})
    )
    with pytest.raises(DamagedRunError, match="no array 'w1'"):
        evaluation.load_final_params(stranger)


def test_weights_csv_rebuilds_the_network(xor_run):
    header, *lines = xor_run.artifact("weights.csv").decode().splitlines()
    assert header == "layer,from,to,value"
    weights = xor_run.snapshot(1000)
    assert len(lines) == 9
    for line in lines:
        layer, before, after, value = line.split(",")
        i, j = int(before) - 1, int(after) - 1
        found = weights[f"b{layer}"][j] if i < 0 else weights[f"w{layer}"][i, j]
        assert float(value) == found
