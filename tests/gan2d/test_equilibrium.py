"""The losses where no discriminator can tell, against the losses that are trained with."""

from math import log

import jax.numpy as jnp
import numpy as np
import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.equilibrium import equilibrium_losses, name_loss
from epoque.gan2d.training.losses import discriminator_loss, generator_loss

LOGITS = np.linspace(-6, 6, 24_001)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "log"},
        {"loss": "log", "label_smoothing": 0.1},
        {"loss": "log", "label_smoothing": 0.1, "label_smoothing_form": "weight"},
        {"loss": "minimax"},
        {"loss": "least_squares"},
        {"loss": "least_squares", "label_smoothing": 0.2},
        {"loss": "relativistic"},
    ],
)
def test_it_is_the_best_constant_answer_s(settings: dict[str, object]) -> None:
    config = Gan2dConfig(**settings)
    smoothed = 1 - config.label_smoothing
    one_sided = config.label_smoothing_form == "one_sided"
    losses = [
        float(
            discriminator_loss(
                config.loss,
                jnp.array([logit]),
                jnp.array([logit]),
                sigmoid_output=True,
                real_label=smoothed if one_sided else 1.0,
                real_weight=1.0 if one_sided else smoothed,
            )
        )
        for logit in LOGITS[::100]
    ]
    best = jnp.array([LOGITS[::100][int(np.argmin(losses))]])
    if config.loss == "relativistic":
        best = jnp.zeros(1)  # only differences count: any constant is as good
    found = equilibrium_losses(config)
    assert found is not None
    assert found[0] == pytest.approx(min(losses), abs=1e-3)
    generator = float(generator_loss(config.loss, best, best, sigmoid_output=True))
    assert found[1] == pytest.approx(generator, abs=0.03)


def test_where_any_constant_is_as_good_there_is_none() -> None:
    assert equilibrium_losses(Gan2dConfig(loss="hinge")) is None
    assert equilibrium_losses(Gan2dConfig(loss="wasserstein")) is None
    assert equilibrium_losses(Gan2dConfig(loss="log", gradient_penalty=1.0)) is None


def test_the_losses_of_probabilities_have_names() -> None:
    discriminator, generator = equilibrium_losses(Gan2dConfig(loss="log")) or (0.0, 0.0)
    assert (discriminator, generator) == (pytest.approx(2 * log(2)), pytest.approx(log(2)))
    assert (name_loss(discriminator), name_loss(generator)) == ("2 ln 2", "ln 2")
    assert name_loss(0.25) is None
