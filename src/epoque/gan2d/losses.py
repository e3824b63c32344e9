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
and look through the sigmoid; with `discriminator_output` linear they take a and b themselves.
WGAN-GP is wasserstein with `gradient_penalty`; R3GAN is relativistic with `r1` and `r2`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .config import Gan2dConfig

__all__ = [
    "KINDS",
    "Labels",
    "discriminator_losses",
    "generator_losses",
    "gradient_penalty",
    "kind",
    "needs_real",
    "probability",
    "slope_penalty",
]

KINDS = (
    "log",
    "minimax",
    "least_squares",
    "least_squares_linear",
    "hinge",
    "wasserstein",
    "relativistic",
)


class Labels(NamedTuple):
    """Label smoothing as the formulas take it.

    Attributes:
        right: weight of log D(x), 1 − s.
        wrong: weight of log(1 − D(x)), s or 0.
        target: what least squares draw D(x) to, 1 − s or 1.
    """

    right: Any
    wrong: Any
    target: Any

    @classmethod
    def of(cls, config: Gan2dConfig) -> "Labels":
        """Return the labels of a config."""
        s = config.label_smoothing
        return cls(1 - s, s, 1 - s) if _one_sided(config) else cls(1 - s, 0.0, 1.0)


def _one_sided(config: Gan2dConfig) -> bool:
    return config.label_smoothing_form == "one_sided"


def kind(config: Gan2dConfig) -> str:
    """Return which of `KINDS` a config plays."""
    linear = config.loss == "least_squares" and config.discriminator_output == "linear"
    return "least_squares_linear" if linear else config.loss


def probability(config: Gan2dConfig) -> bool:
    """Return whether the discriminator's output is a probability: the sigmoid of its number."""
    return kind(config) in ("log", "minimax", "least_squares")


def needs_real(index: Any) -> Any:
    """Return whether the generator's loss compares with real points."""
    return index == KINDS.index("relativistic")


def discriminator_losses(index: Any, a: Any, b: Any, labels: Labels) -> Any:
    """Return the discriminator's loss at each pair of points [n]; it plays for the mean.

    Args:
        index: place in `KINDS`; may be traced.
        a: its numbers for real points [n].
        b: its numbers for generated points [n].
        labels: label smoothing.
    """
    return _each(_for_discriminator, index, a, b, labels)


def generator_losses(index: Any, a: Any, b: Any) -> Any:
    """Return the generator's loss at each point [n]; `a` counts only where `needs_real`."""
    return _each(_for_generator, index, a, b, Labels(1.0, 0.0, 1.0))


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


Terms = tuple[Any, Any, Any]
"""Each point's loss [n], and its derivatives by a and b."""
Game = Callable[[Any, Any, Labels], dict[str, Terms]]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _each(game: Game, index: Any, a: Any, b: Any, labels: Labels) -> Any:
    """Return one kind's losses.

    All kinds are computed and one is taken: in one kernel, that is cheaper than to branch. So are
    the derivatives: JAX's own would be a kernel an operation, and take longer to compile.
    """
    return _chosen(index, game(a, b, labels))[0]


def _each_forward(
    game: Game, index: Any, a: Any, b: Any, labels: Labels
) -> tuple[Any, tuple[Any, Any]]:
    each, by_a, by_b = _chosen(index, game(a, b, labels))
    return each, (by_a, by_b)


def _each_backward(_: Game, slopes: tuple[Any, Any], by_each: Any) -> tuple[None, Any, Any, None]:
    return None, by_each * slopes[0], by_each * slopes[1], None


_each.defvjp(_each_forward, _each_backward)


def _chosen(index: Any, by_kind: dict[str, Terms]) -> Terms:
    found = by_kind[KINDS[0]]
    for number, name in enumerate(KINDS[1:], 1):
        found = tuple(  # type: ignore[assignment]
            jnp.where(index == number, term, before)
            for term, before in zip(by_kind[name], found, strict=True)
        )
    return found


class _Curves(NamedTuple):
    """What the formulas take of x: σ(x), σ(−x), log(1 + eˣ), log(1 + e⁻ˣ)."""

    yes: Any
    no: Any
    up: Any
    down: Any

    @classmethod
    def at(cls, x: Any) -> "_Curves":
        """Return them for one exponential, exact where eˣ would overflow and 1 − σ cancel."""
        small = jnp.exp(-jnp.abs(x))
        larger, smaller, bend = 1 / (1 + small), small / (1 + small), jnp.log1p(small)
        return cls(
            jnp.where(x > 0, larger, smaller),
            jnp.where(x > 0, smaller, larger),
            jnp.maximum(x, 0.0) + bend,
            jnp.maximum(-x, 0.0) + bend,
        )


def _for_discriminator(a: Any, b: Any, y: Labels) -> dict[str, Terms]:
    p, q, pair = _Curves.at(a), _Curves.at(b), _Curves.at(b - a)
    log = (y.right * p.down + y.wrong * p.up + q.up, y.wrong * p.yes - y.right * p.no, q.yes)
    off = p.yes - y.target
    return {
        "log": log,
        "minimax": log,
        "least_squares": (off**2 + q.yes**2, 2 * off * p.yes * p.no, 2 * q.yes**2 * q.no),
        "least_squares_linear": ((a - y.target) ** 2 + b**2, 2 * (a - y.target), 2 * b),
        "hinge": (
            jnp.maximum(1 - a, 0) + jnp.maximum(1 + b, 0),
            jnp.where(a < 1, -1.0, 0.0),
            jnp.where(b > -1, 1.0, 0.0),
        ),
        "wasserstein": (b - a, -jnp.ones_like(a), jnp.ones_like(b)),
        "relativistic": (pair.up, -pair.yes, pair.yes),
    }


def _for_generator(a: Any, b: Any, _: Labels) -> dict[str, Terms]:
    q, pair, none = _Curves.at(b), _Curves.at(a - b), jnp.zeros_like(a)
    fool = (-b, none, -jnp.ones_like(b))
    return {
        "log": (q.down, none, -q.no),
        "minimax": (-q.up, none, -q.yes),
        "least_squares": (q.no**2, none, -2 * q.no**2 * q.yes),
        "least_squares_linear": ((b - 1) ** 2, none, 2 * (b - 1)),
        "hinge": fool,
        "wasserstein": fool,
        "relativistic": (pair.up, pair.yes, -pair.yes),
    }
