"""Which tokens a masked model has to guess, and what stands in their place (Devlin et al. 2019)."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.seeds import numpy_rng

from ..models.output_losses import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ..config import LanguageConfig

__all__ = ["Masker"]

MASKED, RANDOM = 0.8, 0.1
"""Of the tokens to be guessed, the shares that [MASK] or any other token stands for."""

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
        config: "LanguageConfig",
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
        share = config.train_mask_probability if training else None
        self.probability = share or config.mask_probability
        self._mask = int(tokenizer.mask_token_id)
        self._special = np.zeros(len(tokenizer), dtype=bool)
        self._special[list(tokenizer.all_special_ids)] = True
        self._others = np.flatnonzero(~self._special)
        self._goes_on = _goes_on(tokenizer) if config.whole_words else None

    def __call__(
        self, ids: "NDArray[Any] | Tensor", rows: "NDArray[Any] | Tensor", seed: int, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """Hide tokens of some blocks.

        Args:
            ids: [B, T] tokens.
            rows: [B] the blocks' numbers. A block's mask follows from the seed, the epoch and its
                number, whatever the batch it comes in.
            seed: any whole number from 0.
            epoch: likewise.

        Returns:
            What the model sees, and what it is to guess: int64 [B, T] each, the latter −100 where
            nothing is to be guessed.
        """
        true = np.asarray(ids, dtype=np.int64)
        draws = _draws(true.shape[1], np.asarray(rows), seed, epoch)
        chosen = self._chosen(true, draws[:, 0])
        masked, random = draws[:, 1] < MASKED, draws[:, 1] >= 1 - RANDOM
        others = self._others[(draws[:, 2] * len(self._others)).astype(np.int64)]
        seen = np.where(chosen & masked, self._mask, np.where(chosen & random, others, true))
        return torch.from_numpy(seen), torch.from_numpy(np.where(chosen, true, IGNORED))

    def may_choose(self, ids: "NDArray[Any]") -> bool:
        """Return whether any of some tokens is no special one."""
        return not bool(self._special[ids].all())

    def _chosen(self, ids: Ids, draws: NDArray[np.float64]) -> NDArray[np.bool_]:
        special = self._special[ids]
        if self._goes_on is not None:
            draws = np.take_along_axis(draws, _word_starts(self._goes_on[ids], special), axis=1)
        return (draws < self.probability) & ~special


def _draws(length: int, rows: NDArray[Any], seed: int, epoch: int) -> NDArray[np.float64]:
    """Return three uniform numbers for each token of each block: [B, 3, T] from 0 below 1."""
    key = numpy_rng(seed, f"masks of epoch {epoch}").integers(2**63, size=2, dtype=np.uint64)
    places = [np.random.Philox(key=key, counter=[0, 0, 0, int(row)]) for row in rows]
    return np.stack([np.random.Generator(place).random((3, length)) for place in places])


def _word_starts(goes_on: NDArray[np.bool_], special: NDArray[np.bool_]) -> Ids:
    """Return for each token the column in which its word starts."""
    starts = ~goes_on | special
    starts[:, 0] = True
    starts[:, 1:] |= special[:, :-1]
    columns = np.where(starts, np.arange(starts.shape[1]), 0)
    first: Ids = np.maximum.accumulate(columns, axis=1)
    return first


def _goes_on(tokenizer: "PreTrainedTokenizerFast") -> NDArray[np.bool_]:
    """Return of each token whether it continues a word.

    WordPiece marks the tokens that do (##ing); the others mark the space before those that do not.
    """
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    if model["type"] == "WordPiece":
        return np.array([token.startswith(model["continuing_subword_prefix"]) for token in tokens])
    return np.array([not token.startswith(("Ġ", "Ċ", "▁")) for token in tokens])
