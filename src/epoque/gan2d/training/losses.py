"""What the two networks play for: six pairs of losses, and the penalties on D's gradient.

A loss takes the discriminator's logits (its output before any sigmoid) for a batch of real and one
of generated points, each [n], and returns one number. σ is the sigmoid, softplus(x) = log(1 + eˣ),
so that −log σ(x) = softplus(−x) and −log(1 − σ(x)) = softplus(x), without overflow.

WGAN-GP is `wasserstein` with `gradient_penalty`; R3GAN is `relativistic` with `r1` and `r2`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from ..config import Loss

__all__ = ["discriminator_loss", "generator_loss", "gradient_penalty", "zero_penalty"]

Logits = jax.Array
Scalar = jax.Array | float
softplus = jax.nn.softplus


def log_discriminator(
    real_logits: Logits, fake_logits: Logits, real_label: Scalar = 1.0, real_weight: Scalar = 1.0
) -> jax.Array:
    """Return −log D(x) − log(1 − D(G(z))) (Goodfellow et al. 2014, eq. 1).

    Args:
        real_logits: [n].
        fake_logits: [n].
        real_label: below 1 for one-sided label smoothing (Salimans et al. 2016, section 3.4).
        real_weight: below 1 for GAN Lab's smoothing, where log D(x) counts less.
    """
    real = real_label * softplus(-real_logits) + (1 - real_label) * softplus(real_logits)
    return real_weight * real.mean() + softplus(fake_logits).mean()


def log_generator(fake_logits: Logits) -> jax.Array:
    """Return −log D(G(z)), the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return softplus(-fake_logits).mean()


def minimax_generator(fake_logits: Logits) -> jax.Array:
    """Return log(1 − D(G(z))) (Goodfellow et al. 2014, eq. 1); D plays `log_discriminator`."""
    return -softplus(fake_logits).mean()


def least_squares_discriminator(
    real_output: jax.Array, fake_output: jax.Array, real_label: Scalar = 1.0
) -> jax.Array:
    """Return (D(x) − 1)² + D(G(z))² (Mao et al. 2017, eq. 9, without its ½, as GAN Lab).

    D's output is its logit with `discriminator.output` linear, else, as in GAN Lab, the sigmoid of
    its logit.
    """
    return ((real_output - real_label) ** 2).mean() + (fake_output**2).mean()


def least_squares_generator(fake_output: jax.Array) -> jax.Array:
    """Return (D(G(z)) − 1)² (Mao et al. 2017, eq. 9)."""
    return ((fake_output - 1) ** 2).mean()


def hinge_discriminator(real_logits: Logits, fake_logits: Logits) -> jax.Array:
    """Return max(0, 1 − D(x)) + max(0, 1 + D(G(z))) (Lim & Ye 2017)."""
    return jnp.maximum(0, 1 - real_logits).mean() + jnp.maximum(0, 1 + fake_logits).mean()


def hinge_generator(fake_logits: Logits) -> jax.Array:
    """Return −D(G(z)) (Lim & Ye 2017)."""
    return -fake_logits.mean()


def wasserstein_discriminator(real_logits: Logits, fake_logits: Logits) -> jax.Array:
    """Return D(G(z)) − D(x) (Arjovsky et al. 2017, eq. 2)."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_generator(fake_logits: Logits) -> jax.Array:
    """Return −D(G(z)) (Arjovsky et al. 2017, eq. 2)."""
    return -fake_logits.mean()


def relativistic_discriminator(real_logits: Logits, fake_logits: Logits) -> jax.Array:
    """Return −log σ(D(x) − D(G(z))), points in pairs (Huang et al. 2024, R3GAN, eq. 2)."""
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator(real_logits: Logits, fake_logits: Logits) -> jax.Array:
    """Return −log σ(D(G(z)) − D(x)), points in pairs (Huang et al. 2024, R3GAN, eq. 2)."""
    return softplus(real_logits - fake_logits).mean()


def discriminator_loss(
    loss: Loss,
    real_logits: Logits,
    fake_logits: Logits,
    *,
    sigmoid_output: bool,
    real_label: Scalar,
    real_weight: Scalar,
) -> jax.Array:
    """Return the loss of this name that the discriminator makes small."""
    match loss:
        case "log" | "minimax":
            return log_discriminator(real_logits, fake_logits, real_label, real_weight)
        case "least_squares":
            output = jax.nn.sigmoid if sigmoid_output else jnp.asarray
            return least_squares_discriminator(output(real_logits), output(fake_logits), real_label)
        case "hinge":
            return hinge_discriminator(real_logits, fake_logits)
        case "wasserstein":
            return wasserstein_discriminator(real_logits, fake_logits)
        case "relativistic":
            return relativistic_discriminator(real_logits, fake_logits)


def generator_loss(
    loss: Loss, real_logits: Logits, fake_logits: Logits, *, sigmoid_output: bool
) -> jax.Array:
    """Return the loss of this name that the generator makes small."""
    match loss:
        case "log":
            return log_generator(fake_logits)
        case "minimax":
            return minimax_generator(fake_logits)
        case "least_squares":
            output = jax.nn.sigmoid if sigmoid_output else jnp.asarray
            return least_squares_generator(output(fake_logits))
        case "hinge":
            return hinge_generator(fake_logits)
        case "wasserstein":
            return wasserstein_generator(fake_logits)
        case "relativistic":
            return relativistic_generator(real_logits, fake_logits)


def gradient_penalty(
    logits: Callable[[jax.Array], jax.Array], real: jax.Array, fake: jax.Array, mixing: jax.Array
) -> jax.Array:
    """Return (‖∇D(x̂)‖ − 1)² at x̂ between real and fake (Gulrajani et al. 2017, eq. 3).

    Args:
        logits: the discriminator, points [2, n] to [n].
        real: points [2, n].
        fake: points [2, n].
        mixing: coefficient of the real point in each mixture [n], uniform in 0 to 1.
    """
    slopes = jax.grad(lambda x: logits(x).sum())(mixing * real + (1 - mixing) * fake)
    norms = jnp.sqrt((slopes**2).sum(0) + 1e-12)  # the root of 0 has no derivative
    return jnp.mean((norms - 1) ** 2)


def zero_penalty(logits: Callable[[jax.Array], jax.Array], points: jax.Array) -> jax.Array:
    """Return ½ ‖∇D‖² at points [2, n]: R1 at real ones, R2 at generated ones.

    Mescheder et al. 2018, eq. 9.
    """
    slopes = jax.grad(lambda x: logits(x).sum())(points)
    return jnp.mean(0.5 * (slopes**2).sum(0))
