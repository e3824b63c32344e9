"""How long a language model is trained, in which batches, and how its learning rate falls."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import SettingsGroup, other_than, setting
from epoque.bench.errors import Problem

from ..labels import SCHEDULE_CHOICES

__all__ = ["Schedule", "ScheduleSettings"]

Schedule = Literal["constant", "linear", "cosine", "trapezoid"]


class ScheduleSettings(SettingsGroup):
    """The course of a training: its learning rate, its batches, its end."""

    schedule: Schedule = setting(
        "trapezoid",
        "Schedule",
        "How the learning rate falls; trapezoid: only towards the end.",
        group="Training",
        choices=SCHEDULE_CHOICES,
    )
    warmup_steps: int = setting(
        0,
        "Warm-up",
        "Steps in which the rate rises: the nth of N has n/N of it.",
        unit="steps",
        ge=0,
        le=10**9,
        group="Training",
        scale="log",
    )
    decay_share: float = setting(
        0.5,
        "Share of the decay",
        "For trapezoid: part of the run in which it falls.",
        gt=0,
        le=1,
        group="Training",
        step=0.05,
        only={"schedule": ("trapezoid",)},
    )
    batch_size: int = setting(
        16,
        "Batch size",
        "Blocks a step.",
        unit="blocks",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
    )
    accumulate: int = setting(
        1,
        "Accumulation",
        "Parts that a batch is computed in, to save memory (gradient accumulation steps); "
        "batch_size is the whole batch, not a part as in transformers.",
        ge=1,
        le=100_000,
        group="Training",
        scale="log",
    )
    first_batch_size: int | None = setting(
        None,
        "First batch size",
        "The batch grows from here to the batch size; none: it does not grow.",
        unit="blocks",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
    )
    ramp_steps: int = setting(
        100,
        "Batch ramp",
        "Steps in which the batch grows.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Training",
        scale="log",
        only={"first_batch_size": other_than(None)},
    )
    epochs: float = setting(
        3.0,
        "Epochs",
        "Passes over the training blocks.",
        unit="epochs",
        gt=0,
        le=1e6,
        group="Training",
        step=1,
    )
    max_steps: int | None = setting(
        None,
        "Most steps",
        "Stop after so many steps, if sooner.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Training",
        scale="log",
    )
    max_seconds: float | None = setting(
        None,
        "Most seconds",
        "Train for about so many seconds, if that is sooner: how many steps fit is measured before "
        "the first, and then kept. Evaluations do not count.",
        unit="seconds",
        gt=0,
        le=1e9,
        group="Training",
        scale="log",
    )

    def _batch_conflicts(self) -> Iterator[Problem]:
        if self.batch_size % self.accumulate:
            message = (
                f"{self.accumulate} parts of equal size cannot make a batch of {self.batch_size}"
            )
            yield Problem("accumulate", f"{message} blocks.")
        if self.first_batch_size is not None and self.first_batch_size >= self.batch_size:
            message = f"{self.first_batch_size} is not smaller than batch_size {self.batch_size}."
            yield Problem("first_batch_size", message)
