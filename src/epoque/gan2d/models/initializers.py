"""The first parameters and statistics of a network, drawn from a key."""

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .mlp import Architecture, Shapes, param_shapes, power_step, statistic_shapes

__all__ = ["NumpyLayers", "init_params", "init_statistics"]

T = TypeVar("T")
NumpyLayers = list[dict[str, NDArray[np.float32]]]

POWER_STEPS = 15
"""Of the power iteration, before training: enough to settle the singular vector."""


def init_params(key: Array, architecture: Architecture) -> NumpyLayers:
    """Draw the first parameters, float32 (NumPy), with the leading axes of the keys.

    `ganlab`: N(0, 1/fan_in), the first layer always N(0, 1/2) (GAN Lab counts two inputs even where
    the noise has one dimension); `lecun_normal`: N(0, 1/fan_in) (LeCun et al. 1998); Glorot:
    Glorot & Bengio 2010, eq. 12 and 16; He: He et al. 2015, eq. 10; `torch`: torch.nn.Linear's
    default, weights and biases uniform within ±1/√fan_in; `orthogonal`: Saxe et al. 2014. Biases
    are 0 except for `torch`.

    Args:
        key: one key, or keys of any shape.
        architecture: what the network is made of.
    """
    shapes = param_shapes(architecture)
    if architecture.init == "orthogonal":
        weights = _map_keys(partial(_orthogonal, architecture=architecture), key)
        arrays = [
            {name: np.zeros((*key.shape, *shape), np.float32) for name, shape in layer.items()}
            | {"w": np.asarray(w)}
            for layer, w in zip(shapes, weights, strict=True)
        ]
    else:
        total = sum(math.prod(shape) for layer in shapes for shape in layer.values())
        uniform = architecture.init in ("glorot_uniform", "he_uniform", "torch")
        count = 2 ** max(10, (total - 1).bit_length())
        arrays = _split(np.asarray(_draw(key, uniform, count)), shapes)
        for number, layer in enumerate(arrays):
            for name in layer:
                layer[name] = layer[name] * np.float32(_spread(architecture, name, number))
    for layer in arrays:
        if "scale" in layer:
            layer["scale"] = np.ones_like(layer["scale"])
    return arrays


def _split(numbers: NDArray[np.float32], shapes: Shapes) -> NumpyLayers:
    """Cut numbers [..., count] into arrays of these shapes, one after another."""
    layers: NumpyLayers = []
    start = 0
    for layer in shapes:
        layers.append({})
        for name, shape in layer.items():
            stop = start + math.prod(shape)
            layers[-1][name] = numbers[..., start:stop].reshape(*numbers.shape[:-1], *shape)
            start = stop
    return layers


@partial(jax.jit, static_argnums=(1, 2))
def _draw(key: Array, uniform: bool, count: int) -> Array:
    """Draw uniform numbers from −1 to 1, or normal ones.

    A power of two of them, whatever the architecture: so another one compiles nothing here. The
    first numbers of a longer draw are those of a shorter one.
    """
    if uniform:
        return _map_keys(lambda key: jax.random.uniform(key, (count,), minval=-1.0), key)
    return _map_keys(lambda key: jax.random.normal(key, (count,)), key)


def _map_keys(function: Callable[[Array], T], key: Array) -> T:
    """Apply a function to each of the keys of an array of any shape."""
    for _ in key.shape:
        function = jax.vmap(function)
    return function(key)


def _spread(architecture: Architecture, name: str, layer: int) -> float:
    """Return an array's standard deviation, or half its range where it is uniform."""
    fan_in, fan_out = architecture.sizes[layer : layer + 2]
    if architecture.init == "torch":
        return 1 / math.sqrt(fan_in) if name in ("w", "b") else 0.0
    variances = {
        "ganlab": 1 / (2 if layer == 0 else fan_in),
        "lecun": 1 / fan_in,
        "glorot": 2 / (fan_in + fan_out),
        "he": 2 / fan_in,
    }
    kind, _, shape = architecture.init.partition("_")
    variance = variances.get(kind, 0.0) if name == "w" else 0.0
    return math.sqrt(3 * variance if shape == "uniform" else variance)


@partial(jax.jit, static_argnames="architecture")
def _orthogonal(key: Array, architecture: Architecture) -> list[Array]:
    weights = []
    for layer, shapes in enumerate(param_shapes(architecture)):
        fan_out, fan_in = shapes["w"]
        square = jax.random.orthogonal(jax.random.fold_in(key, layer), max(fan_out, fan_in))
        weights.append(square[:fan_out, :fan_in])
    return weights


def init_statistics(key: Array, architecture: Architecture, params: NumpyLayers) -> NumpyLayers:
    """Return the statistics at the start (NumPy), with the leading axes of the keys.

    Args:
        key: one key, or keys of any shape.
        architecture: what the network is made of.
        params: with the same leading axes; the singular vectors are settled for its weights.
    """
    statistics: NumpyLayers = [
        {
            name: np.full((*key.shape, *shape), float(name == "variance"), np.float32)
            for name, shape in layer.items()
        }
        for layer in statistic_shapes(architecture)
    ]
    if architecture.spectral_norm:
        settle = _settle
        for _ in key.shape:
            settle = jax.vmap(settle)
        vectors = settle(key, [layer["w"] for layer in params])
        for layer, u in zip(statistics, vectors, strict=True):
            layer["u"] = np.asarray(u)
    return statistics


@jax.jit
def _settle(key: Array, weights: list[Array]) -> list[Array]:
    """Return the left singular vectors of the largest singular values."""
    vectors = []
    for layer, w in enumerate(weights):
        u = jax.random.normal(jax.random.fold_in(key, layer), w.shape[:1])
        for _ in range(POWER_STEPS):
            u = power_step(w, u)
        vectors.append(u)
    return vectors
