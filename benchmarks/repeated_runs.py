"""Fifty iterations, again and again, in a process of its own: prints CPU seconds as JSON.

`python -m benchmarks.repeated_runs FOLDER` trains each run twice: with what stays the same (the
environment, the recipe) read anew, and with it kept from the run before.
"""

import json
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from epoque.api import run
from epoque.bench import recipes
from epoque.bench.system import environment

RUNS, WARM = 40, 20


def main(folder: str) -> None:
    """Print the median of each kind, the first runs left out."""
    seconds: dict[str, list[float]] = {"anew": [], "kept": []}
    for seed in range(RUNS):
        for kind, row in seconds.items():
            if kind == "anew":
                _forget()
            before = _cpu_seconds()
            run("neuron/and-short", runs=Path(folder) / kind, figures=False, seed=seed)
            row.append(_cpu_seconds() - before)
    middle = (RUNS - WARM) // 2
    print(json.dumps({kind: sorted(row[WARM:])[middle] for kind, row in seconds.items()}))


def _cpu_seconds() -> float:
    usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _forget() -> None:
    environment._installation.cache_clear()
    recipes._load_packaged.cache_clear()


if __name__ == "__main__":
    main(sys.argv[1])
