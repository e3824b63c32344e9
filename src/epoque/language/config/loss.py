"""What a language model has to predict, and the output layer that its loss is taken of."""

from typing import Literal

from epoque.bench.config import setting

from ..labels import HEAD_CHOICES
from .objective import ObjectiveSettings

__all__ = ["Head", "LossSettings"]

Head = Literal["full", "chunked", "sampled"]


class LossSettings(ObjectiveSettings):
    """The masks of a masked model, and the softmax that is trained with."""

    mask_probability: float = setting(
        0.15,
        "Masked share",
        "Share of the tokens to be predicted.",
        gt=0,
        lt=1,
        group="Objective",
        step=0.01,
        only={"objective": ("masked",)},
    )
    train_mask_probability: float | None = setting(
        None,
        "Masked share in training",
        "More than is measured with teaches more in each step; none: the same.",
        gt=0,
        lt=1,
        group="Objective",
        step=0.01,
        only={"objective": ("masked",)},
    )
    whole_words: bool = setting(
        False,
        "Whole words",
        "Mask all tokens of a word together.",
        group="Objective",
        only={"objective": ("masked",)},
    )
    mask_seeds: int = setting(
        3,
        "Mask seeds",
        "Fixed masks over which a masked model is measured.",
        ge=1,
        le=100,
        group="Objective",
        step=1,
        only={"objective": ("masked",)},
    )
    pseudo_blocks: int = setting(
        0,
        "Blocks for pseudo-perplexity",
        "At the end, mask each token of so many blocks in turn; 0 does not.",
        unit="blocks",
        ge=0,
        le=1_000_000,
        group="Objective",
        scale="log",
        only={"objective": ("masked",)},
    )

    head: Head = setting(
        "sampled",
        "Output layer in training",
        "Full softmax; the same in chunks, to save memory; or sampled, which is fastest.",
        group="Training",
        choices=HEAD_CHOICES,
    )
    negatives: int = setting(
        2048,
        "Negatives",
        "For head sampled: wrong tokens drawn a step.",
        ge=1,
        le=1_000_000,
        group="Training",
        scale="log",
        only={"head": ("sampled",)},
    )

    @property
    def mask_count(self) -> int:
        """How many fixed masks a text is measured over; a causal model is measured once."""
        return self.mask_seeds if self.objective == "masked" else 1
