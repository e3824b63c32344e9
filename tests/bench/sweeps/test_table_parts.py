"""Parts of a table: what their journal says of them, and what it does not believe."""

from pathlib import Path
from typing import Any

import pytest

from epoque.bench.files.parquet_table import encode_table, read_table
from epoque.bench.sweeps.table_blocks import TableBlock, block_of_rows
from epoque.bench.sweeps.table_parts import TableParts, read_part_studies

STUDY = {"format": 1, "recipe": "a/b", "config": {"rate": 1e-05}}


def block(*numbers: float, failed: int = 0) -> TableBlock:
    return TableBlock(encode_table({"x": list(numbers)}), len(numbers), failed)


@pytest.fixture
def parts(tmp_path: Path) -> TableParts:
    """Return parts at the rows 0, 3 and 2500."""
    made = TableParts(tmp_path / "parts", STUDY)
    made.write(0, block(1, 2, 3))
    made.write(2500, block(9, 9, failed=1))
    made.write(3, block(4))
    return made


def again(parts: TableParts, study: Any = STUDY) -> TableParts:
    return TableParts(parts.folder, study)


def test_a_journal_tells_what_is_there_and_no_file_is_opened_as_a_table(
    parts: TableParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.files.parquet_table._footer", None)
    monkeypatch.setattr("epoque.bench.files.parquet_table._read", None)
    seen = again(parts)
    assert seen.rows == {0: 3, 3: 1, 2500: 2}
    assert seen.failed == {2500}
    assert seen.notices == []
    names = {path.relative_to(parts.folder).as_posix() for path in parts.folder.rglob("*.*")}
    assert names == {
        "done.jsonl",
        "0000/part-0000000.parquet",
        "0000/part-0000003.parquet",
        "0002/part-0002500.parquet",
    }


def test_the_table_is_in_the_order_of_the_rows(parts: TableParts, tmp_path: Path) -> None:
    parts.concatenate(tmp_path / "table.parquet")
    assert read_table(tmp_path / "table.parquet")["x"].tolist() == [1, 2, 3, 4, 9, 9]


def test_a_line_cut_short_is_forgotten_and_written_over(parts: TableParts) -> None:
    journal = parts.folder / "done.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    seen = again(parts)
    assert (seen.rows, seen.notices) == ({0: 3, 2500: 2}, [])
    seen.write(3, block(4))
    assert again(parts).rows == {0: 3, 3: 1, 2500: 2}
    assert again(parts).notices == []


def test_what_is_dropped_is_measured_again_and_said_once(parts: TableParts) -> None:
    journal = parts.folder / "done.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'"rows": 1', b'"rows": 2')]))
    seen = again(parts)
    assert seen.notices == [f"{journal} is damaged; what it stands for is measured again."]
    seen.drop(seen.failed)
    after = again(parts)
    assert (after.rows, after.notices) == ({0: 3}, [])
    assert read_part_studies(parts.folder) == [STUDY]


def test_parts_are_of_one_study(parts: TableParts) -> None:
    other = again(parts, {**STUDY, "recipe": "c/d"})
    assert (other.rows, other.other_studies) == ({}, [STUDY])
    assert len(other.notices) == 3
    other.restart({**STUDY, "engine": "processes"})
    assert not parts.folder.exists()


def test_a_block_tells_what_failed() -> None:
    row = {"x": 1, "state": "finished", "reason": ""}
    made = block_of_rows([row, {"state": "failed", "reason": "Why."}, row | {"y": 2.5}])
    assert (made.rows, made.failed, made.reason) == (3, 1, "Why.")
