"""The output layer's ways to train: exact where they say so, unbiased where they say so."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from epoque.language import models
from epoque.language.models import ModelConfig, output_losses

ROWS, WIDTH, VOCABULARY = 37, 16, 50


def small(objective="causal", architecture=None, tied=True):
    architecture = architecture or {"causal": "gpt2", "masked": "bert"}[objective]
    spec = ModelConfig(architecture, objective, VOCABULARY, 1, WIDTH, 2, 32, 16, tied=tied)
    model = models.create_model(spec)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.5, generator=generator)
    return model


@pytest.fixture
def hidden():
    return torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def targets():
    drawn = torch.randint(VOCABULARY, (ROWS,), generator=torch.Generator().manual_seed(3))
    return drawn.masked_fill(torch.arange(ROWS) % 5 == 0, -100)


def with_gradients(kind, model, hidden, targets, **options):
    """Return the loss, its gradient by the hidden numbers and those by the parameters."""
    model.zero_grad()
    hidden = hidden.clone().requires_grad_()
    loss = output_losses.output_loss(kind, model, hidden, targets, **options)
    (3 * loss).backward()
    touched = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    grads = {n: (g.to_dense() if g.is_sparse else g).clone() for n, g in touched.items()}
    return loss.detach(), hidden.grad, grads


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_full_is_the_mean_over_the_targets(objective, hidden, targets):
    model = small(objective)
    scores = model.compute_logits(hidden)
    wanted = functional.cross_entropy(scores[targets >= 0], targets[targets >= 0])
    torch.testing.assert_close(output_losses.output_loss("full", model, hidden, targets), wanted)


@pytest.mark.parametrize("chunk", [1, 7, 37, 1000])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_chunked_equals_full_in_value_and_gradient(objective, tied, chunk, hidden, targets):
    model = small(objective, tied=tied)
    full = with_gradients("full", model, hidden, targets)
    chunked = with_gradients("chunked", model, hidden, targets, chunk=chunk)
    torch.testing.assert_close(chunked, full, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_sampled_with_every_word_equals_full(objective, sparse, hidden, targets):
    model = small(objective)
    full = with_gradients("full", model, hidden, targets)
    model.sparse_embedding = sparse
    everything = output_losses.compute_inclusion(VOCABULARY, VOCABULARY)
    sampled = with_gradients("sampled", model, hidden, targets, inclusion=everything)
    torch.testing.assert_close(sampled, full, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("counts", [None, np.arange(VOCABULARY) ** 2])
def test_the_sampled_partition_function_is_unbiased(counts, hidden, targets):
    """exp(loss + score of the target) is the estimate of the sum over all words."""
    model = small()
    row, target = hidden[:1], targets[1:2]
    scores = model.compute_logits(row).detach()[0]
    inclusion = output_losses.compute_inclusion(VOCABULARY, 20, counts)
    generator = torch.Generator().manual_seed(5)
    drawn = [
        output_losses.output_loss(
            "sampled", model, row, target, inclusion=inclusion, generator=generator
        )
        for _ in range(3000)
    ]
    estimates = (torch.stack(drawn).detach() + scores[target]).exp()
    error = estimates.std() / 3000**0.5
    assert abs(estimates.mean() - scores.exp().sum()) < 4 * error
    assert torch.stack(drawn).mean() < functional.cross_entropy(scores[None], target)


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_the_expected_sampled_gradient_approaches_the_full_one(objective, hidden, targets):
    model, hidden = small(objective), 0.3 * hidden
    full = with_gradients("full", model, hidden, targets)
    generator = torch.Generator().manual_seed(5)

    def distance(negatives, draws):
        inclusion = output_losses.compute_inclusion(VOCABULARY, negatives, np.arange(VOCABULARY))
        options = {"inclusion": inclusion, "generator": generator}
        found = [with_gradients("sampled", model, hidden, targets, **options) for _ in range(draws)]
        mean = torch.stack([grad for _, grad, _ in found]).mean(0)
        return ((mean - full[1]).norm() / full[1].norm()).item()

    few, some, many = (distance(negatives, 150) for negatives in (8, 25, 42))
    assert many < 0.05
    assert many < some < few < distance(8, 1)


def test_a_word_that_is_not_in_the_sample_gets_no_gradient(hidden):
    model = small()
    inclusion = output_losses.compute_inclusion(VOCABULARY, 1) * 0 + 1e-9
    targets = torch.full((ROWS,), 4)
    targets[0] = 9
    _, _, grads = with_gradients("sampled", model, hidden, targets, inclusion=inclusion)
    assert grads["embedding.weight"].abs().sum(1).nonzero()[:, 0].tolist() == [4, 9]


def test_the_same_generator_draws_the_same_sample(hidden, targets):
    model, inclusion = small(), output_losses.compute_inclusion(VOCABULARY, 10)

    def once(seed):
        generator = torch.Generator().manual_seed(seed)
        return output_losses.output_loss(
            "sampled", model, hidden, targets, inclusion=inclusion, generator=generator
        ).item()

    assert once(0) == once(0) != once(1)


def test_inclusion_prefers_frequent_words_and_has_the_size_that_was_asked_for():
    counts = np.array([10_000, 1000, 100, 10, 1, 0, 0, 0, 0, 0])
    shares = output_losses.compute_inclusion(10, 4, counts)
    assert shares.sum().item() == pytest.approx(4)
    assert shares[0] == 1
    assert (shares > 0).all()
    assert (shares[:-1] >= shares[1:]).all()
    assert shares[3] / shares[4] == pytest.approx(10**output_losses.POWER)
    assert torch.equal(output_losses.compute_inclusion(10, 4), torch.full((10,), 0.4))
    assert torch.equal(output_losses.compute_inclusion(10, 11, counts), torch.ones(10))


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_nll_is_exact_whatever_the_chunk(objective, hidden, targets):
    model = small(objective)
    exact = functional.cross_entropy(model.compute_logits(hidden), targets, reduction="none")
    for chunk in (1, 10, 1000):
        told = output_losses.token_losses(model, hidden, targets, chunk=chunk)
        torch.testing.assert_close(told, exact.detach(), atol=1e-5, rtol=1e-5)
        assert not told.requires_grad


def test_a_masked_model_scores_only_what_is_asked_for(hidden, targets, monkeypatch):
    model, seen = small("masked"), []
    transform = model.apply_head_transform
    monkeypatch.setattr(
        model, "apply_head_transform", lambda rows: seen.append(len(rows)) or transform(rows)
    )
    output_losses.output_loss("full", model, hidden, targets)
    assert seen == [int((targets >= 0).sum())]


def test_chunks_hold_no_more_scores_than_they_say(hidden, targets, monkeypatch):
    model, sizes = small(), []
    linear = functional.linear
    monkeypatch.setattr(
        functional, "linear", lambda rows, *rest: sizes.append(len(rows)) or linear(rows, *rest)
    )
    output_losses.output_loss("chunked", model, hidden, targets, chunk=10).backward()
    assert sizes == [10, 10, 10, 7]


def test_sampled_without_probabilities_is_refused(hidden, targets):
    with pytest.raises(ValueError, match="inclusion"):
        output_losses.output_loss("sampled", small(), hidden, targets)
