"""How the learning rate rises and falls over a run."""

import math

from ..config import LanguageConfig

__all__ = ["learning_rate_factor"]


def learning_rate_factor(config: LanguageConfig, step: int, progress: float) -> float:
    """Return what the peak learning rate is multiplied with in a step.

    Args:
        config: `schedule`, `warmup_steps` and `decay_share`.
        step: the step's number, from 0. In warm-up the first step has 1/`warmup_steps` of the
            schedule's rate, each step as much more, and step `warmup_steps` − 1 all of it.
        progress: the share of the run that is done, 0 to 1: of its steps.

    Returns:
        0 to 1. Linear falls to 0 over the whole run; cosine likewise along half a wave; trapezoid
        stays at 1 and falls to 0 in a line over the last `decay_share`.
    """
    progress = min(max(progress, 0.0), 1.0)
    decay = {
        "constant": 1.0,
        "linear": 1 - progress,
        "cosine": (1 + math.cos(math.pi * progress)) / 2,
        "trapezoid": min(1.0, (1 - progress) / config.decay_share),
    }[config.schedule]
    return decay * min(1.0, (step + 1) / max(1, config.warmup_steps))
