"""Counting: probabilities that sum to one, as a plain count by hand gives them."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.bench.errors import DataError
from epoque.bench.seeds import numpy_rng
from epoque.language.evaluation.ngram_baselines import (
    KneserNey,
    measure_baselines,
    measure_perplexity,
)

V = 5
TEXTS = st.lists(st.integers(0, V - 1), min_size=3, max_size=60)


def by_hand(ids: list[int], order: int) -> Callable[[tuple[int, ...], int], float]:
    """Return p(context, token) by dictionaries and the formula, one n-gram at a time."""
    tables = {order: Counter(zip(*(ids[i:] for i in range(order)), strict=False))}
    for size in range(order - 1, 0, -1):
        tables[size] = Counter(gram[1:] for gram in tables[size + 1])
    discounts = {}
    for size, table in tables.items():
        once, twice = (sum(1 for c in table.values() if c == n) for n in (1, 2))
        discounts[size] = once / (once + 2 * twice) if once else 0.5

    def p(context: tuple[int, ...], token: int) -> float:
        size = len(context) + 1
        lower = p(context[1:], token) if context else 1 / V
        following = {g[-1]: c for g, c in tables[size].items() if g[:-1] == context}
        total = sum(following.values())
        if not total:
            return lower
        d = discounts[size]
        kept = max(following.get(token, 0) - d, 0.0)
        return kept / total + d * len(following) / total * lower

    return p


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(1, 3))
def test_all_probabilities_are_those_of_the_formula_and_sum_to_one(
    ids: list[int], order: int
) -> None:
    model, p = KneserNey(ids, order, V), by_hand(ids, order)
    for context in product(range(V), repeat=order - 1):
        found = model.probabilities(np.tile(np.array(context, int), (V, 1)), np.arange(V))
        assert found == pytest.approx([p(context, token) for token in range(V)], abs=1e-12)
        assert found.sum() == pytest.approx(1, abs=1e-12)
        assert (found > 0).all()


def test_probabilities_sum_to_one_over_a_larger_vocabulary() -> None:
    ids = numpy_rng(0, "counts").zipf(1.4, 5000) % 300
    for order in (1, 2, 3):
        model = KneserNey(ids, order, 300)
        for end in range(10, 60):
            context = np.tile(ids[end - order + 1 : end], (300, 1))
            total = model.probabilities(context, np.arange(300)).sum()
            assert total == pytest.approx(1, abs=1e-9)


def test_perplexity_is_exp_of_the_mean_over_tokens_with_a_whole_context() -> None:
    train, ids = [0, 1, 2, 0, 1, 3, 0, 1, 2, 4, 4], [0, 1, 2, 3]
    p = by_hand(train, 3)
    nats = [-math.log(p((0, 1), 2)), -math.log(p((1, 2), 3))]
    assert measure_perplexity(KneserNey(train, 3, V), ids) == pytest.approx(math.exp(sum(nats) / 2))


def test_what_follows_from_the_token_before_is_found_by_pairs_and_not_by_single_tokens() -> None:
    rng = numpy_rng(1, "chain")
    after = {t: rng.permutation(50)[:2] for t in range(50)}
    ids = [0]
    for choice in rng.integers(2, size=20_000):
        ids.append(after[ids[-1]][choice])
    found = measure_baselines(ids[:15_000], ids[15_000:], 50)
    seen = defaultdict(set)
    for a, b in pairwise(ids):
        seen[a].add(b)
    assert max(map(len, seen.values())) == 2
    assert found["bigram"] == pytest.approx(2, rel=0.02)
    assert found["unigram"] > 5 * found["bigram"]


def test_blocks_are_counted_as_one_text() -> None:
    ids = numpy_rng(2, "ids").integers(V, size=(12, 10)).astype(np.uint16)
    assert measure_baselines(ids, ids[:3], V) == measure_baselines(ids.ravel(), ids[:3].ravel(), V)


@pytest.mark.parametrize(
    ("ids", "vocabulary", "told"),
    [
        ([1, 2], 5, "at least three tokens; there are 2"),
        ([1, 2, 5], 5, "highest id is 5 and the vocabulary 5"),
        ([1, 2, 3], 3_000_000, "up to 2,000,000"),
    ],
)
def test_what_cannot_be_counted_is_said(ids: list[int], vocabulary: int, told: str) -> None:
    with pytest.raises(DataError, match=told):
        KneserNey(ids, 2, vocabulary)
