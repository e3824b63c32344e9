"""What both networks make small."""

from typing import Literal

from epoque.bench.config import setting

from ..labels import LOSS_CHOICES
from .optimization import OptimizationSettings
from .task import TRAIN

__all__ = ["Loss", "LossSettings"]

Loss = Literal["logistic", "hinge", "r3gan"]


class LossSettings(OptimizationSettings):
    """The loss of both networks, and the discriminator's gradient penalty."""

    loss: Loss = setting(
        "logistic",
        "Loss",
        "Of both networks: logistic (non-saturating), hinge, or r3gan (relativistic pairs, and the "
        "gradient penalty at generated images too).",
        group="Training",
        only=TRAIN,
        choices=LOSS_CHOICES,
    )
    gamma: float | None = setting(
        None,
        "R1 weight",
        "Of the gradient penalty; none: 0.0002 times the image's pixels over the batch size.",
        ge=0,
        le=1e6,
        group="Training",
        scale="log",
        only=TRAIN,
    )
    r1_interval: int = setting(
        16, "R1 interval", "How often the gradient penalty is computed.", unit="iterations",
        ge=1, le=10_000, group="Training", step=1, only=TRAIN,
    )  # fmt: skip

    def r1_gamma(self, resolution: int) -> float:
        """Return the weight of R1 (Karras et al. 2020, "… with Limited Data", appendix C)."""
        return 0.0002 * resolution**2 / self.batch if self.gamma is None else self.gamma
