"""How the generator that makes the images is averaged."""

from epoque.bench.config import setting

from .network import NetworkSettings
from .optimization import OptimizationSettings
from .task import TRAIN

__all__ = ["EmaSettings"]


class EmaSettings(OptimizationSettings, NetworkSettings):
    """The exponential moving average of the generator's weights."""

    ema_kimg: float | None = setting(
        None,
        "Half-life of the average",
        "Of the averaged generator; none: 10 thousand images at a batch of 32, in proportion.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only=TRAIN,
    )
    ema_rampup: float | None = setting(
        0.05,
        "Ramp of the average",
        "The half-life is at most this share of the images seen; none: no ramp.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=TRAIN,
    )

    def ema_half_life(self, images_seen: int) -> float:
        """Return the averaged generator's half-life in images once so many were seen."""
        images = 1000 * (self.ema_kimg or self.batch * 10 / 32)
        if self.ema_rampup is None or self.resume_from is not None:
            return images
        return min(images, images_seen * self.ema_rampup)
