"""What random numbers are for: every use of a run's seed in this lab, each with its own stream."""

from enum import StrEnum

__all__ = ["Purpose"]


class Purpose(StrEnum):
    """The purposes of a run's seed (see `epoque.bench.seeds`)."""

    DATA = "data"
    INITIAL_WEIGHTS = "initial weights"
    BATCHES = "batches"
    GRADIENT_CHECK = "gradient check"
