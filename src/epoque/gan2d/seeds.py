"""What random numbers are for: every use of a run's seed in this lab, each with its own stream."""

from enum import IntEnum, StrEnum

__all__ = ["Draw", "Purpose"]


class Purpose(StrEnum):
    """The purposes of a run's seed (see `epoque.bench.seeds`)."""

    GENERATOR = "generator"
    DISCRIMINATOR = "discriminator"
    BATCHES = "batches"
    EVALUATION = "evaluation"
    FIRST_EVALUATION = "first evaluation"
    FINAL_EVALUATION = "final evaluation"
    REAL_POINTS = "real points"
    SNAPSHOT_NOISE = "noise shown"


class Draw(IntEnum):
    """The purposes of the random numbers of one step of one network, at most 8."""

    REAL_POINTS = 0
    NOISE = 1
    REAL_INSTANCE_NOISE = 2
    FAKE_INSTANCE_NOISE = 3
    MIXING_COEFFICIENTS = 4
