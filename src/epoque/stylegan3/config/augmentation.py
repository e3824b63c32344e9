"""What is done to the images that the discriminator sees."""

from typing import Literal

from epoque.bench.config import setting

from ..labels import AUGMENTATION_CHOICES, PIPELINE_CHOICES
from .network import NetworkSettings
from .optimization import OptimizationSettings
from .task import TRAIN

__all__ = ["Aug", "AugmentationSettings", "Pipeline"]

Aug = Literal["ada", "fixed", "noaug", "diffaugment"]
Pipeline = Literal[
    "blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"
]


class AugmentationSettings(OptimizationSettings, NetworkSettings):
    """Blur that fades, and augmentations that adapt."""

    blur: float = setting(
        10.0,
        "Blur",
        "Of config r: how much the discriminator's images are blurred at first.",
        unit="pixels",
        ge=0,
        le=1000,
        group="Training",
        step=1,
        only={**TRAIN, "cfg": ("r",), "resume_from": (None,)},
    )
    blur_kimg: float | None = setting(
        None,
        "Length of the blur",
        "Until when it fades; none: 200 thousand images at a batch of 32, in proportion.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only={**TRAIN, "cfg": ("r",), "resume_from": (None,)},
    )

    aug: Aug = setting(
        "ada",
        "Augmentation",
        "Of what the discriminator sees: adaptive, fixed, none, or DiffAugment (always: colour, "
        "translation and a hole).",
        group="Augmentation",
        only=TRAIN,
        choices=AUGMENTATION_CHOICES,
    )
    augpipe: Pipeline = setting(
        "bgc",
        "Augmentations",
        "Which: b blits, g geometry, c colour, f filters, n noise, c at the end holes.",
        group="Augmentation",
        only={**TRAIN, "aug": ("ada", "fixed")},
        choices=PIPELINE_CHOICES,
    )
    p: float = setting(
        0.2,
        "Augmentation probability",
        "For aug fixed: of each augmentation.",
        ge=0,
        le=1,
        group="Augmentation",
        step=0.05,
        only={**TRAIN, "aug": ("fixed",)},
    )
    target: float = setting(
        0.6,
        "Augmentation target",
        "For aug ada: how sure the discriminator should be of real images.",
        ge=-1,
        le=1,
        group="Augmentation",
        step=0.05,
        only={**TRAIN, "aug": ("ada",)},
    )
    ada_kimg: float | None = setting(
        None,
        "Augmentation speed",
        "For aug ada: images in which it may go from none to all; none: 500, and 100 when begun "
        "with other networks.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Augmentation",
        scale="log",
        only={**TRAIN, "aug": ("ada",)},
    )

    @property
    def ada_images(self) -> float:
        """Images in which the probability of augmentations may go from 0 to 1."""
        usual = 500.0 if self.resume_from is None else 100.0
        return 1000 * (self.ada_kimg or usual)

    def blur_sigma(self, images_seen: int) -> float:
        """Return how far the discriminator's images are blurred once so many were seen."""
        if self.cfg != "r" or self.resume_from is not None:
            return 0.0
        fade = 1000 * (self.blur_kimg or self.batch * 200 / 32)
        return self.blur * max(0.0, 1 - images_seen / fade)
