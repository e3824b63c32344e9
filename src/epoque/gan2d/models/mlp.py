"""The two networks: multi-layer perceptrons whose parameters are one flat vector.

Points stand in columns: x [features, points]. A layer computes

    x ← f(norm(w · x + b)),  w [out, in], b [out],

the last one without normalisation. Columns make every kernel run along the long axis, a flat vector
makes a step of an optimiser one kernel, and the bias stands as one more column of w, beside a row
of ones in x, so that one product has both gradients: all that matters for networks of ten neurons.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..config import Gan2dConfig

__all__ = [
    "Spec",
    "apply",
    "discriminator_spec",
    "flatten",
    "generator_spec",
    "joined",
    "learn_statistics",
    "named",
    "parted",
    "power_step",
    "shapes",
    "size",
    "statistic_shapes",
    "unflatten",
]

EPSILON = 1e-5
"""Added to variances before their square root, in both normalisations."""
MEMORY = 0.1
"""The weight of the newest batch in batch normalisation's running statistics."""

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Spec:
    """A network's architecture.

    Attributes:
        sizes: inputs, hidden neurons of each layer, outputs.
        activation: of hidden neurons.
        output: of output neurons: `tanh`, `sigmoid` or `linear`.
        init: the distribution of the first weights.
        norm: `none`, `batch` or `layer`, on hidden layers.
        spectral: whether weight matrices are divided by their largest singular value.
    """

    sizes: tuple[int, ...]
    activation: str
    output: str
    init: str
    norm: str = "none"
    spectral: bool = False

    @property
    def layers(self) -> range:
        """The numbers of the layers that have weights."""
        return range(len(self.sizes) - 1)

    @property
    def normalised(self) -> range:
        """The numbers of the layers that are normalised."""
        return range(0 if self.norm == "none" else len(self.sizes) - 2)


def generator_spec(config: Gan2dConfig) -> Spec:
    """Return the generator's architecture: noise to points of the plane."""
    return Spec(
        sizes=(config.noise_dims, *config.generator.layers, 2),
        activation=config.generator.activation,
        output=config.generator.output,
        init=config.generator.init,
        norm=config.generator.norm,
    )


def discriminator_spec(config: Gan2dConfig) -> Spec:
    """Return the discriminator's architecture: points to one number, before any sigmoid."""
    return Spec(
        sizes=(2, *config.discriminator.layers, 1),
        activation=config.discriminator.activation,
        output="linear",
        init=config.discriminator.init,
        norm=config.discriminator.norm,
        spectral=config.discriminator.spectral_norm,
    )


def shapes(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Return the parameters' shapes: `w0` [out, in], `b0` [out], `scale0`, `shift0`, `w1`, …"""
    found: dict[str, tuple[int, ...]] = {}
    for layer in spec.layers:
        before, after = spec.sizes[layer : layer + 2]
        found |= {f"w{layer}": (after, before), f"b{layer}": (after,)}
        if layer in spec.normalised:
            found |= {f"scale{layer}": (after,), f"shift{layer}": (after,)}
    return found


def statistic_shapes(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what is measured rather than learned.

    `mean0`, `variance0` [out]: of batch normalisation; `u0` [out]: the left singular vector of
    spectral normalisation.
    """
    found: dict[str, tuple[int, ...]] = {}
    for layer in spec.layers:
        after = spec.sizes[layer + 1]
        if spec.norm == "batch" and layer in spec.normalised:
            found |= {f"mean{layer}": (after,), f"variance{layer}": (after,)}
        if spec.spectral:
            found[f"u{layer}"] = (after,)
    return found


def size(wanted: Shapes) -> int:
    """Return how many numbers arrays of these shapes hold."""
    return sum(map(math.prod, wanted.values()))


def unflatten(vector: Any, wanted: Shapes) -> dict[str, Any]:
    """Cut a flat vector into named arrays; works on NumPy and JAX arrays alike."""
    found, at = {}, 0
    for name, shape in wanted.items():
        found[name] = vector[at : at + math.prod(shape)].reshape(shape)
        at += math.prod(shape)
    return found


def flatten(arrays: Mapping[str, Any], wanted: Shapes) -> Any:
    """Join named arrays to one flat vector, in the order of the shapes."""
    parts = [jnp.ravel(arrays[name]) for name in wanted]
    return jnp.concatenate(parts) if parts else jnp.zeros(0, jnp.float32)


def _blocks(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Return the shapes of parameters as they stand in their vector: `w0` with `b0` as a column."""
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes(spec).items():
        if name.startswith("w"):
            found[name] = (shape[0], shape[1] + 1)
        elif not name.startswith("b"):
            found[name] = shape
    return found


def named(params: Any, spec: Spec) -> dict[str, Any]:
    """Return parameters by their names (see `shapes`); works on NumPy and JAX arrays alike."""
    blocks = unflatten(params, _blocks(spec))
    found = {}
    for name in shapes(spec):
        kind, layer = parted(name)
        block = blocks[f"w{layer}" if kind in "wb" else name]
        found[name] = {"w": block[..., :-1], "b": block[..., -1]}.get(kind, block)
    return found


def joined(arrays: Mapping[str, Any], spec: Spec) -> NDArray[Any]:
    """Return the vector (NumPy) of parameters by their names: `named` undone.

    Raises:
        ValueError: if an array has another shape than `shapes` says.
    """
    parts = []
    for name, shape in shapes(spec).items():
        array = np.asarray(arrays[name]).reshape(shape)
        if name.startswith("w"):
            array = np.column_stack([array, arrays[f"b{parted(name)[1]}"]])
        if not name.startswith("b"):
            parts.append(array.ravel())
    return np.concatenate(parts)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _cut(params: Any, spec: Spec) -> dict[str, Any]:
    """Cut parameters into arrays whose gradients are joined again by one kernel.

    JAX itself would pad each to the vector's length and add them up.
    """
    return unflatten(params, _blocks(spec))


_cut.defvjp(
    lambda params, spec: (_cut(params, spec), None),
    lambda spec, _, gradients: (flatten(gradients, _blocks(spec)),),
)


def parted(name: str) -> tuple[str, int]:
    """Return an array's kind and layer: `w3` is ("w", 3)."""
    kind = name.rstrip("0123456789")
    return kind, int(name.removeprefix(kind))


def apply(
    params: Any, statistics: Any, x: Any, spec: Spec, *, training: bool = False
) -> tuple[Any, dict[str, Any]]:
    """Return the network's output.

    Args:
        params: flat vector.
        statistics: flat vector.
        x: [inputs, points].
        spec: the architecture.
        training: whether batch normalisation uses the batch's own mean and variance (Ioffe &
            Szegedy 2015, algorithm 1), else the running ones (algorithm 2).

    Returns:
        y [outputs, points], and the batch's statistics `mean0`, `variance0`, … [out] (the unbiased
        variance), empty but for batch normalisation in training.
    """
    arrays, known = _cut(params, spec), unflatten(statistics, statistic_shapes(spec))
    seen: dict[str, Any] = {}
    for layer in spec.layers:
        block = arrays[f"w{layer}"]
        if spec.spectral:
            block = _normalised_weights(block, known[f"u{layer}"])
        x = _product(block, _with_ones(x))
        if layer in spec.normalised:
            x, found = _normalise(x, layer, known, spec, training)
            seen |= found
            x = arrays[f"scale{layer}"][:, None] * x + arrays[f"shift{layer}"][:, None]
        x = _activate(x, spec.output if layer == spec.layers[-1] else spec.activation)
    return x, seen


def _with_ones(x: Any) -> Any:
    """Return x [n, points] with a row of ones below, which meets the column of biases."""
    return jnp.pad(x, ((0, 1), (0, 0)), constant_values=1.0)


@jax.custom_jvp
def _product(block: Any, x: Any) -> Any:
    """Return block · x.

    On the way back a product with one or two rows is a sum of outer ones: smaller code.
    """
    return block @ x


@_product.defjvp
def _product_moved(at: tuple[Any, Any], by: tuple[Any, Any]) -> tuple[Any, Any]:
    (block, x), (block_by, x_by) = at, by
    few = len(block) <= 2
    moved = jnp.stack([row @ x_by for row in block]) if few else block @ x_by
    return _product(block, x), moved + block_by @ x


def _normalised_weights(block: Any, u: Any) -> Any:
    w, b = block[:, :-1], block[:, -1:]
    return jnp.concatenate([w / _largest_singular_value(w, u), b], axis=1)


def _normalise(
    x: Any, layer: int, known: Mapping[str, Any], spec: Spec, training: bool
) -> tuple[Any, dict[str, Any]]:
    """Normalise over the points (batch) or over the neurons (layer: Ba et al. 2016, eq. 3)."""
    if spec.norm == "batch" and not training:
        mean, variance = known[f"mean{layer}"], known[f"variance{layer}"]
        return (x - mean[:, None]) / jnp.sqrt(variance[:, None] + EPSILON), {}
    axis = 1 if spec.norm == "batch" else 0
    mean = x.mean(axis, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis, keepdims=True)
    y = (x - mean) / jnp.sqrt(variance + EPSILON)
    if spec.norm == "layer":
        return y, {}
    unbiased = variance[:, 0] * (x.shape[1] / (x.shape[1] - 1))
    return y, {f"mean{layer}": mean[:, 0], f"variance{layer}": unbiased}


def learn_statistics(statistics: Any, params: Any, seen: Mapping[str, Any], spec: Spec) -> Any:
    """Return the statistics after a step: running ones moved towards the batch's, `u` improved.

    Spectral normalisation does one step of the power iteration (Miyato et al. 2018, algorithm 1).
    """
    wanted = statistic_shapes(spec)
    known, weights = unflatten(statistics, wanted), named(params, spec)
    moved = {name: (1 - MEMORY) * known[name] + MEMORY * value for name, value in seen.items()}
    if spec.spectral:
        moved |= {f"u{n}": power_step(weights[f"w{n}"], known[f"u{n}"]) for n in spec.layers}
    return flatten(known | moved, wanted)


def power_step(w: Any, u: Any) -> Any:
    """Return the left singular vector u after one step of the power iteration."""
    return _unit(w @ _unit(w.T @ u))


def _largest_singular_value(w: Any, u: Any) -> Any:
    """Return uᵀ·w·v with v the right vector that belongs to u; both count as constants."""
    u = jax.lax.stop_gradient(u)
    v = jax.lax.stop_gradient(_unit(w.T @ u))
    return u @ (w @ v)


def _unit(v: Any) -> Any:
    return v / jnp.maximum(jnp.linalg.norm(v), 1e-12)


def _activate(x: Any, activation: str) -> Any:
    match activation:
        case "relu":
            return jnp.where(x > 0, x, 0.0)
        case "leaky_relu":
            return jnp.where(x > 0, x, 0.2 * x)
        case "elu":
            return jnp.where(x > 0, x, jnp.expm1(jnp.minimum(x, 0.0)))
        case "silu":
            return x * jax.nn.sigmoid(x)
        case "tanh":
            return jnp.tanh(x)
        case "sigmoid":
            return jax.nn.sigmoid(x)
        case "sine":
            return jnp.sin(x)
        case _:
            return x
