"""Exact losses over whole blocks: what every reported number comes from."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from epoque.bench.torch.distributed import DistributedContext

from ..data.batches import Batch, BlockDataset
from ..data.masking import EVALUATION_EPOCH
from ..training.precision import autocast

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = [
    "LossSums",
    "find_unknown_ids",
    "mean_or_nan",
    "measure_batch",
    "measure_loss",
    "to_perplexity",
]

_TOKENS_AT_ONCE = 4096
"""Tokens that a process measures at once."""


class LossSums(NamedTuple):
    """Sums over the targets of some blocks.

    Attributes:
        nats: the negative logarithms of the probabilities given to the targets.
        targets: how many there were.
        right: how many were the model's first guess.
        known_nats, known_targets: nats and targets without those that stand for unknown words.
        blocks: how many blocks there were.
        squared_nats, nats_by_targets, squared_targets: sums over the blocks, of the squares of what
            each has and of their product; the standard error is made of them.
    """

    nats: float
    targets: float
    right: float
    known_nats: float
    known_targets: float
    blocks: float = 0.0
    squared_nats: float = 0.0
    nats_by_targets: float = 0.0
    squared_targets: float = 0.0

    @property
    def loss(self) -> float:
        """The mean loss in nats a token; NaN without a target."""
        return mean_or_nan(self.nats, self.targets)

    @property
    def known_loss(self) -> float:
        """The same without the targets that stand for unknown words; NaN if there are no others."""
        return mean_or_nan(self.known_nats, self.known_targets)

    @property
    def accuracy(self) -> float:
        """The share of the targets that were the first guess; NaN without a target."""
        return mean_or_nan(self.right, self.targets)

    def standard_error(self, of: int) -> float:
        """Return the standard error of `loss`, if these blocks were drawn from more.

        That of a ratio of two means over clusters, with Lᵢ the nats of block i, tᵢ its targets and
        L the loss: √((1 − n/N) / n · Σ (Lᵢ − L tᵢ)² / (n − 1)) / t̄ (Cochran, "Sampling Techniques",
        1977, section 6.4). Tokens of one block are alike and count as one draw.

        Args:
            of: how many blocks there are, N; 0 where all were measured, NaN of fewer than two.
        """
        count, loss = self.blocks, self.loss
        if count < 2 or math.isnan(loss):
            return math.nan
        residuals = self.squared_nats - 2 * loss * self.nats_by_targets
        residuals = max(0.0, residuals + loss**2 * self.squared_targets)
        variance = max(0.0, 1 - count / of) / count * residuals / (count - 1)
        return math.sqrt(variance) / (self.targets / count)

    @classmethod
    def of_blocks(cls, token_nats: NDArray[np.floating]) -> "LossSums":
        """Return the sums of losses [blocks, T] in nats, NaN where there is no target.

        What they do not tell, the first guess and unknown words, counts as none.
        """
        nats = np.nansum(token_nats, 1)
        targets = np.count_nonzero(~np.isnan(token_nats), 1).astype(np.float64)
        moments = len(nats), float(nats @ nats), float(nats @ targets), float(targets @ targets)
        return cls(float(nats.sum()), float(targets.sum()), 0.0, 0.0, 0.0, *moments)

    @classmethod
    def total(cls, sums: "Iterable[LossSums]") -> "LossSums":
        """Return the sums over all targets of several measurements: each target counts once."""
        return cls(*map(math.fsum, zip(*sums, strict=True)))


def mean_or_nan(total: float, count: float) -> float:
    """Return total / count, NaN where there is nothing of which it would be the mean."""
    return total / count if count else math.nan


def to_perplexity(nats: float) -> float:
    """Return exp of a mean loss in nats: infinite where too large for a number, NaN of NaN."""
    return math.inf if nats >= 700 else math.exp(nats)


def measure_loss(
    model: nn.Module,
    dataset: BlockDataset,
    rows: NDArray[np.int64],
    seed: int = 0,
    *,
    distributed: DistributedContext | None = None,
    on_blocks: Callable[[int], None] | None = None,
    token_nats: list[NDArray[np.float32]] | None = None,
) -> LossSums:
    """Return the exact sums over some blocks, in float32.

    Args:
        model: a `ModelWithLoss`, or one that was prepared for many processes; in evaluation mode.
        dataset: where the blocks are.
        rows: which blocks.
        seed: of a masked model's masks: the same seed, the same masks.
        distributed: the processes that share the work and must ask together; None: this one alone.
        on_blocks: called with the number of blocks just measured.
        token_nats: collects the loss of each target [blocks, T], NaN where there is none, of the
            blocks that this process measures.
    """
    size = max(1, _TOKENS_AT_ONCE // dataset.block_size)
    batches = [rows[at : at + size] for at in range(0, len(rows), size)]
    rank, world_size = (distributed.rank, distributed.world_size) if distributed else (0, 1)
    total = torch.zeros(len(LossSums._fields), dtype=torch.float64)
    # Each process takes every world_size-th batch. All go through the layers equally often, since
    # sharded layers wait for one another; what is beyond the last batch counts nothing.
    for number in range(rank, -(-len(batches) // world_size) * world_size, world_size):
        batch = dataset.batch(batches[min(number, len(batches) - 1)], seed, EVALUATION_EPOCH)
        sums, each = measure_batch(model, batch)
        if number < len(batches):
            total += sums
            if token_nats is not None:
                token_nats.append(each.float().numpy())
            if on_blocks is not None:
                on_blocks(len(batches[number]))
    values: list[float] = total.tolist()
    return LossSums(*(distributed.all_reduce_sum(values) if distributed else values))


@torch.no_grad()
def measure_batch(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the exact losses of a batch, computed in float32, on the CPU.

    Returns:
        Their sums [9] float64, see `LossSums`; and that of each target [B, T] float64, NaN where
        there is none.
    """
    device = next(model.parameters()).device
    with autocast("float32", device):
        sums, each = model(batch.to(device), exact=True)
    return sums.cpu(), each.cpu()


def find_unknown_ids(tokenizer: "PreTrainedTokenizerFast") -> tuple[int, ...]:
    """Return the ids of the tokens that stand for unknown words."""
    ids: dict[str, int] = tokenizer.get_vocab()
    return tuple(sorted({ids[name] for name in ("<unk>", tokenizer.unk_token) if name in ids}))
