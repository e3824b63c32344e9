"""What a run of the StyleGAN3 lab does, which decides what else can be set."""

from typing import Literal

from epoque.bench.config import SettingsGroup, setting

from ..labels import TASK_CHOICES

__all__ = ["ANALYZE", "NETWORK_FILES", "TRAIN", "Task", "TaskSettings"]

Task = Literal["train", "analyze"]

TRAIN = {"task": ("train",)}
ANALYZE = {"task": ("analyze",)}
"""Where a setting has an effect (`setting(…, only=…)`)."""
NETWORK_FILES = ("pkl",)
"""How the names of networks' files end."""


class TaskSettings(SettingsGroup):
    """Training or analysis."""

    task: Task = setting(
        "train",
        "Task",
        "Train a generator, or analyze one that is trained already.",
        group="Task",
        choices=TASK_CHOICES,
    )
