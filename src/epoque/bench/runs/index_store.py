"""The file of the index: rows of a folder of runs in SQLite, beside the runs or in memory.

```
stamps   a run's folder, how it and its files were stamped, whether it must be looked at again
rows     its whole row, compressed
fields   the columns: about, settings, timings, results
cells    column, value, run: sorted so that each sort and filter is a walk along one column
```

All of it can be made again from the folders, so nothing here waits for the disk more than SQLite
must, and what is damaged or another version's is thrown away.
"""

import json
import os
import sqlite3
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from .table_row import TableRow

__all__ = [
    "INDEX",
    "WORDS",
    "DamagedIndexError",
    "Entry",
    "IndexStore",
    "LostIndexError",
    "UnwritableIndexError",
]

INDEX = ".index.sqlite"
VERSION = 1
_APPLICATION = 0x45706F71
"""Says that a SQLite file is an index of ours."""
_SCHEMA = (
    "CREATE TABLE stamps(name BLOB PRIMARY KEY, run INTEGER NOT NULL, folder TEXT NOT NULL, "
    "files TEXT NOT NULL, open INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX stamps_run ON stamps(run)",
    "CREATE INDEX stamps_open ON stamps(open) WHERE open = 1",
    "CREATE TABLE rows(run INTEGER PRIMARY KEY, row BLOB NOT NULL)",
    "CREATE TABLE fields(field INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, part TEXT NOT NULL)",
    "CREATE TABLE cells(field INTEGER NOT NULL, value NOT NULL, run INTEGER NOT NULL, "
    "PRIMARY KEY(field, value, run)) WITHOUT ROWID",
)
WORDS = " words"
"""The column in which words are looked for: id, recipe, lab and state, in small letters."""
BUSY_SECONDS = 10.0
"""How long another process may write before this one works in memory."""
CACHE_KIB = 64 * 1024

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_DAMAGE |= {sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_FORMAT}


class DamagedIndexError(Exception):
    """The file is not an index of this version; making it again loses nothing."""


class LostIndexError(DamagedIndexError):
    """The file is no more where it was opened: the folder, or it alone, was moved or deleted."""


class UnwritableIndexError(Exception):
    """The system does not let the file be written, or not now."""


class Entry(NamedTuple):
    """A run as the index has it.

    Attributes:
        name: of its folder, as the system spells it.
        created: ISO 8601 time in UTC, by which runs are in order.
        folder: what told the folder as it was read from another.
        files: likewise its files.
        is_open: whether it may change without a sign: it runs, or changed a moment ago.
        row: what tables say of it.
    """

    name: bytes
    created: str
    folder: str
    files: str
    is_open: bool
    row: TableRow


class IndexStore:
    """An open index; use it from one thread at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, made if it is missing; None is an index in memory.

        Raises:
            DamagedIndexError: if it is no index of this version.
            UnwritableIndexError: if it cannot be written.
        """
        self.path = path
        if path is not None:
            _check_regular(path)
        with _explain():
            self.db = _connect(":memory:" if path is None else os.fspath(path))
        try:
            with _explain():
                self._prepare()
            self._fields = self._read_fields()
        except BaseException:
            self.close()
            raise

    @classmethod
    def adopt(cls, db: sqlite3.Connection) -> "IndexStore":
        """Return the index that a connection to memory holds.

        Raises:
            DamagedIndexError: if it holds none of this version.
        """
        store = cls.__new__(cls)
        store.path, store.db = None, db
        with _explain():
            store._check()
        store._fields = store._read_fields()
        return store

    def _prepare(self) -> None:
        if self.path is not None and os.path.getsize(self.path):
            self._check()
            return
        with self.transaction():
            if not self.db.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA:
                    self.db.execute(statement)
                self.db.execute(f"PRAGMA application_id = {_APPLICATION}")
                self.db.execute(f"PRAGMA user_version = {VERSION}")

    def _check(self) -> None:
        """Check that the file is whole, ours, of this version, and holds these tables only."""
        identity = [self._pragma(name) for name in ("application_id", "user_version")]
        tables = [sql for (sql,) in self.db.execute("SELECT sql FROM sqlite_master ORDER BY rowid")]
        known = [sql for sql in tables if sql is not None]
        if identity != [_APPLICATION, VERSION] or known != list(_SCHEMA):
            raise DamagedIndexError("another version's")
        if self.path is not None:
            size = self._pragma("page_count") * self._pragma("page_size")
            if os.path.getsize(self.path) < size:
                raise DamagedIndexError("cut short")

    def _pragma(self, name: str) -> int:
        return int(self.db.execute(f"PRAGMA {name}").fetchone()[0])

    def _read_fields(self) -> dict[str, int]:
        with _explain():
            return dict(self.db.execute("SELECT name, field FROM fields").fetchall())

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that the block does, or nothing.

        Raises:
            DamagedIndexError: if the file is found to be damaged.
            UnwritableIndexError: if it cannot be written.
        """
        with _explain():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let all questions of the block see the index at one moment, whoever writes meanwhile.

        Raises:
            DamagedIndexError: if the file is found to be damaged.
            UnwritableIndexError: if another process keeps it too long.
        """
        with _explain():
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    self.db.execute("ROLLBACK")

    @property
    def version(self) -> tuple[int, int]:
        """Another one after each write, of this process or of others."""
        return int(self.query("PRAGMA data_version")[0][0]), self.db.total_changes

    def query(
        self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a question.

        Raises:
            DamagedIndexError: if the file is found to be damaged.
            UnwritableIndexError: if another process keeps it too long.
        """
        with _explain():
            return self.db.execute(sql, values).fetchall()

    def field(self, name: str) -> int | None:
        """Return the number of a column; None of one that no run has."""
        if name not in self._fields:  # another process may have brought it
            self._fields = self._read_fields()
        return self._fields.get(name)

    def write(self, entries: Sequence[Entry], gone: Iterable[bytes] = ()) -> None:
        """Put runs in, in place of what was there of them, and take others out.

        Raises:
            DamagedIndexError: if the file is found to be damaged.
            UnwritableIndexError: if it cannot be written.
        """
        with self.transaction():
            self._fields = dict(self.db.execute("SELECT name, field FROM fields").fetchall())
            for name in gone:
                self._remove(name)
            for entry in entries:
                self._add(entry, self._remove(entry.name))

    def _add(self, entry: Entry, run: int | None) -> None:
        """Put a run in, under the number that it had."""
        added = self.db.execute("INSERT INTO rows VALUES (?, ?)", (run, pack_row(entry)))
        run = added.lastrowid
        self.db.execute(
            "INSERT INTO stamps VALUES (?, ?, ?, ?, ?)",
            (entry.name, run, entry.folder, entry.files, int(entry.is_open)),
        )
        cells = [
            (self._field_of(name, part), value, run)
            for part, name, value in iterate_cells(entry.created, entry.row)
            if self._field_of(name, part) and value is not None
        ]
        self.db.executemany("INSERT OR IGNORE INTO cells VALUES (?, ?, ?)", cells)

    def _remove(self, name: bytes) -> int | None:
        """Take a run out, if it is there; return the number that it had."""
        key = self.db.execute("SELECT run FROM stamps WHERE name = ?", (name,)).fetchone()
        if key is None:
            return None
        (packed,) = self.db.execute("SELECT row FROM rows WHERE run = ?", key).fetchone() or (b"",)
        created, row = unpack_row(packed)
        cells = [
            (self._fields.get(name), value, *key)
            for _, name, value in iterate_cells(created, row)
            if value is not None
        ]
        self.db.executemany("DELETE FROM cells WHERE field = ? AND value = ? AND run = ?", cells)
        self.db.execute("DELETE FROM rows WHERE run = ?", key)
        self.db.execute("DELETE FROM stamps WHERE name = ?", (name,))
        return int(key[0])

    def _field_of(self, name: str, part: str) -> int:
        if (number := self._fields.get(name)) is None:
            added = self.db.execute("INSERT INTO fields(name, part) VALUES (?, ?)", (name, part))
            number = self._fields[name] = int(added.lastrowid or 0)
        return number


def pack_row(entry: Entry) -> bytes:
    """Return a row as the file holds it; zlib's checksum tells later whether it still is."""
    content = {"created": entry.created, **entry.row.parts()}
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)


def unpack_row(packed: bytes) -> tuple[str, TableRow]:
    """Return when a run was made, and its row.

    Raises:
        DamagedIndexError: if the bytes are not what was packed.
    """
    try:
        content = json.loads(zlib.decompress(packed))
        parts = [content[name] for name in ("about", "settings", "timings", "results")]
        return str(content["created"]), TableRow(*parts)
    except (zlib.error, ValueError, KeyError, TypeError):
        raise DamagedIndexError("a row is not what was written") from None


def iterate_cells(created: str, row: TableRow) -> Iterator[tuple[str, str, Any]]:
    """Yield the part, name and value of each column that a run has; None and NaN are no value."""
    about = row.about
    words = " ".join(str(about.get(name, "")) for name in ("id", "recipe", "lab", "state"))
    yield "hidden", WORDS, words.casefold()
    yield "about", "created", f"{created} {about['id']}"
    part_of = {name: part for part, values in row.parts().items() for name in values}
    for name, value in row.flatten().items():
        if name != "created":
            yield part_of[name], name, _to_cell(value)


def _to_cell(value: object) -> float | str | None:
    """Return what SQLite sorts: numbers before texts; lists as they are typed, `10,10`."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return value if -(2**63) <= value < 2**63 else str(value)
        case float():
            return None if value != value else value  # noqa: PLR0124 - NaN
        case str():
            return value.encode(errors="backslashreplace").decode()
        case list() if not any(isinstance(inner, list | dict) for inner in value):
            return ",".join(map(str, value)) or None
    return json.dumps(value)


def _check_regular(path: Path) -> None:
    """Refuse what SQLite would wait for, or write somewhere else: a FIFO, a link, a folder."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UnwritableIndexError(f"{path} is no file")
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise UnwritableIndexError(f"there is no folder {path.parent}") from None
    except OSError as error:
        raise UnwritableIndexError(str(error)) from None


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # The journal stays, so that a commit leaves no new time stamp on the folder of runs.
    settings = {"journal_mode": "TRUNCATE", "synchronous": "NORMAL", "temp_store": "MEMORY"}
    settings |= {"cache_size": f"-{CACHE_KIB}", "trusted_schema": "OFF"}
    try:
        for name, value in settings.items():
            db.execute(f"PRAGMA {name} = {value}")
        db.create_function("fold", 1, str.casefold, deterministic=True)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def _explain() -> Iterator[None]:
    """Tell apart what SQLite says: the file is damaged, or it cannot be written (now).

    Raises:
        DamagedIndexError: if it must be made again.
        UnwritableIndexError: if the system, or another process, does not let it be written.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code == sqlite3.SQLITE_READONLY_DBMOVED:
            raise LostIndexError(str(error)) from error
        code &= 0xFF
        if code in _DAMAGE:
            raise DamagedIndexError(str(error)) from error
        raise UnwritableIndexError(str(error)) from error
    except OSError as error:
        raise UnwritableIndexError(str(error)) from error
