"""Exact losses over whole blocks: what every reported number comes from."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..training.precision import computing

if TYPE_CHECKING:
    from epoque.bench.torch.distributed import DistributedContext

    from ..data.batches import Batch, Reader

__all__ = ["EPOCH", "Sums", "exact", "mean", "measure", "perplexity", "unknown_ids"]

_TOKENS = 4096
"""Tokens that a process measures at once."""
EPOCH = 2**31
"""The epoch of the masks used here: no training gets there."""


class Sums(NamedTuple):
    """Sums over the targets of some blocks.

    Attributes:
        nats: the negative logarithms of the probabilities given to the targets.
        targets: how many there were.
        right: how many were the model's first guess.
        known_nats, known: nats and targets without those that stand for unknown words.
    """

    nats: float
    targets: float
    right: float
    known_nats: float
    known: float

    @property
    def loss(self) -> float:
        """The mean loss in nats a token; NaN without a target."""
        return mean(self.nats, self.targets)

    @property
    def known_loss(self) -> float:
        """The same without the targets that stand for unknown words; NaN if there are no others."""
        return mean(self.known_nats, self.known)

    @property
    def accuracy(self) -> float:
        """The share of the targets that were the first guess; NaN without a target."""
        return mean(self.right, self.targets)

    @classmethod
    def joined(cls, sums: "Iterable[Sums]") -> "Sums":
        """Return the sums over all targets of several measurements: each target counts once."""
        return cls(*map(math.fsum, zip(*sums, strict=True)))


def mean(total: float, count: float) -> float:
    """Return total / count, NaN where there is nothing of which it would be the mean."""
    return total / count if count else math.nan


def perplexity(nats: float) -> float:
    """Return exp of a mean loss in nats: infinite where too large for a number, NaN of NaN."""
    return math.inf if nats >= 700 else math.exp(nats)


def measure(
    objective: Any,
    reader: "Reader",
    rows: NDArray[np.int64],
    seed: int = 0,
    *,
    team: "DistributedContext | None" = None,
    told: Callable[[int], None] | None = None,
) -> Sums:
    """Return the exact sums over some blocks, in float32.

    Args:
        objective: an `Objective`, or one prepared by the team; in evaluation mode.
        reader: where the blocks are.
        rows: which blocks.
        seed: of a masked model's masks: the same seed, the same masks.
        team: the processes that share the work and must ask together; None: this one alone.
        told: called with the number of blocks just measured.
    """
    size = max(1, _TOKENS // reader.block_size)
    batches = [rows[at : at + size] for at in range(0, len(rows), size)]
    rank, world = (team.rank, team.world_size) if team else (0, 1)
    total = torch.zeros(5, dtype=torch.float64)
    for mine in range(rank, -(-len(batches) // world) * world, world):
        batch = reader.batch(batches[min(mine, len(batches) - 1)], seed, EPOCH)
        found = exact(objective, batch)
        if mine < len(batches):  # else it only went through the layers with the others
            total += found
            if told is not None:
                told(len(batches[mine]))
    return Sums(*(team.all_reduce_sum(total.tolist()) if team else total.tolist()))


@torch.no_grad()
def exact(objective: Any, batch: "Batch") -> torch.Tensor:
    """Return the sums over one batch, computed in float32: [5] float64, see `Sums`."""
    device = next(objective.parameters()).device
    with computing("float32", device):
        found: torch.Tensor = objective(batch.to(device))
    return found.cpu()


def unknown_ids(tokenizer: Any) -> tuple[int, ...]:
    """Return the ids of the tokens that stand for unknown words."""
    known = tokenizer.get_vocab()
    return tuple(sorted({known[name] for name in ("<unk>", tokenizer.unk_token) if name in known}))
