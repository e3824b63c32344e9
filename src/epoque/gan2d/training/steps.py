"""One step of the discriminator, one step of the generator."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from ..data import noise
from ..models.mlp import Layers, apply, update_statistics
from ..seeds import Draw
from . import losses
from .hyperparameters import Hyperparameters, StaticConfig
from .optimizers import make_optimizer
from .rng import step_key

__all__ = [
    "D_METRICS",
    "G_METRICS",
    "NetworkState",
    "StepContext",
    "discriminator_objective",
    "discriminator_step",
    "generator_objective",
    "generator_step",
    "sample_noise",
    "sample_real",
]

D_METRICS = ("loss_d", "accuracy_real", "accuracy_fake", "saturated", "grad_norm_d")
"""Of a step of the discriminator: its loss, with penalties; the shares of real and of generated
points that it tells right (above or below ½); the share of its answers that are saturated; the norm
of its gradient."""
G_METRICS = ("loss_g", "grad_norm_g")
"""Of a step of the generator: its loss and the norm of its gradient."""
SATURATED = float(np.log(0.99 / 0.01))
"""A logit farther out than this is saturated: an answer below 0.01 or above 0.99."""


class NetworkState(NamedTuple):
    """One network: parameters, statistics of its normalizations, its optimizer's state."""

    params: Layers
    statistics: Layers
    opt_state: optax.OptState


class StepContext(NamedTuple):
    """What a step of either network goes by.

    Attributes:
        static: what the program is made of.
        hyper: its numbers.
        key: of all batches of the run.
        iteration: iterations done before.
        number: of the step in its iteration.
        learning_rate_factor: of the decay.
    """

    static: StaticConfig
    hyper: Hyperparameters
    key: Array
    iteration: Array
    number: Array
    learning_rate_factor: Array

    def rng(self, draw: Draw) -> Array:
        """Return the key for one of the step's draws."""
        return step_key(self.key, self.iteration, 8 * self.number + draw)


def discriminator_step(
    context: StepContext, d: NetworkState, g: NetworkState
) -> tuple[NetworkState, Array]:
    """Return the discriminator after one step, and `D_METRICS` [5]."""
    z = sample_noise(context)
    fake, _ = apply(g.params, g.statistics, z, context.static.generator_architecture, training=True)
    real = sample_real(context)
    # Differentiated by D's parameters alone: to D, the generated points are data.
    (loss, aux), grads = jax.value_and_grad(discriminator_objective, has_aux=True)(
        d.params, d.statistics, real, fake, context
    )
    real_logits, fake_logits, batches = aux
    params, opt_state = _update_discriminator(context, d, grads)
    statistics = d.statistics  # not differentiated: they follow the step
    for batch_statistics in batches:
        statistics = update_statistics(statistics, params, batch_statistics)
    saturated = jnp.abs(jnp.concatenate([real_logits, fake_logits])) > SATURATED
    metrics = jnp.stack([
        loss,
        (real_logits > 0).mean(),
        (fake_logits < 0).mean(),
        saturated.mean(),
        optax.tree.norm(grads),
    ])  # fmt: skip
    return NetworkState(params, statistics, opt_state), metrics


def generator_step(
    context: StepContext, d: NetworkState, g: NetworkState
) -> tuple[NetworkState, Array]:
    """Return the generator after one step, and `G_METRICS` [2]."""
    # XLA leaves out the real points where the loss does not look at them.
    batch = sample_noise(context), sample_real(context)
    (loss, batch_statistics), grads = jax.value_and_grad(generator_objective, has_aux=True)(
        g.params, g, d, batch, context
    )
    static, hyper = context.static, context.hyper
    optimizer = make_optimizer(
        static.generator_optimizer_name, hyper.generator_optimizer, context.learning_rate_factor
    )
    updates, opt_state = optimizer.update(grads, g.opt_state, g.params)
    params = optax.apply_updates(g.params, updates)
    statistics = update_statistics(g.statistics, params, batch_statistics)
    metrics = jnp.stack([loss, optax.tree.norm(grads)])
    return NetworkState(params, statistics, opt_state), metrics


def discriminator_objective(
    params: Layers, statistics: Layers, real: Array, fake: Array, context: StepContext
) -> tuple[Array, tuple[Array, Array, tuple[Layers, ...]]]:
    """Return what the discriminator makes small: its loss and the penalties.

    Args:
        params: the discriminator's.
        statistics: the discriminator's.
        real: points [2, n].
        fake: points [2, n].
        context: of the step.

    Returns:
        The objective, and the logits of real and of generated points, each [n], with the statistics
        of the discriminator's batches.
    """
    static, hyper = context.static, context.hyper
    fake = _add_instance_noise(context, fake, Draw.FAKE_INSTANCE_NOISE)
    real = _add_instance_noise(context, real, Draw.REAL_INSTANCE_NOISE)
    logits = partial(_logits, static, params, statistics)
    if static.discriminator_architecture.norm == "batch":
        real_logits, real_statistics = logits(real)
        fake_logits, fake_statistics = logits(fake)
        batches: tuple[Layers, ...] = (real_statistics, fake_statistics)
    else:  # points do not mix: one pass for both is fewer kernels
        both, batch_statistics = logits(jnp.concatenate([real, fake], axis=1))
        real_logits, fake_logits = jnp.split(both, 2)
        batches = (batch_statistics,)
    objective = losses.discriminator_loss(
        static.loss,
        real_logits,
        fake_logits,
        sigmoid_output=static.sigmoid_output,
        real_label=hyper.real_label,
        real_weight=hyper.real_weight,
    )
    if static.gradient_penalty:
        rng = context.rng(Draw.MIXING_COEFFICIENTS)
        mixing = jax.random.uniform(rng, (static.batch_size,), jnp.float32)
        penalty = losses.gradient_penalty(lambda x: logits(x)[0], real, fake, mixing)
        objective += hyper.gradient_penalty * penalty
    if static.r1:
        objective += hyper.r1 * losses.zero_penalty(lambda x: logits(x)[0], real)
    if static.r2:
        objective += hyper.r2 * losses.zero_penalty(lambda x: logits(x)[0], fake)
    return objective, (real_logits, fake_logits, batches)


def generator_objective(
    params: Layers,
    g: NetworkState,
    d: NetworkState,
    batch: tuple[Array, Array],
    context: StepContext,
) -> tuple[Array, Layers]:
    """Return what the generator makes small, and its batch's statistics.

    Args:
        params: the generator's.
        g: the generator before the step, of which only the statistics are looked at.
        d: the discriminator.
        batch: noise [dims, n]; real points [2, n], at which only the relativistic loss and unrolled
            steps look.
        context: of the step.
    """
    static, (z, real) = context.static, batch
    fake, batch_statistics = apply(
        params, g.statistics, z, static.generator_architecture, training=True
    )
    # Unrolled GANs (Metz et al. 2017): D some steps ahead, differentiated as a function of G.
    for _ in range(static.unrolled_steps):
        grads = jax.grad(discriminator_objective, has_aux=True)(
            d.params, d.statistics, real, fake, context
        )[0]
        ahead, opt_state = _update_discriminator(context, d, grads)
        d = NetworkState(ahead, d.statistics, opt_state)
    fake = _add_instance_noise(context, fake, Draw.FAKE_INSTANCE_NOISE)
    fake_logits, _ = _logits(static, d.params, d.statistics, fake)
    real_logits = fake_logits
    if static.loss == "relativistic":
        real = _add_instance_noise(context, real, Draw.REAL_INSTANCE_NOISE)
        real_logits, _ = _logits(static, d.params, d.statistics, real)
    loss = losses.generator_loss(
        static.loss, real_logits, fake_logits, sigmoid_output=static.sigmoid_output
    )
    return loss, batch_statistics


def sample_noise(context: StepContext) -> Array:
    """Draw noise [dims, n]."""
    static = context.static
    dims = static.generator_architecture.sizes[0]
    return noise.sample(context.rng(Draw.NOISE), static.batch_size, static.noise, dims).T


def sample_real(context: StepContext) -> Array:
    """Draw real points [2, n]."""
    static = context.static
    return static.real.draw(context.rng(Draw.REAL_POINTS), static.batch_size).T


def _add_instance_noise(context: StepContext, points: Array, draw: Draw) -> Array:
    """Add instance noise (Sønderby et al. 2017, section 3.2), fading linearly."""
    if not context.static.instance_noise:
        return points
    left = jnp.maximum(1 - context.iteration / context.hyper.instance_noise_until, 0.0)
    epsilon = jax.random.normal(context.rng(draw), points.shape, jnp.float32)
    return points + context.hyper.instance_noise * left * epsilon


def _logits(
    static: StaticConfig, params: Layers, statistics: Layers, points: Array
) -> tuple[Array, Layers]:
    """Return D's logit for each point [n], in training, and its batch's statistics."""
    y, batch_statistics = apply(
        params, statistics, points, static.discriminator_architecture, training=True
    )
    return y[0], batch_statistics


def _update_discriminator(
    context: StepContext, d: NetworkState, grads: Layers
) -> tuple[Layers, optax.OptState]:
    """Return D's parameters after a step, clipped (Arjovsky et al. 2017), and its optimizer's."""
    static, hyper = context.static, context.hyper
    optimizer = make_optimizer(
        static.discriminator_optimizer_name,
        hyper.discriminator_optimizer,
        context.learning_rate_factor,
    )
    updates, opt_state = optimizer.update(grads, d.opt_state, d.params)
    params = optax.apply_updates(d.params, updates)
    clip = hyper.weight_clip  # infinite where nothing is clipped
    return jax.tree.map(lambda p: jnp.clip(p, -clip, clip), params), opt_state
