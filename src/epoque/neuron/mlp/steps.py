"""One training step of the network: forward, loss, backward, optimizer; and a pass of such steps.

In float64, by JAX and optax. The step is compiled as a part of the loops in `train` and `sweep`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from epoque.bench.seeds import jax_key

from ..config import NeuronConfig
from ..features import derive_features
from ..seeds import Purpose
from .network import Params, logits, penalty, point_losses, sigmoid

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = [
    "Batch",
    "Hyperparameters",
    "Points",
    "StaticConfig",
    "TrainState",
    "is_finite",
    "make_optimizer",
    "measure",
    "metric_names",
    "objective",
    "run_epoch",
    "shuffle_into_batches",
    "train_step",
]

Floats = NDArray[np.float64]


class StaticConfig(NamedTuple):
    """The static arguments of the compiled program: another one is another program."""

    sizes: tuple[int, ...]
    """Inputs, hidden neurons of each layer, 1."""
    activation: str
    loss: str
    optimizer: str
    batch_size: int | None
    """Points a step; None for all of them."""

    @classmethod
    def of(cls, config: NeuronConfig, points: int, inputs: int) -> "StaticConfig":
        """Return what is static of a config, for that many training points and inputs."""
        size = config.batch_size
        return cls(
            sizes=(inputs, *config.hidden_layers, 1),
            activation=config.activation,
            loss=config.loss,
            optimizer=config.optimizer,
            batch_size=size if size is not None and size < points else None,
        )


class Hyperparameters(NamedTuple):
    """The numbers that the compiled program takes as arguments; in a sweep each has an axis."""

    seed: Array
    learning_rate: Array
    momentum: Array
    l1: Array
    l2: Array

    @classmethod
    def of(cls, config: NeuronConfig) -> "Hyperparameters":
        """Return those of a config, as NumPy scalars: JAX's would be of 32 bits outside a call."""
        numbers = (config.learning_rate, config.momentum, config.l1, config.l2)
        return cls(cast("Array", np.uint32(config.seed)), *(_for_jax(n) for n in numbers))


class Points(NamedTuple):
    """Training points x [N, F], d [N] and test points (none: arrays of length 0)."""

    x: Array
    d: Array
    x_test: Array
    d_test: Array

    @classmethod
    def of(cls, config: NeuronConfig, dataset: "Dataset") -> "Points":
        """Return the arrays of a dataset, the inputs with those that are derived from them."""
        x, x_test = (derive_features(config.features, x) for x in (dataset.x, dataset.x_test))
        return cls(*(_for_jax(array) for array in (x, dataset.d, x_test, dataset.d_test)))


class Batch(NamedTuple):
    """What one step learns from: inputs [B, F], desired outputs [B] and sample weights [B].

    The weights add up to 1; a point that only fills up the batch weighs 0.
    """

    x: Array
    d: Array
    sample_weights: Array


class TrainState(NamedTuple):
    """What changes during training: the parameters and the optimizer's state.

    JAX's arrays in the program, NumPy's between its calls.
    """

    params: Params[Any]
    opt_state: optax.OptState


def train_step(
    static: StaticConfig, hyper: Hyperparameters, state: TrainState, batch: Batch
) -> TrainState:
    """Return the state after one step down the gradient of the objective."""
    grads = jax.grad(objective)(state.params, batch, static, hyper)
    optimizer = make_optimizer(static, hyper)
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    return TrainState(optax.apply_updates(state.params, updates), opt_state)


def objective(
    params: Params[Array], batch: Batch, static: StaticConfig, hyper: Hyperparameters
) -> Array:
    """Return what training makes small: the mean loss of a batch and the penalties."""
    z = logits(params, batch.x, static.activation)
    losses = point_losses(z, batch.d, static.loss)
    return (batch.sample_weights * losses).sum() + penalty(params, hyper.l1, hyper.l2)


def make_optimizer(static: StaticConfig, hyper: Hyperparameters) -> optax.GradientTransformation:
    """Return the optimizer: SGD, heavy-ball momentum (Polyak 1964) or Adam (Kingma & Ba 2015)."""
    match static.optimizer:
        case "adam":
            return optax.adam(hyper.learning_rate)
        case "momentum":
            return optax.sgd(hyper.learning_rate, momentum=hyper.momentum)
        case _:
            return optax.sgd(hyper.learning_rate)


def run_epoch(
    static: StaticConfig,
    hyper: Hyperparameters,
    points: Points,
    state: TrainState,
    iteration: Array,
) -> TrainState:
    """Return the state after one iteration, a pass over all training points.

    Args:
        static: the program.
        hyper: its numbers.
        points: what is learned.
        state: before the pass.
        iteration: iterations done before it; with the seed it decides how the points are shuffled.
    """
    if static.batch_size is None:
        count = points.d.shape[0]
        batch = Batch(points.x, points.d, jnp.full(count, 1.0 / count))
        return train_step(static, hyper, state, batch)
    batches = shuffle_into_batches(static.batch_size, hyper.seed, points, iteration)

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, None]:
        return train_step(static, hyper, state, batch), None

    return jax.lax.scan(step, state, batches)[0]


def shuffle_into_batches(size: int, seed: Array, points: Points, iteration: Array | int) -> Batch:
    """Return the pass's K minibatches: x [K, B, F], d [K, B], sample weights [K, B].

    The shuffle depends on the seed and the iteration alone, so a checkpoint's step is all it takes
    to go on. A last batch that is not full is padded with points that weigh 0.
    """
    count = points.d.shape[0]
    batches = -(-count // size)
    key = jax.random.fold_in(jax_key(seed, Purpose.BATCHES), iteration)
    order = jnp.resize(jax.random.permutation(key, count), (batches, size))
    is_real = (jnp.arange(batches * size) < count).reshape(batches, size)
    weights = is_real / is_real.sum(axis=1, keepdims=True)
    return Batch(points.x[order], points.d[order], weights)


def measure(static: StaticConfig, points: Points, params: Params[Array]) -> dict[str, Array]:
    """Return the metrics of the network as it stands; the losses are without penalties."""
    z = logits(params, points.x, static.activation)
    gap = jnp.abs(points.d - sigmoid(z))
    metrics = {
        "loss": point_losses(z, points.d, static.loss).mean(),
        "error": gap[-1],
        "error_max": gap.max(),
        "error_mean": gap.mean(),
        "error_rms": jnp.sqrt((gap * gap).mean()),
        "cross_entropy": point_losses(z, points.d, "cross_entropy").mean(),
        "accuracy": (gap < 0.5).mean(dtype=float),
    }
    if points.d_test.shape[0]:
        z = logits(params, points.x_test, static.activation)
        is_correct = jnp.abs(points.d_test - sigmoid(z)) < 0.5
        metrics["test_loss"] = point_losses(z, points.d_test, static.loss).mean()
        metrics["test_accuracy"] = is_correct.mean(dtype=float)
    return metrics


def metric_names(points: Points) -> list[str]:
    """Return the names of `measure`, in its order."""
    names = ["loss", "error", "error_max", "error_mean", "error_rms", "cross_entropy", "accuracy"]
    return names + (["test_loss", "test_accuracy"] if points.d_test.shape[0] else [])


def is_finite(*values: object) -> Array:
    """Return whether every number of the trees of arrays is finite."""
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(values)]).all()


def _for_jax(value: Floats | float) -> Array:
    """Return NumPy's float64, which a compiled program takes as an array of its own."""
    return cast("Array", np.asarray(value, np.float64)[()])
