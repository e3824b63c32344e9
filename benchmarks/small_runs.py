"""Sweeps and short runs: the CPU time of a whole command, beside NumPy vectorised over the runs."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

__all__ = ["rows"]

ROUNDS = 3
ROOT = Path(__file__).parents[1]
AXES = ("learning_rate=0.01:10:log:100", "seed=0:100")
EPOQUE = (sys.executable, "-m", "epoque")
TABLE = (*EPOQUE, "sweep", "neuron/and", *AXES, "--no-figures", "--quiet")
RECIPES = (
    ("neuron/and", ("run", "neuron/and", "--quiet"), "at most 3 s"),
    ("neuron/xor-mlp", ("run", "neuron/xor-mlp", "--quiet"), "at most 3 s"),
    ("gan2d/ring, 400 iterations", ("run", "gan2d/ring", "--iterations", "400", "--quiet"),
     "at most 8 s"),
)  # fmt: skip


def rows() -> list[dict[str, str]]:
    """Measure in turn, each command with an empty cache folder and with what it kept there."""
    with tempfile.TemporaryDirectory() as folder:
        script = (sys.executable, "benchmarks/script_perceptrons.py", f"{folder}/table.csv")
        scripts: list[float] = []
        colds: list[float] = []
        kept: list[float] = []
        for _ in range(ROUNDS):
            scripts.append(_cpu_seconds(script, folder))
            colds.append(_cpu_seconds(TABLE, f"{folder}/{len(colds)}"))
            kept.append(_cpu_seconds(TABLE, f"{folder}/{len(kept)}"))
        both = f"script: {median(scripts):.2f} s"
        name = "10,000 perceptrons from the command to the table"
        what = ("nothing kept", colds, "at most 2×"), ("programs kept", kept, "none")
        table = [_row(f"{name}, {n}", both, median(t), median(scripts), to) for n, t, to in what]
        return [*table, _warm(), *(_recipe(folder, *recipe) for recipe in RECIPES)]


def _row(name: str, baseline: str, ours: float, theirs: float, target: str) -> dict[str, str]:
    ratio = f"{ours / theirs:.1f}×" if theirs else ""
    row = {"name": f"{name}, CPU time (load {os.getloadavg()[0]:.0f})", "baseline": baseline}
    return {**row, "measured": f"{ours:.2f} s", "ratio": ratio, "target": target}


def _recipe(folder: str, name: str, words: Sequence[str], target: str) -> dict[str, str]:
    """Measure a run with all its figures, the second time with the programs of the first."""
    cache = f"{folder}/{words[1].replace('/', '-')}"
    first, *again = (_cpu_seconds((*EPOQUE, *words), cache) for _ in range(1 + ROUNDS))
    return _row(
        f"{name} with its figures", f"nothing kept: {first:.1f} s", median(again), 0, target
    )


def _cpu_seconds(command: Sequence[str], cache: str) -> float:
    """Return the CPU time of a command and its children, whose runs go nowhere else."""
    with tempfile.TemporaryDirectory() as runs:
        places = {"EPOQUE_RUNS": runs, "EPOQUE_CACHE": cache}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=os.environ | places)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _warm() -> dict[str, str]:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.small_runs"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    theirs, ours = json.loads(process.stdout.splitlines()[-1])
    name, script = "10,000 perceptrons, again in the same process", f"script: {theirs:.2f} s"
    return _row(f"{name}, up to the table", script, ours, theirs, "at most 0.7×")


def main() -> None:
    """Print the CPU seconds of the script's training and table, and of a sweep, both warm."""
    from benchmarks import script_perceptrons
    from epoque.api import sweep

    with tempfile.TemporaryDirectory() as folder:
        times: list[tuple[float, float]] = []
        for _ in range(1 + ROUNDS):
            marks = [time.process_time()]
            script_perceptrons.main(f"{folder}/table.csv")
            marks.append(time.process_time())
            sweep("neuron/and", *AXES, runs=folder, figures=False)
            marks.append(time.process_time())
            times.append((marks[1] - marks[0], marks[2] - marks[1]))
    print(json.dumps([median(each) for each in zip(*times[1:], strict=True)]))


if __name__ == "__main__":
    main()
