"""Sweeps whose points are runs of their own, and a million of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.sweeps import blocks
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import Executor, LocalExecutor
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.jobs import Job, Outcome, run_job
from epoque.bench.sweeps.ray_executor import RayExecutor
from epoque.bench.sweeps.run_points import measure_runs
from epoque.bench.sweeps.run_sweep import resume_sweep, run_sweep
from epoque.bench.sweeps.sweep import Sweep, Sweeps
from epoque.bench.sweeps.table_blocks import block_of_rows

RUNS = int(os.environ.get("EPOQUE_BENCH_SWEEP_RUNS", "2000"))
POINTS = int(os.environ.get("EPOQUE_BENCH_SWEEP_POINTS", "1000000"))
"""At least a million in the end; a square number, and more than a thousand."""


class Instant:
    """An executor that knows the results: what is left is what the driver itself costs."""

    def __init__(self, *, stop: bool = False) -> None:
        self.stop = stop
        self.began: float | None = None

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Answer each job with made-up rows; with `stop` only take the first."""
        for job in jobs:
            if job.task is not measure_runs:  # whether a compiled program takes them is asked first
                yield run_job(job)
                continue
            self.began = self.began or time.perf_counter()
            if self.stop:
                raise KeyboardInterrupt
            columns = job.arguments[-1]
            rows = [
                {**dict(zip(columns, point, strict=True)), "final_error": sum(point) % 1.0,
                 "state": "finished", "reason": ""}
                for point in zip(*columns.values(), strict=True)
            ]  # fmt: skip
            yield Outcome(job.key, block_of_rows(rows), seconds=1e-6)

    def cancel(self) -> None:
        """Leave nothing behind."""


def rows() -> list[dict[str, str]]:
    """Measure the driver of a sweep, and what blocks save."""
    few, many = ({**_apart("driver", str(points))} for points in (1_000, POINTS))
    runs = _apart("runs")
    compiled = _apart("compiled")
    count = f"{POINTS:,}"
    return [
        _row(
            f"{RUNS:,} runs of 50 steps on local processes, in blocks",
            f"one job a point: {RUNS / runs['alone']:.0f} a second",
            f"{RUNS / runs['blocks']:.0f} a second",
            runs["alone"] / runs["blocks"],
            "at least 3×",
        ),
        _row(
            "the same through a Ray cluster of this machine (`--on ray`)",
            f"local processes: {RUNS / runs['blocks']:.0f} a second",
            f"{RUNS / runs['ray']:.0f} a second",
            runs["blocks"] / runs["ray"],
            "at least 0.9×",
        ),
        _row(
            f"a compiled sweep of {count} points on a Ray cluster of two workers",
            f"two threads: {compiled['threads']:.1f} s",
            f"{compiled['ray']:.1f} s",
            compiled["threads"] / compiled["ray"],
            "at least 0.9×",
        ),
        _row(
            f"until the first of {count} points starts",
            f"of 1,000: {few['first']:.2f} s",
            f"{many['first']:.2f} s",
            many["first"] / few["first"],
            "at most 2×",
        ),
        _row(
            f"the driver's memory, {count} points of the process engine",
            f"1,000 points: {few['memory']:.0f} MB",
            f"{many['memory']:.0f} MB",
            many["memory"] / few["memory"],
            "at most 1.5×, under 400 MB",
        ),
        _row(
            f"until a sweep with all its {count} points done knows it",
            f"reading its table: {many['read']:.2f} s",
            f"{many['known']:.2f} s",
            many["known"] / many["read"],
            "at most 3×",
        ),
        _row(
            f"all of its resume: its {many['parts']:.0f} parts joined, on the disk",
            f"reading its table: {many['read']:.2f} s",
            f"{many['resume']:.2f} s",
            many["resume"] / many["read"],
            "none",
        ),
        _row(
            f"figure of a map of {count} cells",
            f"of 1,000: {few['figure']:.1f} s, {few['svg']:.2f} MB",
            f"{many['figure']:.1f} s, SVG of {many['svg']:.2f} MB",
            many["figure"] / few["figure"],
            "at most 3×, SVG at most 2 MB",
        ),
    ]


def _row(name: str, baseline: str, measured: str, ratio: float, target: str) -> dict[str, str]:
    return {
        "name": name,
        "baseline": baseline,
        "measured": measured,
        "ratio": f"{ratio:.2f}×",
        "target": target,
    }


def _apart(*words: str) -> dict[str, float]:
    """Return what this module measures in a process of its own, whose memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.sweeps", folder, *words],
            cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    measured: dict[str, float] = json.loads(process.stdout)
    return measured


def _sweep(root: Path, executor: Executor, *axes: str, **more: Any) -> Sweep:
    lab, recipe = find_lab("neuron"), find_recipe("neuron/and-short")
    base = recipe.build(lab.config_class, {"engine": "wasm"})  # which no compiled sweep takes
    execution = Execution(executor, keep=more.pop("keep", None))
    options: dict[str, Any] = {"execution": execution, "figures": False, **more}
    return run_sweep(lab, recipe.name, base, parse_axes(base, axes), root, **options)


def _measure_runs(root: Path) -> dict[str, float]:
    """Measure a sweep of short runs, in blocks, on Ray, and each a job; what starts is left out."""
    seconds = {}
    usual = blocks.MAX_POINTS
    ways = {"blocks": (LocalExecutor, usual), "ray": (RayExecutor, usual)}
    for name, (executor, most) in (ways | {"alone": (LocalExecutor, 1)}).items():
        blocks.MAX_POINTS = most
        times: list[tuple[int, float]] = []

        def note(done: int, *_: object, times: list[tuple[int, float]] = times) -> None:
            times.append((done, time.perf_counter()))

        _sweep(root / name, executor(), f"seed=0:{RUNS}", progress=note)
        warm = next(mark for mark in times if mark[0] >= RUNS // 20)
        seconds[name] = (times[-1][1] - warm[1]) / (RUNS - warm[0]) * RUNS
    return seconds


def _measure_compiled(root: Path) -> dict[str, float]:
    """Measure one compiled program over all points, from the first part to the last."""
    lab, recipe = find_lab("neuron"), find_recipe("neuron/and-short")
    base = recipe.build(lab.config_class, {})
    axes = parse_axes(base, (f"seed=0:{POINTS}",))
    ways = {"threads": Execution(workers=2), "ray": Execution(RayExecutor(workers=2))}
    seconds = {}
    for name, execution in ways.items():
        times: list[tuple[int, float]] = []

        def note(done: int, *_: object, times: list[tuple[int, float]] = times) -> None:
            times.append((done, time.perf_counter()))

        options: dict[str, Any] = {"execution": execution, "figures": False, "progress": note}
        run_sweep(lab, recipe.name, base, axes, root / name, **options)
        warm = next(mark for mark in times if mark[0] >= POINTS // 20)
        seconds[name] = (times[-1][1] - warm[1]) / (POINTS - warm[0]) * POINTS
    return seconds


def _measure_driver(root: Path, points: int) -> dict[str, float]:
    """Measure what the driver does around the runs of a map of so many cells."""
    side = round(points**0.5)
    axes = f"learning_rate=0.01:10:log:{points // side}", f"init_low=-2:0:lin:{side}"
    _sweep(root / "warm", Instant(), "seed=0:3")
    began, first = time.perf_counter(), Instant(stop=True)
    with suppress(KeyboardInterrupt):
        _sweep(root / "first", first, *axes)
    assert first.began is not None
    measured = {"first": first.began - began}

    def stop(done: int, total: int, *_: object) -> None:
        if done == total:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        _sweep(root / "all", Instant(), *axes, progress=stop)
    measured["memory"] = getrusage(RUSAGE_SELF).ru_maxrss / 1024  # the rest is pandas' and figures'
    (begun,) = Sweeps(root / "all")
    measured["parts"] = len(list(begun.path.rglob("part-*.parquet")))
    clock = time.perf_counter()
    marks: list[float] = []
    done = resume_sweep(
        begun,
        execution=Execution(Instant()),
        figures=False,
        progress=lambda *_: marks.append(time.perf_counter() - clock),
    )
    measured |= {"known": marks[0], "resume": time.perf_counter() - clock}
    clock = time.perf_counter()
    assert len(Sweep(done.path).table) == points // side * side
    measured["read"] = time.perf_counter() - clock
    return measured | _measure_figure(Sweep(done.path))


def _measure_figure(sweep: Sweep) -> dict[str, float]:
    from epoque.bench.figures.sweep_figures import sweep_figures
    from epoque.bench.runs.execute import save_figures

    for _ in range(2):  # fonts and imports are paid the first time
        clock = time.perf_counter()
        paths = save_figures(sweep.path / "figures", sweep_figures(sweep))
        seconds = time.perf_counter() - clock
    size = max(path.stat().st_size for path in paths if path.suffix == ".svg")
    return {"figure": seconds, "svg": size / 1e6}


if __name__ == "__main__":
    folder, what, *rest = sys.argv[1:]
    if what == "runs":
        print(json.dumps(_measure_runs(Path(folder))))
    elif what == "compiled":
        print(json.dumps(_measure_compiled(Path(folder))))
    else:
        print(json.dumps(_measure_driver(Path(folder), int(rest[0]))))
