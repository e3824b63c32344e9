"""The output layer in training: softmax over all words, in full, in chunks or over a sample.

A model of width 256 spends most of its time on the scores of 25,000 words. The sampled softmax
scores the words that the batch asks for, all of them, and a random part of the rest. Every other
word v is taken with its own probability π(v), independently (Poisson sampling), and stands for
1/π(v) words: the sum over all words in the softmax's denominator is then estimated without bias
(Horvitz and Thompson 1952), and with π = 1 it is exact. As a logarithm of that estimate the loss
itself is a little too low: never tell it as the training loss; `nll` is exact.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

if TYPE_CHECKING:
    import numpy as np

    from ..config import Head
    from .base import Model

__all__ = ["IGNORED", "inclusion", "loss", "nll"]

IGNORED = -100
"""The target of a position where nothing is to be predicted."""

POWER = 0.75
"""The sample prefers frequent words, by their count to this power (Mikolov et al. 2013)."""

CHUNK = 1024
"""Rows whose scores are held at once."""

CACHED = 256
"""The same of a sample's scores on a CPU, whose cache holds them then: a third faster."""


def loss(
    kind: "Head",
    model: "Model",
    hidden: Tensor,
    targets: Tensor,
    *,
    inclusion: Tensor | None = None,
    generator: torch.Generator | None = None,
    chunk: int = CHUNK,
) -> Tensor:
    """Return the mean loss in nats, a scalar that can be differentiated.

    Args:
        kind: full; chunked, the same numbers in less memory; or sampled.
        model: whose output layer it is.
        hidden: [.., W] what `model.hidden` returned.
        targets: [..] the words to be predicted, −100 where none is. Masked models compute the
            output layer only where there is one.
        inclusion: for sampled: [V] each word's probability to be in the sample.
        generator: for sampled: where the sample is drawn from, on any device.
        chunk: for chunked: rows whose scores are held at once.
    """
    hidden, targets = hidden.flatten(0, -2), targets.flatten()
    if not model.causal:
        chosen = (targets != IGNORED).nonzero().squeeze(1)
        hidden, targets = hidden.index_select(0, chosen), targets.index_select(0, chosen)
    rows = model.readout(hidden)
    if kind == "sampled":
        if inclusion is None:
            raise ValueError("the sampled head needs the words' inclusion probabilities")
        return _sampled(model, rows, targets, inclusion, generator)
    weight, bias = model.output_weight, model.output_bias
    if kind == "chunked":
        return _chunked(rows, weight, bias, targets, chunk)
    scores = functional.linear(rows, weight, bias)
    return _cross_entropy(scores, targets)


def inclusion(
    vocabulary: int, negatives: int, counts: "np.ndarray[Any, Any] | None" = None
) -> Tensor:
    """Return each word's probability to be in a sample of about so many words.

    Args:
        vocabulary: how many words there are, V.
        negatives: how many the sample holds on average, besides those that the batch asks for.
        counts: [V] how often each occurs in training; None prefers none.

    Returns:
        [V] float32 probabilities over 0, at most 1; they sum to `negatives`, or are all 1 where
        that is V or more.
    """
    if negatives >= vocabulary:
        return torch.ones(vocabulary)
    if counts is None:
        return torch.full((vocabulary,), negatives / vocabulary)
    wish = torch.as_tensor(counts, dtype=torch.float64).clamp(min=1).pow(POWER)
    certain = torch.zeros(vocabulary, dtype=torch.bool)
    while True:
        left = negatives - int(certain.sum())
        shares = torch.where(certain, 1.0, left * wish / wish[~certain].sum())
        over = shares > 1
        if not over.any():
            return shares.float()
        certain |= over


@torch.no_grad()
def nll(model: "Model", hidden: Tensor, targets: Tensor, *, chunk: int = CHUNK) -> Tensor:
    """Return the exact negative log-likelihood of each target in nats.

    Args:
        model: whose output layer it is.
        hidden: [N, W] what `model.hidden` returned.
        targets: [N] words, or −100.
        chunk: rows whose scores are held at once.

    Returns:
        [N] float32; 0 where the target is −100.
    """
    parts = []
    for rows, wanted in zip(torch.split(hidden, chunk), torch.split(targets, chunk), strict=True):
        scores = model.logits(rows).float()
        parts.append(functional.cross_entropy(scores, wanted, reduction="none"))
    return torch.cat(parts)


def _cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(scores.float(), targets, ignore_index=IGNORED)


def _sampled(
    model: "Model",
    rows: Tensor,
    targets: Tensor,
    inclusion: Tensor,
    generator: torch.Generator | None,
) -> Tensor:
    """Return the softmax loss over the batch's own words and a sample of the others."""
    wanted = targets.clamp(min=0)
    place = inclusion.device if generator is None else generator.device
    draws = torch.rand(inclusion.shape, generator=generator, device=place)
    drawn = draws.to(inclusion.device) < inclusion
    drawn.index_fill_(0, wanted, True)
    words = drawn.nonzero().squeeze(1)
    correction = -inclusion.log()
    correction.index_fill_(0, wanted, 0.0)
    shift = correction.index_select(0, words)
    if model.output_bias is not None:
        shift = shift + model.output_bias.index_select(0, words)
    sparse = model.sparse_embedding and rows.requires_grad
    weight = functional.embedding(words, model.output_weight, sparse=sparse)
    places = drawn.cumsum(0).sub_(1).index_select(0, wanted)
    chunk = len(rows) if rows.is_cuda else CACHED
    return _chunked(rows, weight, shift.to(rows.dtype), places.where(targets >= 0, targets), chunk)


def _chunked(
    rows: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, chunk: int
) -> Tensor:
    total: Tensor = _Chunked.apply(rows, weight, bias, targets, chunk)  # type: ignore[no-untyped-call]
    return total / (targets != IGNORED).sum()


class _Chunked(Function):
    """The summed cross-entropy, whose gradient is made chunk by chunk together with it.

    No more than one chunk's scores [chunk, V] exist at once, and none is computed twice.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 — torch passes them by place
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, chunk: int
    ) -> Tensor:
        by_rows = torch.empty_like(rows)
        by_weight = torch.zeros_like(weight, dtype=torch.float32)
        by_bias = None
        if bias is not None and ctx.needs_input_grad[2]:
            by_bias = torch.zeros_like(bias, dtype=torch.float32)
        total = torch.zeros((), device=rows.device)
        for start in range(0, len(rows), chunk):
            part, wanted = rows[start : start + chunk], targets[start : start + chunk]
            logs = functional.linear(part, weight, bias).float()
            torch.log_softmax(logs, -1, out=logs)
            total += functional.nll_loss(logs, wanted, ignore_index=IGNORED, reduction="sum")
            slope = _slope(logs, wanted).to(part.dtype)
            by_rows[start : start + chunk] = slope @ weight
            by_weight += slope.T @ part
            if by_bias is not None:
                by_bias += slope.sum(0)
        ctx.save_for_backward(by_rows, by_weight, by_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        by_rows, by_weight, by_bias = ctx.saved_tensors
        scale = grads[0]
        return (
            by_rows * scale.to(by_rows.dtype),
            by_weight * scale,
            None if by_bias is None else by_bias * scale,
            None,
            None,
        )


def _slope(logs: Tensor, targets: Tensor) -> Tensor:
    """Return softmax − one-hot, in the place of its logarithm; 0 where there is no target."""
    slope = logs.exp_()
    slope[torch.arange(len(slope), device=slope.device), targets.clamp(min=0)] -= 1
    slope[targets < 0] = 0
    return slope
