"""Reads harmed files in processes that may use a second or two and one gigabyte; tells what fails.

`python worker.py COUNT [SEED]` prints a JSON list of failures; `--only N` repeats one case.
Each case follows from the seed and its number alone.
"""

import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from harm import CANARY, HOSTILE, harmed
from readers import READERS, Reader

from epoque.bench.runs.index_store import INDEX

SECONDS = 5
"""Of the processor, for one file."""
BYTES = 2**30
"""Of the address space, above what the process has when it begins."""
LONGEST = 2000
"""Letters of an error's sentence; a recipe's or config's has a line for each problem."""

EXECUTES = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.", "pty.", "socket.")
"""What Python's audit calls that by which a file could do anything outside of its reader."""


def main(count: int, seed: int, only: int | None) -> None:
    """Read the files of so many cases, and print what went wrong."""
    for reader in READERS:
        _warm(reader)
    numbers = range(count) if only is None else [only]
    failures, place = [], 0
    while place < len(numbers):
        done, failed = _in_child(lambda tell, at=place: _cases(numbers[at:], seed, tell))
        place += done
        failures += failed
    sys.stdout.write(f"{json.dumps(failures)}\n")


def _warm(reader: Reader) -> None:
    """Read whole files once, so that everything is imported; each of them must be readable."""
    with TemporaryDirectory() as folder:
        for number, data in enumerate(reader.samples()):
            path = _place(Path(folder) / f"whole-{number}", reader, data)
            if (told := _tell(reader, path)) and told.startswith("Traceback"):
                raise SystemExit(f"{reader.name}, sample {number}: {told}")


def _cases(numbers: Any, seed: int, tell: Callable[[Any], None]) -> None:
    """Read the files of some cases, telling of each that it begins and how it ended."""
    seen: list[str] = []
    sys.addaudithook(lambda event, told: _heard(event, told, seen))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, used + BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with TemporaryDirectory() as top:
        os.chdir(top)
        for number in numbers:
            reader, way, data = case(number, seed)
            tell([number, reader.name, way])
            path = _place(Path(top) / "case", reader, data)
            before, started = _files(Path(top)), time.process_time()
            _limit_seconds()
            told = _tell(reader, path)
            spent = time.process_time() - started
            found = [told] * bool(told and told.startswith("Traceback"))
            found += [f"executed: {event}" for event in seen]
            found += [f"took {spent:.1f} s"] * (spent > SECONDS)
            found += [f"left {name}" for name in _files(Path(top)) - before]
            found += ["executed: the canary sings"] * Path(CANARY).exists()
            seen.clear()
            shutil.rmtree(path.parent)
            tell(found)


def case(number: int, seed: int) -> tuple[Reader, str, bytes]:
    """Return the reader of a case, what was done to its file, and the file."""
    chance = Random(f"{seed} {number}")
    reader = READERS[number % len(READERS)]
    turn = number // len(READERS)
    if turn % 3 == 2:  # each reader gets each of the hostile files in its turn
        name = list(HOSTILE)[(turn // 3 + number) % len(HOSTILE)]
        return reader, name, HOSTILE[name]()
    return reader, *harmed(chance, reader.samples())


def _heard(event: str, told: Any, seen: list[str]) -> None:
    if event.startswith(EXECUTES):
        seen.append(f"{event} {str(told)[:100]}")


def _place(folder: Path, reader: Reader, data: bytes) -> Path:
    for name, content in {**reader.beside(), reader.file: data}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / reader.file


def _tell(reader: Reader, path: Path) -> str:
    """Return an error's sentence, a traceback of what is none of Epoque's, or "" of neither."""
    from epoque.bench.errors import EpoqueError

    try:
        reader.read(path)
    except EpoqueError as error:
        told = str(error)
        whole = 0 < len(told) <= LONGEST and "Traceback" not in told
        return told if whole else f"Traceback: no sentence, but {told[:200]!r} … ({len(told)})"
    except BaseException as error:
        lines = traceback.format_exception(error, limit=-4)
        return "Traceback: " + "".join(lines)[-1500:]
    return ""


def _files(folder: Path) -> set[str]:
    """Return the names of its files, but for the index of runs, which a table of them keeps."""
    paths = (path for path in folder.rglob("*") if not path.name.startswith(INDEX))
    return {path.relative_to(folder).as_posix() for path in paths}


def _limit_seconds() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + SECONDS + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _in_child(work: Callable[[Callable[[Any], None]], None]) -> tuple[int, list[Any]]:
    """Run cases in a forked process until it is done or dies.

    Returns:
        How many cases it began, and the failures.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        with os.fdopen(writes, "w", buffering=1) as pipe:
            work(lambda told: print(json.dumps(told), file=pipe, flush=True))
            pipe.flush()
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        lines = [json.loads(line) for line in pipe if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    begun, ended = lines[::2], lines[1::2]
    failures = [[*start, end] for start, end in zip(begun, ended, strict=False) if end]
    if status and len(begun) > len(ended):
        failures.append([*begun[-1], [f"the process ended: {_cause(status)}"]])
    elif status:
        raise SystemExit(f"The worker ended between two cases: {_cause(status)}.")
    return len(begun), failures


def _cause(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"exit {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    hung = f"more than {SECONDS} s of the processor" if number == signal.SIGXCPU else ""
    return hung or signal.Signals(number).name


if __name__ == "__main__":
    told = sys.argv[1:]
    chosen = int(told.pop(told.index("--only") + 1)) if "--only" in told else None
    main(int(told[0]), int(told[1]) if len(told) > 1 and told[1].isdigit() else 0, chosen)
