"""What this lab draws random numbers for: each purpose is a stream of its own (`bench.seeds`)."""

from enum import StrEnum

__all__ = ["Purpose"]


class Purpose(StrEnum):
    """A purpose; `Purpose.EPOCH_ORDER.format(epoch=3)` fills in which of several streams it is.

    The words are hashed with the seed: to change one is to change every run.
    """

    INITIAL_WEIGHTS = "initial weights"
    PMI_EMBEDDINGS = "counted embeddings"
    TOKEN_COUNTS = "token counts"
    EPOCH_ORDER = "order of epoch {epoch}"
    MASKS = "masks of epoch {epoch}"
    NEGATIVES = "negatives of step {step}, process {rank}, part {part}"
    DROPOUT = "dropout of step {step}, process {rank}, part {part}"
    EVALUATION_BLOCKS = "evaluation blocks"
    MORE_EVALUATION_BLOCKS = "more evaluation blocks"
    PSEUDO_PERPLEXITY_BLOCKS = "pseudo blocks"
    EXAMPLES = "examples"
    MASKED_EXAMPLES = "masked examples"
    GENERATED_TEXT = "text {row}"
