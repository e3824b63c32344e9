"""Where networks are trained or analyzed, and with which numbers."""

from typing import Literal

from epoque.bench.config import SettingsGroup, setting, threads_setting

from ..labels import DEVICE_CHOICES, PRECISION_CHOICES
from .task import TRAIN

__all__ = ["Device", "MachineSettings", "Precision"]

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Device = Literal["auto", "cpu", "cuda"]


class MachineSettings(SettingsGroup):
    """What computes a run."""

    precision: Precision = setting(
        "auto",
        "Precision",
        "Of the four highest resolutions; auto: float16 on a GPU, else float32.",
        group="Machine",
        only=TRAIN,
        choices=PRECISION_CHOICES,
    )
    device: Device = setting(
        "auto",
        "Device",
        "Auto: a GPU where there is one.",
        group="Machine",
        choices=DEVICE_CHOICES,
    )
    threads: int | None = threads_setting(group="Machine")
