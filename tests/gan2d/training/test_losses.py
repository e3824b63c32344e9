"""Losses as functions of logits: their values where they are known, and far out."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.gan2d.config import Loss
from epoque.gan2d.training import losses

LOG2 = math.log(2)
AT_ZERO = {
    "log": (2 * LOG2, LOG2),
    "minimax": (2 * LOG2, -LOG2),
    "least_squares": (1.0, 1.0),
    "hinge": (2.0, 0.0),
    "wasserstein": (0.0, 0.0),
    "relativistic": (LOG2, LOG2),
}


def pair(loss: Any, **changes: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return both losses of a name, as functions of real and of generated points' logits."""
    labels = {"sigmoid_output": False, "real_label": 1.0, "real_weight": 1.0} | changes
    return (
        partial(losses.discriminator_loss, loss, **labels),
        partial(losses.generator_loss, loss, sigmoid_output=labels["sigmoid_output"]),
    )


def test_every_loss_of_the_config_is_there() -> None:
    assert set(AT_ZERO) == set(get_args(Loss))


@pytest.mark.parametrize("loss", AT_ZERO)
def test_losses_of_a_discriminator_that_knows_nothing(loss: str) -> None:
    logits = jnp.zeros(4)
    values = [float(function(logits, logits)) for function in pair(loss)]
    assert values == pytest.approx(AT_ZERO[loss])


@pytest.mark.parametrize("sigmoid_output", [False, True])
@pytest.mark.parametrize("loss", AT_ZERO)
def test_gradients_stay_finite_far_out(loss: str, sigmoid_output: bool) -> None:
    logits = jnp.array([-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4])
    for function in pair(loss, sigmoid_output=sigmoid_output):
        value, slopes = jax.value_and_grad(function, argnums=(0, 1))(logits, logits[::-1])
        assert np.isfinite([value, *map(float, jnp.concatenate(slopes))]).all()


def test_smoothing_moves_the_best_logit_of_real_points() -> None:
    discriminator, _ = pair("log", real_label=0.9)
    best = jnp.full(3, math.log(0.9 / 0.1))  # where σ is the label
    slope = jax.grad(discriminator)(best, jnp.zeros(3))
    np.testing.assert_allclose(slope, 0, atol=1e-7)


def test_penalties_of_a_linear_discriminator() -> None:
    points, w = jax.random.normal(jax.random.key(0), (2, 5)), jnp.array([3.0, 4.0])
    penalty = losses.gradient_penalty(lambda x: w @ x, points, points[:, ::-1], jnp.full(5, 0.3))
    assert float(penalty) == pytest.approx((5 - 1) ** 2)
    assert float(losses.zero_penalty(lambda x: w @ x, points)) == pytest.approx(25 / 2)
