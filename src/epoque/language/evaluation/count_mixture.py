"""Counting as a partner: the mixture of a causal network and of counted triples.

A network and a table err in different places: the table knows what it has met word for word, the
network what is like it. Their mixture

    p(w | h) = (1 − λ) p_network(w | h) + λ p_counts(w | h)

has one weight λ for all tokens, the one that makes held-out training text likeliest (Jelinek and
Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data"). The counts
that λ is chosen with leave that text out, and the network has not read it, where its training has
left blocks unread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import UsageError

from .ngram_baselines import KneserNey

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from epoque.bench.runs.run import Run

    from ..config import LanguageConfig
    from ..data.blocks import Blocks

__all__ = [
    "NO_TOKEN",
    "CountMixture",
    "count_probabilities",
    "count_triples",
    "fit_weight",
    "open_mixture",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_TOKEN = -1
"""Stands before the first token of a text: no context that was ever counted holds it."""

_ITERATIONS = 60
"""Halvings of the interval that holds the weight."""


@dataclass(frozen=True)
class CountMixture:
    """Counts and how much they have to say.

    Attributes:
        counts: of triples.
        weight: λ, 0 to 1.
        is_unread: whether the network had not read the text that the weight was chosen on.
    """

    counts: KneserNey
    weight: float
    is_unread: bool = False

    def mix(self, logits: "Tensor", rows: Sequence[Sequence[int]]) -> "Tensor":
        """Return the log-probabilities of the mixture for the next token of each row.

        Args:
            logits: the network's [B, V], V the vocabulary that was counted.
            rows: the tokens of each row so far.
        """
        import torch

        mixed = logits.double().log_softmax(-1)
        for row, tokens in enumerate(rows):
            counted = torch.from_numpy(self._next_probabilities(tokens)).to(mixed.device)
            p = (1 - self.weight) * mixed[row].exp() + self.weight * counted
            mixed[row] = p.log()
        return mixed.float()

    def _next_probabilities(self, tokens: Sequence[int]) -> Floats:
        """Return the counts' probabilities of all tokens, [V]."""
        every = np.arange(self.counts.vocabulary)
        context = np.array([NO_TOKEN, NO_TOKEN, *tokens[-2:]], np.int64)[-2:]
        return self.counts.probabilities(np.broadcast_to(context, (len(every), 2)), every)


def open_mixture(run: "Run[LanguageConfig]", tokenizer: "PreTrainedTokenizerFast") -> CountMixture:
    """Return the counts of a run's training text, with the weight that it measured.

    Raises:
        UsageError: if the run has measured none.
        DataError: if its text cannot be read any more.
    """
    results = run.results if run.status.state == "finished" else {}
    weight = results.get("counts_weight")
    if not isinstance(weight, float):
        raise UsageError(
            f"{run.id} has no weight for counts: a finished run of a causal model measures it, "
            "where its text is not too long to be counted."
        )
    from ..data.tokenized_corpus import load_corpus

    train = load_corpus(run.config, tokenizer).train
    is_unread = results.get("counts_weight_unread") is True
    return CountMixture(count_triples(train, len(tokenizer)), weight, is_unread)


def count_triples(train: "Blocks", vocabulary: int, without: Ints | None = None) -> KneserNey:
    """Return the counts of a training text's triples.

    Args:
        train: the blocks that are learned from.
        vocabulary: how many tokens there can be, V.
        without: blocks that are left out.
    """
    ids = train.ids if without is None else np.delete(np.asarray(train.ids), without, axis=0)
    return KneserNey(ids, 3, vocabulary)


def count_probabilities(counts: KneserNey, blocks: "Blocks", rows: Ints) -> Floats:
    """Return the probability that counting gives each token but the first of some blocks.

    Counting looks back two tokens, over a block's beginning into the one before it.

    Args:
        counts: of triples.
        blocks: the text.
        rows: which of its blocks, [N].

    Returns:
        [N, T − 1].
    """
    size = blocks.block_size
    places = rows[:, None] * size + np.arange(1, size)
    stream = np.concatenate(([NO_TOKEN], np.asarray(blocks.ids).reshape(-1).astype(np.int64)))
    windows = np.stack([stream[places - 1], stream[places]], -1)  # the stream begins one later
    tokens = stream[places + 1]
    return counts.probabilities(windows.reshape(-1, 2), tokens.reshape(-1)).reshape(tokens.shape)


def fit_weight(network: Floats, counts: Floats) -> float:
    """Return the weight of the counts that makes some tokens likeliest, 0 to 1.

    The mean of ln((1 − λ) p + λ q) bends down everywhere: where its slope is zero it is highest.

    Args:
        network: p, of each token [N].
        counts: q, likewise.
    """
    difference = counts - network
    low, high = 0.0, 1.0
    for _ in range(_ITERATIONS):
        middle = (low + high) / 2
        if float((difference / (network + middle * difference)).mean()) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
