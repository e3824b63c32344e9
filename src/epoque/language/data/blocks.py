"""Blocks: a stream of tokens cut into equal pieces, as a model learns from it.

All lines are put after one another and cut every `block_size` tokens; the rest at the end, shorter
than a block, is left out. There is no padding. Where documents are kept apart the stream is cut
in the same way, and `segments` tells which document each token belongs to: attention stays inside
a segment, and a target is −100 (ignored) where its token is of another segment.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError

__all__ = ["Blocks", "Segments", "Tokens"]

Ids = NDArray[np.uint16] | NDArray[np.uint32]


@dataclass(frozen=True)
class Tokens:
    """A text as tokens, on disk.

    Attributes:
        ids: all its tokens [tokens], mapped into memory.
        starts: where documents begin in it, ascending, the first 0; None if that is not known.
        words: words of the text, divided by white space.
        bytes: bytes of the text in UTF-8.
        fingerprint: stands for the text, the tokenizer and how they were put together.
    """

    ids: Ids
    starts: NDArray[np.uint64] | None
    words: int
    bytes: int
    fingerprint: str


class Segments:
    """Which document each token of a block belongs to, counted 1, 2, … inside the block."""

    def __init__(self, starts: NDArray[np.uint64], block_size: int) -> None:
        self._starts, self._block_size = starts, block_size

    def __getitem__(self, rows: int | NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the segments of some blocks [.., block_size]."""
        first = np.asarray(rows, np.int64)[..., None] * self._block_size
        places = (first + np.arange(self._block_size)).astype(np.uint64)
        documents: NDArray[np.int64] = np.searchsorted(self._starts, places, side="right")
        segments: NDArray[np.int64] = documents - documents[..., :1] + 1
        return segments


@dataclass(frozen=True)
class Blocks:
    """A text cut into blocks; `blocks[rows]` are those blocks as int64 [.., block_size].

    Attributes:
        stream: the text as tokens.
        block_size: tokens in each block.
        count: how many of its blocks are used, from its start; None: all.
    """

    stream: Tokens
    block_size: int
    count: int | None = None

    @classmethod
    def cut(cls, stream: Tokens, block_size: int, name: str) -> "Blocks":
        """Cut a text.

        Args:
            stream: the text as tokens.
            block_size: tokens in each block.
            name: what to call the text in the message.

        Raises:
            DataError: if it is shorter than one block.
        """
        if len(stream.ids) < block_size:
            raise DataError(
                f"{name} has {len(stream.ids):,} tokens, fewer than one block of {block_size:,}; "
                "give more text, or a smaller block_size."
            )
        return cls(stream, block_size)

    def take_share(self, share: float) -> "Blocks":
        """Return the first blocks: a share of them (0 to 1), one at least."""
        if share == 1:
            return self
        return replace(self, count=max(1, round(share * len(self))))

    def __len__(self) -> int:
        """Return how many blocks there are."""
        return self.count or len(self.stream.ids) // self.block_size

    def __getitem__(self, rows: int | NDArray[np.integer]) -> NDArray[np.int64]:
        """Return some blocks [.., block_size]."""
        ids: NDArray[np.int64] = self.ids[rows].astype(np.int64)
        return ids

    @cached_property
    def ids(self) -> Ids:
        """All blocks [N, block_size], mapped into memory."""
        whole: Ids = self.stream.ids[: len(self) * self.block_size]
        return whole.reshape(-1, self.block_size)

    @cached_property
    def segments(self) -> Segments | None:
        """Which document each token belongs to; None where documents are not kept apart."""
        starts = self.stream.starts
        return None if starts is None else Segments(starts, self.block_size)

    @property
    def tokens(self) -> int:
        """Tokens of the whole text, the rest at its end included."""
        return len(self.stream.ids)

    @property
    def words(self) -> int:
        """Words of the whole text, divided by white space."""
        return self.stream.words

    @property
    def bytes(self) -> int:
        """Bytes of the whole text in UTF-8."""
        return self.stream.bytes

    @property
    def fingerprint(self) -> str:
        """Stands for the text, the tokenizer, how they were put together and what is used of it."""
        used = "" if self.count is None else f", {self.count} blocks"
        return self.stream.fingerprint + used
