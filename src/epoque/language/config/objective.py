"""What a language model learns: to go on with a text, or to fill its gaps."""

from epoque.bench.config import SettingsGroup, setting

from ..labels import OBJECTIVE_CHOICES
from ..model_config import Objective

__all__ = ["ObjectiveSettings"]


class ObjectiveSettings(SettingsGroup):
    """Which of the two a model learns."""

    objective: Objective = setting(
        "causal",
        "Objective",
        "Causal: predict the next token (as GPT-2). Masked: predict hidden tokens (as BERT).",
        group="Objective",
        choices=OBJECTIVE_CHOICES,
    )
