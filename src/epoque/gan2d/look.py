"""What is measured and drawn of a training as it stands, compiled once a program."""

from functools import partial
from typing import Any

import jax

from epoque.bench.seeds import jax_key

from . import engine, noise, snapshots
from .distributions import Modes
from .engine import State
from .measures import SAMPLES, all_measures, jacobian_measures
from .plan import Plan
from .rng import fused
from .snapshots import Fixed

__all__ = ["evaluate", "evaluated", "snapshot"]

STRETCHED = 1000
"""Places at which the generator's Jacobian is looked at."""


@partial(jax.jit, static_argnames=("plan", "probability"))
def snapshot(plan: Plan, probability: bool, fixed: Fixed, state: State) -> dict[str, Any]:
    """Return the arrays of a snapshot (`epoque.gan2d.snapshots`)."""
    generate = engine.generate(plan.generator, state)
    return snapshots.take(fixed, generate, engine.logits(plan.discriminator, state), probability)


def evaluate(plan: Plan, modes: Modes | None, seed: Any, step: Any, state: State) -> dict[str, Any]:
    """Return every measure of the generator against the real distribution.

    Args:
        plan: the program.
        modes: the mixture that the real points are of, or None.
        seed: the run's; its purpose is "evaluation". May be traced.
        step: iterations done: each evaluation draws points of its own. May be traced.
        state: where the training stands.

    Returns:
        Scalars: those of `measures.all_measures` and of `measures.jacobian_measures`.
    """
    key = fused(jax.random.fold_in(jax_key(seed, "evaluation"), step))
    real_key, noise_key = jax.random.split(key)
    real = plan.source.draw(real_key, SAMPLES)
    z = noise.sample(noise_key, SAMPLES, plan.noise, plan.generator.sizes[0])
    generate = engine.generate(plan.generator, state)
    found = all_measures(real, generate(z), modes)
    return found | jacobian_measures(generate, z[:STRETCHED])


evaluated = partial(jax.jit, static_argnames="plan")(evaluate)
"""`evaluate`, compiled."""
