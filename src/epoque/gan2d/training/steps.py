"""One step of the discriminator, one step of the generator."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..data import noise
from ..models import mlp as networks
from . import losses
from . import optimizers as optimisers
from .optimizers import Slots
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
        numbers: D's, for real and for generated points [2, n].
        penalty: what the loss has beside what the points tell.
        gradient: flat vector.
    """

    numbers: Any
    penalty: Any
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
    gradient, (numbers, penalty, found) = jax.grad(d_objective, has_aux=True)(
        d.params, game, d.statistics, fake, turn
    )
    params, slots = _d_update(game, d, gradient, turn)
    statistics = d.statistics
    for each in found:
        statistics = networks.learn_statistics(statistics, params, each, game.plan.discriminator)
    return Network(params, statistics, slots), Seen(numbers, penalty, gradient)


def g_step(game: Game, d: Network, g: Network, turn: Turn) -> tuple[Network, Seen]:
    """Return the generator after one step, and what was seen."""
    gradient, (numbers, found) = jax.grad(g_objective, has_aux=True)(
        g.params, game, d, g.statistics, turn
    )
    params, slots = optimisers.step(game.dials.g, g.params, gradient, g.slots, turn.decay)
    statistics = networks.learn_statistics(g.statistics, params, found, game.plan.generator)
    return Network(params, statistics, slots), Seen(numbers, np.float32(0), gradient)


def unseen(game: Game, network: Network) -> Seen:
    """Return what is seen before the first step: NaN."""
    numbers = np.full((2, game.plan.batch_size), np.nan, np.float32)
    return Seen(numbers, np.float32(np.nan), jnp.full_like(network.params, np.nan))


def told(game: Game, d: Seen, g: Seen) -> Any:
    """Return the `METRICS` of what was seen [7].

    Means and sums are products: XLA compiles those ten times faster than sums.
    """
    mean = np.full(game.plan.batch_size, 1 / game.plan.batch_size, np.float32)
    loss_d = (losses.losses(game.dials.d_stakes, d.numbers) @ mean).sum()
    loss_g = (losses.losses(game.dials.g_stakes, g.numbers) @ mean).sum()
    nothing = d.numbers * 0  # NaN where no step was taken
    real, fake = (jnp.where(losses.SIGNS * d.numbers < 0, 1.0, 0.0) + nothing) @ mean
    certain = (jnp.where(jnp.abs(d.numbers) > CERTAIN, 1.0, 0.0) + nothing) @ mean
    return jnp.stack([
        loss_d + d.penalty, real, fake, certain.mean(), loss_g,
        jnp.sqrt(d.gradient @ d.gradient), jnp.sqrt(g.gradient @ g.gradient),
    ])  # fmt: skip


def d_objective(
    params: Any, game: Game, statistics: Any, fake: Any, turn: Turn
) -> tuple[Any, tuple[Any, Any, tuple[dict[str, Any], ...]]]:
    """Return what the discriminator makes small.

    With it: its numbers for real and generated points [2, n], the penalties in it, and the
    statistics of its batches.

    Args:
        params: the discriminator's.
        game: the rules.
        statistics: the discriminator's.
        fake: generated points [2, n].
        turn: where the real points come from.
    """
    plan, dials = game
    real, fake = drawn_real(game, turn), _blurred(game, fake, turn, BLUR_FAKE)
    numbers, found = _judge(plan, params, statistics, real, fake)
    penalty = np.zeros((), numbers.dtype)

    def slope(points: Any) -> Any:
        return jax.grad(lambda x: _number(plan, params, statistics, x).sum())(points)

    if plan.gradient_penalty:
        share = jax.random.uniform(turn.stream(SHARE), (plan.batch_size,), jnp.float32)
        penalty += dials.gradient_penalty * losses.gradient_penalty(slope, real, fake, share)
    if plan.r1:
        penalty += dials.r1 * losses.slope_penalty(slope, real)
    if plan.r2:
        penalty += dials.r2 * losses.slope_penalty(slope, fake)
    each = losses.losses(dials.d_stakes, numbers)
    return 2 * each.mean() + penalty, (numbers, penalty, found)


def g_objective(
    params: Any, game: Game, d: Network, statistics: Any, turn: Turn
) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    """Return what the generator makes small.

    With it: D's numbers for real and generated points [2, n] and its batch's statistics.

    Args:
        params: the generator's.
        game: the rules.
        d: the discriminator.
        statistics: the generator's.
        turn: where the noise comes from, and the real points that a loss in pairs looks at. All
            losses judge them: the program is the same, and its code shared with the other step's.
    """
    plan, dials = game
    z = drawn_noise(game, turn)
    fake, found = networks.apply(params, statistics, z, plan.generator, training=True)
    ahead = _look_ahead(game, d, fake, turn)
    real, fake = drawn_real(game, turn), _blurred(game, fake, turn, BLUR_FAKE)
    numbers, _ = _judge(plan, ahead, d.statistics, real, fake)
    each = losses.losses(dials.g_stakes, numbers)
    return 2 * each.mean(), (numbers, found)


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
) -> tuple[Any, tuple[dict[str, Any], ...]]:
    """Return D's numbers for real and generated points, in one pass where points do not mix."""
    spec = plan.discriminator
    if spec.norm == "batch":
        a, seen_a = networks.apply(params, statistics, real, spec, training=True)
        b, seen_b = networks.apply(params, statistics, fake, spec, training=True)
        return jnp.concatenate([a, b]), (seen_a, seen_b)
    both = jnp.concatenate([real, fake], axis=1)
    return _number(plan, params, statistics, both).reshape(2, -1), ({},)


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
