"""Full disks, read-only and vanishing folders, for real: one clear error, and nothing lost."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import line_lab
import pytest
from children import finish, script

from epoque.bench.errors import EpoqueError, RunWriteError
from epoque.bench.files.atomic import explain_write_errors, write_atomic, write_json
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run, Runs

PRELUDE = """
import shutil, sys, line_lab
from pathlib import Path
from epoque.bench.errors import RunWriteError
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.execute import execute, resume, start
line_lab.children_find_the_lab()
CONFIG = line_lab.LineConfig(iterations=1500, checkpoint_every=100, seed=3)
"""


SETTINGS = {"iterations": 1500, "checkpoint_every": 100, "seed": 3}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that met no trouble."""
    root = tmp_path_factory.mktemp("reference")
    finish(line_lab.train_here, str(root), SETTINGS, True)
    (run,) = Runs(root)
    return run


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the system refuse files of this process that grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [1000, 5_000, 20_000, 60_000])
def test_a_limit_on_the_size_of_files(
    started: Callable[..., Run], reference: Run, limit: int
) -> None:
    """Whichever file meets the limit, metrics, checkpoint or figure: one error, then it goes on."""
    run = started(**SETTINGS)
    with file_size_limit(limit), pytest.raises(RunWriteError) as caught:
        execute(run)
    told = str(caught.value)
    assert told.startswith(f"Cannot write {run.path}")
    assert "the file would be larger than the system allows. What was there is whole." in told
    assert run.status.state == "failed"
    assert run.status.reason == told
    assert_prefix(run, reference)
    resume(Run(run.path))
    assert line_lab.content(run.path) == line_lab.content(reference.path)


def assert_prefix(run: Run, reference: Run) -> None:
    """What was there is whole: the metrics up to some step, and each checkpoint in full."""
    mine, whole = run.path / "metrics.jsonl", reference.path / "metrics.jsonl"
    assert whole.read_bytes().startswith(mine.read_bytes())
    assert mine.read_bytes()[-1:] in (b"", b"\n")
    for step in run.checkpoint_steps:
        assert run.checkpoint(step).state == reference.checkpoint(step).state


ON_A_FULL_DISK = """
root, reference = Path(sys.argv[1]), Run(Path(sys.argv[2]))
whole = (reference.path / "metrics.jsonl").read_bytes()
for free in map(int, sys.argv[3:]):
    (root / "filler").write_bytes(bytes((1024 - free) * 1024))
    run = start(line_lab.LAB, CONFIG, "line/fit", root)
    try:
        execute(run)
    except RunWriteError as error:
        print(error)
    assert Run(run.path).status.state in ("failed", "interrupted")
    mine = (run.path / "metrics.jsonl").read_bytes()
    assert whole.startswith(mine) and mine[-1:] in (b"", b"\\n")
    for step in run.checkpoint_steps:
        assert run.checkpoint(step).state == reference.checkpoint(step).state
    (root / "filler").unlink()
    resume(Run(run.path))
    assert line_lab.content(run.path) == line_lab.content(reference.path)
    shutil.rmtree(run.path)
"""


def namespace(command: str) -> tuple[str, ...]:
    """Return a prefix that runs what follows as root of its own mounts, after a shell command."""
    own = ("unshare", "--user", "--map-root-user", "--mount")
    return (*own, "sh", "-c", f'{command}; exec "$@"', "-")


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    test = [*namespace("mount -t tmpfs tmpfs /mnt || exit 1"), "true"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="needs unshare and user namespaces")


@needs_mounts
def test_a_full_disk(tmp_path: Path, reference: Run) -> None:
    """On a real file system of a megabyte, of which so many kilobytes are free at the start."""
    prefix = namespace(f"mount -t tmpfs -o size=1m tmpfs {tmp_path}")
    free = ["60", "120", "200", "400"]
    code = PRELUDE + ON_A_FULL_DISK
    told = script(code, str(tmp_path), str(reference.path), *free, prefix=prefix)
    assert told.returncode == 0, told.stderr
    errors = told.stdout.splitlines()
    assert len(errors) == len(free)
    for error in errors:
        assert error.startswith(f"Cannot write {tmp_path}")
        assert error.endswith(": the disk is full. What was there is whole.")


READ_ONLY = """
root = Path(sys.argv[1])
for attempt in (
    lambda: start(line_lab.LAB, CONFIG, "line/fit", root),
    lambda: start(line_lab.LAB, CONFIG, "line/fit", root / "new" / "folder"),
    lambda: resume(next(iter(Runs(root)))),
):
    try:
        attempt()
    except RunWriteError as error:
        print(error)
print(next(iter(Runs(root))).status.state, len(next(iter(Runs(root))).metrics))
"""


@needs_mounts
def test_a_read_only_folder(tmp_path: Path, trained: Callable[..., Run]) -> None:
    run = interrupted(trained, iterations=100, checkpoint_every=10)
    root = run.path.parent
    before = line_lab.content(root)
    prefix = namespace(f"mount --bind {root} {root}; mount -o remount,bind,ro {root}")
    told = script(PRELUDE + READ_ONLY, str(root), prefix=prefix)
    assert told.returncode == 0, told.stderr
    *errors, state = told.stdout.splitlines()
    assert len(errors) == 3
    for error in errors:
        assert error.startswith(f"Cannot write {root}")
        assert error.endswith(": the folder is read-only. What was there is whole.")
    assert state == "interrupted 60"
    assert line_lab.content(root) == before


def interrupted(trained: Callable[..., Run], **settings: int) -> Run:
    """Return a run that was stopped after 60 steps."""

    class Stop:
        def log(self, event: object) -> None:
            if getattr(event, "step", 0) == 60 and hasattr(event, "state"):
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None: ...

    made: list[Run] = []

    def factory(run: Run) -> Stop:
        made.append(run)
        return Stop()

    with pytest.raises(KeyboardInterrupt):
        trained(factory, **settings)
    return Run(made[0].path)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission(tmp_path: Path, started: Callable[..., Run]) -> None:
    run = started()
    run.path.parent.chmod(0o555)
    try:
        with pytest.raises(RunWriteError, match="there is no permission to write there"):
            started()
    finally:
        run.path.parent.chmod(0o755)


def test_the_folder_of_runs_is_a_file(tmp_path: Path, started: Callable[..., Run]) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(RunWriteError, match=r"Cannot write .*runs: "):
        started()
    assert (tmp_path / "runs").read_text() == "not a folder"


def test_the_run_folder_vanishes_during_training(started: Callable[..., Run]) -> None:
    run = started(iterations=100, checkpoint_every=20)

    class Remove:
        def log(self, event: object) -> None:
            if getattr(event, "step", 0) == 50:
                shutil.rmtree(run.path)

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.raises(RunWriteError, match="the folder does not exist"):
        execute(run, [lambda _: Remove()], draw=False)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"old": 1})
    refused = pytest.raises(RunWriteError, match=r"file\.json: the file would be larger")
    with file_size_limit(1000), refused:
        write_atomic(path, bytes(5000))
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_every_write_error_is_one_sentence_with_the_path(tmp_path: Path) -> None:
    for number in (28, 13, 30, 5, 122):
        with pytest.raises(EpoqueError) as caught, explain_write_errors(tmp_path):
            raise OSError(number, os.strerror(number))
        assert str(caught.value).startswith(f"Cannot write {tmp_path}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such a name")
def test_a_path_that_is_no_utf8(tmp_path: Path) -> None:
    """A reason may quote the path of a run whose name is not text."""
    path = tmp_path / os.fsdecode(b"caf\xe9.json")
    write_json(path, {"reason": str(path)})
    assert json.loads(path.read_bytes())["reason"] == str(path)
