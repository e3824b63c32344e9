"""Training the multi-layer perceptron: gradient descent by JAX and optax, in float64.

One iteration is one pass over the training points: one step of the optimiser for the full batch,
or one step a minibatch. Iterations run inside one compiled loop whose length is an argument, not
part of the program: whatever the pace of snapshots and checkpoints, the same machine code computes
the same numbers, and so a resumed run ends bit-identical.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DamagedRunError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.seeds import jax_key, numpy_rng

from ..config import NeuronConfig
from .network import depth, logits, objective, point_losses, sigmoid

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = [
    "Data",
    "Dials",
    "Plan",
    "State",
    "first_weights",
    "is_finite",
    "measure",
    "one_pass",
    "optimizer_of",
    "train",
]

Floats = NDArray[np.float64]

BLOCK = 1024
"""Most iterations of one call of the compiled loop."""
SNAPSHOTS = 100
"""About how many snapshots a run yields."""


class Plan(NamedTuple):
    """What the compiled program depends on; everything else is an argument of it."""

    sizes: tuple[int, ...]
    """Inputs, hidden neurons of each layer, 1."""
    activation: str
    loss: str
    optimizer: str
    batch_size: int | None
    """Points a step; None for all of them."""

    @classmethod
    def of(cls, config: NeuronConfig, points: int, inputs: int) -> "Plan":
        """Return the plan of a config for that many training points and inputs."""
        size = config.batch_size
        return cls(
            sizes=(inputs, *config.hidden_layers, 1),
            activation=config.activation,
            loss=config.loss,
            optimizer=config.optimizer,
            batch_size=size if size is not None and size < points else None,
        )


class Dials(NamedTuple):
    """The settings that the compiled program takes as numbers: a sweep gives each an axis."""

    seed: Any
    learning_rate: Any
    momentum: Any
    l1: Any
    l2: Any

    @classmethod
    def of(cls, config: NeuronConfig) -> "Dials":
        """Return the dials of a config, as NumPy scalars."""
        return cls(
            seed=np.uint32(config.seed),
            learning_rate=np.float64(config.learning_rate),
            momentum=np.float64(config.momentum),
            l1=np.float64(config.l1),
            l2=np.float64(config.l2),
        )


class Data(NamedTuple):
    """Training points x [N, F], d [N] and test points (none: arrays of length 0)."""

    x: Any
    d: Any
    x_test: Any
    d_test: Any

    @classmethod
    def of(cls, dataset: "Dataset") -> "Data":
        """Return the arrays of a dataset."""
        return cls(dataset.x, dataset.d, dataset.x_test, dataset.d_test)


class State(NamedTuple):
    """What changes during training: the layers' arrays and the optimiser's state."""

    weights: Any
    optimizer: Any


def first_weights(config: NeuronConfig, inputs: int) -> dict[str, Floats]:
    """Draw the first weights of a run (seed purpose "initial weights").

    `uniform` and `normal` draw the biases too, as the perceptron does; the others start them at
    0. Glorot: Glorot & Bengio 2010, eq. 12 and 16; He: He et al. 2015, eq. 10.

    Args:
        config: with the layers and the `init…` settings.
        inputs: F.

    Returns:
        `w1` [F, H1], `b1` [H1], `w2`, …
    """
    rng = numpy_rng(config.seed, "initial weights")
    sizes = (inputs, *config.hidden_layers, 1)
    weights = {}
    for layer, (before, after) in enumerate(pairwise(sizes), 1):
        weights[f"w{layer}"] = _draw(config, rng, (before, after))
        drawn = config.init in ("uniform", "normal")
        weights[f"b{layer}"] = _draw(config, rng, (after,)) if drawn else np.zeros(after)
    return weights


def _draw(config: NeuronConfig, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    match config.init:
        case "zeros":
            return np.zeros(shape)
        case "uniform":
            return rng.uniform(config.init_low, config.init_high, shape)
        case "normal":
            return config.init_scale * rng.standard_normal(shape)
    fans = sum(shape) if config.init.startswith("glorot") else shape[0]
    variance = 2.0 / fans
    if config.init.endswith("normal"):
        return sqrt(variance) * rng.standard_normal(shape)
    limit = sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)


def optimizer_of(plan: Plan, dials: Dials) -> optax.GradientTransformation:
    """Return the optimiser: SGD, heavy-ball momentum (Polyak 1964) or Adam (Kingma & Ba 2015)."""
    match plan.optimizer:
        case "adam":
            return optax.adam(dials.learning_rate)
        case "momentum":
            return optax.sgd(dials.learning_rate, momentum=dials.momentum)
        case _:
            return optax.sgd(dials.learning_rate)


def one_pass(plan: Plan, dials: Dials, data: Data, state: State, step: Any) -> State:
    """Return the state after one iteration, a pass over all training points.

    Args:
        plan: the program.
        dials: its numbers.
        data: the points.
        state: before the pass.
        step: iterations done before it; with the seed it decides how the points are shuffled.
    """
    optimizer = optimizer_of(plan, dials)

    def correct(state: State, batch: Any) -> tuple[State, None]:
        slope = jax.grad(objective)(state.weights, batch, plan, dials, jnp)
        change, memory = optimizer.update(slope, state.optimizer, state.weights)
        return State(optax.apply_updates(state.weights, change), memory), None

    if plan.batch_size is None:
        points = data.d.shape[0]
        return correct(state, (data.x, data.d, jnp.full(points, 1.0 / points)))[0]
    return jax.lax.scan(correct, state, _batches(plan.batch_size, dials.seed, data, step))[0]


def _batches(size: int, seed: Any, data: Data, step: Any) -> tuple[Any, Any, Any]:
    """Return the pass's minibatches: x [K, B, F], d [K, B], shares [K, B].

    The shuffle depends on the seed and the iteration alone, so a checkpoint's step is all it takes
    to go on. A last batch that is not full is padded with points whose share is 0.
    """
    points = data.d.shape[0]
    count = -(-points // size)
    key = jax.random.fold_in(jax_key(seed, "batches"), step)
    order = jnp.resize(jax.random.permutation(key, points), (count, size))
    real = (jnp.arange(count * size) < points).reshape(count, size)
    return data.x[order], data.d[order], real / real.sum(axis=1, keepdims=True)


def measure(plan: Plan, data: Data, weights: Any) -> dict[str, Any]:
    """Return the metrics of the network as it stands; the losses are without penalties."""
    z = logits(weights, data.x, plan.activation, jnp)
    gap = jnp.abs(data.d - sigmoid(z, jnp))
    numbers = {
        "loss": point_losses(z, data.d, plan.loss, jnp).mean(),
        "error": gap[-1],
        "error_max": gap.max(),
        "error_mean": gap.mean(),
        "error_rms": jnp.sqrt((gap * gap).mean()),
        "cross_entropy": point_losses(z, data.d, "cross_entropy", jnp).mean(),
        "accuracy": (gap < 0.5).mean(dtype=float),
    }
    if data.d_test.shape[0]:
        z = logits(weights, data.x_test, plan.activation, jnp)
        right = jnp.abs(data.d_test - sigmoid(z, jnp)) < 0.5
        numbers["test_loss"] = point_losses(z, data.d_test, plan.loss, jnp).mean()
        numbers["test_accuracy"] = right.mean(dtype=float)
    return numbers


def is_finite(tree: Any) -> Any:
    """Return whether every number of a tree of arrays is finite."""
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()


@partial(jax.jit, static_argnames="plan")
def _advance(
    plan: Plan, dials: Dials, data: Data, state: State, *, step: Any, count: Any
) -> tuple[State, Any]:
    """Do `count` ≤ BLOCK iterations; return the state and the measures, a row an iteration.

    The first column says whether every number is finite, the others are those of `measure`.
    """

    def iterate(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
        state, log = carry
        state = one_pass(plan, dials, data, state, step + i)
        numbers = list(measure(plan, data, state.weights).values())
        finite = is_finite((state, numbers))
        return state, log.at[i].set(jnp.stack([finite.astype(float), *numbers]))

    width = 1 + len(_metric_names(data))
    first = (state, jnp.zeros((BLOCK, width)))
    done: tuple[State, Any] = jax.lax.fori_loop(0, count, iterate, first)
    return done


@partial(jax.jit, static_argnames="plan")
def _start(plan: Plan, dials: Dials, weights: Any) -> State:
    """Return the state of a run that has its first weights."""
    return State(weights, optimizer_of(plan, dials).init(weights))


def _metric_names(data: Data) -> list[str]:
    names = ["loss", "error", "error_max", "error_mean", "error_rms", "cross_entropy", "accuracy"]
    return names + (["test_loss", "test_accuracy"] if data.d_test.shape[0] else [])


def train(
    config: NeuronConfig, dataset: "Dataset", resume: Checkpoint | None = None
) -> Iterator[Event]:
    """Yield the events of a training.

    Every iteration is a `Metrics` of the network as it stands after it: `loss` (mean, without
    penalties), `error` (|d − o| of the last point), `error_max`, `error_mean`, `error_rms`,
    `cross_entropy`, `accuracy`, and `test_loss`, `test_accuracy` where there are test points.
    `Snapshot`s hold the layers' arrays `w1` [F, H1], `b1` [H1], `w2`, …; at the end the `Artifact`
    `weights.csv` lists the final weights as `layer,from,to,value`: layers from 1; `from` is the
    neuron before, `to` the neuron after, both from 1; `from` 0 is the bias.

    Args:
        config: with `model` mlp.
        dataset: what is learned.
        resume: a checkpoint of the same config and data to go on from.

    Raises:
        DivergenceError: where an iteration would make a number infinite or NaN; that iteration is
            not recorded.
        DamagedRunError: if the checkpoint does not fit the config.
    """
    data = Data.of(dataset)
    plan, dials = Plan.of(config, *data.x.shape), Dials.of(config)
    weights = first_weights(config, data.x.shape[1])
    with jax.enable_x64(True):
        state = jax.device_get(_start(plan, dials, weights))
    step = 0
    if resume is None:
        yield Snapshot(0, state.weights)
    else:
        state, step = _restored(state, resume), resume.step
    while step < config.iterations:
        stop = _next_stop(config, step)
        with jax.enable_x64(True):
            told = {"step": np.int64(step), "count": np.int64(stop - step)}
            state, log = jax.device_get(_advance(plan, dials, data, state, **told))
        yield from _metrics(_metric_names(data), log[: stop - step].tolist(), step)
        step = stop
        if step % _snapshot_every(config) == 0 or step == config.iterations:
            yield Snapshot(step, state.weights)
        due = step % config.checkpoint_every == 0 or step == config.iterations
        if due or stopping.is_stop_requested():
            yield Checkpoint(step, _arrays(state), scheduled=due)
            stopping.raise_if_stop_requested()
    yield Artifact("weights.csv", _weights_csv(state.weights))


def _snapshot_every(config: NeuronConfig) -> int:
    return -(-config.iterations // SNAPSHOTS)


def _next_stop(config: NeuronConfig, step: int) -> int:
    """Return the next iteration at which something is due."""
    paces = (BLOCK, _snapshot_every(config), config.checkpoint_every)
    return min(config.iterations, *(step - step % pace + pace for pace in paces))


def _metrics(names: list[str], rows: list[list[float]], step: int) -> Iterator[Metrics]:
    for at, (finite, *numbers) in enumerate(rows, step + 1):
        if not finite:
            raise DivergenceError("the loss or a weight", at)
        yield Metrics(at, dict(zip(names, numbers, strict=True)))


def _arrays(state: State) -> dict[str, Any]:
    """Name the arrays of a state: the layers' own names, and `optimizer_0`, `optimizer_1`, …"""
    leaves = jax.tree.leaves(state.optimizer)
    return {**state.weights, **{f"optimizer_{i}": leaf for i, leaf in enumerate(leaves)}}


def _restored(like: State, checkpoint: Checkpoint) -> State:
    """Return the state of a checkpoint, shaped like the state at the start of the same run."""
    wanted, found = _arrays(like), checkpoint.arrays
    same = wanted.keys() == found.keys() and all(
        (found[n].size, found[n].dtype) == (wanted[n].size, wanted[n].dtype) for n in wanted
    )
    if not same:
        raise DamagedRunError(f"The checkpoint at step {checkpoint.step} is of another network.")
    arrays = {name: found[name].reshape(wanted[name].shape) for name in wanted}
    leaves = [arrays[f"optimizer_{i}"] for i in range(len(arrays) - len(like.weights))]
    memory = jax.tree.unflatten(jax.tree.structure(like.optimizer), leaves)
    return State({name: arrays[name] for name in like.weights}, memory)


def _weights_csv(weights: Mapping[str, Any]) -> bytes:
    """Return `layer,from,to,value`, a line a weight; `from` 0 is the bias."""
    lines = ["layer,from,to,value"]
    for layer in range(1, depth(weights) + 1):
        table = np.vstack([weights[f"b{layer}"], weights[f"w{layer}"]])
        lines += [f"{layer},{i},{j + 1},{value!r}" for (i, j), value in _cells(table)]
    return ("\n".join(lines) + "\n").encode()


def _cells(table: Any) -> Iterator[tuple[tuple[int, int], float]]:
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            yield (i, j), value
