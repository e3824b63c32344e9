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

Metadata = Mapping[str, Any]
"""The content of sweep.json or search.json."""


class TableParts:
    """The parts of one study; what is in its folder is looked at once.

    Attributes:
        paths: number to path of those that are whole and of this study.
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
        self.paths: dict[int, Path] = {}
        self.other_studies: list[Metadata] = []
        self.notices: list[str] = []
        for label in _labels(folder):
            self._add(label)

    def _add(self, label: Path) -> None:
        try:
            number, study = _read_label(label)
        except DamagedRunError:
            self.notices.append(f"{label.with_suffix('')} is damaged; it is measured again.")
            return
        if study == self._metadata:
            self.paths[number] = label.with_suffix(".parquet")
        else:
            self.other_studies.append(study)
            notice = f"{label.with_suffix('')} is of another study; what it stands for is measured."
            self.notices.append(notice)

    def write(self, number: int, columns: Columns) -> None:
        """Write one part, whole or not at all.

        Args:
            number: the part's place in the table, from 0.
            columns: name to values, equally many.

        Raises:
            RunWriteError: if the system refuses.
        """
        with explain_write_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        path = part_path(self.folder, number)
        write_atomic(path, encode_table(columns))
        label = {"part": number, "parquet": digest_file(path), "study": self._metadata}
        write_json(path.with_suffix(".json"), label | {"sha256": digest_json(label)})
        self.paths[number] = path

    def restart(self, metadata: Metadata) -> None:
        """Remove all parts: the study is measured in another way, as its new metadata says.

        Raises:
            RunWriteError: if the system refuses.
        """
        self.remove()
        self.paths, self._metadata = {}, dict(metadata)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def concatenate(self, path: Path) -> None:
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
        return [self.paths[number] for number in sorted(self.paths)]


def part_path(folder: Path, number: int) -> Path:
    """Return where a part is, or will be."""
    return folder / f"part-{number:07d}.parquet"


def read_part_studies(folder: Path) -> list[Metadata]:
    """Return the metadata of the different studies that the whole parts in a folder are of."""
    studies: list[Metadata] = []
    for label in _labels(folder):
        try:
            _, study = _read_label(label)
        except DamagedRunError:
            continue
        if study not in studies:
            studies.append(study)
    return studies


def _labels(folder: Path) -> Iterator[Path]:
    names = folder.glob("part-*.json")
    yield from sorted(path for path in names if path.stem[5:].isdecimal())


def _read_label(path: Path) -> tuple[int, Metadata]:
    """Return a part's number, and the metadata of the study that it is of.

    Raises:
        DamagedRunError: if it is not what was written.
    """
    label = read_json(path)
    if label.pop("sha256", None) != digest_json(label):
        raise DamagedRunError(f"{path} is damaged: it is not what was written.")
    table = part_path(path.parent, label["part"])
    if table.stem != path.stem or digest_file(table) != label["parquet"]:
        raise DamagedRunError(f"{table} is not what was written.")
    study: Metadata = label["study"]
    return label["part"], study
