"""The neuron lab: one run and ten thousand, beside a plain NumPy script of the same rule."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import script_perceptron
from epoque.bench.sweeps.executor import ThreadExecutor
from epoque.bench.sweeps.grid import count_points, expand_grid, parse_axes
from epoque.bench.sweeps.jobs import Job
from epoque.bench.sweeps.run_points import run_compiled
from epoque.bench.sweeps.run_sweep import choose_part_size
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.lab import LAB
from epoque.neuron.perceptron.epoch import ProgramInputs, StaticConfig
from epoque.neuron.perceptron.initialization import init_weights
from epoque.neuron.perceptron.live import run_block
from epoque.neuron.train import train

__all__ = ["rows"]

AND = NeuronConfig()
ROUNDS = 9
ROUNDS_ALONE = 41  # a single run is over in a millisecond: one delay of the system is much
AXES = parse_axes(AND, ["learning_rate=0.01:10:log:100", "seed=0:100"])


def rows() -> list[dict[str, str]]:
    """Return the measurements; the script and ours take turns, and each ratio is a median's."""
    runs = count_points(AXES)
    return [
        _row("one AND run, 1000 iterations, all histories as arrays", _arrays, 1, "at least 10×"),
        _row("the same, handed out as 1000 events and weights.csv", _events, 1, "none"),
        _row(f"a sweep of {runs:,} AND runs, a run", _sweep, runs, "at least 1,000×"),
        _memory(),
    ]


def _script() -> None:
    """Run the baseline once: AND, 1000 iterations, errors and weights of each kept."""
    weights = init_weights(AND, 2)
    script_perceptron.train((0, 0, 0, 1), AND.learning_rate, AND.iterations, weights)


def _arrays() -> None:
    """Run the compiled training: every error measure and weight of 1000 iterations."""
    data = load(AND)
    static, w = StaticConfig.of(AND, data), init_weights(AND, 2)
    with jax.enable_x64(True):
        inputs = ProgramInputs(*map(jnp.asarray, (data.x, data.d, AND.learning_rate)))
        jax.device_get(run_block(static, AND.iterations, w, inputs))


def _events() -> None:
    for _ in train(AND):
        pass


def _sweep() -> None:
    """Measure all points as `epoque sweep` does, without its folder."""
    length = choose_part_size(LAB, AND, AXES)

    starts = range(0, count_points(AXES), length)
    jobs = (
        Job(start, run_compiled, (LAB, AND, expand_grid(AXES, start, start + length), length))
        for start in starts
    )
    assert all(outcome.value for outcome in ThreadExecutor().run(jobs))


def _row(name: str, ours: Callable[[], None], runs: int, target: str) -> dict[str, str]:
    ours()  # compiles
    rounds = [
        (_seconds(_script), _seconds(ours) / runs)
        for _ in range(ROUNDS_ALONE if runs == 1 else ROUNDS)
    ]
    baseline, measured = (median(times) for times in zip(*rounds, strict=True))
    return {
        "name": name,
        "baseline": f"script: {_format_seconds(baseline)}",
        "measured": _format_seconds(measured),
        "ratio": f"{median(script / own for script, own in rounds):,.0f}×",
        "target": target,
    }


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _format_seconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds > 1e-3 else f"{seconds * 1e6:.1f} µs"


def _memory() -> dict[str, str]:
    """Return the peak memory of the sweep, in a process of its own, Python and JAX included."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.neuron", "--peak"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    return {
        "name": "peak memory of that sweep, the whole process",
        "baseline": "—",
        "measured": f"{int(process.stdout) / 1024:,.0f} MiB",
        "ratio": "—",
        "target": "under 2 GB",
    }


def main() -> None:
    """Print the rows as a Markdown table."""
    columns = ("name", "baseline", "measured", "ratio", "target")
    print(" | ".join(columns))
    print(" | ".join(["---"] * len(columns)))
    for row in rows():
        print(" | ".join(row[column] for column in columns))


if __name__ == "__main__":
    if "--peak" in sys.argv:
        _sweep()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    else:
        main()
