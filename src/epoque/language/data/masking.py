"""Which tokens a masked model has to guess, and what stands in their place (Devlin et al. 2019)."""

import json
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.seeds import numpy_rng

from ..config import LanguageConfig
from ..models.output_losses import IGNORE_INDEX
from ..purposes import Purpose

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["EVALUATION_EPOCH", "Masker"]

MASKED_SHARE, RANDOM_SHARE = 0.8, 0.1
"""Of the tokens to be predicted, the shares that [MASK] or any other token stands for."""
EVALUATION_EPOCH = 2**31
"""The epoch whose masks are measured with: no training gets there."""

Ids = NDArray[np.int64]


class Masker:
    """Chooses and hides tokens: each of those that are no special ones with the same probability.

    Of the chosen, 80 % become [MASK], 10 % any token that is no special one, and 10 % stay. With
    whole words, the tokens of a word are chosen together or not at all.

    Attributes:
        probability: share of the tokens that are chosen.
    """

    def __init__(
        self,
        config: LanguageConfig,
        tokenizer: "PreTrainedTokenizerFast",
        *,
        training: bool = False,
    ) -> None:
        """Prepare for one tokenizer.

        Args:
            config: `mask_probability`, `train_mask_probability` and `whole_words`.
            tokenizer: what made the ids.
            training: whether the masks are learned from, not measured with.

        Raises:
            DataError: if it has no token that stands for a hidden one.
        """
        if tokenizer.mask_token_id is None:
            raise DataError("The tokenizer has no [MASK] token, which a masked model needs.")
        probability = config.train_mask_probability if training else None
        self.probability = probability or config.mask_probability
        self._mask_id = int(tokenizer.mask_token_id)
        self._is_special = np.zeros(len(tokenizer), dtype=bool)
        self._is_special[list(tokenizer.all_special_ids)] = True
        self._ordinary_ids = np.flatnonzero(~self._is_special)
        self._continues_word = _find_continuations(tokenizer) if config.whole_words else None

    def __call__(
        self, ids: "Ids | Tensor", rows: "Ids | Tensor", seed: int, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """Hide tokens of some blocks.

        Args:
            ids: [B, T] tokens.
            rows: [B] the blocks' numbers. A block's mask follows from the seed, the epoch and its
                number, whatever the batch it comes in.
            seed: any whole number from 0.
            epoch: likewise.

        Returns:
            The input ids and the targets: int64 [B, T] each, the latter −100 where nothing is to
            be predicted.
        """
        ids = np.asarray(ids, dtype=np.int64)
        uniform = _draw_uniform(ids.shape[1], np.asarray(rows), seed, epoch)
        is_target = self._choose(ids, uniform[:, 0])
        masked = is_target & (uniform[:, 1] < MASKED_SHARE)
        random = is_target & (uniform[:, 1] >= 1 - RANDOM_SHARE)
        places = (uniform[:, 2] * len(self._ordinary_ids)).astype(np.int64)
        input_ids = np.where(
            masked, self._mask_id, np.where(random, self._ordinary_ids[places], ids)
        )
        targets = np.where(is_target, ids, IGNORE_INDEX)
        return torch.from_numpy(input_ids), torch.from_numpy(targets)

    def can_mask(self, ids: Ids) -> bool:
        """Return whether any of some tokens is no special one."""
        return not bool(self._is_special[ids].all())

    def _choose(self, ids: Ids, uniform: NDArray[np.float64]) -> NDArray[np.bool_]:
        special = self._is_special[ids]
        if self._continues_word is not None:
            # All tokens of a word share the number of its first.
            starts = _word_starts(self._continues_word[ids], special)
            uniform = np.take_along_axis(uniform, starts, axis=1)
        return (uniform < self.probability) & ~special


def _draw_uniform(length: int, rows: Ids, seed: int, epoch: int) -> NDArray[np.float64]:
    """Return three uniform numbers for each token of each block: [B, 3, T] from 0 below 1.

    Philox is a counter-based generator: the block's number is its counter, so that each block has
    a stream of its own without a generator being seeded for each.
    """
    rng = numpy_rng(seed, Purpose.MASKS.format(epoch=epoch))
    key = rng.integers(2**63, size=2, dtype=np.uint64)
    streams = [np.random.Philox(key=key, counter=[0, 0, 0, int(row)]) for row in rows]
    return np.stack([np.random.Generator(stream).random((3, length)) for stream in streams])


def _word_starts(continues_word: NDArray[np.bool_], special: NDArray[np.bool_]) -> Ids:
    """Return for each token the column in which its word starts."""
    starts = ~continues_word | special
    starts[:, 0] = True
    starts[:, 1:] |= special[:, :-1]
    columns = np.where(starts, np.arange(starts.shape[1]), 0)
    first: Ids = np.maximum.accumulate(columns, axis=1)
    return first


def _find_continuations(tokenizer: "PreTrainedTokenizerFast") -> NDArray[np.bool_]:
    """Return of each token whether it continues a word.

    WordPiece marks the tokens that do (##ing); the others mark the space before those that do not.
    """
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    if model["type"] == "WordPiece":
        return np.array([token.startswith(model["continuing_subword_prefix"]) for token in tokens])
    return np.array([not token.startswith(("Ġ", "Ċ", "▁")) for token in tokens])
