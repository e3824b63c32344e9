"""One step of the discriminator, one step of the generator."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from . import losses, networks, noise, optimisers
from .optimisers import Slots
from .plan import Dials, Plan
from .rng import stream

__all__ = [
    "METRICS",
    "Game",
    "Network",
    "Seen",
    "Turn",
    "d_objective",
    "d_step",
    "g_objective",
    "g_step",
    "told",
    "unseen",
]

METRICS = (
    "loss_d",
    "accuracy_real",
    "accuracy_fake",
    "saturated",
    "loss_g",
    "grad_norm_d",
    "grad_norm_g",
)
"""Of the last step of each network: its loss, with penalties; the shares of real and of generated
points that D tells right (above or below ½); the share of D's answers that are saturated; the norms
of the two gradients."""
CERTAIN = float(np.log(0.99 / 0.01))
"""An answer of the discriminator farther out than this is saturated: below 0.01 or above 0.99."""
REAL, NOISE, BLUR_REAL, BLUR_FAKE, SHARE = range(5)
"""The purposes of a turn's random numbers."""


class Network(NamedTuple):
    """One network: flat vectors of parameters and statistics, and its optimiser's memory."""

    params: Any
    statistics: Any
    slots: Slots


class Seen(NamedTuple):
    """What is seen in a step and becomes metrics in the end, if it is an iteration's last.

    Attributes:
        losses: with penalties [n].
        a: D's numbers for real points [n]; NaN in a step of G.
        b: D's numbers for generated points [n]; NaN in a step of G.
        gradient: flat vector.
    """

    losses: Any
    a: Any
    b: Any
    gradient: Any


class Game(NamedTuple):
    """The rules: the program and its settings."""

    plan: Plan
    dials: Dials


class Turn(NamedTuple):
    """One step of one network, and where its random numbers come from.

    Attributes:
        key: of all batches of the run.
        step: iterations done before.
        number: of the step in its iteration.
        decay: factor on the learning rates.
    """

    key: Any
    step: Any
    number: Any
    decay: Any = 1.0

    def stream(self, purpose: int) -> Any:
        """Return the key of one purpose, 0 to 7."""
        return stream(self.key, self.step, 8 * self.number + purpose)


def d_step(game: Game, d: Network, g: Network, turn: Turn) -> tuple[Network, Seen]:
    """Return the discriminator after one step, and what was seen."""
    spec = game.plan.generator
    fake, _ = networks.apply(g.params, g.statistics, drawn_noise(game, turn), spec, training=True)
    gradient, (losses_n, a, b, found) = jax.grad(d_objective, has_aux=True)(
        d.params, game, d.statistics, fake, turn
    )
    params, slots = _d_update(game, d, gradient, turn)
    statistics = d.statistics
    for each in found:
        statistics = networks.learn_statistics(statistics, params, each, game.plan.discriminator)
    return Network(params, statistics, slots), Seen(losses_n, a, b, gradient)


def g_step(game: Game, d: Network, g: Network, turn: Turn) -> tuple[Network, Seen]:
    """Return the generator after one step, and what was seen."""
    gradient, (losses_n, found) = jax.grad(g_objective, has_aux=True)(
        g.params, game, d, g.statistics, turn
    )
    params, slots = optimisers.step(game.dials.g, g.params, gradient, g.slots, turn.decay)
    statistics = networks.learn_statistics(g.statistics, params, found, game.plan.generator)
    none = jnp.full_like(losses_n, jnp.nan)
    return Network(params, statistics, slots), Seen(losses_n, none, none, gradient)


def unseen(game: Game, network: Network) -> Seen:
    """Return what is seen before the first step: NaN."""
    none = jnp.full(game.plan.batch_size, jnp.nan, jnp.float32)
    return Seen(none, none, none, jnp.full_like(network.params, jnp.nan))


def told(d: Seen, g: Seen) -> Any:
    """Return the `METRICS` of what was seen [7].

    Means and sums are products with ones: XLA compiles those ten times faster than sums.
    """
    a, b, nothing = d.a, d.b, d.losses * 0  # NaN where no step was taken
    certain = ((jnp.abs(a) > CERTAIN) * 0.5) + ((jnp.abs(b) > CERTAIN) * 0.5)
    points = jnp.stack([d.losses, (a > 0) + nothing, (b < 0) + nothing, certain, g.losses])
    longest = max(len(d.gradient), len(g.gradient))
    squares = [jnp.pad(each**2, (0, longest - len(each))) for each in (d.gradient, g.gradient)]
    means = points @ jnp.full_like(points[0], 1 / len(points[0]))
    return jnp.concatenate([means, jnp.sqrt(jnp.stack(squares) @ jnp.ones(longest))])


def d_objective(
    params: Any, game: Game, statistics: Any, fake: Any, turn: Turn
) -> tuple[Any, tuple[Any, Any, Any, tuple[dict[str, Any], ...]]]:
    """Return what the discriminator makes small.

    With it: its losses [n], its numbers for real and generated points [n], and the statistics of
    its batches.

    Args:
        params: the discriminator's.
        game: the rules.
        statistics: the discriminator's.
        fake: generated points [2, n].
        turn: where the real points come from.
    """
    plan, dials = game
    real, fake = drawn_real(game, turn), _blurred(game, fake, turn, BLUR_FAKE)
    a, b, found = _judge(plan, params, statistics, real, fake)
    each = losses.discriminator_losses(dials.loss, a, b, dials.labels)

    def slope(points: Any) -> Any:
        return jax.grad(lambda x: _number(plan, params, statistics, x).sum())(points)

    if plan.gradient_penalty:
        share = jax.random.uniform(turn.stream(SHARE), (plan.batch_size,), jnp.float32)
        each += dials.gradient_penalty * losses.gradient_penalty(slope, real, fake, share)
    if plan.r1:
        each += dials.r1 * losses.slope_penalty(slope, real)
    if plan.r2:
        each += dials.r2 * losses.slope_penalty(slope, fake)
    return each.mean(), (each, a, b, found)


def g_objective(
    params: Any, game: Game, d: Network, statistics: Any, turn: Turn
) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    """Return what the generator makes small; with it its losses [n] and its batch's statistics.

    Args:
        params: the generator's.
        game: the rules.
        d: the discriminator.
        statistics: the generator's.
        turn: where the noise comes from; real points are drawn only where the loss needs them.
    """
    plan, loss = game.plan, game.dials.loss
    z = drawn_noise(game, turn)
    fake, found = networks.apply(params, statistics, z, plan.generator, training=True)
    judge = partial(_number, plan, _look_ahead(game, d, fake, turn), d.statistics)
    b = judge(_blurred(game, fake, turn, BLUR_FAKE))
    a = jax.lax.cond(
        losses.needs_real(loss),
        lambda: judge(drawn_real(game, turn)),
        lambda: jnp.zeros_like(b),
    )
    each = losses.generator_losses(loss, a, b)
    return each.mean(), (each, found)


def drawn_noise(game: Game, turn: Turn) -> Any:
    """Draw noise [dims, n]."""
    plan = game.plan
    dims = plan.generator.sizes[0]
    return noise.sample(turn.stream(NOISE), plan.batch_size, plan.noise, dims).T


def drawn_real(game: Game, turn: Turn) -> Any:
    """Draw real points as the discriminator sees them [2, n]."""
    points = game.plan.source.draw(turn.stream(REAL), game.plan.batch_size).T
    return _blurred(game, points, turn, BLUR_REAL)


def _blurred(game: Game, points: Any, turn: Turn, purpose: int) -> Any:
    """Add instance noise (Sønderby et al. 2017, section 3.2), fading linearly."""
    if not game.plan.instance_noise:
        return points
    left = jnp.maximum(1 - turn.step / game.dials.instance_noise_until, 0.0)
    drawn = jax.random.normal(turn.stream(purpose), points.shape, jnp.float32)
    return points + game.dials.instance_noise * left * drawn


def _judge(
    plan: Plan, params: Any, statistics: Any, real: Any, fake: Any
) -> tuple[Any, Any, tuple[dict[str, Any], ...]]:
    """Return D's numbers for real and generated points, in one pass where points do not mix."""
    spec = plan.discriminator
    if spec.norm == "batch":
        a, seen_a = networks.apply(params, statistics, real, spec, training=True)
        b, seen_b = networks.apply(params, statistics, fake, spec, training=True)
        return a[0], b[0], (seen_a, seen_b)
    both = _number(plan, params, statistics, jnp.concatenate([real, fake], axis=1))
    return both[: plan.batch_size], both[plan.batch_size :], ({},)


def _number(plan: Plan, params: Any, statistics: Any, points: Any) -> Any:
    """Return D's number for each point, [n], in training."""
    return networks.apply(params, statistics, points, plan.discriminator, training=True)[0][0]


def _look_ahead(game: Game, d: Network, fake: Any, turn: Turn) -> Any:
    """Return D's parameters some steps ahead, as a function of the points (Metz et al. 2017)."""
    for _ in range(game.plan.unrolled_steps):
        gradient, _ = jax.grad(d_objective, has_aux=True)(d.params, game, d.statistics, fake, turn)
        params, slots = _d_update(game, d, gradient, turn)
        d = Network(params, d.statistics, slots)
    return d.params


def _d_update(game: Game, d: Network, gradient: Any, turn: Turn) -> tuple[Any, Slots]:
    dials = game.dials
    params, slots = optimisers.step(dials.d, d.params, gradient, d.slots, turn.decay)
    return jnp.clip(params, -dials.weight_clip, dials.weight_clip), slots
