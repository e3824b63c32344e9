"""What a sweep or search has measured so far: parts of its table, each bound to the study.

```
parts/
  done.jsonl                    a line for each part that is there, bound to the study
  0000/part-0000000.parquet     some rows of the table, named by the first of them
```

A line of `done.jsonl` tells the part (its first row), rows, failed (how many of them), parquet (the
SHA-256 of the file), study (that of sweep.json or search.json) and sha256 (over these). It comes
after the file: a part is there once its line is. So what was damaged, or taken from another study,
is measured again and never becomes a row. A line at the beginning holds the whole study: what it
was is known if its own file is lost.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DamagedRunError
from ..files.atomic import explain_write_errors, read_file, write_atomic
from ..files.parquet_table import join_tables, read_tables
from ..runs.lock_owner import check_owner
from ..runs.manifest import digest_file, digest_json
from .numbered import number_path
from .table_blocks import TableBlock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMAT", "TableParts", "holds_older_parts", "read_part_studies"]

FORMAT = 2
"""Of the parts that this version writes, and the only one that it goes on with."""

JOURNAL = "done.jsonl"

Metadata = Mapping[str, Any]
"""The content of sweep.json or search.json."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A line of the journal."""

    place: int
    rows: int
    failed: int
    parquet: str
    study: str

    def to_json(self) -> dict[str, object]:
        return {
            "part": self.place,
            "rows": self.rows,
            "failed": self.failed,
            "parquet": self.parquet,
            "study": self.study,
        }


class TableParts:
    """The parts of one study; what is in its folder is looked at once.

    Attributes:
        other_studies: the metadata of the studies that the other whole ones are of.
        notices: of each part that is not used, why; each is a sentence.
    """

    def __init__(self, folder: Path, metadata: Metadata) -> None:
        """Look at what is there.

        Args:
            folder: where the parts are, or will be.
            metadata: what sweep.json or search.json says.
        """
        self.folder, self._metadata = folder, dict(metadata)
        self._study = digest_json(self._metadata)
        self._parts: dict[int, _Part] = {}
        self.other_studies: list[Metadata] = []
        self.notices: list[str] = []
        journal = _read_journal(folder)
        self._has_head, self._size = self._study in journal.studies, journal.size
        self.notices += [f"{folder / JOURNAL} is damaged; {_AGAIN}."] * journal.is_damaged
        for part in journal.parts.values():
            self._add(part, journal.studies)

    def _add(self, part: _Part, studies: Mapping[str, Metadata]) -> None:
        path = self._path(part.place)
        if not _is_whole(path, part):
            self.notices.append(f"{path} is damaged; it is measured again.")
        elif part.study == self._study:
            self._parts[part.place] = part
        else:
            if part.study in studies and studies[part.study] not in self.other_studies:
                self.other_studies.append(studies[part.study])
            self.notices.append(f"{path} is of another study; {_AGAIN}.")

    @property
    def paths(self) -> Mapping[int, Path]:
        """The first row of each part that is whole and of this study, to its path."""
        return {place: self._path(place) for place in self._parts}

    @property
    def rows(self) -> Mapping[int, int]:
        """Likewise, to how many rows it has."""
        return {place: part.rows for place, part in self._parts.items()}

    @property
    def failed(self) -> set[int]:
        """The first rows of the parts that tell of runs that failed."""
        return {place for place, part in self._parts.items() if part.failed}

    def _path(self, place: int) -> Path:
        return number_path(self.folder, "part", place, ".parquet")

    def write(self, place: int, block: TableBlock) -> None:
        """Write one part, whole or not at all.

        Args:
            place: of its first row in the table, from 0.
            block: the rows.

        Raises:
            RunWriteError: if the system refuses.
            RunLockedError: if another process has taken the study.
        """
        check_owner(self.folder.parent)
        path = self._path(place)
        with explain_write_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, block.parquet)
        part = _Part(place, block.rows, block.failed, digest_file(path), self._study)
        lines = [_sign(part.to_json())]
        if not self._has_head:
            lines.insert(0, _sign(self._head()))
        self._append(b"".join(lines))
        self._has_head, self._parts[place] = True, part

    def _append(self, lines: bytes) -> None:
        """Append to the journal; if the system takes only a part, it is as it was."""
        journal = self.folder / JOURNAL
        with explain_write_errors(journal), journal.open("ab", buffering=0) as file:
            file.truncate(self._size)
            rest = memoryview(lines)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(self._size)
                raise
        self._size += len(lines)

    def drop(self, places: Collection[int]) -> None:
        """Forget some parts, and what was found to be unusable; it is measured again.

        Args:
            places: of their first rows.

        Raises:
            RunWriteError: if the system refuses.
        """
        if not places and not self.notices:
            return
        self._parts = {p: part for p, part in self._parts.items() if p not in places}
        contents = [self._head(), *(part.to_json() for part in self._parts.values())]
        lines = b"".join(map(_sign, contents))
        if self.folder.is_dir():
            write_atomic(self.folder / JOURNAL, lines)
            self._has_head, self._size = True, len(lines)

    def _head(self) -> dict[str, object]:
        return {"format": FORMAT, "metadata": self._metadata}

    def restart(self, metadata: Metadata) -> None:
        """Remove all parts: the study is measured in another way, as its new metadata says.

        Raises:
            RunWriteError: if the system refuses.
        """
        self.remove()
        self._parts, self._metadata = {}, dict(metadata)
        self._has_head, self._size = False, 0
        self._study = digest_json(self._metadata)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def concatenate(self, path: Path, unit: int = 1) -> None:
        """Write all parts, in their order, as one table; it is on the disk when this returns.

        A column that some parts lack is empty there.

        Args:
            path: of the table.
            unit: rows that belong together: groups of the file are whole numbers of them.

        Raises:
            DamagedRunError: if a part cannot be read.
            RunWriteError: if the system refuses.
        """
        join_tables(self._in_order(), path, unit)

    def read(self) -> "pd.DataFrame":
        """Return the rows measured so far."""
        return read_tables(self._in_order())

    def _in_order(self) -> list[Path]:
        return [self._path(place) for place in sorted(self._parts)]


def read_part_studies(folder: Path) -> list[Metadata]:
    """Return the metadata of the different studies that the parts in a folder are of."""
    return list(_read_journal(folder).studies.values())


def holds_older_parts(folder: Path) -> bool:
    """Return whether a version wrote here that kept a JSON file beside each part."""
    return any(folder.glob("part-*.json"))


_AGAIN = "what it stands for is measured again"


@dataclass(frozen=True, slots=True)
class _Journal:
    """What the lines of a journal tell.

    Attributes:
        studies: digest to metadata of what parts are of.
        parts: the first row of each part to its last line.
        is_damaged: whether some line is not what was written.
        size: bytes of its whole lines; one that is cut short at the end is of a process that was
            killed, and no damage.
    """

    studies: Mapping[str, Metadata]
    parts: Mapping[int, _Part]
    is_damaged: bool
    size: int


def _read_journal(folder: Path) -> _Journal:
    studies: dict[str, Metadata] = {}
    parts: dict[int, _Part] = {}
    is_damaged = False
    try:
        data = read_file(folder / JOURNAL) if (folder / JOURNAL).exists() else b""
    except DamagedRunError:
        return _Journal({}, {}, True, 0)
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.splitlines():
        match _read_line(line):
            case _Part() as part:
                parts[part.place] = part
            case None:
                is_damaged = True
            case metadata:
                studies[digest_json(metadata)] = metadata
    return _Journal(studies, parts, is_damaged, len(whole))


def _read_line(line: bytes) -> "_Part | Metadata | None":
    """Return what a line says, or None if it is not what was written."""
    try:
        content = json.loads(line)
        if content.pop("sha256") != digest_json(content):
            return None
        if "metadata" in content:
            return dict(content["metadata"])
        names = ("part", "rows", "failed", "parquet", "study")
        return _Part(*(content[name] for name in names))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None


def _is_whole(path: Path, part: _Part) -> bool:
    try:
        return digest_file(path) == part.parquet
    except DamagedRunError:
        return False


def _sign(content: dict[str, object]) -> bytes:
    signed = content | {"sha256": digest_json(content)}
    return json.dumps(signed, ensure_ascii=False).encode() + b"\n"
