"""Where a language model is trained, and with which numbers."""

from typing import Literal

from epoque.bench.config import SettingsGroup, setting, threads_setting

from ..labels import DEVICE_CHOICES, PRECISION_CHOICES

__all__ = ["Device", "MachineSettings", "Precision"]

Precision = Literal["auto", "float32", "medium", "bfloat16"]
Device = Literal["auto", "cpu", "cuda"]


class MachineSettings(SettingsGroup):
    """What computes a training."""

    precision: Precision = setting(
        "auto",
        "Precision",
        "Auto: bfloat16 where the processor has instructions for it and the model is large enough, "
        "else float32. Medium: float32 with faster, rougher products.",
        group="Machine",
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
    compile: bool = setting(
        False,
        "Compile",
        "Compile the model first (torch.compile): a minute, then faster on a GPU.",
        group="Machine",
    )
