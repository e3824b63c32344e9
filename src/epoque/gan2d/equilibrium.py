"""What both losses are where no discriminator can tell real points from generated ones.

With p the discriminator's best answer there, the same at every point, a loss is that of one number.
For the losses of probabilities p = ½ without smoothing, which makes them 2 ln 2 and ln 2
(Goodfellow et al. 2014, section 4.1).
"""

from math import log

from .config import Gan2dConfig

__all__ = ["equilibrium_losses", "name_loss"]


def equilibrium_losses(config: Gan2dConfig) -> tuple[float, float] | None:
    """Return the discriminator's and the generator's loss at the equilibrium.

    None where the discriminator's best answer is not one number: with hinge and Wasserstein any
    constant is as good, and a gradient penalty that wants slopes of 1 forbids all of them.
    """
    if config.gradient_penalty:
        return None
    smoothed = 1 - config.label_smoothing
    one_sided = config.label_smoothing_form == "one_sided"
    label, weight = (smoothed, 1.0) if one_sided else (1.0, smoothed)
    match config.loss:
        case "log" | "minimax":
            p = weight * label / (1 + weight)
            real = label * log(p) + (1 - label) * log(1 - p)
            generator = -log(p) if config.loss == "log" else log(1 - p)
            return -weight * real - log(1 - p), generator
        case "least_squares":
            return smoothed**2 / 2, (smoothed / 2 - 1) ** 2
        case "relativistic":
            return log(2), log(2)
        case _:
            return None


def name_loss(value: float) -> str | None:
    """Return a loss as a multiple of ln 2, None if it is none."""
    names = {2.0: "2 ln 2", 1.0: "ln 2", -1.0: "−ln 2"}
    return names.get(round(value / log(2), 9))
