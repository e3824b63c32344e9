"""A network and counted triples together."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from epoque.bench.errors import UsageError
from epoque.bench.runs.run import Run
from epoque.language.data.batches import BatchSampler
from epoque.language.data.blocks import Blocks, Tokens
from epoque.language.data.tokenized_corpus import load_corpus
from epoque.language.evaluation.count_mixture import (
    NO_TOKEN,
    CountMixture,
    count_probabilities,
    count_triples,
    fit_weight,
    open_mixture,
)
from epoque.language.evaluation.ngram_baselines import KneserNey
from epoque.language.training.checkpoint import restore_model

TrainRun = Callable[..., Run]
V = 7


def blocks(count: int, size: int = 5, seed: int = 0) -> Blocks:
    ids = np.random.default_rng(seed).integers(V, size=count * size).astype(np.uint16)
    return Blocks(Tokens(ids, None, 1, 1, "x"), size)


def test_counting_looks_back_over_a_block_s_beginning() -> None:
    text = blocks(6)
    counts = KneserNey(text.ids, 3, V)
    rows = np.array([0, 2, 5])
    found = count_probabilities(counts, text, rows)
    stream = text.ids.ravel().astype(int)
    for row, each in zip(rows, found, strict=True):
        for place in range(1, 5):
            at = row * 5 + place
            before = [stream[at - 2] if at > 1 else NO_TOKEN, stream[at - 1]]
            expected = counts.probabilities([before], [stream[at]])[0]
            assert each[place - 1] == pytest.approx(expected)


def test_before_the_first_token_the_lower_order_speaks() -> None:
    text = blocks(40).ids
    triples, pairs = KneserNey(text, 3, V), KneserNey(text, 2, V)
    whole = triples.probabilities(np.full((V, 2), NO_TOKEN), np.arange(V))
    assert whole.sum() == pytest.approx(1)
    one = triples.probabilities(np.tile([NO_TOKEN, 3], (V, 1)), np.arange(V))
    assert one.sum() == pytest.approx(1)
    assert pairs.order == 2


def test_blocks_left_out_are_not_counted() -> None:
    text = blocks(30)
    without = np.array([3, 4, 20])
    kept = np.delete(text.ids, without, axis=0)
    context = np.array([[1, 2]] * V)
    np.testing.assert_array_equal(
        count_triples(text, V, without).probabilities(context, np.arange(V)),
        KneserNey(kept, 3, V).probabilities(context, np.arange(V)),
    )


def test_the_weight_is_the_best_of_all() -> None:
    rng = np.random.default_rng(1)
    network, counts = rng.uniform(0.001, 1, 500), rng.uniform(0.001, 1, 500)
    weight = fit_weight(network, counts)
    every = np.linspace(0, 1, 1001)[:, None]
    likelihoods = np.log((1 - every) * network + every * counts).mean(1)
    assert weight == pytest.approx(float(every[likelihoods.argmax(), 0]), abs=1e-3)
    assert fit_weight(network, network / 2) == pytest.approx(0, abs=1e-9)
    assert fit_weight(network / 2, network) == pytest.approx(1, abs=1e-9)


def test_the_mixture_is_of_probabilities() -> None:
    counts = KneserNey(blocks(40).ids, 3, V)
    logits = torch.randn(3, V, generator=torch.Generator().manual_seed(0))
    rows = [[1, 2, 3], [4], [5, 6]]
    mixed = CountMixture(counts, 0.25).mix(logits, rows).exp()
    torch.testing.assert_close(mixed.sum(-1), torch.ones(3))
    for row, tokens, found in zip(logits, rows, mixed, strict=True):
        context = [NO_TOKEN, *tokens][-2:]
        for token in range(V):
            counted = counts.probabilities([context], [token])[0]
            expected = 0.75 * row.softmax(-1)[token] + 0.25 * counted
            assert float(found[token]) == pytest.approx(float(expected), rel=1e-5)


def test_a_run_measures_the_mixture_by_definition(train_run: TrainRun) -> None:
    """The weight is of train blocks that nothing has seen; the measured text has no part in it."""
    run = train_run(max_steps=3)  # a part of an epoch
    found, (model, tokenizer) = run.results, restore_model(run)
    texts = load_corpus(run.config, tokenizer)
    sampler = BatchSampler(run.config, len(texts.train))
    held = np.sort(sampler.unread_blocks(24)[-(len(texts.train) // 10) :])
    assert set(held).isdisjoint(sampler.first_blocks(24))
    assert found["counts_weight_unread"] is True

    def network(part: Blocks, rows: np.ndarray) -> np.ndarray:
        ids = torch.from_numpy(part[rows])
        with torch.no_grad():
            p = model(ids[:, :-1]).double().softmax(-1)
        return p.gather(-1, ids[:, 1:, None])[..., 0].numpy()

    vocabulary = len(tokenizer)
    held_counts = count_triples(texts.train, vocabulary, held)
    counted = count_probabilities(held_counts, texts.train, held)
    weight = fit_weight(network(texts.train, held).ravel(), counted.ravel())
    assert found["counts_weight"] == pytest.approx(weight, abs=1e-4)
    for part, prefix in ((texts.valid, ""), (texts.test, "test_")):
        rows = np.arange(len(part))
        counted = count_probabilities(count_triples(texts.train, vocabulary), part, rows)
        mixed = (1 - weight) * network(part, rows) + weight * counted
        perplexity = math.exp(-np.log(mixed).mean())
        assert found[f"{prefix}perplexity_with_counts"] == pytest.approx(perplexity, rel=1e-4)
        assert perplexity < found[f"{prefix}perplexity"]


def test_where_all_was_read_it_is_told(train_run: TrainRun) -> None:
    found = train_run(max_steps=None, epochs=1).results
    assert found["counts_weight_unread"] is False
    assert 0 <= found["counts_weight"] <= 1
    assert "counts_weight" not in train_run(objective="masked").results


def test_the_counts_of_a_run_are_opened_again(train_run: TrainRun) -> None:
    run = train_run(max_steps=3)
    _, tokenizer = restore_model(run)
    mixture = open_mixture(run, tokenizer)
    assert (mixture.weight, mixture.is_unread) == (run.results["counts_weight"], True)
    with pytest.raises(UsageError, match="has no weight for counts"):
        open_mixture(train_run(objective="masked"), tokenizer)
