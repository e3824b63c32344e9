"""Gradients held against finite differences, in float64.

JAX differentiates the very function that training makes small; NumPy evaluates the same function a
little to the left and to the right of each weight. Where the two agree to about nine digits
the gradient is right (Bottou 2012, "Stochastic gradient descent tricks", section 4.2).
"""

from typing import TYPE_CHECKING, Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

from .. import data
from ..config import NeuronConfig
from .network import Weights, objective
from .train import first_weights

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = ["check", "check_all", "finite_differences", "gradient"]

Floats = NDArray[np.float64]

WIDTH = 1e-5
"""The half-width h of the central differences: their error is about h² + 10⁻¹⁶/h."""
MOST_WEIGHTS = 200
"""At most that many weights of an array are checked, drawn from the seed."""
SMALLEST = 1e-3
"""Gradients below this norm are compared absolutely: differences cannot resolve them."""
NUDGE = 0.1
"""How far the weights are moved off their start, where a ReLU may sit exactly on its kink."""


_gradient = jax.grad(objective)


def check(config: NeuronConfig, dataset: "Dataset | None" = None) -> float:
    """Return the relative error of the gradient of a config's network.

    It is |g − n| / (|g| + |n|) for the slopes g (JAX) and n (finite differences) along all
    weights, with Euclidean norms: about 1e-9 where all is well, near 1 where a sign is wrong.

    Args:
        config: with `model` mlp.
        dataset: the points; those of the config by default.

    Raises:
        DataError: if the user's own data cannot be read.
    """
    dataset = dataset or data.load(config)
    points = len(dataset.d)
    batch = (dataset.x, dataset.d, np.full(points, 1.0 / points))
    weights = _weights(config, dataset)
    slopes = gradient(config, weights, batch)
    pairs = []
    for name, slope in slopes.items():
        places = _places(config, name, slope.size)
        differences = finite_differences(config, weights, batch, name, places)
        pairs.append((slope.ravel()[places], differences))
    g, n = (np.concatenate(part) for part in zip(*pairs, strict=True))
    scale = float(np.linalg.norm(g) + np.linalg.norm(n))
    return float(np.linalg.norm(g - n) / max(scale, SMALLEST))


def check_all(config: NeuronConfig) -> dict[tuple[str, str], float]:
    """Return `check` for every loss and activation, the rest of the config unchanged."""
    return {
        (loss, activation): check(config.replace(loss=loss, activation=activation))
        for loss in get_args(NeuronConfig.model_fields["loss"].annotation)
        for activation in get_args(NeuronConfig.model_fields["activation"].annotation)
    }


def gradient(config: NeuronConfig, weights: Weights, batch: Any) -> dict[str, Floats]:
    """Return the objective's slope along every weight, by JAX, shaped like the weights."""
    with jax.enable_x64(True):
        slopes = _gradient(dict(weights), batch, config, config, jnp)
    return dict(jax.device_get(slopes))


def finite_differences(
    config: NeuronConfig, weights: Weights, batch: Any, name: str, places: NDArray[np.int64]
) -> Floats:
    """Return the objective's slope along some weights of one array, by central differences.

    Args:
        config: the network.
        weights: where the slope is taken.
        batch: see `epoque.neuron.mlp.network.objective`.
        name: the array, for instance `w1`.
        places: positions in the flattened array.

    Returns:
        One slope a place.
    """
    slopes = []
    for place in places:
        ends = []
        for way in (WIDTH, -WIDTH):
            moved = weights[name].copy()
            moved.flat[place] += way
            ends.append(objective({**weights, name: moved}, batch, config, config))
        slopes.append((ends[0] - ends[1]) / (2 * WIDTH))
    return np.array(slopes)


def _weights(config: NeuronConfig, dataset: "Dataset") -> Weights:
    """Return the first weights of a run, nudged: at pattern 00 a ReLU may sit on its kink."""
    weights = first_weights(config, dataset.x.shape[1])
    rng = numpy_rng(config.seed, "gradient check")
    return {name: w + NUDGE * rng.standard_normal(w.shape) for name, w in weights.items()}


def _places(config: NeuronConfig, name: str, size: int) -> NDArray[np.int64]:
    rng = numpy_rng(config.seed, f"gradient check {name}")
    return rng.permutation(size)[:MOST_WEIGHTS]
