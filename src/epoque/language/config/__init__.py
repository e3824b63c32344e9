"""What may be set in the language lab: a file for each of its subjects, `LanguageConfig` of all."""

from ..model_config import Architecture, Objective
from .language_config import MAX_BYTES, MAX_PARAMETERS, LanguageConfig
from .loss import Head
from .machine import Device, Precision
from .network import FirstEmbedding
from .optimizer import OptimizerName
from .schedule import Schedule
from .tokens import TokenizerKind

__all__ = [
    "MAX_BYTES",
    "MAX_PARAMETERS",
    "Architecture",
    "Device",
    "FirstEmbedding",
    "Head",
    "LanguageConfig",
    "Objective",
    "OptimizerName",
    "Precision",
    "Schedule",
    "TokenizerKind",
]
