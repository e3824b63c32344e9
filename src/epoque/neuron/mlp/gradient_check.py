"""Gradients held against finite differences, in float64.

JAX differentiates the very function that training makes small; NumPy evaluates the same function a
little to the left and to the right of each weight. Where the two agree to about nine digits
the gradient is right (Bottou 2012, "Stochastic gradient descent tricks", section 4.2).
"""

from typing import TYPE_CHECKING, cast, get_args

import jax
import numpy as np
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

from .. import data
from ..config import NeuronConfig
from ..features import derive_features
from ..seeds import Purpose
from .initialization import init_params
from .network import Params, layers_to_arrays
from .steps import Batch, Hyperparameters, StaticConfig, objective

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = ["check_all_gradients", "check_gradient", "finite_differences", "gradient"]

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


def check_gradient(config: NeuronConfig, dataset: "Dataset | None" = None) -> float:
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
    x = derive_features(config.features, dataset.x)
    arrays = (x, dataset.d, np.full(points, 1.0 / points))
    batch = Batch(*cast("tuple[jax.Array, ...]", arrays))
    params = _init_params(config, x.shape[1])
    slopes = layers_to_arrays(gradient(config, params, batch))
    pairs = []
    for name, slope in slopes.items():
        places = _choose_places(config, name, slope.size)
        differences = finite_differences(config, params, batch, name, places)
        pairs.append((slope.ravel()[places], differences))
    g, n = (np.concatenate(part) for part in zip(*pairs, strict=True))
    scale = float(np.linalg.norm(g) + np.linalg.norm(n))
    return float(np.linalg.norm(g - n) / max(scale, SMALLEST))


def check_all_gradients(config: NeuronConfig) -> dict[tuple[str, str], float]:
    """Return `check_gradient` for every loss and activation, the rest of the config unchanged."""
    return {
        (loss, activation): check_gradient(config.replace(loss=loss, activation=activation))
        for loss in get_args(NeuronConfig.model_fields["loss"].annotation)
        for activation in get_args(NeuronConfig.model_fields["activation"].annotation)
    }


def gradient(config: NeuronConfig, params: Params[Floats], batch: Batch) -> Params[Floats]:
    """Return the objective's slope along every weight, by JAX, shaped like the weights."""
    with jax.enable_x64(True):
        slopes: Params[Floats] = jax.device_get(
            _gradient(params, batch, _static(config, batch), Hyperparameters.of(config))
        )
    return slopes


def finite_differences(
    config: NeuronConfig,
    params: Params[Floats],
    batch: Batch,
    name: str,
    places: NDArray[np.int64],
) -> Floats:
    """Return the objective's slope along some weights of one array, by central differences.

    Args:
        config: the network.
        params: where the slope is taken.
        batch: see `epoque.neuron.mlp.steps.objective`.
        name: the array, for instance `w1`: the weights of the first layer.
        places: positions in the flattened array.

    Returns:
        One slope a place.
    """
    static, hyper = _static(config, batch), Hyperparameters.of(config)
    shifted = [dict(layer) for layer in params]
    layer, kind = shifted[int(name[1:]) - 1], name[0]
    start, slopes = layer[kind], []
    for place in places:
        ends = []
        for step in (WIDTH, -WIDTH):
            layer[kind] = start.copy()
            layer[kind].flat[place] += step
            ends.append(float(objective(cast("Params[jax.Array]", shifted), batch, static, hyper)))
        slopes.append((ends[0] - ends[1]) / (2 * WIDTH))
    return np.array(slopes)


def _static(config: NeuronConfig, batch: Batch) -> StaticConfig:
    return StaticConfig.of(config, *batch.x.shape)


def _init_params(config: NeuronConfig, inputs: int) -> Params[Floats]:
    """Return the first weights of a run, nudged: at pattern 00 a ReLU may sit on its kink."""
    params = init_params(config, inputs)
    rng = numpy_rng(config.seed, Purpose.GRADIENT_CHECK)
    return [
        {name: a + NUDGE * rng.standard_normal(a.shape) for name, a in layer.items()}
        for layer in params
    ]


def _choose_places(config: NeuronConfig, name: str, size: int) -> NDArray[np.int64]:
    rng = numpy_rng(config.seed, f"{Purpose.GRADIENT_CHECK} {name}")
    return rng.permutation(size)[:MOST_WEIGHTS]
