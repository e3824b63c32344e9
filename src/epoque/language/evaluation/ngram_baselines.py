"""N-gram baselines: the perplexities that counts of tokens, pairs and triples reach.

No network is needed to predict the next token from how often it followed the one or two before it.
A language model that does not beat these numbers has learned less than a table.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epoque.bench.errors import DataError

__all__ = ["KneserNey", "measure_baselines", "measure_perplexity"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_TOKENS = 2_000_000
"""A triple of ids below this is one 64-bit number."""

LEAST_TOKENS = 3
"""Tokens that it takes to count triples."""

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3}
"""How many tokens each counts together."""


def measure_baselines(
    train: ArrayLike, ids: ArrayLike, vocabulary: int, triples: "KneserNey | None" = None
) -> dict[str, float]:
    """Return the perplexities on `ids` of counting on `train`.

    Args:
        train: tokens to count, of any shape; they are taken one after another.
        ids: tokens to predict, likewise.
        vocabulary: how many different tokens there can be, V.
        triples: the counts of triples of `train`, where they were made before.

    Returns:
        "unigram", "bigram" and "trigram" to the perplexity, per token; NaN where there are fewer
        than `LEAST_TOKENS` tokens to count, or none to predict with a whole context before it.

    Raises:
        DataError: if an id is V or more.
    """
    train_ids, valid_ids = _flatten(train), _flatten(ids)
    if len(train_ids) < LEAST_TOKENS:
        return dict.fromkeys(ORDERS, float("nan"))
    counts = {3: triples} if triples is not None else {}
    return {
        name: measure_perplexity(counts.get(n) or KneserNey(train_ids, n, vocabulary), valid_ids)
        for name, n in ORDERS.items()
    }


def measure_perplexity(model: "KneserNey", ids: ArrayLike) -> float:
    """Return exp of the mean −log p of the tokens that have a whole context before them.

    NaN if there is none.
    """
    tokens, context = _flatten(ids), model.order - 1
    if len(tokens) <= context:
        return float("nan")
    windows = np.lib.stride_tricks.sliding_window_view(tokens, model.order)
    p = model.probabilities(windows[:, :context], windows[:, context])
    return float(np.exp(-np.log(p).mean()))


class KneserNey:
    """Interpolated Kneser–Ney counts of single tokens, pairs or triples.

    With c the counts, N₊(·…) in how many different contexts something occurs, and D an absolute
    discount, for the highest order

        p(w | h) = max(c(hw) − D, 0) / c(h) + D N₊(h·) / c(h) · p(w | h′)

    where h′ is h without its first token; the lower orders are the same with N₊(·hw) in the place
    of c(hw), so that a token that follows only one other counts as one, however often it does. It
    ends at the uniform 1/V, so that every token has a probability. D = n₁ / (n₁ + 2 n₂) of each
    order, n₁ and n₂ being how many n-grams count once and twice; ½ if none counts once. A context
    never seen hands all on to the lower order. (Kneser & Ney 1995, ICASSP; Chen & Goodman 1999,
    Computer Speech & Language 13, section 2.7.)

    A single token is counted as it occurs, not in how many contexts, if the order is 1.

    Args:
        ids: tokens to count.
        order: 1 (tokens), 2 (pairs) or 3 (triples).
        vocabulary: how many different tokens there can be, V, at most 2,000,000.

    Raises:
        DataError: if there are fewer than three tokens, or an id is V or more.
    """

    def __init__(self, ids: ArrayLike, order: int, vocabulary: int) -> None:
        tokens = _flatten(ids)
        _check(tokens, vocabulary)
        self.order, self.vocabulary = order, vocabulary
        self._levels: list[_Level] = []
        grams, times = _count_unique(_encode_ngrams(tokens, order, vocabulary))
        for size in range(order, 0, -1):
            self._levels.insert(0, _Level(grams, times, vocabulary))
            # The n-grams' ends: in how many of them each occurs.
            if size > 1:
                grams, times = _count_unique(grams % vocabulary ** (size - 1))

    def probabilities(self, contexts: ArrayLike, tokens: ArrayLike) -> Floats:
        """Return p(token | context).

        Args:
            contexts: the tokens before, [M, order − 1], oldest first.
            tokens: the tokens to predict, [M].
        """
        tokens, before = np.asarray(tokens, np.int64), np.asarray(contexts, np.int64)
        # From the lowest order up: each takes from the one below what it does not know itself.
        p = np.full(tokens.shape, 1 / self.vocabulary)
        context = np.zeros_like(tokens)
        for size, level in enumerate(self._levels):
            if size:
                context += before[:, -size] * self.vocabulary ** (size - 1)
            p = level.probabilities(context, tokens, p)
        return p


class _Level:
    """The counts of one order.

    Args:
        grams: the different n-grams as numbers in base V, ascending.
        times: how often each counts.
        vocabulary: V.
    """

    def __init__(self, grams: Ints, times: Ints, vocabulary: int) -> None:
        self._grams, self._times, self._vocabulary = grams, times, vocabulary
        once, twice = (np.count_nonzero(times == n) for n in (1, 2))
        self._discount = once / (once + 2 * twice) if once else 0.5
        context = grams // vocabulary
        self._contexts, first = np.unique(context, return_index=True)
        self._total = np.add.reduceat(times, first)
        self._followers = np.diff(np.append(first, len(grams)))

    def probabilities(self, context: Ints, tokens: Ints, lower: Floats) -> Floats:
        """Return p(token | context), given those of the lower order [M]."""
        times = _look_up(self._grams, self._times, context * self._vocabulary + tokens)
        total = _look_up(self._contexts, self._total, context)
        followers = _look_up(self._contexts, self._followers, context)
        mass = np.maximum(times - self._discount, 0.0) + self._discount * followers * lower
        return np.where(total > 0, mass / np.maximum(total, 1), lower)


def _look_up(keys: Ints, values: Ints, queries: Ints) -> Ints:
    """Return the value of each key, 0 where there is none."""
    places = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    return np.where(keys[places] == queries, values[places], 0)


def _encode_ngrams(tokens: Ints, order: int, vocabulary: int) -> Ints:
    """Return all n-grams as numbers in base V, in the order of the text."""
    ngrams = tokens[: len(tokens) - order + 1].copy()
    for place in range(1, order):
        ngrams *= vocabulary
        ngrams += tokens[place : len(tokens) - order + 1 + place]
    return ngrams


def _count_unique(values: Ints) -> tuple[Ints, Ints]:
    unique, counts = np.unique(values, return_counts=True)
    return unique, counts


def _flatten(ids: ArrayLike) -> Ints:
    return np.asarray(ids).reshape(-1).astype(np.int64)


def _check(tokens: Ints, vocabulary: int) -> None:
    if len(tokens) < LEAST_TOKENS:
        raise DataError(f"Counting needs at least three tokens; there are {len(tokens)}.")
    if vocabulary > MOST_TOKENS or tokens.max() >= vocabulary:
        raise DataError(
            f"Counting takes ids below the vocabulary and that up to {MOST_TOKENS:,}; "
            f"here the highest id is {tokens.max():,} and the vocabulary {vocabulary:,}."
        )
