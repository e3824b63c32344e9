"""The two networks: multi-layer perceptrons whose parameters are a list of layers.

Points stand in columns: x [features, points]. A layer computes

    x ← f(norm(w · x + b)),  w [out, in], b [out],

the last one without normalization. Columns make every kernel run along the long axis, the points:
for layers of ten neurons a sweep is 1.7 times as fast.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from ..config import Gan2dConfig
from ..network_config import Activation, Init, Norm

__all__ = [
    "Architecture",
    "Layers",
    "apply",
    "discriminator_architecture",
    "generator_architecture",
    "param_shapes",
    "power_step",
    "statistic_shapes",
    "update_statistics",
]

EPSILON = 1e-5
"""Added to variances before their square root, in both normalizations."""
MOMENTUM = 0.1
"""The weight of the newest batch in batch normalization's running statistics."""

Layers = list[dict[str, Array]]
"""For each layer its arrays by name: parameters, or statistics. A pytree that JAX differentiates,
optax updates, and a leading axis of which makes many networks."""
Shapes = list[dict[str, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a network is made of.

    Attributes:
        sizes: inputs, hidden neurons of each layer, outputs.
        activation: of hidden neurons.
        output: the activation of output neurons.
        init: the distribution of the first weights.
        norm: of hidden layers.
        spectral_norm: whether weight matrices are divided by their largest singular value.
    """

    sizes: tuple[int, ...]
    activation: Activation
    output: Activation
    init: Init
    norm: Norm = "none"
    spectral_norm: bool = False

    @property
    def layers(self) -> range:
        """The numbers of the layers that have weights."""
        return range(len(self.sizes) - 1)

    @property
    def normalized(self) -> range:
        """The numbers of the layers that are normalized."""
        return range(0 if self.norm == "none" else len(self.sizes) - 2)


def generator_architecture(config: Gan2dConfig) -> Architecture:
    """Return the generator's architecture: noise to points of the plane."""
    return Architecture(
        sizes=(config.noise_dims, *config.generator.layers, 2),
        activation=config.generator.activation,
        output=config.generator.output,
        init=config.generator.init,
        norm=config.generator.norm,
    )


def discriminator_architecture(config: Gan2dConfig) -> Architecture:
    """Return the discriminator's architecture: points to one logit."""
    return Architecture(
        sizes=(2, *config.discriminator.layers, 1),
        activation=config.discriminator.activation,
        output="linear",
        init=config.discriminator.init,
        norm=config.discriminator.norm,
        spectral_norm=config.discriminator.spectral_norm,
    )


def param_shapes(architecture: Architecture) -> Shapes:
    """Return the parameters' shapes: `w` [out, in], `b` [out], and `scale`, `shift` [out]."""
    shapes: Shapes = []
    for layer in architecture.layers:
        fan_in, fan_out = architecture.sizes[layer : layer + 2]
        shapes.append({"w": (fan_out, fan_in), "b": (fan_out,)})
        if layer in architecture.normalized:
            shapes[-1] |= {"scale": (fan_out,), "shift": (fan_out,)}
    return shapes


def statistic_shapes(architecture: Architecture) -> Shapes:
    """Return the shapes of what is measured rather than learned.

    `mean`, `variance` [out]: of batch normalization; `u` [out]: the left singular vector of
    spectral normalization.
    """
    shapes: Shapes = []
    for layer in architecture.layers:
        fan_out = architecture.sizes[layer + 1]
        shapes.append({})
        if architecture.norm == "batch" and layer in architecture.normalized:
            shapes[-1] |= {"mean": (fan_out,), "variance": (fan_out,)}
        if architecture.spectral_norm:
            shapes[-1]["u"] = (fan_out,)
    return shapes


def apply(
    params: Layers,
    statistics: Layers,
    x: Array,
    architecture: Architecture,
    *,
    training: bool = False,
) -> tuple[Array, Layers]:
    """Return the network's output.

    Args:
        params: of each layer, see `param_shapes`.
        statistics: of each layer, see `statistic_shapes`.
        x: [inputs, points].
        architecture: what the network is made of.
        training: whether batch normalization uses the batch's own mean and variance (Ioffe &
            Szegedy 2015, algorithm 1), else the running ones (algorithm 2).

    Returns:
        y [outputs, points], and for each layer the batch's `mean` and (unbiased) `variance` [out],
        nothing but for batch normalization in training.
    """
    batch_statistics: Layers = []
    for number, (layer, running) in enumerate(zip(params, statistics, strict=True)):
        w = layer["w"]
        if architecture.spectral_norm:
            w = w / _largest_singular_value(w, running["u"])
        x = w @ x + layer["b"][:, None]
        batch_statistics.append({})
        if number in architecture.normalized:
            if architecture.norm == "layer":
                x = _layer_norm(x)
            elif training:
                x, batch_statistics[-1] = _batch_norm(x)
            else:
                mean, variance = running["mean"][:, None], running["variance"][:, None]
                x = (x - mean) / jnp.sqrt(variance + EPSILON)
            x = layer["scale"][:, None] * x + layer["shift"][:, None]
        last = number == len(params) - 1
        x = _activate(x, architecture.output if last else architecture.activation)
    return x, batch_statistics


def _layer_norm(x: Array) -> Array:
    """Normalize x [features, points] over the features (Ba et al. 2016, eq. 3)."""
    mean, variance = x.mean(0, keepdims=True), x.var(0, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + EPSILON)


def _batch_norm(x: Array) -> tuple[Array, dict[str, Array]]:
    """Normalize x [features, points] over the points, whose mean and variance are returned."""
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    unbiased = variance * (x.shape[1] / (x.shape[1] - 1))
    y = (x - mean) / jnp.sqrt(variance + EPSILON)
    return y, {"mean": mean[:, 0], "variance": unbiased[:, 0]}


def update_statistics(statistics: Layers, params: Layers, batch_statistics: Layers) -> Layers:
    """Return the statistics after a step: running ones moved towards the batch's, `u` improved.

    Spectral normalization does one step of the power iteration (Miyato et al. 2018, algorithm 1).
    """
    updated: Layers = []
    for running, layer, batch in zip(statistics, params, batch_statistics, strict=True):
        moved = {name: running[name] + MOMENTUM * (batch[name] - running[name]) for name in batch}
        if "u" in running:
            moved["u"] = power_step(layer["w"], running["u"])
        updated.append(running | moved)
    return updated


def power_step(w: Array, u: Array) -> Array:
    """Return the left singular vector u [out] of w [out, in] after a step of power iteration."""
    return _normalize(w @ _normalize(w.T @ u))


def _largest_singular_value(w: Array, u: Array) -> Array:
    """Return uᵀ·w·v with v the right vector that belongs to u; both count as constants."""
    u = jax.lax.stop_gradient(u)
    v = jax.lax.stop_gradient(_normalize(w.T @ u))
    return u @ (w @ v)


def _normalize(v: Array) -> Array:
    return v / jnp.maximum(jnp.linalg.norm(v), 1e-12)


def _activate(x: Array, activation: Activation) -> Array:
    match activation:
        case "relu":
            # Not `maximum`: at a tie it halves the gradient, which makes a step 1.7 times as long.
            return jnp.where(x > 0, x, 0.0)
        case "leaky_relu":
            return jnp.where(x > 0, x, 0.2 * x)
        case "elu":
            # The branch that is not taken must stay finite, or its gradient is NaN.
            return jnp.where(x > 0, x, jnp.expm1(jnp.minimum(x, 0.0)))
        case "silu":
            return x * jax.nn.sigmoid(x)
        case "tanh":
            return jnp.tanh(x)
        case "sigmoid":
            return jax.nn.sigmoid(x)
        case "sine":
            return jnp.sin(x)
        case "linear":
            return x
