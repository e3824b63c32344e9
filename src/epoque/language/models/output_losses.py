"""The output layer in training: softmax over all tokens, in full, in chunks or over a sample.

A model of width 256 spends most of its time on the logits of 25,000 tokens. The sampled softmax
computes the logits of the tokens that the batch asks for, all of them, and of a random part of the
rest. Every other token v is taken with its own inclusion probability π(v), independently (Poisson
sampling), and stands for 1/π(v) tokens: the sum over all tokens in the softmax's denominator is
then estimated without bias (Horvitz and Thompson 1952), and with π = 1 it is exact. As a logarithm
of that estimate the loss itself is a little too low: never report it as the training loss;
`token_losses` is exact.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from ..config import Head
from .base import Model

__all__ = ["IGNORE_INDEX", "compute_inclusion", "output_loss", "token_losses"]

IGNORE_INDEX = -100
"""The target of a position where nothing is to be predicted."""

POWER = 0.75
"""The sample prefers frequent tokens, by their count to this power (Mikolov et al. 2013)."""

CHUNK = 1024
"""Rows whose logits are held at once."""

CACHED_CHUNK = 256
"""The same of a sample's logits on a CPU, whose cache holds them then: a third faster."""


def output_loss(
    kind: Head,
    model: Model,
    hidden: Tensor,
    targets: Tensor,
    *,
    inclusion: Tensor | None = None,
    generator: torch.Generator | None = None,
    chunk: int = CHUNK,
) -> Tensor:
    """Return the mean cross-entropy in nats, a scalar that can be differentiated.

    Args:
        kind: full; chunked, the same numbers in less memory; or sampled.
        model: whose output layer it is.
        hidden: [.., W] what `model.compute_hidden_states` returned.
        targets: [..] the tokens to be predicted, −100 where none is. Masked models compute the
            output layer only where there is one.
        inclusion: for sampled: [V] each token's probability to be in the sample.
        generator: for sampled: where the sample is drawn from, on any device.
        chunk: for chunked: rows whose logits are held at once.
    """
    hidden, targets = hidden.flatten(0, -2), targets.flatten()
    if not model.causal:
        # 15 % of the positions: the other logits would be computed for nothing.
        with_target = (targets != IGNORE_INDEX).nonzero().squeeze(1)
        hidden = hidden.index_select(0, with_target)
        targets = targets.index_select(0, with_target)
    rows = model.apply_head_transform(hidden)
    if kind == "sampled":
        if inclusion is None:
            raise ValueError("the sampled head needs the tokens' inclusion probabilities")
        return _sampled_softmax_loss(model, rows, targets, inclusion, generator)
    weight, bias = model.output_weight, model.output_bias
    if kind == "chunked":
        return _chunked_cross_entropy(rows, weight, bias, targets, chunk)
    logits = functional.linear(rows, weight, bias)
    return functional.cross_entropy(logits.float(), targets, ignore_index=IGNORE_INDEX)


def compute_inclusion(
    vocabulary: int, negatives: int, counts: NDArray[np.int64] | None = None
) -> Tensor:
    """Return each token's probability to be in a sample of about so many tokens.

    Args:
        vocabulary: how many tokens there are, V.
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
    weights = torch.as_tensor(counts, dtype=torch.float64).clamp(min=1).pow(POWER)
    # In proportion to the weights; what exceeds 1 becomes 1, and the rest shares what is left.
    certain = torch.zeros(vocabulary, dtype=torch.bool)
    while True:
        left = negatives - int(certain.sum())
        inclusion = torch.where(certain, 1.0, left * weights / weights[~certain].sum())
        above_one = inclusion > 1
        if not above_one.any():
            return inclusion.float()
        certain |= above_one


@torch.no_grad()
def token_losses(model: Model, hidden: Tensor, targets: Tensor, *, chunk: int = CHUNK) -> Tensor:
    """Return the exact negative log-likelihood of each target in nats.

    Args:
        model: whose output layer it is.
        hidden: [N, W] what `model.compute_hidden_states` returned.
        targets: [N] tokens, or −100.
        chunk: rows whose logits are held at once.

    Returns:
        [N] float32; 0 where the target is −100.
    """
    parts = []
    for rows, row_targets in zip(
        torch.split(hidden, chunk), torch.split(targets, chunk), strict=True
    ):
        logits = model.compute_logits(rows).float()
        parts.append(functional.cross_entropy(logits, row_targets, reduction="none"))
    return torch.cat(parts)


def _sampled_softmax_loss(
    model: Model,
    rows: Tensor,
    targets: Tensor,
    inclusion: Tensor,
    generator: torch.Generator | None,
) -> Tensor:
    """Return the softmax loss over the batch's own tokens and a sample of the others."""
    valid_targets = targets.clamp(min=0)
    device = inclusion.device if generator is None else generator.device
    uniform = torch.rand(inclusion.shape, generator=generator, device=device)
    in_sample = uniform.to(inclusion.device) < inclusion
    in_sample.index_fill_(0, valid_targets, True)
    sample = in_sample.nonzero().squeeze(1)
    # A token that stands for 1/π others has the logit + log 1/π; the batch's own stand for one.
    correction = -inclusion.log()
    correction.index_fill_(0, valid_targets, 0.0)
    bias = correction.index_select(0, sample)
    if model.output_bias is not None:
        bias = bias + model.output_bias.index_select(0, sample)
    sparse = model.sparse_embedding and rows.requires_grad
    weight = functional.embedding(sample, model.output_weight, sparse=sparse)
    # Where each target is within the sample: how many sampled tokens have a smaller id.
    places = in_sample.cumsum(0).sub_(1).index_select(0, valid_targets).where(targets >= 0, targets)
    chunk = len(rows) if rows.is_cuda else CACHED_CHUNK
    return _chunked_cross_entropy(rows, weight, bias.to(rows.dtype), places, chunk)


def _chunked_cross_entropy(
    rows: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, chunk: int
) -> Tensor:
    total: Tensor = _ChunkedCrossEntropy.apply(rows, weight, bias, targets, chunk)  # type: ignore[no-untyped-call]
    return total / (targets != IGNORE_INDEX).sum()


class _ChunkedCrossEntropy(Function):
    """The summed cross-entropy, whose gradient is made chunk by chunk together with it.

    No more than one chunk's logits [chunk, V] exist at once, and none is computed twice.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 — torch passes them by place
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, chunk: int
    ) -> Tensor:
        rows_grad = torch.empty_like(rows)
        weight_grad = torch.zeros_like(weight, dtype=torch.float32)
        bias_grad = None
        if bias is not None and ctx.needs_input_grad[2]:
            bias_grad = torch.zeros_like(bias, dtype=torch.float32)
        total = torch.zeros((), device=rows.device)
        for start in range(0, len(rows), chunk):
            part, part_targets = rows[start : start + chunk], targets[start : start + chunk]
            logp = functional.linear(part, weight, bias).float()
            torch.log_softmax(logp, -1, out=logp)
            total += functional.nll_loss(
                logp, part_targets, ignore_index=IGNORE_INDEX, reduction="sum"
            )
            # The gradient is known as soon as the logits are: what backward would need of them
            # need not be kept.
            logits_grad = _logits_grad_(logp, part_targets).to(part.dtype)
            rows_grad[start : start + chunk] = logits_grad @ weight
            weight_grad += logits_grad.T @ part
            if bias_grad is not None:
                bias_grad += logits_grad.sum(0)
        ctx.save_for_backward(rows_grad, weight_grad, bias_grad)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        rows_grad, weight_grad, bias_grad = ctx.saved_tensors
        scale = grads[0]
        return (
            rows_grad * scale.to(rows_grad.dtype),
            weight_grad * scale,
            None if bias_grad is None else bias_grad * scale,
            None,
            None,
        )


def _logits_grad_(logp: Tensor, targets: Tensor) -> Tensor:
    """Return softmax − one-hot, in the memory of its logarithm; 0 where there is no target."""
    grad = logp.exp_()
    grad[torch.arange(len(grad), device=grad.device), targets.clamp(min=0)] -= 1
    grad[targets < 0] = 0
    return grad
