"""The command line and the whole book."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

REPETITIONS = 5


def cpu_seconds(*commands: tuple[str, ...]) -> list[float]:
    """Return the least CPU time, user and system, of each of some commands, run in turn."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(REPETITIONS):
        for row, command in zip(times, commands, strict=True):
            before = getrusage(RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = getrusage(RUSAGE_CHILDREN)
            row.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return [min(row) for row in times]


def rows() -> list[dict[str, str]]:
    """Measure what a user waits for: help, list, short runs, and the demo up to the book."""
    words = ("--help", "list")
    python, jax, *ours = cpu_seconds(
        (sys.executable, "-c", "pass"),
        (sys.executable, "-c", "import jax"),
        *((sys.executable, "-m", "epoque", word) for word in words),
    )
    starts = [_row(f"epoque {w}", cpu, python, jax) for w, cpu in zip(words, ours, strict=True)]
    return [*starts, _repeated_runs(), *_compiling(), _demo()]


def _row(name: str, measured: float, python: float, jax: float) -> dict[str, str]:
    return {
        "name": f"`{name}`, CPU time, least of {REPETITIONS}",
        "baseline": f"python {python:.2f} s; import jax {jax:.2f} s",
        "measured": f"{measured:.2f} s",
        "ratio": f"{measured / jax:.2f} of import jax",
        "target": "under a third" if name.endswith("--help") else "none",
    }


def _repeated_runs() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.repeated_runs", folder],
            cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True,
        )  # fmt: skip
    seconds = json.loads(process.stdout)
    before, after = seconds["anew"], seconds["kept"]
    return {
        "name": "a 50-iteration perceptron run after twenty others, CPU time",
        "baseline": f"environment and recipe read anew: {before * 1000:.0f} ms",
        "measured": f"{after * 1000:.0f} ms",
        "ratio": f"{after / before:.2f}",
        "target": "at most 0.5",
    }


def _compiling() -> list[dict[str, str]]:
    """Measure a run of the GAN lab without the cache of compiled programs, and with it."""
    words = ("run", "gan2d/ring", "--iterations", "300", "--no-figures", "--quiet")
    command = (sys.executable, "-m", "epoque", *words)
    with tempfile.TemporaryDirectory() as folder:
        bare = ("env", f"EPOQUE_RUNS={folder}/runs", f"EPOQUE_CACHE={folder}/cache", *command)
        none = ("env", "JAX_ENABLE_COMPILATION_CACHE=false", *bare)
        cold = _once(bare)
        without, warm = cpu_seconds(none, bare)
    return [
        {
            "name": "300 iterations of the 2-D GAN in a new process, CPU time",
            "baseline": f"compiled anew: {without:.1f} s; the first time: {cold:.1f} s",
            "measured": f"{warm:.1f} s",
            "ratio": f"{warm / without:.2f}",
            "target": "under 0.5",
        }
    ]


def _once(command: tuple[str, ...]) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _demo() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "epoque", "demo", "--quiet"],
            cwd=Path(folder), check=True, capture_output=True,
        )  # fmt: skip
        seconds = time.perf_counter() - start
    return {
        "name": "`make demo` after installation, wall time",
        "baseline": "",
        "measured": f"{seconds:.0f} s",
        "ratio": "",
        "target": "under 180 s",
    }
