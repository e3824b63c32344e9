"""What may be set in the StyleGAN3 lab: a file for each of its subjects, `StyleGan3Config` of all.

Where a setting has an official name, it bears it.
"""

from .architecture import Cfg
from .augmentation import Aug, Pipeline
from .loss import Loss
from .machine import Device, Precision
from .measures import Measured
from .stylegan3_config import ANALYSIS_ONLY, StyleGan3Config
from .task import Task

__all__ = [
    "ANALYSIS_ONLY",
    "Aug",
    "Cfg",
    "Device",
    "Loss",
    "Measured",
    "Pipeline",
    "Precision",
    "StyleGan3Config",
    "Task",
]
