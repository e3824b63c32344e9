"""What a training reads: the tokenizer, the blocks, and which of them come when.

Which blocks a step takes, and in which order, follows from the seed and from how many blocks were
seen before: nothing needs to be remembered to go on where a training stopped.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.limits import MAX_CHECKED_TEXT_BYTES
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng

from ..config import LanguageConfig
from . import corpus, tokenizer
from . import token_cache as cache

if TYPE_CHECKING:
    from .blocks import Blocks
    from .masking import Masker

__all__ = [
    "TRAIN_SAMPLE",
    "Batch",
    "Data",
    "Order",
    "Reader",
    "counts",
    "load",
    "sample",
    "some_blocks",
]

TRAIN_SAMPLE = 200
"""Train blocks on which the exact training loss is measured, at most."""


@dataclass(frozen=True)
class Data:
    """A corpus as blocks of tokens.

    Attributes:
        tokenizer: a `transformers.PreTrainedTokenizerFast`.
        train: what is learned from.
        valid: what is measured on.
        test: what is measured once at the end, or None.
        source: for the model card: the text's name, where it is from, its licence, and whether
            its end was held out to measure on.
    """

    tokenizer: Any
    train: "Blocks"
    valid: "Blocks"
    test: "Blocks | None"
    source: dict[str, str | bool | None]


def check(config: LanguageConfig) -> None:
    """Check that a config's text and tokenizer can be used; a large text is only opened.

    Raises:
        DataError: if they cannot; of a small text of one's own, for all the reasons of `load`.
        UsageError: if the Hub or a file is out of reach.
    """
    texts = corpus.load(config)
    _check_test(config, texts)
    if config.tokenizer is not None:
        tokenizer.prepare(config, texts.train)
    splits = (texts.train, texts.valid, texts.test)
    size = sum(documents.size for documents in splits if documents is not None)
    if config.train_files and size <= MAX_CHECKED_TEXT_BYTES:
        load(config)


def _check_test(config: LanguageConfig, texts: corpus.Splits) -> None:
    if config.measures_test and texts.test is None:
        raise DataError(f"{texts.train.name} has no test split; evaluate_test needs one.")


def load(config: LanguageConfig, known: Any = None, progress: Progress | None = None) -> Data:
    """Return the blocks of a config; what was made before is reopened.

    Args:
        config: which text, tokenizer and block size.
        known: a tokenizer that exists already, used instead of the config's.
        progress: receives what is being made, and how far it is, where it was not made before.

    Raises:
        DataError: if the text cannot be used, gives not even one block, or has no token to predict.
        UsageError: if the Hub or a file is out of reach.
    """
    from .target_check import check_targets

    texts = corpus.load(config)
    _check_test(config, texts)
    made = known if known is not None else tokenizer.prepare(config, texts.train, progress)
    splits = {"training": texts.train, "validation": texts.valid}
    if config.measures_test:
        assert texts.test is not None  # by _check_test
        splits["test"] = texts.test
    blocks = {name: cache.blocks(config, made, text, progress) for name, text in splits.items()}
    for name, text in splits.items():
        check_targets(config, made, text.name, blocks[name], learned=name == "training")
    source: dict[str, str | bool | None] = {
        "name": ", ".join(Path(path).name for path in config.train_files) or config.corpus,
        "held_out": texts.valid.first > 0,
        "licence": texts.train.licence,
        "source": texts.train.source,
    }
    return Data(made, blocks["training"], blocks["validation"], blocks.get("test"), source)


def sample(count: int, of: int, seed: int, purpose: str) -> NDArray[np.int64]:
    """Return `count` different numbers below `of` in ascending order; all of them if it is few."""
    if count >= of:
        return np.arange(of)
    return np.sort(numpy_rng(seed, purpose).choice(of, count, replace=False))


def some_blocks(blocks: "Blocks") -> NDArray[Any]:
    """Return at most 50,000 of the blocks, [N, block_size], to count in."""
    found: NDArray[Any] = blocks[sample(50_000, len(blocks), 0, "token counts")]
    return found


def counts(blocks: "Blocks", vocabulary: int) -> NDArray[np.int64]:
    """Return how often each token occurs in at most 50,000 of the blocks, [vocabulary]."""
    return np.bincount(some_blocks(blocks).ravel(), minlength=vocabulary)


class Batch(NamedTuple):
    """What a model reads and what it has to say.

    Attributes:
        inputs: tokens [B, T].
        targets: tokens to be predicted [B, T], −100 where there is none.
        seen: which positions each may look at [B, T, T], or None: all (causal: all before).
    """

    inputs: Tensor
    targets: Tensor
    seen: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        seen = None if self.seen is None else self.seen.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), seen)


class Reader:
    """Makes batches of blocks, by the objective.

    Causal: block of T tokens, T − 1 predictions. Masked: the mask of a block follows from a seed,
    the epoch and the block's number.

    Attributes:
        block_size: tokens in a block.
    """

    def __init__(self, config: LanguageConfig, blocks: "Blocks", masker: "Masker | None") -> None:
        self._blocks, self._masker = blocks, masker
        self.block_size: int = config.block_size
        self._segments = blocks.segments if config.documents_apart else None

    def __len__(self) -> int:
        return len(self._blocks)

    def batch(self, rows: NDArray[np.int64], seed: int, epoch: int) -> Batch:
        """Return the batch of some blocks, by their numbers."""
        ids = torch.from_numpy(self._blocks[rows])
        seg = None
        if self._segments is not None:
            seg = torch.from_numpy(np.asarray(self._segments[rows], np.int64))
        if self._masker is None:
            inputs, targets = ids[:, :-1], ids[:, 1:].clone()
            if seg is not None:
                targets[(seg[:, 1:] != seg[:, :-1]) | (seg[:, 1:] == 0)] = -100
                seg = seg[:, :-1]
        else:
            inputs, targets = self._masker(ids, rows, seed, epoch)
            if seg is not None:
                targets[seg == 0] = -100
        return Batch(inputs, targets, None if seg is None else seg[:, :, None] == seg[:, None])


class Order:
    """Which blocks each step takes.

    Every epoch is a permutation of all blocks, cut into batches; the last batch of an epoch may be
    smaller, so that epochs begin and end with a step.

    Attributes:
        blocks: how many there are to train on.
        total: blocks seen when the epochs are done.
        steps: steps until then, or until `max_steps`.
    """

    def __init__(self, config: LanguageConfig, blocks: int) -> None:
        self._config = config
        self.blocks = blocks
        self.total = max(1, round(config.epochs * blocks))
        self.steps = self._count()

    def size(self, step: int, seen: int) -> int:
        """Return how many blocks the next step takes.

        Args:
            step: steps done.
            seen: blocks seen.
        """
        left_of_epoch = self.blocks - seen % self.blocks
        return min(self._batch(step), left_of_epoch, self.total - seen)

    def take(self, step: int, seen: int) -> NDArray[np.int64]:
        """Return the numbers of the blocks of the next step."""
        epoch, place = divmod(seen, self.blocks)
        order = _permutation(self._config.seed, epoch, self.blocks)
        return order[place : place + self.size(step, seen)]

    def _batch(self, step: int) -> int:
        """Return the batch size after `step` steps: it grows in a straight line, then stays."""
        config = self._config
        if config.first_batch_size is None or step >= config.ramp_steps:
            return config.batch_size
        grown = (config.batch_size - config.first_batch_size) * step / config.ramp_steps
        return config.first_batch_size + math.floor(grown)

    def _count(self) -> int:
        """Return the number of steps: walk the ramp, end the epoch begun, then count epochs."""
        config, step, seen = self._config, 0, 0
        most = config.max_steps or 10**18
        ramp = config.ramp_steps if config.first_batch_size is not None else 0
        while seen < self.total and step < min(most, ramp):
            seen += self.size(step, seen)
            step += 1
        begun = min(-seen % self.blocks, self.total - seen)
        epochs, rest = divmod(self.total - seen - begun, self.blocks)
        for count, times in ((begun, 1), (self.blocks, epochs), (rest, 1)):
            step += times * math.ceil(count / config.batch_size)
        return min(most, step)


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, blocks: int) -> NDArray[np.int64]:
    return numpy_rng(seed, f"order of epoch {epoch}").permutation(blocks)
