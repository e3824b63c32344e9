"""Texts to learn from: two that ship with the package, WikiText-2, the Hub's, and your own files.

A corpus is read line by line (text files) or row by row (JSON lines, Parquet, datasets of the
Hub), again and again, never held in memory whole.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from epoque.bench.errors import DataError, UnknownNameError
from epoque.bench.files.cache import file_digest

from ..config import LanguageConfig
from . import hub_corpus
from .text_files import (
    Piece,
    Undecodable,
    estimate_size,
    find_files,
    is_blank,
    join_wrapped_lines,
    read_pieces,
)

__all__ = ["Documents", "Splits", "corpus_names", "file_documents", "lines", "load_splits"]

HELD_OUT = 0.05
"""Share of the documents measured on where there is no validation text of its own."""

WIKITEXT = "wikitext-2"

_EMBEDDED = {
    "shakespeare": (
        "Public domain",
        "Six plays by William Shakespeare to train on, The Tempest to measure on "
        "(plain texts of Open Shakespeare 0.6)",
    ),
    "code-du-travail": (
        "Official text, free of copyright; consolidated by the DILA, Licence Ouverte 2.0",
        "The French labour code, first and third part, in force on 27 March 2026 "
        "(LEGI database, by @socialgouv/legi-data 2.513.0)",
    ),
}


@dataclass(frozen=True)
class Documents:
    """A text that can be read again and again; iterating yields its lines or rows.

    Attributes:
        name: what to call it in messages and on a model card.
        source: where it is from, one line.
        license: under what terms, or None where Epoque does not know.
        files: what it is read from.
        column: where the text is in JSON lines and Parquet.
        undecodable: what becomes of bytes that are not UTF-8.
        keeps_blank_lines: whether the blank lines of a text file are part of the text.
        joins_lines: whether the lines of a text file's paragraph are one.
        first: the first line or row that belongs to it.
        last: the first that no longer does, or None.
    """

    name: str
    source: str
    license: str | None
    files: tuple[Path, ...]
    column: str = "text"
    undecodable: Undecodable = "stop"
    keeps_blank_lines: bool = False
    joins_lines: bool = False
    first: int = 0
    last: int | None = None

    def __iter__(self) -> Iterator[str]:
        """Yield the lines or rows, without their line ends.

        Raises:
            DataError: naming the file and place that cannot be read.
        """
        return (piece.text for piece in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """Yield the lines or rows, and whether a document begins at each."""
        every = (piece for file in self.files for piece in self._read(file))
        return islice(every, self.first, self.last)

    def _read(self, file: Path) -> Iterator[Piece]:
        pieces = read_pieces(file, self.column, self.undecodable)
        return join_wrapped_lines(pieces) if self.joins_lines else pieces

    def format(self, piece: Piece) -> str:
        """Return a line or row as it is encoded: with its line end, or "" if it is left out.

        A blank row is no text; a blank line parts paragraphs, where the text keeps it.
        """
        is_text = not is_blank(piece.text) or (self.keeps_blank_lines and not piece.is_row)
        return piece.text + "\n" if is_text else ""

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of all that decides what is read, in hexadecimal."""
        parts: list[object] = [self.column, self.undecodable, self.first, self.last]
        if self.keeps_blank_lines or self.joins_lines:
            parts += [("lines", self.keeps_blank_lines, self.joins_lines)]
        parts += [(file.suffix.lower(), file_digest(file)) for file in self.files]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def size(self) -> int:
        """About how many bytes of text its files hold."""
        return sum(estimate_size(file, self.column) for file in self.files)


@dataclass(frozen=True)
class Splits:
    """What to learn from, to measure on, and to measure once at the end.

    Attributes:
        train: the training text.
        valid: the validation text.
        test: the test text, or None.
    """

    train: Documents
    valid: Documents
    test: Documents | None


def corpus_names() -> tuple[str, ...]:
    """Return the corpora that have a name of their own; any dataset of the Hub is one, too."""
    return (*_EMBEDDED, WIKITEXT)


def lines(documents: Documents) -> Iterator[str]:
    """Yield each line or row as it is encoded (`Documents.format`)."""
    return map(documents.format, documents.pieces())


def load_splits(config: LanguageConfig) -> Splits:
    """Return the texts that `config` asks for; a dataset of the Hub is fetched the first time.

    Raises:
        UnknownNameError: if there is no corpus of that name.
        DataError: if a file cannot be read, a text is empty, or the Hub is out of reach.
    """
    splits = _load_files(config) if config.train_files else _load_named(config)
    for documents in (splits.train, splits.valid, splits.test):
        if documents is not None and all(map(is_blank, documents)):
            raise DataError(f"{documents.name} is empty: there is no text in it.")
    return splits


def file_documents(
    paths: Sequence[str],
    column: str = "text",
    undecodable: Undecodable = "stop",
    name: str = "",
    *,
    keeps_blank_lines: bool = True,
    joins_lines: bool = False,
) -> Documents:
    """Return the text in files and folders: text, JSON lines, Parquet.

    Args:
        paths: files, or folders whose files are taken in order of their names.
        column: where the text is in JSON lines and Parquet.
        undecodable: what becomes of bytes that are not UTF-8.
        name: what to call it in messages; none: the paths.
        keeps_blank_lines: see `Documents`.
        joins_lines: see `Documents`.

    Raises:
        DataError: if a path does not exist or a folder holds no text.
    """
    names = ", ".join(Path(path).name or path for path in paths)
    files = find_files(tuple(paths))
    return Documents(
        name or names,
        f"the author's own files: {names}",
        None,
        files,
        column,
        undecodable,
        keeps_blank_lines,
        joins_lines,
    )


def _load_files(config: LanguageConfig) -> Splits:
    def documents(paths: tuple[str, ...], split: str) -> Documents | None:
        if not paths:
            return None
        name = f"The {split} text ({', '.join(paths):.200})"
        return file_documents(
            paths,
            config.text_column,
            config.undecodable,
            name,
            keeps_blank_lines=config.keeps_blank_lines,
            joins_lines=config.join_lines,
        )

    train = documents(config.train_files, "training")
    assert train is not None
    valid = documents(config.valid_files, "validation")
    test = documents(config.test_files, "test")
    return Splits(train, valid, test) if valid else Splits(*_hold_out_end(train), test)


def _load_named(config: LanguageConfig) -> Splits:
    if config.corpus in _EMBEDDED:
        return _load_embedded(config.corpus, config.keeps_blank_lines)
    if config.corpus != WIKITEXT and "/" not in config.corpus:
        hint = " A dataset of the Hub is named owner/name; files of your own are train_files."
        raise UnknownNameError("corpus", config.corpus, corpus_names(), hint)
    if config.corpus == WIKITEXT:
        dataset = hub_corpus.fetch_wikitext()
    else:
        dataset = hub_corpus.fetch_dataset(config.corpus, config.text_column)
    documents = {
        split: Documents(
            f"The {split} text of {config.corpus}",
            dataset.source,
            dataset.license,
            (file,),
            hub_corpus.COLUMN,
            config.undecodable,
            config.keeps_blank_lines,
        )
        for split, file in dataset.files.items()
    }
    train, valid, test = (documents.get(s) for s in ("training", "validation", "test"))
    if train is None:
        raise DataError(f"{config.corpus} has no split named train to learn from.")
    return Splits(train, valid, test) if valid else Splits(*_hold_out_end(train), test)


def _load_embedded(name: str, keeps_blank_lines: bool) -> Splits:
    folder = Path(__file__).parents[1] / "corpora" / name
    license, source = _EMBEDDED[name]
    train, valid = (
        Documents(
            f"The {split} text of {name}",
            source,
            license,
            (folder / f"{file}.txt",),
            keeps_blank_lines=keeps_blank_lines,
        )
        for split, file in (("training", "train"), ("validation", "valid"))
    )
    return Splits(train, valid, None)


def _hold_out_end(train: Documents) -> tuple[Documents, Documents]:
    """Return a text without its last lines or rows, and these."""
    count = sum(1 for _ in train)
    if count < 2:
        raise DataError(
            f"{train.name} has fewer than two lines; give a validation text (valid_files)."
        )
    cut = min(count - 1, round(count * (1 - HELD_OUT)))
    name = f"The held-out end of {train.name[0].lower()}{train.name[1:]}"
    end = replace(train, name=name, first=cut)
    return replace(train, last=cut), end
