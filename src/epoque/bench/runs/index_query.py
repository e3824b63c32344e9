"""Asking the index: which runs a query means, in its order, and their rows."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownNameError
from .index_filter import Filter, Query
from .index_store import WORDS, IndexStore, unpack_row
from .table_row import TableRow

__all__ = ["Answers", "Column", "IndexQuery", "IndexedRow"]

MOST_ANSWERS = 8
"""Orders of all runs that are kept: a table's pages are asked for one after another."""
ALWAYS = (WORDS, "created", "id", "lab", "recipe", "state", "reason", "seconds")
"""Columns that may be asked for in an empty folder."""

Answers = dict[tuple[Any, ...], list[int]]
"""What was asked, and of which version of the index, to the runs in order."""

Condition = tuple[str, list[Any]]
"""SQL that selects runs, and its values."""


@dataclass(frozen=True, slots=True)
class IndexedRow:
    """A run as the index has it.

    Attributes:
        id: of the run.
        created: ISO 8601 time in UTC.
        row: what tables say of it.
    """

    id: str
    created: str
    row: TableRow


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of runs.

    Attributes:
        name: as filters and `sort` take it.
        part: about, settings, timings or results.
    """

    name: str
    part: str


class IndexQuery:
    """Questions to an open index, as it is now."""

    def __init__(self, store: IndexStore, answers: Answers | None = None) -> None:
        """Ask an index.

        Args:
            store: the index.
            answers: what was answered before, and what will be; for one who asks it again.
        """
        self._store = store
        self._answers = {} if answers is None else answers

    def select(self, query: Query) -> tuple[list[int], int]:
        """Return the numbers of the runs of a page, in order, and how many match in all.

        Raises:
            UnknownNameError: if a column is named that no run has.
        """
        runs = self._order(query)
        end = None if query.limit is None else query.offset + query.limit
        return runs[query.offset : end], len(runs)

    def _order(self, query: Query) -> list[int]:
        """Return all runs that match, in order; a question that was just asked is not asked again.

        Sets and lists of whole numbers are many times as fast in Python as SQLite's own.
        """
        key = (self._store.version, query.filters, query.words, query.sort, query.descending)
        if (known := self._answers.get(key)) is not None:
            return known
        runs = self._walk(self._field(query.sort), descending=query.descending)
        if query.sort != "created":
            with_value = set(runs)
            newest = self._walk(self._field("created"), descending=True)
            runs += [run for run in newest if run not in with_value]
        conditions = [self._condition(one) for one in query.filters]
        if words := [word.casefold() for word in query.words]:
            holds = " AND instr(value, ?)" * len(words)
            sql = f"SELECT run FROM cells WHERE field = ?{holds}"
            conditions.append((sql, [self._field(WORDS), *words]))
        for sql, values in conditions:
            matches = set(self._runs(sql, values))
            runs = [run for run in runs if run in matches]
        while len(self._answers) >= MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = runs
        return runs

    def _walk(self, field: int, *, descending: bool) -> list[int]:
        order = "DESC" if descending else "ASC"
        sql = f"SELECT run FROM cells WHERE field = ? ORDER BY value {order}, run {order}"
        return self._runs(sql, [field])

    def rows(self, runs: Sequence[int]) -> list[IndexedRow]:
        """Return the rows of some runs, in their order."""
        rows = []
        for run in runs:
            for (packed,) in self._store.query("SELECT row FROM rows WHERE run = ?", (run,)):
                created, row = unpack_row(packed)
                rows.append(IndexedRow(str(row.about["id"]), created, row))
        return rows

    def names(self, runs: Iterable[int]) -> list[str]:
        """Return the names of the folders of some runs."""
        rows = [self._store.query("SELECT name FROM stamps WHERE run = ?", (run,)) for run in runs]
        return [os.fsdecode(name) for some in rows for (name,) in some]

    def runs_named(self, names: Sequence[bytes]) -> list[int]:
        """Return the numbers of the runs of some folders."""
        sql = "SELECT run FROM stamps WHERE name = ?"
        return [run for name in names for (run,) in self._store.query(sql, (name,))]

    def name_of(self, run_id: str) -> bytes | None:
        """Return the name of a run's folder, as the system spells it, by its id."""
        sql = (
            "SELECT name FROM stamps WHERE run IN "
            "(SELECT run FROM cells WHERE field = ? AND value = ?)"
        )
        field = self._store.field("id")
        value = run_id.encode(errors="backslashreplace").decode()
        rows = self._store.query(sql, (field, value)) if field is not None else []
        return bytes(rows[0][0]) if rows else None

    def columns(self) -> list[Column]:
        """Return the columns that some run has."""
        sql = (
            "SELECT name, part FROM fields WHERE part != 'hidden' AND EXISTS "
            "(SELECT 1 FROM cells WHERE cells.field = fields.field) ORDER BY field"
        )
        return [Column(name, part) for name, part in self._store.query(sql)]

    def _field(self, name: str) -> int:
        if name in ALWAYS:
            return self._store.field(name) or -1  # no run has it yet
        if (field := self._store.field(name)) is None:
            names = [column.name for column in self.columns()]
            if not names:  # without runs nobody knows what columns there are
                return -1
            raise UnknownNameError("column of runs", name, names)
        return field

    def _condition(self, one: Filter) -> Condition:
        field, number = self._field(one.column), one.number
        column = "SELECT run FROM cells WHERE field = ?"
        match one.operator:
            case "~":
                sql, values = _holds(one.value)
                return f"{column} AND {sql}", [field, *values]
            case "=" if one.value.lower() in ("none", ""):
                created = self._store.field("created")
                return f"{column} AND run NOT IN ({column})", [created, field]
            case "!=" if one.value.lower() in ("none", ""):
                return column, [field]
            case "=":
                return f"{column} AND value IN (?, ?)", [field, one.value, number]
            case "!=":
                sql = f"{column} AND value IS NOT ? AND value IS NOT ?"
                return sql, [field, one.value, number]
        if number is not None:  # in SQLite every text is larger than every number
            return f"{column} AND value {one.operator} ? AND value < ''", [field, number]
        return f"{column} AND value {one.operator} ? AND value >= ''", [field, one.value]

    def _runs(self, sql: str, values: Sequence[Any]) -> list[int]:
        return [run for (run,) in self._store.query(sql, values)]


def _holds(text: str) -> Condition:
    """Return the condition that a value holds a text, in large or small letters."""
    if text.isascii():
        return "instr(lower(CAST(value AS TEXT)), ?)", [text.lower()]
    return "instr(fold(CAST(value AS TEXT)), ?)", [text.casefold()]
