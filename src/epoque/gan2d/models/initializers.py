"""The first parameters and statistics of a network, drawn from a key."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .mlp import (
    Spec,
    flatten,
    joined,
    named,
    parted,
    power_step,
    shapes,
    size,
    statistic_shapes,
    unflatten,
)

__all__ = ["init", "init_statistics"]


def init(key: Any, spec: Spec) -> Any:
    """Draw the first parameters, a flat float32 vector (NumPy) for each key.

    `ganlab`: N(0, 1/fan_in), the first layer always N(0, 1/2) (GAN Lab counts two inputs even where
    the noise has one dimension); `lecun_normal`: N(0, 1/fan_in) (LeCun et al. 1998); Glorot:
    Glorot & Bengio 2010, eq. 12 and 16; He: He et al. 2015, eq. 10; `torch`: torch.nn.Linear's
    default, weights and biases uniform within ±1/√fan_in; `orthogonal`: Saxe et al. 2014. Biases
    are 0 except for `torch`.

    Args:
        key: one key, or keys of any shape.
        spec: the architecture.
    """
    middle, spread = _distribution(spec)
    if spec.init == "orthogonal":
        drawn = np.asarray(_each(partial(_orthogonal, spec=spec), key))
    else:
        even = spec.init in ("glorot_uniform", "he_uniform", "torch")
        count = 2 ** max(10, (len(middle) - 1).bit_length())
        drawn = np.asarray(_drawn(key, even, count))[..., : len(middle)]
    return (middle + spread * drawn)[..., _order(spec)]


def _order(spec: Spec) -> NDArray[Any]:
    """Return where each number of the vector stands when arrays are drawn one after another."""
    wanted = shapes(spec)
    return joined(unflatten(np.arange(size(wanted)), wanted), spec)


@partial(jax.jit, static_argnums=(1, 2))
def _drawn(key: Any, even: bool, count: int) -> Any:
    """Draw uniform numbers from −1 to 1, or normal ones.

    A power of two of them, whatever the architecture: so another one compiles nothing here. The
    first numbers of a longer draw are those of a shorter one.
    """
    if even:
        return _each(lambda key: jax.random.uniform(key, (count,), minval=-1.0), key)
    return _each(lambda key: jax.random.normal(key, (count,)), key)


def _each(function: Callable[[Any], Any], key: Any) -> Any:
    """Apply a function to each of the keys of an array of any shape."""
    return jax.vmap(partial(_each, function))(key) if key.ndim else function(key)


def _distribution(spec: Spec) -> tuple[Any, Any]:
    """Return each parameter's mean, and its standard deviation or half its range (NumPy)."""
    wanted = shapes(spec)
    sizes = [math.prod(shape) for shape in wanted.values()]
    middle = np.repeat([float(name.startswith("scale")) for name in wanted], sizes)
    spread = np.repeat([_spread(spec, name) for name in wanted], sizes)
    return np.float32(middle), np.float32(spread)


def _spread(spec: Spec, name: str) -> float:
    kind, layer = parted(name)
    before, after = spec.sizes[layer : layer + 2]
    if spec.init == "torch":
        return 1 / math.sqrt(before) if kind in "wb" else 0.0
    variances = {
        "ganlab": 1 / (2 if layer == 0 else before),
        "lecun": 1 / before,
        "glorot": 2 / (before + after),
        "he": 2 / before,
        "orthogonal": 1.0,
    }
    variance = variances.get(spec.init.partition("_")[0], 0.0) if kind == "w" else 0.0
    return math.sqrt(3 * variance if spec.init.endswith("uniform") else variance)


@partial(jax.jit, static_argnames="spec")
def _orthogonal(key: Any, spec: Spec) -> Any:
    arrays: dict[str, Any] = {name: jnp.zeros(shape) for name, shape in shapes(spec).items()}
    for layer in spec.layers:
        after, before = arrays[f"w{layer}"].shape
        square = jax.random.orthogonal(jax.random.fold_in(key, layer), max(after, before))
        arrays[f"w{layer}"] = square[:after, :before]
    return flatten(arrays, shapes(spec))


def init_statistics(key: Any, spec: Spec, params: Any) -> Any:
    """Return the statistics at the start, a flat vector (NumPy) for each key.

    Args:
        key: one key, or keys of any shape.
        spec: the architecture.
        params: flat vector for each key; the singular vectors are settled for its weights.
    """
    if spec.spectral:
        settled = partial(_settled_statistics, spec=spec)
        for _ in key.shape:
            settled = jax.vmap(settled)
        return np.asarray(settled(key, params))
    wanted = statistic_shapes(spec)
    sizes = [math.prod(shape) for shape in wanted.values()]
    variances = np.repeat([name.startswith("variance") for name in wanted], sizes)
    return np.broadcast_to(variances.astype(np.float32), (*key.shape, len(variances)))


@partial(jax.jit, static_argnames="spec")
def _settled_statistics(key: Any, params: Any, spec: Spec) -> Any:
    weights, wanted = named(params, spec), statistic_shapes(spec)
    arrays = {}
    for name, shape in wanted.items():
        kind, layer = parted(name)
        if kind == "u":
            arrays[name] = _settled(jax.random.fold_in(key, layer), weights[f"w{layer}"])
        else:
            arrays[name] = jnp.full(shape, float(kind == "variance"))
    return flatten(arrays, wanted)


def _settled(key: Any, w: Any) -> Any:
    """Return the left singular vector of the largest singular value."""
    u = jax.random.normal(key, w.shape[:1])
    for _ in range(15):
        u = power_step(w, u)
    return u
