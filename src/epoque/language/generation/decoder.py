"""Reading rows of tokens with a causal model, one token after another, with a key-value cache."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from ..evaluation.count_mixture import CountMixture
from ..models import KeyValueCache, Model

__all__ = ["Decoder", "inference"]


@contextmanager
def inference(model: Model) -> Iterator[None]:
    """Use a model inside the block without dropout and without gradients."""
    was_training = model.training
    if was_training:  # it walks over every module, which would be felt at each token
        model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if was_training:
            model.train()


class Decoder:
    """Rows of tokens that a causal model has read, and their keys and values.

    A row that outgrows the context goes on with the newer half of it.

    Args:
        model: a causal model.
        rows: the tokens of each row, at least one in each.
        context: how many tokens are looked back at; 0: as many as the model can.
        vocabulary: how many tokens the tokenizer has, if the model has spare rows; 0: all the
            model's.
        cached: whether keys and values are kept; without, every token is read again each time.
        mixture: counts that are mixed into the model's probabilities, or None.
    """

    def __init__(
        self,
        model: Model,
        rows: Sequence[Sequence[int]],
        context: int = 0,
        *,
        vocabulary: int = 0,
        cached: bool = True,
        mixture: CountMixture | None = None,
    ) -> None:
        self.rows = [list(row) for row in rows]
        self._model, self._cached, self._mixture = model, cached, mixture
        self._vocabulary = vocabulary or model.vocabulary
        self._context = min(context or model.context, model.context)
        self._starts = [0] * len(self.rows)  # of each row, the first token that is still read
        self._cache: KeyValueCache | None = None
        self._mask: Tensor  # [B, columns read], 1 for tokens and 0 for padding

    def next_logits(self) -> Tensor:
        """Return the logits of each row's next token, float32 [B, V]; V is the tokenizer's."""
        if self._cache is None or self._overlong_rows():
            logits = self._read_all()
        else:
            logits = self._read(self._matrix([row[-1:] for row in self.rows]))
        return logits if self._mixture is None else self._mixture.mix(logits, self.rows)

    def append(self, tokens: Sequence[int]) -> None:
        """Add a token to each row."""
        for row, token in zip(self.rows, tokens, strict=True):
            row.append(token)

    def reorder(self, index: Sequence[int]) -> None:
        """Keep the rows of these numbers, in this order; a row may be taken more than once."""
        self.rows = [list(self.rows[i]) for i in index]
        self._starts = [self._starts[i] for i in index]
        if self._cache is not None and list(index) != list(range(self._mask.shape[0])):
            at = torch.tensor(index, device=self._mask.device)
            self._cache.reorder(at)
            self._mask = self._mask[at]

    def _overlong_rows(self) -> list[int]:
        """Return the numbers of the rows of which more than the context would be read."""
        lengths = (len(row) - start for row, start in zip(self.rows, self._starts, strict=True))
        return [i for i, length in enumerate(lengths) if length > self._context]

    def _read_all(self) -> Tensor:
        """Read each row from its start, the rows padded on the left."""
        for i in self._overlong_rows():
            self._starts[i] = len(self.rows[i]) - max(self._context // 2, 1)
        rows = [row[start:] for row, start in zip(self.rows, self._starts, strict=True)]
        longest = max(map(len, rows))
        ids = self._matrix([[0] * (longest - len(row)) + row for row in rows])
        lengths = torch.tensor([len(row) for row in rows], device=ids.device)[:, None]
        columns = torch.arange(longest, device=ids.device)
        self._mask = (columns >= longest - lengths).long()
        self._cache = KeyValueCache() if self._cached else None
        return self._read(ids, extend_mask=False)

    def _read(self, ids: Tensor, *, extend_mask: bool = True) -> Tensor:
        if extend_mask:
            self._mask = torch.cat([self._mask, torch.ones_like(ids)], 1)
        # Without padding no mask is passed, which lets attention take its fast path.
        mask = None if bool(self._mask.all()) else self._mask
        hidden = self._model.compute_hidden_states(ids, attention_mask=mask, cache=self._cache)
        return self._model.compute_logits(hidden[:, -1])[:, : self._vocabulary].float()

    def _matrix(self, rows: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor(rows, dtype=torch.long, device=self._model.output_weight.device)
