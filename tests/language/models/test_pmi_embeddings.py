"""First embeddings from counts: against plain loops and the singular value decomposition."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array

from epoque.language.models import pmi_embeddings

KINDS, EACH = 4, 5  # tokens 0-4 are of one kind, 5-9 of the next, …


def grammar(blocks=200, length=40):
    """Return text in which kind follows kind in a ring, with any token of the kind."""
    rng = np.random.default_rng(3)
    kinds = np.arange(length) % KINDS
    return kinds * EACH + rng.integers(EACH, size=(blocks, length))


def test_information_is_that_of_a_plain_loop():
    ids = np.array([[0, 1, 2, 1, 2], [2, 1, 2, 0, 3]])
    often = {token: int((ids == token).sum()) for token in range(5)}
    smooth = {token: max(1, count) ** pmi_embeddings.SMOOTHING for token, count in often.items()}
    pairs = [pair for row in ids.tolist() for pair in itertools.pairwise(row)]
    wanted = np.zeros((5, 5))
    for a, b in set(pairs):
        n = pairs.count((a, b))
        told = math.log((n / often[a]) / (smooth[b] / sum(smooth.values())))
        wanted[a, b] = max(0.0, told * n / (n + 1))
    np.testing.assert_allclose(pmi_embeddings.compute_ppmi(ids, 5).toarray(), wanted, rtol=1e-6)


def test_factors_are_nearly_the_best_of_their_rank():
    rng = np.random.default_rng(5)
    dense = random_array((60, 60), density=0.2, rng=rng).toarray() + 3 * np.outer(
        *rng.random((2, 60))
    )
    one, other = pmi_embeddings.factorize(csr_array(dense, dtype=np.float32), 12, torch.Generator())
    u, sizes, vh = np.linalg.svd(dense)
    best = np.linalg.norm(dense - u[:, :12] * sizes[:12] @ vh[:12])
    assert np.linalg.norm(dense - (one @ other.T).numpy()) < 1.03 * best
    torch.testing.assert_close(one.norm(dim=0), other.norm(dim=0), rtol=0.03, atol=0)


def test_tokens_of_one_kind_begin_alike():
    made = pmi_embeddings.build_embeddings(grammar(), KINDS * EACH, 16, seed=0)
    unit = made / made.norm(dim=1, keepdim=True)
    cosines = (unit @ unit.T).view(KINDS, EACH, KINDS, EACH)
    inside = torch.stack([cosines[kind, :, kind] for kind in range(KINDS)])
    others = torch.stack([cosines[kind, :, kind - 1] for kind in range(KINDS)])
    assert inside.min() > 0.7
    assert others.abs().max() < 0.6


def test_the_halves_tell_what_comes_next():
    """Before turning: the vectors' inner products rank the kind that follows first."""
    before, after = pmi_embeddings.factorize(
        pmi_embeddings.compute_ppmi(grammar(), KINDS * EACH), KINDS, torch.Generator()
    )
    following = (before @ after.T).argmax(1) // EACH
    assert following.tolist() == [(t // EACH + 1) % KINDS for t in range(KINDS * EACH)]


def test_the_seed_and_the_text_decide():
    one, again, other = (
        pmi_embeddings.build_embeddings(grammar(), 30, 16, seed) for seed in (0, 0, 1)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("width", [2, 3, 16, 100])
def test_any_width_and_tokens_that_never_occur(width):
    made = pmi_embeddings.build_embeddings(grammar(3, 8), 50, width, seed=0)
    assert made.shape == (50, width)
    assert made.isfinite().all()
    assert (made.norm(dim=1) > 0).all()


def test_a_text_without_information_gives_finite_vectors():
    made = pmi_embeddings.build_embeddings(np.zeros((2, 4), np.int64), 10, 8, seed=0)
    assert made.isfinite().all()
