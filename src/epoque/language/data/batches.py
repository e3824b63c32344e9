"""Batches: what a model reads and predicts, and which blocks each step takes.

Which blocks a step takes, and in which order, follows from the seed and from how many blocks were
read before: nothing needs to be saved to go on where a training stopped.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.seeds import numpy_rng

from ..config import LanguageConfig
from ..models.output_losses import IGNORE_INDEX
from ..purposes import Purpose
from .blocks import Blocks
from .masking import Masker

__all__ = ["Batch", "BatchSampler", "BlockDataset"]


class Batch(NamedTuple):
    """What a model reads and what it has to predict.

    Attributes:
        input_ids: tokens [B, T].
        targets: tokens to be predicted [B, T], −100 where there is none.
        attention_mask: which positions each may attend to [B, T, T], or None: all (causal: all
            before).
    """

    input_ids: Tensor
    targets: Tensor
    attention_mask: Tensor | None = None

    @property
    def target_count(self) -> int:
        """How many tokens are to be predicted."""
        return int((self.targets != IGNORE_INDEX).sum())

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        mask = None if self.attention_mask is None else self.attention_mask.to(device)
        return Batch(self.input_ids.to(device), self.targets.to(device), mask)


class BlockDataset:
    """The blocks of a text as inputs and targets, by the objective.

    Causal: a block of T tokens gives T − 1 predictions. Masked: the mask of a block follows from a
    seed, the epoch and the block's number.

    Attributes:
        block_size: tokens in a block.
    """

    def __init__(self, config: LanguageConfig, blocks: Blocks, masker: Masker | None) -> None:
        self._blocks, self._masker = blocks, masker
        self.block_size: int = config.block_size
        self._segments = blocks.segments if config.documents_apart else None

    def __len__(self) -> int:
        return len(self._blocks)

    def batch(self, rows: NDArray[np.int64], seed: int, epoch: int) -> Batch:
        """Return the batch of some blocks, by their numbers."""
        ids = torch.from_numpy(self._blocks[rows])
        segments = None
        if self._segments is not None:
            segments = torch.from_numpy(np.asarray(self._segments[rows], np.int64))
        if self._masker is None:
            input_ids, targets = ids[:, :-1], ids[:, 1:].clone()
            if segments is not None:
                # The first token of a document does not follow from the one before it.
                apart = (segments[:, 1:] != segments[:, :-1]) | (segments[:, 1:] == 0)
                targets[apart] = IGNORE_INDEX
                segments = segments[:, :-1]
        else:
            input_ids, targets = self._masker(ids, rows, seed, epoch)
            if segments is not None:
                targets[segments == 0] = IGNORE_INDEX
        mask = None if segments is None else segments[:, :, None] == segments[:, None]
        return Batch(input_ids, targets, mask)


class BatchSampler:
    """Which blocks each step takes.

    Every epoch is a permutation of all blocks, cut into batches; the last batch of an epoch may be
    smaller, so that epochs begin and end with a step.

    Attributes:
        block_count: how many there are to train on.
        total_blocks: blocks read when the epochs are done.
        total_steps: steps until then, or until `max_steps`.
    """

    def __init__(self, config: LanguageConfig, block_count: int) -> None:
        self._config = config
        self.block_count = block_count
        self.total_blocks = max(1, round(config.epochs * block_count))
        self.total_steps = self._count_steps()

    def batch_size(self, step: int, blocks_read: int) -> int:
        """Return how many blocks the next step takes.

        Args:
            step: steps done.
            blocks_read: blocks read.
        """
        left_of_epoch = self.block_count - blocks_read % self.block_count
        return min(self._ramped_size(step), left_of_epoch, self.total_blocks - blocks_read)

    def block_indices(self, step: int, blocks_read: int) -> NDArray[np.int64]:
        """Return the numbers of the blocks of the next step."""
        epoch, start = divmod(blocks_read, self.block_count)
        order = _epoch_order(self._config.seed, epoch, self.block_count)
        return order[start : start + self.batch_size(step, blocks_read)]

    def unread_blocks(self, blocks_read: int) -> NDArray[np.int64]:
        """Return the numbers of the blocks that a training has not read yet, the last ones last."""
        return _epoch_order(self._config.seed, 0, self.block_count)[blocks_read:]

    def first_blocks(self, count: int) -> NDArray[np.int64]:
        """Return the numbers of the blocks that a training reads first."""
        return _epoch_order(self._config.seed, 0, self.block_count)[:count]

    def _ramped_size(self, step: int) -> int:
        """Return the batch size after `step` steps: it grows in a straight line, then stays."""
        config = self._config
        if config.first_batch_size is None or step >= config.ramp_steps:
            return config.batch_size
        growth = (config.batch_size - config.first_batch_size) * step / config.ramp_steps
        return config.first_batch_size + math.floor(growth)

    def _count_steps(self) -> int:
        """Return the number of steps: walk the ramp, end its epoch, then count whole epochs."""
        config, step, blocks_read = self._config, 0, 0
        most = config.max_steps or 10**18
        ramp = config.ramp_steps if config.first_batch_size is not None else 0
        while blocks_read < self.total_blocks and step < min(most, ramp):
            blocks_read += self.batch_size(step, blocks_read)
            step += 1
        partial = min(-blocks_read % self.block_count, self.total_blocks - blocks_read)
        epochs, rest = divmod(self.total_blocks - blocks_read - partial, self.block_count)
        for count, times in ((partial, 1), (self.block_count, epochs), (rest, 1)):
            step += times * math.ceil(count / config.batch_size)
        return min(most, step)


@lru_cache(maxsize=2)
def _epoch_order(seed: int, epoch: int, block_count: int) -> NDArray[np.int64]:
    return numpy_rng(seed, Purpose.EPOCH_ORDER.format(epoch=epoch)).permutation(block_count)
