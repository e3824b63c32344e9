"""Whether there is anything to predict: without a single target nothing is learned or measured.

A block may be without one: a masked model chooses its targets by chance, and where documents are
kept apart, the first token of each follows from nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError

from ..config import LanguageConfig
from .batches import BlockDataset
from .blocks import Blocks
from .masking import EVALUATION_EPOCH, Masker

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["check_targets"]

_ROWS = 256
"""Blocks that are looked at at once."""


def check_targets(
    config: LanguageConfig,
    tokenizer: "PreTrainedTokenizerFast",
    name: str,
    blocks: Blocks,
    *,
    training: bool,
) -> None:
    """Check that a text has a token to predict.

    Args:
        config: the objective, and how targets are chosen.
        tokenizer: what made the tokens.
        name: what to call the text.
        blocks: the text.
        training: whether it is learned from. The masks of a training are others in each epoch, so
            that its text needs only tokens that may be masked; a text that is measured needs
            some that are, with one of the `mask_seeds`.

    Raises:
        DataError: if there is none, naming the text and the setting that would help.
    """
    masker = Masker(config, tokenizer) if config.objective == "masked" else None
    if masker is not None and not any(masker.can_mask(blocks[rows]) for rows in _rows(blocks)):
        raise _no_target(name, "all of it are special tokens, such as the one for unknown signs.")
    if masker is not None and training:
        return
    dataset = BlockDataset(config, blocks, masker)
    seeds = range(config.mask_seeds if masker else 1)
    if not any(_has_target(dataset, rows, seed) for seed in seeds for rows in _rows(blocks)):
        raise _no_target(name, _why(config, blocks.tokens))


def _rows(blocks: Blocks) -> Iterator[NDArray[np.int64]]:
    return (np.arange(at, min(at + _ROWS, len(blocks))) for at in range(0, len(blocks), _ROWS))


def _has_target(dataset: BlockDataset, rows: NDArray[np.int64], seed: int) -> bool:
    return dataset.batch(rows, seed, EVALUATION_EPOCH).target_count > 0


def _no_target(name: str, why: str) -> DataError:
    return DataError(f"{name} has no token to predict: {why}")


def _why(config: LanguageConfig, tokens: int) -> str:
    if config.objective == "causal":
        return "with documents_apart, a document needs two tokens or more in a block."
    seeds = f"{config.mask_seeds} mask seed{'s' if config.mask_seeds > 1 else ''}"
    return (
        f"of its {tokens:,} tokens, mask_probability {config.mask_probability:g} masks none with "
        f"any of the {seeds}; raise mask_probability or mask_seeds, or give more text."
    )
