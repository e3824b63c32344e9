"""Which generator is trained."""

from typing import Literal

from epoque.bench.config import SettingsGroup, setting

from ..labels import GENERATOR_CHOICES
from .task import TRAIN

__all__ = ["ArchitectureSettings", "Cfg"]

Cfg = Literal["t", "r", "stylegan2"]


class ArchitectureSettings(SettingsGroup):
    """One of the three generators of the paper."""

    cfg: Cfg = setting(
        "t",
        "Generator",
        "Alias-free for translation (t), for rotation too (r), or StyleGAN2's, to compare.",
        group="Network",
        only=TRAIN,
        choices=GENERATOR_CHOICES,
    )
