"""First embeddings made by counting which token follows which.

Most of the first minutes of a training go into learning which tokens are alike, from random vectors
and one batch at a time. Counting the pairs of neighbours of the whole text takes a second. Their
pointwise mutual information, positive parts only, factorised into as many dimensions as a token
has, is what word2vec approaches step by step (Levy and Goldberg 2014, Neural word embedding as
implicit matrix factorization).
"""

import time
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from epoque.bench.seeds import torch_generator

from ..purposes import Purpose

__all__ = ["build_embeddings", "build_embeddings_once", "compute_ppmi", "factorize"]

SMOOTHING = 0.75
"""Power of a following token's count: without it, rare ones look far too telling."""
LENGTH = 0.32
"""Mean length of the vectors, for a width of 256."""
LONGEST = 2.5
"""Times the mean length that a vector may have."""
NOISE = 0.1
"""Share of what a random first embedding would be, added: no two tokens begin alike."""
FREQUENCY = 0.04
"""What a token's log-frequency weighs in the direction of its own that it is given."""
_ITERATIONS, _OVERSAMPLING = 2, 16

_last: dict[tuple[object, ...], tuple[Tensor, float]] = {}
"""The embeddings of the last text and size, and the seconds that they took."""


def build_embeddings_once(
    ids: NDArray[np.int64], vocabulary: int, width: int, seed: int
) -> tuple[Tensor, float]:
    """Return `build_embeddings`, and the seconds that they took when they were built.

    A run with `max_seconds` begins several trainings, to measure their pace, before its own: they
    have the same embeddings, which take a tenth of a budget of half a minute.
    """
    digest = sha256(ids.tobytes()).hexdigest()
    key = (digest, ids.shape, vocabulary, width, seed, torch.get_num_threads())
    if key not in _last:
        start = time.perf_counter()
        embeddings = build_embeddings(ids, vocabulary, width, seed)
        _last.clear()
        _last[key] = embeddings, time.perf_counter() - start
    return _last[key]


def build_embeddings(ids: NDArray[np.int64], vocabulary: int, width: int, seed: int) -> Tensor:
    """Return first vectors of all tokens.

    One half of the dimensions tells what follows a token, the other what it follows, one more how
    frequent it is; all turned at random, so that no part of a network is given only one of them.

    Args:
        ids: [N, T] blocks of tokens.
        vocabulary: how many tokens there are, V.
        width: numbers that stand for a token, W.
        seed: of the random parts.

    Returns:
        [V, W] float32.
    """
    generator = torch_generator(seed, Purpose.PMI_EMBEDDINGS)
    half = min((width - 1) // 2, vocabulary)
    before, after = factorize(compute_ppmi(ids, vocabulary), half, generator)
    vectors = torch.zeros(vocabulary, width)
    rank = before.shape[1]  # less than a half where the text is short
    vectors[:, :rank], vectors[:, half : half + rank] = before, after
    # A few tokens would be far longer than the others: they are cut, then all are brought to the
    # mean length with which training goes on best.
    norms = vectors.norm(dim=1, keepdim=True)
    vectors *= (LONGEST * norms.mean() / norms.clamp(min=1e-9)).clamp(max=1)
    mean_norm = LENGTH * (width / 256) ** 0.5
    vectors *= mean_norm / vectors.norm(dim=1).mean().clamp(min=1e-9)
    counts = torch.from_numpy(np.bincount(ids.ravel(), minlength=vocabulary)).float()
    log_frequency = (counts + 0.5).log()
    vectors[:, -1] = FREQUENCY * (log_frequency - log_frequency.mean())
    rotation, _ = torch.linalg.qr(torch.randn(width, width, generator=generator))
    random = torch.randn(vocabulary, width, generator=generator)
    rotated: Tensor = vectors @ rotation
    return rotated.add_(random, alpha=NOISE * mean_norm / width**0.5)


def compute_ppmi(ids: NDArray[np.int64], vocabulary: int) -> csr_array:
    """Return the positive pointwise mutual information of neighbours, sparse [V, V].

    log p(after | before) / p'(after), where it is positive, with p' from counts to the power of
    `SMOOTHING`; pairs that occur n times are taken n / (n + 1) of it, as much as they are sure.

    Args:
        ids: [N, T] blocks of tokens.
        vocabulary: how many tokens there are, V.
    """
    pairs = ids[:, :-1].astype(np.int64) * vocabulary + ids[:, 1:]
    unique_pairs, count = np.unique(pairs, return_counts=True)
    before, after = np.divmod(unique_pairs, vocabulary)
    frequency = np.bincount(ids.ravel(), minlength=vocabulary)
    smooth = np.maximum(frequency, 1) ** SMOOTHING
    pmi = np.log(count / frequency[before] * smooth.sum() / smooth[after]) * count / (count + 1)
    positive = pmi > 0
    places = before[positive], after[positive]
    return csr_array((pmi[positive].astype(np.float32), places), shape=(vocabulary, vocabulary))


def factorize(matrix: csr_array, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return U√S and V√S of the largest singular values, by subspace iteration.

    Halko, Martinsson and Tropp 2011 (Finding structure with randomness), algorithm 4.4.

    Args:
        matrix: [V, V].
        rank: how many.
        generator: of the first subspace.

    Returns:
        [V, rank] each, or less where the matrix has a smaller rank.
    """
    columns = min(rank + _OVERSAMPLING, matrix.shape[0])
    transposed = matrix.T.tocsr()
    space = torch.randn(matrix.shape[0], columns, generator=generator)
    for _ in range(_ITERATIONS):
        space = _basis(_product(matrix, space))
        space = _basis(_product(transposed, space))
    image = _product(matrix, space)
    # image = U S (in the basis): its small Gram matrix has S² and the rotation to V.
    values, inner = torch.linalg.eigh((image.T @ image).double())
    values, inner = values.flip(0)[:rank].clamp(min=1e-12), inner.flip(1)[:, :rank].float()
    sizes = values.sqrt().sqrt().float()  # the fourth root of S²
    return image @ inner / sizes, space @ inner * sizes


def _product(matrix: csr_array, dense: Tensor) -> Tensor:
    return torch.from_numpy(matrix @ dense.numpy())


def _basis(columns: Tensor) -> Tensor:
    """Return an orthonormal basis of a tall matrix's columns, from their products."""
    values, vectors = torch.linalg.eigh((columns.T @ columns).double())
    independent = values > 1e-10 * values[-1]
    basis: Tensor = columns @ (vectors[:, independent] / values[independent].sqrt()).float()
    return basis
