"""What the two networks play for, and the penalties on the discriminator's slope.

Losses take the discriminator's numbers before any sigmoid, a for real points and b for generated
ones; σ is the sigmoid, s⁺(x) = log(1 + eˣ), and means are over the batch.

log            D: (1−s)·s⁺(−a) + s·s⁺(a) + s⁺(b)   G: s⁺(−b)
               Goodfellow et al. 2014, section 3: the generator's non-saturating form.
minimax        D: the same   G: −s⁺(b)
               Goodfellow et al. 2014, eq. 1.
least_squares  D: (σ(a) − 1 + s)² + σ(b)²   G: (σ(b) − 1)²
               Mao et al. 2017, eq. 9.
hinge          D: max(0, 1 − a) + max(0, 1 + b)   G: −b
               Lim & Ye 2017.
wasserstein    D: b − a   G: −b
               Arjovsky et al. 2017, eq. 2.
relativistic   D: s⁺(b − a)   G: s⁺(a − b)
               Huang et al. 2024 (R3GAN), eq. 2; the pairs are those of the batch.

s is `label_smoothing` in its `one_sided` form (Salimans et al. 2016, section 3.4). In the `weight`
form, which is GAN Lab's, log D(x) counts only 1 − s times: (1−s)·s⁺(−a) + s⁺(b); GAN Lab has s =
0.05, and its least-squares loss no smoothing. As in GAN Lab, least squares lack the customary ½
and look through the sigmoid; with `discriminator.output` linear they take a and b themselves.
WGAN-GP is wasserstein with `gradient_penalty`; R3GAN is relativistic with `r1` and `r2`.

All are weighted sums of the same few terms. The weights (`Stakes`) are numbers that a compiled
program takes, so that the loss can change while it runs, and each run of a sweep has its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..config import Gan2dConfig

__all__ = [
    "Stakes",
    "gradient_penalty",
    "losses",
    "probability",
    "slope_penalty",
]


SIGNS = np.array([[-1], [1]], np.float32)
"""Where the discriminator wants its numbers to go: those of generated points down."""


class Stakes(NamedTuple):
    """What a network plays for: weights [2] of the terms at real and at generated points.

    Its loss at a real point and a generated one, where D says a and b, is the sum over x in
    mix·(a, b), with sign −1 and 1, of

        up·s⁺(x) + down·s⁺(−x) + fit·(σ(x) − target)² + square·(x − target)²
        + line·x + margin·max(0, 1 + sign·x).

    `mix` [2, 2] makes (a, b) of them, or (b − a, 0) where points play in pairs; `unmix` is its
    transpose.
    """

    up: Any
    down: Any
    fit: Any
    square: Any
    target: Any
    line: Any
    margin: Any
    mix: Any
    unmix: Any

    @classmethod
    def of(cls, config: Gan2dConfig, role: str, number: type = np.float32) -> "Stakes":
        """Return what `generator` or `discriminator` plays for, as arrays of a `number`."""
        stakes = _discriminators if role == "discriminator" else _generators
        return stakes(config, number)

    @classmethod
    def weighing(
        cls, number: type, *, pairs: bool = False, **weights: tuple[float, float]
    ) -> "Stakes":
        """Return the stakes of some weights, 0 where none are given, as arrays of a `number`."""
        arrays: list[Any] = [
            np.array(weights.get(name, (0, 0)), number) for name in cls._fields[:-2]
        ]
        mix: Any = np.array([[-1, 1], [0, 0]] if pairs else [[1, 0], [0, 1]], number)
        return cls._make([*arrays, mix, mix.T.copy()])


def _discriminators(config: Gan2dConfig, number: type) -> Stakes:
    s = config.label_smoothing
    wrong = s if config.label_smoothing_form == "one_sided" else 0.0
    target = (1 - wrong, 0.0)
    match config.loss:
        case "log" | "minimax":
            return Stakes.weighing(number, up=(wrong, 1), down=(1 - s, 0))
        case "least_squares" if probability(config):
            return Stakes.weighing(number, fit=(1, 1), target=target)
        case "least_squares":
            return Stakes.weighing(number, square=(1, 1), target=target)
        case "hinge":
            return Stakes.weighing(number, margin=(1, 1))
        case "wasserstein":
            return Stakes.weighing(number, line=(-1, 1))
    return Stakes.weighing(number, up=(1, 0), pairs=True)


def _generators(config: Gan2dConfig, number: type) -> Stakes:
    match config.loss:
        case "log":
            return Stakes.weighing(number, down=(0, 1))
        case "minimax":
            return Stakes.weighing(number, up=(0, -1))
        case "least_squares" if probability(config):
            return Stakes.weighing(number, fit=(0, 1), target=(0, 1))
        case "least_squares":
            return Stakes.weighing(number, square=(0, 1), target=(0, 1))
        case "hinge" | "wasserstein":
            return Stakes.weighing(number, line=(0, -1))
    return Stakes.weighing(number, down=(1, 0), pairs=True)


def probability(config: Gan2dConfig) -> bool:
    """Return whether the discriminator's output is a probability: the sigmoid of its number."""
    linear = config.loss == "least_squares" and config.discriminator.output == "linear"
    return config.loss in ("log", "minimax", "least_squares") and not linear


@jax.custom_vjp
def losses(stakes: Stakes, numbers: Any) -> Any:
    """Return what makes up one network's loss [2, n]: it plays for the mean of the columns' sums.

    JAX's own derivative would be more and larger kernels, and take longer to compile.

    Args:
        stakes: what it plays for; may be traced, and counts as a constant.
        numbers: the discriminator's for real and for generated points [2, n].
    """
    x, weights = stakes.mix @ numbers, _columns(stakes)
    small = jnp.exp(-jnp.abs(x))
    off, miss, bend = _sigmoid(x, small) - weights.target, x - weights.target, jnp.log1p(small)
    return (
        weights.up * (jnp.maximum(x, 0.0) + bend)
        + weights.down * (jnp.maximum(-x, 0.0) + bend)
        + weights.fit * off * off
        + weights.square * miss * miss
        + weights.line * x
        + weights.margin * jnp.maximum(1 + SIGNS * x, 0.0)
    )


def _slopes(stakes: Stakes, numbers: Any) -> Any:
    """Return the derivatives of `losses` by the x of its formula [2, n]."""
    x, weights = stakes.mix @ numbers, _columns(stakes)
    small = jnp.exp(-jnp.abs(x))
    yes, no = _sigmoid(x, small), _sigmoid(-x, small)
    return (
        weights.up * yes
        - weights.down * no
        + weights.fit * (yes - weights.target) * (yes + yes) * no
        + weights.square * ((x - weights.target) + (x - weights.target))
        + weights.line
        + weights.margin * jnp.where(SIGNS * x > -1, SIGNS, 0.0)
    )


def _columns(stakes: Stakes) -> Stakes:
    return Stakes._make([*(each[:, None] for each in stakes[:-2]), stakes.mix, stakes.unmix])


def _sigmoid(x: Any, small: Any) -> Any:
    """Return σ(x), given e^−|x|: exact where eˣ would overflow and 1 − σ cancel."""
    return jnp.where(x > 0, 1.0, small) / (1 + small)


losses.defvjp(
    lambda stakes, numbers: (losses(stakes, numbers), (stakes, numbers)),
    lambda told, by_each: (None, told[0].unmix @ (by_each * _slopes(*told))),
)


def gradient_penalty(slope: Callable[[Any], Any], real: Any, fake: Any, share: Any) -> Any:
    """Return mean (‖∇D‖ − 1)² at points between real and fake (Gulrajani et al. 2017, eq. 3).

    Args:
        slope: points [2, n] to D's gradient at each [2, n].
        real: points [2, n].
        fake: points [2, n].
        share: of the real point in each mixture [n], uniform in 0 to 1.
    """
    squared = (slope(share * real + (1 - share) * fake) ** 2).sum(0)
    return ((jnp.sqrt(squared + 1e-12) - 1) ** 2).mean()


def slope_penalty(slope: Callable[[Any], Any], points: Any) -> Any:
    """Return ½ mean ‖∇D‖² at points [2, n]: R1 at real ones, R2 at generated ones.

    Mescheder et al. 2018, eq. 9.
    """
    return 0.5 * (slope(points) ** 2).sum(0).mean()
