"""The command line and the whole book."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

REPETITIONS = 7


def cpu_seconds(*command: str) -> float:
    """Return the median CPU time, user and system, of a command."""
    times = []
    for _ in range(REPETITIONS):
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = getrusage(RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(times)


def rows() -> list[dict[str, str]]:
    """Measure what a user waits for: the help, the list, and the demo from installed to book."""
    python = cpu_seconds(sys.executable, "-c", "pass")
    jax = cpu_seconds(sys.executable, "-c", "import jax")
    made = [
        _row(f"epoque {word}", cpu_seconds(sys.executable, "-m", "epoque", word), python, jax)
        for word in ("--help", "list")
    ]
    return [*made, _demo()]


def _row(name: str, measured: float, python: float, jax: float) -> dict[str, str]:
    return {
        "name": f"`{name}`, CPU time",
        "baseline": f"python {python:.2f} s; import jax {jax:.2f} s",
        "measured": f"{measured:.2f} s",
        "ratio": f"{jax / measured:.1f}× under import jax",
        "target": "under 0.4 s",
    }


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
