"""The two networks: multi-layer perceptrons whose parameters are one flat vector.

Points stand in columns: x [features, points]. A layer computes

    x ← f(norm(w · x + b)),  w [out, in], b [out],

the last one without normalisation. Columns make every kernel run along the long axis, a flat vector
makes a step of an optimiser one kernel, and the bias stands as one more column of w, beside a row
of ones in x, so that one product has both gradients: all that matters for networks of ten neurons.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .config import Gan2dConfig

__all__ = [
    "Spec",
    "apply",
    "discriminator_spec",
    "flatten",
    "generator_spec",
    "init",
    "init_statistics",
    "joined",
    "learn_statistics",
    "named",
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
        sizes=(config.noise_dims, *config.generator_layers, 2),
        activation=config.generator_activation,
        output=config.generator_output,
        init=config.generator_init,
        norm=config.generator_norm,
    )


def discriminator_spec(config: Gan2dConfig) -> Spec:
    """Return the discriminator's architecture: points to one number, before any sigmoid."""
    return Spec(
        sizes=(2, *config.discriminator_layers, 1),
        activation=config.discriminator_activation,
        output="linear",
        init=config.discriminator_init,
        norm=config.discriminator_norm,
        spectral=config.discriminator_spectral_norm,
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
        kind, layer = _parted(name)
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
            array = np.column_stack([array, arrays[f"b{_parted(name)[1]}"]])
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
    kind, layer = _parted(name)
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


def _parted(name: str) -> tuple[str, int]:
    """Return an array's kind and layer: `w3` is ("w", 3)."""
    kind = name.rstrip("0123456789")
    return kind, int(name.removeprefix(kind))


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
        kind, layer = _parted(name)
        if kind == "u":
            arrays[name] = _settled(jax.random.fold_in(key, layer), weights[f"w{layer}"])
        else:
            arrays[name] = jnp.full(shape, float(kind == "variance"))
    return flatten(arrays, wanted)


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
        moved |= {f"u{n}": _power_step(weights[f"w{n}"], known[f"u{n}"]) for n in spec.layers}
    return flatten(known | moved, wanted)


def _settled(key: Any, w: Any) -> Any:
    """Return the left singular vector of the largest singular value."""
    u = jax.random.normal(key, w.shape[:1])
    for _ in range(15):
        u = _power_step(w, u)
    return u


def _power_step(w: Any, u: Any) -> Any:
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
