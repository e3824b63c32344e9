"""The token cache: a text is encoded once and mapped into memory from then on.

`tokens/<key>/` in the cache folder holds `tokens.bin` (uint16, or uint32 for a vocabulary above
65,536), `starts.bin` (uint64, where documents are kept apart) and `about.json`. The key is the hash
of the text's content, the tokenizer and the settings that matter, so that nothing stale is found.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.atomic import read_json, write_json
from epoque.bench.files.cache import build_once, cache_key
from epoque.bench.progress import Progress, no_progress

from ..config import LanguageConfig
from .blocks import Blocks, Tokens
from .corpus import Documents
from .encoding import Encode, make_corpus_encoder
from .text_files import Piece

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["frames_lines", "load_blocks", "load_tokens"]

T = TypeVar("T", bound=np.generic)

_LINES = 1000
_CHARACTERS = 2**22
"""A batch for the tokenizer has so many lines or characters, whichever is reached first."""

_WINDOWS = 64
_WINDOW = 2**20
"""Pieces of a file, and bytes in each, that its checksum covers: all of a file up to 64 MiB."""


def load_blocks(
    config: LanguageConfig,
    tokenizer: "PreTrainedTokenizerFast",
    documents: Documents,
    progress: Progress | None = None,
) -> Blocks:
    """Return a text cut into blocks; it is encoded if the cache does not hold it.

    Args:
        config: `block_size`, `documents_apart`, `frame_lines` and `objective` matter.
        tokenizer: a `transformers.PreTrainedTokenizerFast`.
        documents: the text.
        progress: receives how much of the text is encoded, in bytes.

    Raises:
        DataError: if the text cannot be read or is shorter than one block.
        RunWriteError: if the cache folder cannot be written.
    """
    mark_documents = _document_end(config, tokenizer)
    stream = load_tokens(
        tokenizer, documents, mark_documents, progress, add_special_tokens=config.frame_lines
    )
    return Blocks.cut(stream, config.block_size, documents.name)


def load_tokens(
    tokenizer: "PreTrainedTokenizerFast",
    documents: Documents,
    mark_documents: int | bool = False,
    progress: Progress | None = None,
    *,
    add_special_tokens: bool = False,
) -> Tokens:
    """Return a text as tokens, out of the cache where it holds them.

    Args:
        tokenizer: see `load_blocks`.
        documents: the text.
        mark_documents: whether to note where documents begin; a number is the token to end each
            with.
        progress: receives how much of the text is encoded, in bytes.
        add_special_tokens: whether each line has the special tokens around it that the tokenizer
            adds, if any; without, a line is its own tokens alone.

    Raises:
        DataError: if the text cannot be read.
        RunWriteError: if the cache folder cannot be written.
    """
    end = None if isinstance(mark_documents, bool) else mark_documents
    bare = {"bare": True} if frames_lines(tokenizer) and not add_special_tokens else {}
    key = cache_key(
        format=2,
        text=documents.fingerprint,
        tokenizer=_describe(tokenizer),
        apart=mark_documents is not False,
        end=end,
        **bare,
    )
    dtype = np.dtype(np.uint16) if len(tokenizer) <= 2**16 else np.dtype(np.uint32)

    def encode_corpus(to: Path) -> None:
        writer = _TokenWriter(
            make_corpus_encoder(tokenizer, add_special_tokens),
            dtype,
            mark_documents is not False,
            end,
        )
        writer.write(to, documents, progress or no_progress)

    return _open_tokens(build_once("tokens", key, encode_corpus, _is_whole), key)


def _document_end(config: LanguageConfig, tokenizer: "PreTrainedTokenizerFast") -> int | bool:
    """Return how documents are kept apart: not, only noted, or also ended by a token."""
    if not config.documents_apart:
        return False
    end = tokenizer.eos_token_id if config.objective == "causal" else None
    return True if end is None else int(end)


# Encoding


def _describe(tokenizer: "PreTrainedTokenizerFast") -> str:
    """Return a text that stands for all that a tokenizer does."""
    if backend := getattr(tokenizer, "backend_tokenizer", None):
        return str(backend.to_str())
    return repr((type(tokenizer), sorted(tokenizer.get_vocab().items())))  # written in Python


def frames_lines(tokenizer: "PreTrainedTokenizerFast") -> bool:
    """Return whether a tokenizer puts special tokens around a text, as [CLS] and [SEP]."""
    return bool(tokenizer.num_special_tokens_to_add(pair=False))


@dataclass
class _TokenWriter:
    """Encodes one text into a folder.

    Attributes:
        encode: see `make_corpus_encoder`.
        dtype: how a token is stored.
        mark_documents: whether to note where documents begin.
        end: the token that ends each document, or None.
        tokens: written so far.
        documents: begun so far.
        words: words so far.
        bytes: bytes of text so far.
    """

    encode: Encode
    dtype: np.dtype[np.uint16] | np.dtype[np.uint32]
    mark_documents: bool
    end: int | None
    tokens: int = 0
    documents: int = 0
    words: int = 0
    bytes: int = 0

    def write(self, to: Path, documents: Documents, progress: Progress) -> None:
        """Encode a text batch by batch and write it with its checksums."""
        what, total = f"Encoding: {documents.name}", max(1, documents.size)
        progress(0, total, what)
        with (to / "tokens.bin").open("wb") as ids, (to / "starts.bin").open("wb") as starts:
            for batch in _batches(documents.pieces()):
                texts = [documents.format(piece) for piece in batch]
                self._write(batch, texts, ids, starts)
                progress(min(self.bytes, total), total, what)
            if self.documents and self.end is not None:
                self._append(ids, [self.end])
        if not self.mark_documents:
            (to / "starts.bin").unlink()
        about = {"dtype": self.dtype.name, "words": self.words, "bytes": self.bytes}
        sums = {file.name: checksum(file) for file in sorted(to.glob("*.bin"))}
        write_json(to / "about.json", about | {"checksums": sums}, durable=True)
        progress(total, total, what)

    def _write(self, batch: list[Piece], texts: list[str], ids: BinaryIO, starts: BinaryIO) -> None:
        self.words += sum(len(text.split()) for text in texts)
        self.bytes += sum(len(text.encode()) for text in texts)
        rows = self.encode(texts)
        if not self.mark_documents:
            self._append(ids, chain.from_iterable(rows))
            return
        for piece, row in zip(batch, rows, strict=True):
            if piece.starts_document:
                self._begin(ids, starts)
            self._append(ids, row)

    def _begin(self, ids: BinaryIO, starts: BinaryIO) -> None:
        """End the document before, if any, and note that one begins."""
        if self.documents and self.end is not None:
            self._append(ids, [self.end])
        starts.write(np.uint64(self.tokens).tobytes())
        self.documents += 1

    def _append(self, ids: BinaryIO, row: Iterable[int]) -> None:
        """Append tokens."""
        array = np.fromiter(row, self.dtype)
        ids.write(array.tobytes())
        self.tokens += len(array)


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    characters = 0
    for piece in pieces:
        batch.append(piece)
        characters += len(piece.text)
        if len(batch) == _LINES or characters >= _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


# Opening


def _open_tokens(folder: Path, key: str) -> Tokens:
    about = read_json(folder / "about.json")
    starts = folder / "starts.bin"
    return Tokens(
        _map_file(folder / "tokens.bin", np.dtype(about["dtype"])),
        _map_file(starts, np.dtype(np.uint64)) if starts.exists() else None,
        about["words"],
        about["bytes"],
        key,
    )


def _map_file(path: Path, dtype: np.dtype[T]) -> NDArray[T]:
    if path.stat().st_size == 0:  # which cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r")


def _is_whole(folder: Path) -> bool:
    """Return whether the files are there as they were written."""
    try:
        sums = read_json(folder / "about.json")["checksums"]
        return all(checksum(folder / name) == expected for name, expected in sums.items())
    except (OSError, DamagedRunError, KeyError):
        return False


def checksum(path: Path) -> str:
    """Return the size of a file and a checksum of it, of samples evenly spread if it is large."""
    size = path.stat().st_size
    starts = range(0, size, max(_WINDOW, -(-size // _WINDOWS)))
    with path.open("rb") as file:
        crc = 0
        for start in starts:
            crc = zlib.crc32(_window(file, start), crc)
        crc = zlib.crc32(_window(file, max(0, size - _WINDOW)), crc)
    return f"{size}:{crc:08x}"


def _window(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read(_WINDOW)
