"""One compiled program a pair of networks: iterations of D and G steps, and what they measure.

An iteration is `d_steps` steps of the discriminator and then `g_steps` of the generator, each on a
fresh batch. All that changes sits in `State`, all that may change sits in `Dials`, numbers that the
program takes as arguments; what the program is made of sits in `Plan`. The random numbers of a
step depend on the seed, the iteration and the step alone.

Iterations run inside one compiled loop whose length is an argument: whatever the pace of snapshots
and checkpoints, the same machine code computes the same numbers, and so a resumed run ends
bit-identical.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..models import initializers as initialisers
from ..models import mlp as networks
from ..models.mlp import Spec
from . import optimizers as optimisers
from .plan import Dials, Fade, Plan
from .rng import key_of, words
from .steps import METRICS, Game, Network, Seen, Turn, d_step, g_step, told, unseen

__all__ = [
    "BLOCK",
    "State",
    "advance",
    "batches_key",
    "first_state",
    "generate",
    "is_finite",
    "iterate",
    "logits",
]

BLOCK = 256
"""Most iterations of one call of the compiled loop."""
G_STEPS_FROM = 16
"""Where the generator's steps begin among an iteration's random numbers."""


class State(NamedTuple):
    """What changes during training.

    Attributes:
        d: the discriminator.
        g: the generator.
        ema: the moving average of the generator's parameters.
        seen: `METRICS` of the last iteration; NaN for a network that took no step.
    """

    d: Network
    g: Network
    ema: Any
    seen: Any


def first_state(plan: Plan, dials: Dials) -> State:
    """Draw the first parameters (seed purposes "generator" and "discriminator").

    Args:
        plan: the program.
        dials: its settings; seeds [...] give a state with the same leading axes.

    Returns:
        The state as NumPy arrays: drawn in a program for all architectures, where the initialiser
        and the normalisation allow.
    """
    d = _first(dials.seed, "discriminator", plan.discriminator)
    g = _first(dials.seed, "generator", plan.generator)
    seen = np.full((*np.shape(dials.seed), len(METRICS)), np.nan, np.float32)
    return State(d, g, g.params, seen)


def _first(seed: Any, role: str, spec: Spec) -> Network:
    key = key_of(words(np.asarray(seed), role))
    params = initialisers.init(key, spec)
    statistics = initialisers.init_statistics(key, spec, params)
    return Network(params, statistics, optimisers.empty(params))


def iterate(plan: Plan, dials: Dials, key: Any, state: State, step: Any) -> State:
    """Do one iteration.

    Args:
        plan: the program.
        dials: its settings.
        key: of all batches of the run, from `batches_key`.
        state: where the training stands.
        step: iterations done before.
    """
    game, decay = Game(plan, dials), _decay(dials.decay, step)

    def d_turn(number: Any, now: tuple[Network, Seen]) -> tuple[Network, Seen]:
        return d_step(game, now[0], state.g, Turn(key, step, number, decay))

    d, seen_d = jax.lax.fori_loop(0, dials.d_steps, d_turn, (state.d, unseen(game, state.d)))

    def g_turn(number: Any, now: tuple[Network, Seen]) -> tuple[Network, Seen]:
        return g_step(game, d, now[0], Turn(key, step, G_STEPS_FROM + number, decay))

    g, seen_g = jax.lax.fori_loop(0, dials.g_steps, g_turn, (state.g, unseen(game, state.g)))
    average = g.params + dials.ema * (state.ema - g.params)
    return State(d, g, average, told(game, seen_d, seen_g))


def batches_key(dials: Dials) -> Any:
    """Return the key of all batches of a run (seed purpose "batches")."""
    return key_of(dials.batches)


def _decay(fade: Fade, step: Any) -> Any:
    """Return the factor on the learning rates."""
    p = jnp.minimum(step / fade.until, 1.0)
    fallen = fade.linear * p + fade.cosine * (0.5 - 0.5 * jnp.cos(jnp.pi * p))
    return (1 - fallen) * jnp.exp(fade.exponential * p)


def is_finite(state: State) -> NDArray[np.bool_]:
    """Return whether all parameters, statistics and averages are finite, for each run."""
    parts = [*state.d[:2], *state.g[:2], state.ema, state.d.slots.v, state.g.slots.v]
    every = [np.isfinite(np.asarray(part)).all(axis=-1) for part in parts]
    finite: NDArray[np.bool_] = np.logical_and.reduce(every)
    return finite


@partial(jax.jit, static_argnames="plan")
def advance(plan: Plan, dials: Dials, state: State, step: Any, count: Any) -> tuple[State, Any]:
    """Do `count` ≤ BLOCK iterations.

    Args:
        plan: the program.
        dials: its settings.
        state: where the training stands.
        step: iterations done before, int32.
        count: how many to do, int32.

    Returns:
        The state, and `METRICS` [BLOCK, 7], row i of iteration step + i + 1.
    """
    key = batches_key(dials)

    def one(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
        state, rows = carry
        state = iterate(plan, dials, key, state, step + i)
        return state, jax.lax.dynamic_update_index_in_dim(rows, state.seen, i, 0)

    rows = jnp.zeros((BLOCK, len(METRICS)), jnp.float32)
    found: tuple[State, Any] = jax.lax.fori_loop(0, count, one, (state, rows))
    return found


def generate(spec: Spec, state: State) -> Callable[[Any], Any]:
    """Return the generator that is drawn and measured: noise [n, dims] to points [n, 2].

    It is the moving average's; batch normalisation uses its running statistics.
    """

    def points(z: Any) -> Any:
        return networks.apply(state.ema, state.g.statistics, z.T, spec)[0].T

    return points


def logits(spec: Spec, state: State) -> Callable[[Any], Any]:
    """Return the discriminator: points [n, 2] to its numbers before any sigmoid [n]."""

    def numbers(points: Any) -> Any:
        return networks.apply(state.d.params, state.d.statistics, points.T, spec)[0][0]

    return numbers
