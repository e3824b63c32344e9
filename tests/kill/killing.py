"""Processes that are killed, forked from a warm one whose imports are paid once.

`python killing.py JOBS KILLS` takes the jobs of a module in this folder and kills each of them so
many times: most at a random operation on a file (just before it), the others at a random moment.
A job is the same command again and again; it must end with the same bytes as one never killed.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

AT_AN_OPERATION = 0.8
"""The share of the kills that come at an operation on a file, the others at a random moment."""
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.link"}
CLOCKS = {"status.json", "environment.json", "timings.json", "timings.jsonl"}
"""Files that tell of times and machines: never the same twice."""


@dataclass(frozen=True)
class Job:
    """What is killed.

    Attributes:
        name: of the job.
        work: makes everything in a folder, or goes on with what it finds there.
        content: returns what must be the same in the end, name to bytes.
        warm: whether the warm process does it once, which pays for what is imported and made at the
            first time; not where that starts threads, which are missing after a fork.
    """

    name: str
    work: Callable[[Path], Any]
    content: Callable[[Path], Mapping[str, bytes]]
    warm: bool = False


def files_in(folder: Path, *others: str) -> dict[str, bytes]:
    """Return the files of a folder but hidden ones, those that tell of times, and others."""
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*"))}
    return {
        str(name): path.read_bytes()
        for name, path in files.items()
        if path.is_file() and not {path.name} & CLOCKS and path.name not in others
        if not any(part.startswith(".") for part in name.parts)
    }


def torment(job: Job, kills: int, root: Path, chance: random.Random) -> tuple[int, int]:
    """Kill a job so many times; return the kills and in how many folders they were.

    Raises:
        AssertionError: if it fails after a kill, or ends otherwise than one never killed.
    """
    if job.warm:
        job.work(root / "warm")
    killer = Killer(job, root / "whole", chance)
    expected = job.content(root / "whole")
    assert expected, f"{job.name} makes nothing"
    killed = folders = 0
    while killed < kills:
        folder, folders = root / f"{folders}", folders + 1
        tries = 0
        while not killer.gets_through(folder, tries):
            killed, tries = killed + 1, tries + 1
        found = job.content(folder)
        differ = [n for n in {*found, *expected} if found.get(n) != expected.get(n)]
        assert not differ, f"{job.name} ends otherwise in {sorted(differ)}"
    return killed, folders


class Killer:
    """Kills a job at moments that it draws.

    Attributes:
        operations: on files, of a job that is not killed.
        seconds: that it takes.
    """

    def __init__(self, job: Job, whole: Path, chance: random.Random) -> None:
        """Do the job once, whole."""
        self._job, self._chance = job, chance
        self._counter = multiprocessing.RawValue("l", 0)
        clock = time.monotonic()
        assert _end(_begin(job, whole, self._counter, 0)) == 0, f"{job.name} fails without a kill"
        self.seconds, self.operations = time.monotonic() - clock, self._counter.value
        assert self.operations >= 4, f"{job.name} does next to nothing: {self.operations}"

    def gets_through(self, folder: Path, tries: int) -> bool:
        """Do the job, with a kill on the way or after its end; return whether it came to that.

        The more tries there were the likelier it is: what always begins anew would never end.
        """
        job, chance, counter = self._job, self._chance, self._counter
        if chance.random() < AT_AN_OPERATION:
            last = chance.randint(1, self.operations + self.operations * tries // 8)
            status = _end(_begin(job, folder, counter, last))
        else:
            process = _begin(job, folder, counter, 0)
            status = _end(process, chance.uniform(0.0, 1.3 * self.seconds))
        assert status in (0, -signal.SIGKILL), f"{job.name} fails after a kill: {status}"
        return status == 0


def _begin(job: Job, folder: Path, counter: Any, last: int) -> int:
    """Fork a process that does a job, and is killed at its operation number `last`, if not 0."""
    counter.value = 0
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    process = os.fork()
    if process:
        with contextlib.suppress(OSError):  # both do, for neither knows who is first
            os.setpgid(process, process)
        return process
    status = 1
    try:
        os.setpgid(0, 0)
        sys.addaudithook(_counting(str(folder), counter, last))
        job.work(folder)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _counting(folder: str, counter: Any, last: int) -> Callable[[str, tuple[Any, ...]], None]:
    """Return a hook that counts what changes files in a folder, and kills the group at the last."""

    def hook(event: str, told: tuple[Any, ...]) -> None:
        if (event in CHANGES or (event == "open" and _writes(*told[1:]))) and _is_in(told[0]):
            counter.value += 1
            if counter.value == last:
                os.killpg(0, signal.SIGKILL)

    def _is_in(path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(folder)

    return hook


def _writes(mode: str | None, flags: int) -> bool:
    if mode is not None:
        return bool(set(mode) & set("wax+"))
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _end(process: int, seconds: float | None = None) -> int:
    """Wait for a process, and kill its group if it takes longer; return its exit code."""
    over = None if seconds is None else time.monotonic() + seconds
    while over is not None:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > over:
            os.killpg(process, signal.SIGKILL)
            break
        time.sleep(0.001)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(ProcessLookupError):  # its workers, if it had any
        os.killpg(process, signal.SIGKILL)
    return code


def main(jobs: str, kills: int) -> None:
    """Kill the jobs of a module."""
    seed = int(os.environ.get("EPOQUE_TEST_SEED", random.randrange(10**6)))
    with TemporaryDirectory() as folder:
        os.environ["EPOQUE_CACHE"] = f"{folder}/cache"
        for job in import_module(jobs).jobs(Path(folder)):
            clock = time.monotonic()
            told = torment(job, kills, Path(folder) / job.name, random.Random(seed))
            spent = time.monotonic() - clock
            line = f"{job.name}: {told[0]} kills in {told[1]} folders, {spent:.1f} s, seed {seed}"
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
