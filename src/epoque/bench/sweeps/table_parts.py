"""What a sweep or search has measured so far: parts of its table, each bound to the study.

```
parts/
  part-0000000.parquet   some rows of the table
  part-0000000.json      part (its place), parquet (the SHA-256 of that file), study (all of
                         sweep.json or search.json), sha256 (over these)
```

The JSON comes last: a part is there once it is. So what was damaged, or taken from another study,
is measured again and never becomes a row; and what the study was is known if its own file is lost.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DamagedRunError
from ..files.atomic import explain_write_errors, read_json, write_atomic, write_json
from ..files.parquet_table import encode_table, join_tables, read_tables
from ..runs.manifest import digest_file, digest_json
from .columns import Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableParts", "read_part_studies"]

Told = Mapping[str, Any]


class TableParts:
    """The parts of one study; what is in its folder is looked at once.

    Attributes:
        own: place to path of those that are whole and of this study.
        others: the studies that the other whole ones are of.
        notices: of each part that is not used, why; each is a sentence.
    """

    def __init__(self, folder: Path, told: Told) -> None:
        """Look at what is there.

        Args:
            folder: where the parts are, or will be.
            told: what sweep.json or search.json says.
        """
        self.folder, self._told = folder, dict(told)
        self.own: dict[int, Path] = {}
        self.others: list[Told] = []
        self.notices: list[str] = []
        for path in _labels(folder):
            self._take(path)

    def _take(self, label: Path) -> None:
        try:
            place, study = _read(label)
        except DamagedRunError:
            self.notices.append(f"{label.with_suffix('')} is damaged; it is measured again.")
            return
        if study == self._told:
            self.own[place] = label.with_suffix(".parquet")
        else:
            self.others.append(study)
            told = f"{label.with_suffix('')} is of another study; what it stands for is measured."
            self.notices.append(told)

    def write(self, place: int, columns: Columns) -> None:
        """Write one part, whole or not at all.

        Args:
            place: the part's place in the table, from 0.
            columns: name to values, equally many.

        Raises:
            RunWriteError: if the system refuses.
        """
        with explain_write_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        path = part_path(self.folder, place)
        write_atomic(path, encode_table(columns))
        told = {"part": place, "parquet": digest_file(path), "study": self._told}
        write_json(path.with_suffix(".json"), told | {"sha256": digest_json(told)})
        self.own[place] = path

    def begin_anew(self, told: Told) -> None:
        """Remove all parts: the study is measured in another way.

        Raises:
            RunWriteError: if the system refuses.
        """
        self.remove()
        self.own, self._told = {}, dict(told)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def join(self, path: Path) -> None:
        """Write all parts, in their order, as one table; it is on the disk when this returns.

        A column that some parts lack is empty there.

        Raises:
            DamagedRunError: if a part cannot be read.
            RunWriteError: if the system refuses.
        """
        join_tables(self._in_order(), path)

    def read(self) -> "pd.DataFrame":
        """Return the rows measured so far."""
        return read_tables(self._in_order())

    def _in_order(self) -> list[Path]:
        return [self.own[place] for place in sorted(self.own)]


def part_path(folder: Path, place: int) -> Path:
    """Return where a part is, or will be."""
    return folder / f"part-{place:07d}.parquet"


def read_part_studies(folder: Path) -> list[Told]:
    """Return the different studies that the whole parts in a folder say that they are of."""
    found: list[Told] = []
    for label in _labels(folder):
        try:
            _, study = _read(label)
        except DamagedRunError:
            continue
        if study not in found:
            found.append(study)
    return found


def _labels(folder: Path) -> Iterator[Path]:
    names = folder.glob("part-*.json")
    yield from sorted(path for path in names if path.stem[5:].isdecimal())


def _read(label: Path) -> tuple[int, Told]:
    """Return a part's place, and the study that it is of.

    Raises:
        DamagedRunError: if it is not what was written.
    """
    told = read_json(label)
    if told.pop("sha256", None) != digest_json(told):
        raise DamagedRunError(f"{label} is damaged: it is not what was written.")
    path = part_path(label.parent, told["part"])
    if path.stem != label.stem or digest_file(path) != told["parquet"]:
        raise DamagedRunError(f"{path} is not what was written.")
    study: Told = told["study"]
    return told["part"], study
