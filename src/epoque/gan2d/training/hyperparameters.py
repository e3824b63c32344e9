"""A config as the compiled program takes it: what the program is made of, and its arguments."""

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, cast

import numpy as np
from jax import Array

from ..config import Gan2dConfig, LearningRateDecay, Loss
from ..data.distributions import Sampler, make_sampler
from ..data.user_points import UserPoints
from ..models.mlp import Architecture, discriminator_architecture, generator_architecture
from ..network_config import OptimizerName
from ..seeds import Purpose
from .optimizers import OptimizerHyperparameters
from .rng import purpose_words

__all__ = ["Hyperparameters", "RealDistribution", "StaticConfig", "has_sigmoid_output"]


@dataclass(frozen=True)
class RealDistribution:
    """Where real points come from; equal ones draw the same points from the same key."""

    name: str
    digest: int
    draw: Sampler = field(compare=False)

    @classmethod
    def from_config(cls, config: Gan2dConfig, user_points: UserPoints | None) -> "RealDistribution":
        """Return the distribution of a config; `user_points` are the user's if there are any."""
        content = (user_points.points.tobytes(), user_points.jitter) if user_points else ()
        return cls(config.data, hash(content), make_sampler(config, user_points))


@dataclass(frozen=True)
class StaticConfig:
    """The static arguments of the compiled program: another one is another program."""

    generator_architecture: Architecture
    discriminator_architecture: Architecture
    generator_optimizer_name: OptimizerName
    discriminator_optimizer_name: OptimizerName
    loss: Loss
    sigmoid_output: bool
    real: RealDistribution
    noise: str
    batch_size: int
    unrolled_steps: int
    gradient_penalty: bool
    r1: bool
    r2: bool
    instance_noise: bool
    lr_decay: LearningRateDecay

    @classmethod
    def from_config(
        cls, config: Gan2dConfig, user_points: UserPoints | None = None
    ) -> "StaticConfig":
        """Return the static part of a config."""
        return cls(
            generator_architecture=generator_architecture(config),
            discriminator_architecture=discriminator_architecture(config),
            generator_optimizer_name=config.generator.optimizer.name,
            discriminator_optimizer_name=config.discriminator.optimizer.name,
            loss=config.loss,
            sigmoid_output=has_sigmoid_output(config),
            real=RealDistribution.from_config(config, user_points),
            noise=config.noise,
            batch_size=config.batch_size,
            unrolled_steps=config.unrolled_steps,
            gradient_penalty=config.gradient_penalty > 0,
            r1=config.r1 > 0,
            r2=config.r2 > 0,
            instance_noise=config.instance_noise > 0,
            lr_decay=config.lr_decay,
        )


class Hyperparameters(NamedTuple):
    """The settings that the compiled program takes as scalars: a sweep gives each an axis.

    Attributes:
        seed: the run's.
        batches: the words of the key of its batches (`Purpose.BATCHES`), uint32 [2].
        real_label: what the loss takes as the label of real points.
        real_weight: of the loss's term at real points.
        others: as in the config.
    """

    seed: Array
    batches: Array
    d_steps: Array
    g_steps: Array
    real_label: Array
    real_weight: Array
    generator_optimizer: OptimizerHyperparameters
    discriminator_optimizer: OptimizerHyperparameters
    gradient_penalty: Array
    r1: Array
    r2: Array
    weight_clip: Array
    instance_noise: Array
    instance_noise_until: Array
    ema: Array
    lr_decay_until: Array
    lr_final: Array

    @classmethod
    def from_config(
        cls, config: Gan2dConfig, dtype: type[np.floating] = np.float32
    ) -> "Hyperparameters":
        """Return the hyperparameters of a config, as NumPy scalars; real numbers are `dtype`."""

        def number(value: float) -> Array:
            return cast("Array", dtype(value))  # a NumPy scalar, which a compiled program takes

        smoothed = 1 - config.label_smoothing
        one_sided = config.label_smoothing_form == "one_sided"
        return cls(
            seed=cast("Array", np.uint32(config.seed)),
            batches=cast("Array", purpose_words(config.seed, Purpose.BATCHES)),
            d_steps=cast("Array", np.int32(config.d_steps)),
            g_steps=cast("Array", np.int32(config.g_steps)),
            real_label=number(smoothed if one_sided else 1),
            real_weight=number(1 if one_sided else smoothed),
            generator_optimizer=OptimizerHyperparameters.from_config(
                config.generator.optimizer, dtype
            ),
            discriminator_optimizer=OptimizerHyperparameters.from_config(
                config.discriminator.optimizer, dtype
            ),
            gradient_penalty=number(config.gradient_penalty),
            r1=number(config.r1),
            r2=number(config.r2),
            weight_clip=number(config.weight_clip or inf),
            instance_noise=number(config.instance_noise),
            instance_noise_until=number(config.instance_noise_until or inf),
            ema=number(config.ema),
            lr_decay_until=number(config.lr_decay_until or config.iterations),
            lr_final=number(config.lr_final),
        )


def has_sigmoid_output(config: Gan2dConfig) -> bool:
    """Return whether the discriminator's output is a probability: the sigmoid of its logit."""
    linear = config.loss == "least_squares" and config.discriminator.output == "linear"
    return config.loss in ("log", "minimax", "least_squares") and not linear
