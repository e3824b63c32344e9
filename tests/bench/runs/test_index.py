"""The index of a folder of runs: as the folders are, whatever became of its file."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.files.atomic import write_json
from epoque.bench.runs import index_stamps
from epoque.bench.runs.index import Page, RunsIndex
from epoque.bench.runs.index_filter import Query, parse_filters
from epoque.bench.runs.index_store import INDEX, VERSION
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run, Runs

Make = Callable[..., Run]


def make_run(root: Path, name: str, **told: object) -> Path:
    """Write the folder of a run that was interrupted, with these settings, cheaply."""
    path = root / name
    path.mkdir(parents=True)
    recipe = told.pop("recipe", "neuron/and")
    started = told.pop("started", "2026-01-01T00:00:00+00:00")
    config = {"seed": 0, **told}
    about = {"format": 1, "lab": "neuron", "recipe": recipe, "config": config}
    write_json(path / "config.json", about)
    status = {"state": "interrupted", "reason": "", "started": started, "seconds": 1.0}
    write_json(path / "status.json", status)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with five runs."""
    for seed in range(5):
        make_run(
            tmp_path / "runs",
            f"20260101T00000{seed}.000-neuron-and",
            seed=seed,
            rate=seed / 2,
            started=f"2026-01-01T00:00:0{seed}+00:00",
        )
    return tmp_path / "runs"


@pytest.fixture
def index(root: Path) -> Iterator[RunsIndex]:
    with Runs(root).open_index() as opened:
        opened.refresh()
        yield opened


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """All stamps count as of long ago, so that only a stamp that differs tells of a change."""
    monkeypatch.setattr(index_stamps, "SETTLED_SECONDS", -1.0)


def seeds(index: RunsIndex, line: str = "", sort: str = "seed", **how: int | bool) -> list[int]:
    filters, words = parse_filters(line)
    query = Query(filters, words, sort, **{"descending": False, **how})  # type: ignore[arg-type]
    return [one.row.settings["seed"] for one in index.page(query).rows]


def test_rows_are_what_the_folders_say(trained: Make, started: Make) -> None:
    first, second = trained(iterations=5, learning_rate=0.5), started()
    (second.path / "config.json").write_text("{")
    rows, more = Runs(first.path.parent).rows()
    again, _ = Runs(first.path.parent).rows()
    assert not more
    assert rows == again
    assert rows[0]["id"] == first.id
    assert rows[0]["final_error"] == first.results["final_error"]
    assert rows[0] | first.metadata["config"] == rows[0]
    assert (rows[1]["id"], rows[1]["state"]) == (second.id, "damaged")
    assert "config.json" in rows[1]["reason"]


def test_pages_orders_and_filters(index: RunsIndex) -> None:
    assert seeds(index) == [0, 1, 2, 3, 4]
    assert seeds(index, sort="rate", descending=True, limit=2) == [4, 3]
    assert seeds(index, sort="rate", descending=True, limit=2, offset=3) == [1, 0]
    assert seeds(index, sort="created", descending=True) == [4, 3, 2, 1, 0]
    assert seeds(index, "seed<2") == [0, 1]
    assert seeds(index, "seed<=2 rate>0") == [1, 2]
    assert seeds(index, "rate=0.5") == [1]
    assert seeds(index, "rate!=0.5 seed>=1 lab=neuron recipe~AND") == [2, 3, 4]
    assert seeds(index, "lab=gan2d") == []
    assert seeds(index, "00003 interrupted") == [3]
    assert seeds(index, "id>20260101T000003") == [3, 4]
    assert index.page(Query(limit=2)).total == 5


def test_runs_without_a_value_come_last_in_both_orders(root: Path, index: RunsIndex) -> None:
    make_run(root, "none", seed=5, rate=None, started="2025-01-01T00:00:00+00:00")
    assert seeds(index, sort="rate") == [0, 1, 2, 3, 4, 5]
    assert seeds(index, sort="rate", descending=True) == [4, 3, 2, 1, 0, 5]
    assert seeds(index, sort="rate", limit=2, offset=4) == [4, 5]
    assert seeds(index, sort="rate", limit=2, offset=5) == [5]
    assert seeds(index, "rate=none") == [5]
    assert seeds(index, "rate!=none seed>2") == [3, 4]
    assert seeds(index, "rate<100") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seeed<2", "There is no column of runs 'seeed'. Did you mean seed?"),
        ("seed<", "'seed<' is not allowed as a filter"),
        ("<3", "'<3' is not allowed as a filter"),
        ('"a', "a quote is not closed"),
    ],
)
def test_a_wrong_filter_is_one_sentence(index: RunsIndex, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.").replace("?", r"\?")):
        seeds(index, line)
    assert len(seeds(index)) == 5


def test_an_order_by_no_column(index: RunsIndex) -> None:
    with pytest.raises(UnknownNameError, match=r"'ratee'\. Did you mean rate"):
        seeds(index, sort="ratee")


def test_odd_values_are_stored_and_found(root: Path, index: RunsIndex) -> None:
    odd = {"big": 2**70, "list": [10, 10], "flag": True, "nan": float("nan"), "deep": [[1], {}]}
    make_run(root, "odd-'\"%_\\", seed=9, word="Été ', DROP", **odd)
    assert seeds(index, "list=10,10") == [9]
    assert seeds(index, "flag=true") == [9]
    assert seeds(index, "word~été") == [9]
    assert seeds(index, "word~drop") == [9]
    assert seeds(index, "id~%_") == [9]
    assert seeds(index, "nan=none seed=9") == [9]
    row = index.find("odd-'\"%_\\")
    assert row is not None
    assert row.row.settings["big"] == 2**70
    assert row.row.settings["deep"] == [[1], {}]


def test_an_id_is_looked_up_and_never_a_path(root: Path, index: RunsIndex) -> None:
    name = "20260101T000001.000-neuron-and"
    assert index.path(name) == root / name
    (root.parent / "secret").mkdir()
    shutil.copy(root / name / "config.json", root.parent / "secret" / "config.json")
    for odd in ("../secret", ".", "..", "", "/etc", "./" + name, name + "/", name + "\0"):
        assert index.path(odd) is None
        assert index.find(odd) is None


@pytest.mark.usefixtures("old")
def test_changes_are_noticed(root: Path, index: RunsIndex) -> None:
    make_run(root, "new", seed=7)
    assert seeds(index) == [0, 1, 2, 3, 4, 7]
    shutil.rmtree(root / "new")
    (root / "20260101T000000.000-neuron-and").rename(root / "renamed")
    assert seeds(index) == [0, 1, 2, 3, 4]
    assert index.find("renamed") is not None
    write_json(root / "renamed" / "status.json", {"state": "failed", "reason": "", "started": "",
                                                  "seconds": 2.0})  # fmt: skip
    assert "failed" in [one.row.about["state"] for one in index.page(Query()).rows]
    assert seeds(index, "state=failed") == [0]


@pytest.mark.usefixtures("old")
def test_a_refresh_finds_changes_outside_the_page(root: Path, index: RunsIndex) -> None:
    path = root / "20260101T000003.000-neuron-and"
    status = json.loads((path / "status.json").read_text())
    write_json(path / "status.json", status | {"state": "failed"})
    index.refresh()
    assert seeds(index, "state=failed") == [3]
    (path / "config.json").unlink()
    index.refresh()
    assert seeds(index) == [0, 1, 2, 4]


@pytest.mark.usefixtures("old")
def test_a_file_written_in_place_is_noticed_on_its_page(root: Path, index: RunsIndex) -> None:
    """An editor may write into a file, which leaves no stamp on the folder."""
    path = root / "20260101T000003.000-neuron-and" / "config.json"
    path.write_text(path.read_text().replace('"seed": 3', '"seed": 33'))
    assert seeds(index) == [0, 1, 2, 4, 33]


@pytest.mark.usefixtures("old")
def test_a_file_written_in_place_is_found_by_a_refresh_of_a_small_folder(
    root: Path, index: RunsIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / "20260101T000003.000-neuron-and" / "status.json"
    path.write_text(path.read_text().replace("interrupted", "failed"))
    monkeypatch.setattr("epoque.bench.runs.index.MOST_DEEP", 4)
    index.refresh()
    assert seeds(index, "state=failed") == []
    monkeypatch.setattr("epoque.bench.runs.index.MOST_DEEP", 5)
    index.refresh()
    assert seeds(index, "state=failed") == [3]


def test_a_change_within_a_tick_of_the_clock_is_noticed(root: Path, index: RunsIndex) -> None:
    path = root / "20260101T000003.000-neuron-and"
    folder, file = os.stat(path), os.stat(path / "config.json")
    text = (path / "config.json").read_text().replace('"seed": 3', '"seed": 8')
    (path / "config.json").write_text(text)
    os.utime(path / "config.json", ns=(file.st_atime_ns, file.st_mtime_ns))
    os.utime(path, ns=(folder.st_atime_ns, folder.st_mtime_ns))
    assert seeds(index) == [0, 1, 2, 4, 8]


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("jump", [-(10**9), 10**9])
def test_a_clock_that_jumps_hides_no_change(root: Path, index: RunsIndex, jump: int) -> None:
    path = root / "20260101T000003.000-neuron-and"
    status = json.loads((path / "status.json").read_text())
    write_json(path / "status.json", status | {"state": "failed"})
    for place in (path / "status.json", path):
        os.utime(place, (jump, jump))
    index.refresh()
    assert seeds(index, "state=failed") == [3]


def test_a_running_run_is_interrupted_once_its_process_ends(started: Make) -> None:
    run = started()
    status = json.loads((run.path / "status.json").read_text())
    write_json(run.path / "status.json", status | {"state": "running"})
    with Runs(run.path.parent).open_index() as index:
        with lock_record(run.path):
            index.refresh()
            assert index.page(Query()).rows[0].row.about["state"] == "running"
        row = index.page(Query()).rows[0].row.about
        assert (row["state"], row["reason"]) == ("interrupted", "its process ended")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(10_000)),
    "text": lambda path: path.write_text("no index"),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2 // 4096 * 4096),
    "cut within a page": lambda path: os.truncate(path, path.stat().st_size - 100),
    "zeros": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "header kept": lambda path: path.write_bytes(
        path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)
    ),
    "other version": lambda path: change(path, f"PRAGMA user_version = {VERSION + 1}"),
    "other program": lambda path: change(path, "PRAGMA application_id = 7"),
    "table gone": lambda path: change(path, "DROP TABLE cells"),
    "table added": lambda path: change(path, "CREATE TABLE more(x)"),
    "rows gone": lambda path: change(path, "DELETE FROM rows"),
    "rows damaged": lambda path: change(path, "UPDATE rows SET row = x'00'"),
}


def change(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    db.execute(sql)
    db.commit()
    db.close()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_index_is_made_again(root: Path, damage: Callable[[Path], object]) -> None:
    rows = Runs(root).rows()
    assert len(rows[0]) == 5
    damage(root / INDEX)
    assert Runs(root).rows() == rows
    with Runs(root).open_index() as index:
        assert seeds(index, "seed>1", limit=2) == [2, 3]
        assert not index.is_in_memory


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_index_damaged_while_it_is_open(root: Path, damage: Callable[[Path], object]) -> None:
    with Runs(root).open_index() as index:
        index.refresh()
        damage(root / INDEX)
        make_run(root, "new", seed=7)
        assert seeds(index) == [0, 1, 2, 3, 4, 7]
    assert len(Runs(root).rows()[0]) == 6


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_stands_in_the_place_of_the_file_is_left_alone(root: Path, kind: str) -> None:
    place, elsewhere = root / INDEX, root.parent / "elsewhere"
    {"folder": place.mkdir, "fifo": lambda: os.mkfifo(place),
     "link": lambda: place.symlink_to(elsewhere)}[kind]()  # fmt: skip
    before = place.lstat()
    with Runs(root).open_index() as index:
        index.refresh()
        assert seeds(index) == [0, 1, 2, 3, 4]
        assert index.is_in_memory
    assert place.lstat() == before
    assert not elsewhere.exists()


def test_a_full_disk_is_worked_without(root: Path) -> None:
    """SQLite itself says that the disk is full: the file may have no more pages than it has."""
    Runs(root).rows()
    with Runs(root).open_index() as index:
        pages = index._store.db.execute("PRAGMA page_count").fetchone()[0]
        index._store.db.execute(f"PRAGMA max_page_count = {pages}")
        for seed in range(5, 400):
            make_run(root, f"run-{seed}", seed=seed, note="x" * 500 + str(seed))
        assert seeds(index) == list(range(400))
        assert index.is_in_memory
    assert sorted(row["seed"] for row in Runs(root).rows()[0]) == list(range(400))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into folders that are read-only")
def test_a_folder_that_is_read_only(root: Path) -> None:
    os.chmod(root, 0o500)
    try:
        assert len(Runs(root).rows()[0]) == 5
        assert not (root / INDEX).exists()
    finally:
        os.chmod(root, 0o700)


def test_a_folder_that_is_read_only_to_sqlite(root: Path) -> None:
    """The file of an earlier day is read, and what came since is kept in memory."""
    Runs(root).rows()
    make_run(root, "new", seed=7)
    with Runs(root).open_index() as index:
        index._store.db.execute("PRAGMA query_only = ON")
        assert seeds(index) == [0, 1, 2, 3, 4, 7]
        assert index.is_in_memory
        make_run(root, "newer", seed=8)
        assert seeds(index) == [0, 1, 2, 3, 4, 7, 8]
    shutil.rmtree(root / "new")
    shutil.rmtree(root / "newer")
    assert len(Runs(root).rows()[0]) == 5


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with Runs(tmp_path / "none").open_index() as index:
        assert index.page(Query()).rows == ()
        assert index.page(Query(*parse_filters("lab=x state=y word"))).total == 0
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be read"):
        Runs(tmp_path / "file").rows()


def test_the_folder_goes_and_comes_while_it_is_open(root: Path, index: RunsIndex) -> None:
    shutil.move(root, root.with_name("away"))
    assert seeds(index) == []
    shutil.move(root.with_name("away"), root)
    assert seeds(index) == [0, 1, 2, 3, 4]


def test_a_folder_that_comes_later_gets_its_file(tmp_path: Path) -> None:
    with Runs(tmp_path / "runs").open_index() as index:
        assert index.page(Query()).total == 0
        make_run(tmp_path / "runs", "first", seed=1)
        assert seeds(index) == [1]
        assert not index.is_in_memory
    assert (tmp_path / "runs" / INDEX).is_file()


def test_a_folder_may_be_made_anew_as_often_as_one_likes(root: Path, index: RunsIndex) -> None:
    for _ in range(8):  # a server has it open for weeks
        shutil.rmtree(root)
        make_run(root, "20260101T000000.000-neuron-and")
        index.refresh()
        assert index.page(Query()).total == 1


def test_a_folder_that_is_made_anew_gets_its_file(root: Path, index: RunsIndex) -> None:
    shutil.rmtree(root)
    make_run(root, "first", seed=1)
    assert seeds(index) == [1]
    assert not index.is_in_memory
    assert (root / INDEX).is_file()


def test_what_is_no_run_is_no_row(root: Path, index: RunsIndex) -> None:
    (root / ".trash" / "x" / "y").mkdir(parents=True)
    shutil.copytree(root / "20260101T000001.000-neuron-and", root / ".trash" / "x" / "y" / "z")
    shutil.copytree(root / "20260101T000001.000-neuron-and", root / "sweep" / "runs" / "point")
    write_json(root / "sweep" / "sweep.json", {})
    (root / "notes").mkdir()
    assert seeds(index) == [0, 1, 2, 3, 4]
    assert len(Runs(root / "sweep" / "runs").rows()[0]) == 1


PROCESS = """
import sys
from pathlib import Path
from epoque.bench.runs.run import Runs
for _ in range(6):
    with Runs(Path(sys.argv[1])).open_index() as index:
        index.refresh()
        if index.is_in_memory:
            raise SystemExit("in memory")
    if len(Runs(Path(sys.argv[1])).rows()[0]) < 300:
        raise SystemExit("rows are missing")
"""


def test_processes_share_it(root: Path) -> None:
    """Several build and read it at once, and one of them is killed."""
    for seed in range(5, 300):
        make_run(root, f"run-{seed:03}", seed=seed)
    command = [sys.executable, "-c", PROCESS, str(root)]
    first = subprocess.Popen(command)
    others = [subprocess.Popen(command) for _ in range(2)]
    first.kill()
    first.wait()
    assert [other.wait(PATIENCE) for other in others] == [0, 0]
    with Runs(root).open_index() as index:
        assert seeds(index) == list(range(300))
        assert index._store.query("PRAGMA integrity_check") == [("ok",)]
        count = index._store.query("SELECT COUNT(DISTINCT run), COUNT(*) FROM rows")
        assert count == [(300, 300)]
        orphans = "SELECT COUNT(*) FROM cells WHERE run NOT IN (SELECT run FROM stamps)"
        assert index._store.query(orphans) == [(0,)]


def test_many_new_runs_may_be_left_to_a_refresh(root: Path, index: RunsIndex) -> None:
    for seed in range(5, 10):
        make_run(root, f"run-{seed}", seed=seed)
    page = index.page(Query(), most_unread=3)
    assert (len(page.rows), page.unread) == (5, 5)
    make_run(root, "run-10", seed=10, later=1)
    asked = Query(*parse_filters("later=1"))
    assert index.page(asked, most_unread=3) == Page((), 0, 6)
    shutil.rmtree(root / "run-10")
    told: list[tuple[int, int | None]] = []
    index.refresh(lambda done, total, what="": told.append((done, total)))
    page = index.page(Query(), most_unread=3)
    assert (len(page.rows), page.unread) == (10, 0)
    assert told[-1][0] == told[-1][1]
