"""The index of a folder of runs: what `Runs.rows`, `epoque runs list` and the studio look into.

It is a file `.index.sqlite` beside the runs, and holds nothing that the folders do not: where it is
missing, damaged or another version's it is made again, and where it cannot be written the work is
done in memory. Folders tell that they changed by their time stamps: all that Epoque writes is
renamed into a run's folder, which stamps it. Stamps are compared, never ordered, so a clock that
jumps does no harm; a stamp of the last moments may hide a second change within one tick of the
clock, and such a run is looked at again.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self, TypeVar

from ..errors import UnknownNameError
from ..progress import Progress
from .creation_time import list_names, read_creation_time
from .index_filter import Query
from .index_query import Answers, Column, IndexedRow, IndexQuery
from .index_stamps import are_recent, stamp_files, stamp_folder, stamp_root
from .index_store import (
    INDEX,
    DamagedIndexError,
    Entry,
    IndexStore,
    LostIndexError,
    UnwritableIndexError,
    unpack_row,
)
from .table_row import TableRow

__all__ = ["Column", "IndexedRow", "Page", "RunsIndex"]

T = TypeVar("T")

BATCH = 256
"""Runs that are read before they are written: a killed build loses no more."""
MOST_DEEP = 2000
"""Runs of a folder in which each refresh looks at the files, too, which editors write in place."""
MOST_REMAKES = 5
"""How often one question mends the index before it gives up."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table.

    Attributes:
        rows: in the order that was asked for.
        total: how many rows there are with these filters.
        unread: how many runs of the folder are not in the index yet.
    """

    rows: tuple[IndexedRow, ...]
    total: int
    unread: int = 0


class RunsIndex:
    """The table of a folder of runs, open; threads may share it."""

    def __init__(self, root: str | Path, read_row: Callable[[Path], TableRow]) -> None:
        """Open the index of a folder; see `epoque.bench.runs.run.Runs.open_index`.

        Args:
            root: the folder of runs; one that is not there holds none.
            read_row: reads the row of the run in a folder.
        """
        self.root = Path(root)
        self._read_row = read_row
        self._lock = RLock()
        self._listing: str | None = None
        self._depth = self._remakes = 0
        self._answers: Answers = {}
        self._unread = 0
        self._store = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()

    @property
    def is_in_memory(self) -> bool:
        """Whether the folder cannot hold the file, or does not let it be written."""
        return self._store.path is None

    def refresh(
        self, progress: Progress | None = None, *, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Read all runs that are new or changed, and forget those that are gone.

        Args:
            progress: receives how many runs are read, and how many there are to read.
            stop: asked between some runs and the next whether to leave the rest.

        Raises:
            UsageError: if the folder may not be read, or is a file.
        """
        self._refresh(progress, stop)

    def page(self, query: Query, *, most_unread: int | None = None) -> Page:
        """Return the rows that a query wants, as their folders are now.

        The rows that are returned are looked at again; of the others, whether runs came and went
        and those that run. Any other change is found by `refresh`.

        Args:
            query: which rows.
            most_unread: if more new runs than that are there, they are left to `refresh`.

        Raises:
            UnknownNameError: if a filter or the order names a column that no run has.
            UsageError: if the folder may not be read, or is a file.
        """
        return self._guard(lambda: self._page(query, most_unread))

    def select(self, query: Query) -> tuple[list[IndexedRow], int]:
        """Return the rows that a query wants as they were last read, and how many match in all.

        Raises:
            UnknownNameError: if a filter or the order names a column that no run has.
        """
        return self._guard(lambda: self._select(query))

    def columns(self) -> list[Column]:
        """Return the columns that runs have, in the order in which they came."""
        return self._guard(lambda: IndexQuery(self._store).columns())

    def find(self, run_id: str) -> IndexedRow | None:
        """Return the row of a run by its whole id, as its folder is now; None if there is none."""
        return self._guard(lambda: self._find(run_id))

    def path(self, run_id: str) -> Path | None:
        """Return the folder of a run by its whole id; None if there is none.

        An id is looked up, never made into a path.
        """
        name = self._guard(lambda: IndexQuery(self._store).name_of(run_id))
        if name is None:
            return None
        path = self.root / os.fsdecode(name)
        return path if _is_run(path) else None

    def _select(self, query: Query) -> tuple[list[IndexedRow], int]:
        with self._store.reading():
            asked = IndexQuery(self._store, self._answers)
            runs, total = asked.select(query)
            return asked.rows(runs), total

    def _page(self, query: Query, most_unread: int | None) -> Page:
        self._read_listing(most_unread)
        self._read_changed(self._open_names())
        for _ in range(2):  # a row that changed may belong elsewhere
            with self._store.reading():
                asked = IndexQuery(self._store, self._answers)
                try:
                    runs, total = asked.select(query)
                except UnknownNameError:
                    if not self._unread:
                        raise
                    return Page((), 0, self._unread)  # a run that is not read yet may have it
                rows, names = asked.rows(runs), asked.names(runs)
            if not self._read_changed(self._changed_among(names)):
                break
        return Page(tuple(rows), total, self._unread)

    def _find(self, run_id: str) -> IndexedRow | None:
        self._read_listing(None)
        name = IndexQuery(self._store).name_of(run_id)
        if name is None:
            return None
        self._read_changed(self._changed_among([os.fsdecode(name)]))
        with self._store.reading():
            asked = IndexQuery(self._store)
            rows = asked.rows(asked.runs_named([name]))
        return rows[0] if rows else None

    def _refresh(
        self, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._reopen_where_a_folder_came()
        stamp = stamp_root(self.root)
        self._read_changed(self._find_changed(), progress, stop)
        if not stop():  # until then a page says how many runs are unread
            self._listing, self._unread = stamp, 0

    def _find_changed(self) -> list[str]:
        """Return the names of all folders that are not as the index has them, or no more there."""
        there = sorted(list_names(self.root))
        known = {
            os.fsdecode(name): stamps
            for name, *stamps in self._query("SELECT name, folder, files, open FROM stamps")
        }
        changed = list(known.keys() - set(there))
        is_deep = len(there) <= MOST_DEEP
        for name in there:
            path = self.root / name
            if name not in known:
                if _is_run(path):
                    changed.append(name)
                continue
            folder, files, is_open = known[name]
            if is_open or stamp_folder(path) != folder or (is_deep and stamp_files(path) != files):
                changed.append(name)
        return changed

    def _read_listing(self, most_unread: int | None) -> None:
        """Take in runs that came, and take out those that went, if the folder of runs says so."""
        self._reopen_where_a_folder_came()
        stamp = stamp_root(self.root)
        if stamp is not None and stamp == self._listing and not self._unread:
            return
        there = set(list_names(self.root))
        known = {os.fsdecode(name) for (name,) in self._query("SELECT name FROM stamps")}
        new = [name for name in sorted(there - known) if _is_run(self.root / name)]
        is_many = most_unread is not None and len(new) > most_unread
        self._unread = len(new) if is_many else 0
        self._read_changed([*(known - there), *([] if is_many else new)])
        self._listing = stamp

    def _reopen_where_a_folder_came(self) -> None:
        """Put the index into its file if the folder was not there when it was opened."""
        with self._lock:
            if not self._has_root and self.root.is_dir():
                self._store.close()
                self._store, self._listing = self._open(), None
                self._answers.clear()

    def _open_names(self) -> list[str]:
        rows = self._query("SELECT name FROM stamps WHERE open = 1")
        return [os.fsdecode(name) for (name,) in rows]

    def _changed_among(self, names: Iterable[str]) -> list[str]:
        """Return which of some runs are not as the index has them, down to their files."""
        changed = []
        for name in names:
            rows = self._query(
                "SELECT folder, files FROM stamps WHERE name = ?", (os.fsencode(name),)
            )
            path = self.root / name
            if rows != [(stamp_folder(path), stamp_files(path))]:
                changed.append(name)
        return changed

    def _read_changed(
        self,
        names: Iterable[str],
        progress: Progress | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Read some runs into the index, and take those out that are gone; return how many."""
        todo = list(names)
        for start in range(0, len(todo), BATCH):
            if stop():
                break
            batch = todo[start : start + BATCH]
            self._read_batch(batch)
            if progress is not None:
                progress(start + len(batch), len(todo))
        return len(todo)

    def _read_batch(self, names: Sequence[str]) -> None:
        entries, gone = list[Entry](), list[bytes]()
        for name in names:
            known = self._read_known(name)
            path = self.root / name
            if not _is_run(path):
                gone.append(os.fsencode(name))
            elif known is None or known[2] or known[:2] != (stamp_folder(path), stamp_files(path)):
                entry = self._read_entry(path)
                if known is None or not self._is_same(known, entry):
                    entries.append(entry)
        if entries or gone:
            self._guard(lambda: self._store.write(entries, gone))

    def _read_entry(self, path: Path) -> Entry:
        """Return a run as it is now; its stamps are taken first, so that they are never too new."""
        folder, files = stamp_folder(path), stamp_files(path)
        row = self._read_row(path)
        created = read_creation_time(path).isoformat(timespec="microseconds")
        is_open = are_recent(folder, files) or row.about.get("state") == "running"
        return Entry(os.fsencode(path.name), created, folder, files, is_open, row)

    def _read_known(self, name: str) -> tuple[str, str, int, bytes] | None:
        """Return the stamps and the row of a run that another process may have written by now."""
        rows = self._query(
            "SELECT folder, files, open, row FROM stamps JOIN rows USING (run) WHERE name = ?",
            (os.fsencode(name),),
        )
        return rows[0] if rows else None

    @staticmethod
    def _is_same(known: tuple[str, str, int, bytes], entry: Entry) -> bool:
        stamps = (entry.folder, entry.files, int(entry.is_open))
        with suppress(DamagedIndexError):  # whoever writes over it says so
            return known[:3] == stamps and unpack_row(known[3]) == (entry.created, entry.row)
        return False

    def _query(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._guard(lambda: self._store.query(sql, values))

    def _guard(self, work: Callable[[], T]) -> T:
        """Do some work; a damaged file is made again, and what cannot be written is in memory."""
        with self._lock:
            self._depth += 1
            try:
                while True:
                    try:
                        return work()
                    except (DamagedIndexError, UnwritableIndexError) as error:
                        self._recover(error)
            finally:
                self._depth -= 1
                if self._depth == 0:  # mending itself asks: all that one question mends is counted
                    self._remakes = 0

    def _recover(self, error: Exception) -> None:
        self._remakes += 1
        self._answers.clear()
        if self._remakes > MOST_REMAKES:  # memory fails, too
            raise error
        if isinstance(error, UnwritableIndexError):
            self._store = self._move_to_memory()
        elif isinstance(error, LostIndexError):
            self._store.close()
            self._store = self._open()
        else:
            self._store.close()
            self._store = IndexStore(None) if self._remakes > 1 else self._remake()
        self._refresh()

    def _open(self) -> IndexStore:
        self._has_root = self.root.is_dir()
        try:
            return IndexStore(self.root / INDEX)
        except DamagedIndexError:
            return self._remake()
        except UnwritableIndexError:
            return IndexStore(None)

    def _remake(self) -> IndexStore:
        try:
            for ending in ("", "-journal", "-wal", "-shm"):
                (self.root / f"{INDEX}{ending}").unlink(missing_ok=True)
            return IndexStore(self.root / INDEX)
        except (OSError, DamagedIndexError, UnwritableIndexError):
            return IndexStore(None)

    def _move_to_memory(self) -> IndexStore:
        """Return a copy in memory of what the file holds, as far as it can be read."""
        store = IndexStore(None)
        try:
            self._store.db.backup(store.db)
            store = IndexStore.adopt(store.db)
        except (sqlite3.Error, DamagedIndexError, UnwritableIndexError):
            store = IndexStore(None)
        self._store.close()
        return store


def _is_run(path: Path) -> bool:
    # Unlike Path.is_file, this is never an error, however odd the name.
    return os.path.isfile(os.path.join(path, "config.json"))
