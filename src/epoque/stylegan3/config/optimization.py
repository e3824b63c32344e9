"""How long both networks are trained, in which batches, and how far each step goes."""

from epoque.bench.config import setting

from .architecture import ArchitectureSettings
from .task import TRAIN

__all__ = ["OptimizationSettings"]


class OptimizationSettings(ArchitectureSettings):
    """Length, batches and learning rates of a training."""

    kimg: float = setting(
        25_000,
        "Length",
        "Real images shown in all.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only=TRAIN,
    )
    batch: int = setting(
        32, "Batch size", "Images of a step, over all devices.", unit="images",
        ge=1, le=65_536, group="Training", scale="log", only=TRAIN,
    )  # fmt: skip
    batch_gpu: int | None = setting(
        None,
        "Batch per device",
        "Images computed at once, to save memory; none: a device's whole share.",
        unit="images",
        ge=1,
        le=65_536,
        group="Machine",
        scale="log",
        only=TRAIN,
    )
    glr: float | None = setting(
        None,
        "Generator's learning rate",
        "None: 0.0025, and 0.002 of StyleGAN2.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=TRAIN,
    )
    dlr: float = setting(
        0.002,
        "Discriminator's learning rate",
        "Of Adam.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=TRAIN,
    )

    @property
    def generator_learning_rate(self) -> float:
        """The generator's learning rate."""
        return self.glr or (0.002 if self.cfg == "stylegan2" else 0.0025)

    @property
    def discriminator_learning_rate(self) -> float:
        """The discriminator's learning rate."""
        return self.dlr
