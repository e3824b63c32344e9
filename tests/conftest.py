"""What holds for every test."""

import atexit
import ctypes
import faulthandler
import gc
import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings

from epoque.bench.lab import lab_of
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.stopping import Interrupt

sys.path.insert(0, str(Path(__file__).parent / "shared"))  # here and in child processes

from waiting import HANGING

# What a shell starts in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whom `nohup` starts ignores it

# How long an example takes says something of the machine and its load, not of the code.
settings.register_profile(
    "epoque",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("epoque")


ROOM = 8 * 2**30
"""What must be free for the tests to write in memory; they leave one of these gigabytes or two."""


def share_cache() -> None:
    """Let all processes of this test run share one cache folder, and leave the user's alone.

    In it lie the programs that JAX compiled; compiling them is most of what the small trainings
    here cost, and most are the same. The variable reaches the workers and whatever they start; the
    process that set it clears up.
    """
    if "EPOQUE_CACHE" in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="epoque-tests-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["EPOQUE_CACHE"] = folder


def write_in_memory() -> None:
    """Let what the tests write lie in memory, where there is room for it.

    Whatever Epoque writes is synced with the disk, tens of thousands of times in a test run, and
    on a disk at work each takes milliseconds. A folder that the user names (TMPDIR) stays; so does
    the usual one where nothing in memory may be executed, as in some containers.
    """
    place = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(place, os.W_OK):
        return
    found = os.statvfs(place)
    room = found.f_bavail * found.f_frsize
    if found.f_flag & os.ST_NOEXEC or min(room, psutil.virtual_memory().available) < ROOM:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="epoque-tests-", dir=place)
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)


write_in_memory()
share_cache()


STDERR = pytest.StashKey[int]()
"""Standard error itself: while a test runs, what is written there is captured."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)


def end_what_hangs(item: pytest.Item) -> Generator[None, object, object]:
    """Fail one part of a test that hangs, with the stack of each thread.

    If that does not end it (what hangs in C hears of no signal), this process is ended.
    """

    def fail(*_: object) -> None:
        faulthandler.dump_traceback(2)
        pytest.fail(f"this hangs: it took {HANGING:g} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, HANGING)
    faulthandler.dump_traceback_later(1.1 * HANGING, exit=True, file=item.config.stash[STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Each part by itself: what a test needs, the test, what it leaves.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from end_what_hangs(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from end_what_hangs(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from end_what_hangs(item))


MOST_MEMORY = 3 * 2**30


@pytest.fixture(scope="module", autouse=True)
def give_memory_back() -> Iterator[None]:
    """Let go of what JAX compiled once a worker takes gigabytes: a program takes 3 MB and more.

    The C library gives back nothing of it by itself. What is needed again is in the cache folder.
    """
    yield
    if "jax" in sys.modules and psutil.Process().memory_info().rss > MOST_MEMORY:
        sys.modules["jax"].clear_caches()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of what is no longer anybody's
            gc.collect()
        with suppress(OSError, AttributeError):  # only glibc knows it
            ctypes.CDLL(None).malloc_trim(0)


class _Signals:
    """A sink that sends this process SIGTERM once the metrics of a step are told."""

    def __init__(self, step: int) -> None:
        self._step = step

    def log(self, event: Any) -> None:
        if getattr(event, "values", None) is not None and event.step >= self._step:
            self._step = 2**63
            os.kill(os.getpid(), signal.SIGTERM)

    def close(self, state: str, reason: str = "") -> None:
        assert (state, reason) == ("interrupted", "stopped by SIGTERM")


@pytest.fixture
def check_stopping(tmp_path: Path) -> Callable[..., None]:
    """Return what trains a run again, stopped at some steps, and checks that it ends the same."""

    def check(whole: Run, *steps: int) -> None:
        run = start(lab_of(whole), whole.config, whole.recipe, tmp_path / "stopped")
        for step in steps:
            with pytest.raises(Interrupt):
                execute(run, [lambda _, step=step: _Signals(step)], draw=False)
            assert run.status.reason == "stopped by SIGTERM"
            assert run.checkpoint().step >= step
            assert run.checkpoint().step not in whole.checkpoint_steps
        execute(run, draw=False)
        assert _files(run.path) == _files(whole.path)

    return check


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files of a run but those that tell of times and machines."""
    told = ("status.json", "environment.json")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in told and not path.name.startswith(".")
    }


LONGEST = (
    "test_readme.py",
    "kill/test_kills.py",
    "test_tutorials.py",
    "gan2d/test_live_engine_conformance.py",
    "studio/test_client_files_neuron.py",
    "studio/test_client_files_run_control.py",
    "studio/test_client_files_gan2d.py",
    "report/test_book.py",
    "bench/sweeps/test_sweep.py",
    "studio/test_client_files_own_data.py",
)
"""The files that take a minute of the processor or more, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, then those with most slow tests: the last to end is short."""
    order = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in order), "LONGEST names a file that is not there"
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (order.get(item.path, len(order)), -slow[item.path]))
