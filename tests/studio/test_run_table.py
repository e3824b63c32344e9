"""The table of a studio: kept as the folders are while somebody asks."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_for

from epoque.bench.errors import UnknownNameError
from epoque.bench.files.atomic import write_json
from epoque.bench.runs.index_filter import Query, parse_filters
from epoque.studio import run_table
from epoque.studio.run_table import RunTable


def make_run(root: Path, name: str, state: str = "interrupted") -> Path:
    path = root / name
    path.mkdir(parents=True)
    about = {"format": 1, "lab": "neuron", "recipe": "neuron/and", "config": {"seed": 0}}
    write_json(path / "config.json", about)
    started = "2026-01-01T00:00:00+00:00"
    told = {"state": state, "reason": "", "started": started, "seconds": 1.0}
    write_json(path / "status.json", told)
    return path


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunTable]:
    monkeypatch.setattr(run_table, "LOOK_SECONDS", 0.02)
    opened = RunTable(tmp_path / "runs")
    yield opened
    opened.close()


def count(table: RunTable, line: str = "") -> int:
    return table.page(Query(*parse_filters(line))).total


def test_very_many_new_runs_are_read_in_the_background(
    table: RunTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_table, "MOST_UNREAD", 5)
    monkeypatch.setattr(run_table, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr("epoque.bench.runs.index.BATCH", 4)
    assert count(table) == 0
    for number in range(40):
        make_run(table.root, f"run-{number}")
    unread = set[int]()

    def is_read() -> bool:
        page = table.page(Query())
        unread.add(page.unread)
        assert page.total + page.unread == 40
        return page.total == 40

    wait_for(is_read)
    assert max(unread) > 5
    assert table.page(Query()).unread == 0


def test_a_change_of_a_run_that_nobody_sees_is_found(table: RunTable) -> None:
    path = make_run(table.root, "run")
    assert count(table, "state=failed") == 0
    shutil.rmtree(path)
    make_run(table.root, "run", "failed")
    wait_for(lambda: count(table, "state=failed") == 1)


def test_nobody_looks_when_nobody_asks(table: RunTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_table, "IDLE_SECONDS", 0.05)
    make_run(table.root, "run")
    assert count(table) == 1
    wait_for(lambda: table._watcher is None)
    make_run(table.root, "other")
    assert count(table) == 2


def test_a_run_by_its_id(table: RunTable) -> None:
    with pytest.raises(UnknownNameError):
        table.find("last")
    path = make_run(table.root, "run")
    assert table.find("run").path == path
    assert table.find("last").path == path
    for name in ("ru", "../runs/run", "", "x" * 10_000):
        with pytest.raises(UnknownNameError):
            table.find(name)


def test_threads_ask_side_by_side(table: RunTable) -> None:
    for number in range(30):
        make_run(table.root, f"run-{number}")
    wrong: list[object] = []

    def ask() -> None:
        try:
            wrong.extend(1 for _ in range(20) if count(table) != 30)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_table_ends_its_thread(table: RunTable) -> None:
    count(table)
    watcher = table._watcher
    assert watcher is not None
    table.close()
    watcher.join(PATIENCE)
    assert not watcher.is_alive()
