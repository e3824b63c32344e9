"""A config as the compiled program takes it: what the program is made of, and its numbers."""

from dataclasses import dataclass, field
from math import inf, log
from typing import Any, NamedTuple

import numpy as np

from ..config import Gan2dConfig
from ..data.distributions import Sampler, sampler
from ..data.support import Support
from ..models import mlp as networks
from ..models.mlp import Spec
from . import rng
from .losses import Stakes
from .optimizers import Hyper

__all__ = ["Dials", "Fade", "Plan", "Source"]


@dataclass(frozen=True)
class Source:
    """Where real points come from; equal sources draw the same points from the same key."""

    name: str
    digest: int
    draw: Sampler = field(compare=False)

    @classmethod
    def of(cls, config: Gan2dConfig, support: Support | None) -> "Source":
        """Return the source of a config; `support` holds the user's points where it has them."""
        content = (support.points.tobytes(), support.jitter) if support else ()
        return cls(config.data, hash(content), sampler(config, support))


@dataclass(frozen=True)
class Plan:
    """What the compiled program depends on; everything else is an argument of it."""

    generator: Spec
    discriminator: Spec
    source: Source
    noise: str
    batch_size: int
    unrolled_steps: int
    gradient_penalty: bool
    r1: bool
    r2: bool
    instance_noise: bool

    @classmethod
    def of(cls, config: Gan2dConfig, support: Support | None = None) -> "Plan":
        """Return the plan of a config."""
        return cls(
            generator=networks.generator_spec(config),
            discriminator=networks.discriminator_spec(config),
            source=Source.of(config, support),
            noise=config.noise,
            batch_size=config.batch_size,
            unrolled_steps=config.unrolled_steps,
            gradient_penalty=config.gradient_penalty > 0,
            r1=config.r1 > 0,
            r2=config.r2 > 0,
            instance_noise=config.instance_noise > 0,
        )


class Fade(NamedTuple):
    """How the learning rates change with the share p of the way to `until`.

    Their factor is (1 − linear·p − cosine·½(1 − cos πp))·exp(exponential·p).
    """

    until: Any
    linear: Any
    cosine: Any
    exponential: Any

    @classmethod
    def of(cls, config: Gan2dConfig) -> "Fade":
        """Return the fade of a config."""
        kind, fall = config.lr_decay, 1 - config.lr_final
        numbers = (
            config.lr_decay_until or config.iterations,
            fall if kind == "linear" else 0,
            fall if kind == "cosine" else 0,
            log(config.lr_final) if kind == "exponential" else 0,
        )
        return cls(*map(np.float32, numbers))


class Dials(NamedTuple):
    """The settings that the compiled program takes as numbers: a sweep gives each an axis.

    Attributes:
        seed: the run's.
        batches: the words of the key of its batches (seed purpose "batches"), uint32 [2].
        d_stakes: what the discriminator plays for; cutting it out of an array for both networks
            inside a step would halve the speed.
        g_stakes: what the generator plays for.
        others: as in the config.
    """

    seed: Any
    batches: Any
    d_steps: Any
    g_steps: Any
    d_stakes: Stakes
    g_stakes: Stakes
    d: Hyper
    g: Hyper
    gradient_penalty: Any
    r1: Any
    r2: Any
    weight_clip: Any
    instance_noise: Any
    instance_noise_until: Any
    ema: Any
    decay: Fade

    @classmethod
    def of(cls, config: Gan2dConfig, number: type = np.float32) -> "Dials":
        """Return the dials of a config, as NumPy scalars and small arrays of a `number`."""
        return cls(
            seed=np.uint32(config.seed),
            batches=rng.words(config.seed, "batches"),
            d_steps=np.int32(config.d_steps),
            g_steps=np.int32(config.g_steps),
            d_stakes=Stakes.of(config, "discriminator", number),
            g_stakes=Stakes.of(config, "generator", number),
            d=Hyper.of(config.discriminator.optimizer, number),
            g=Hyper.of(config.generator.optimizer, number),
            gradient_penalty=number(config.gradient_penalty),
            r1=number(config.r1),
            r2=number(config.r2),
            weight_clip=number(config.weight_clip or inf),
            instance_noise=number(config.instance_noise),
            instance_noise_until=number(config.instance_noise_until or inf),
            ema=number(config.ema),
            decay=Fade.of(config),
        )
