"""A small real lab for the bench's tests: a line fitted to noisy points, in pure NumPy.

It has all that a lab can have: random numbers during training, momentum, metrics, snapshots,
checkpoints, a file of its own, results and a figure. Child processes import it too.
"""

import os
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import numpy as np

from epoque.bench import stopping
from epoque.bench.config import Config, setting
from epoque.bench.errors import DivergenceError, Problem
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.lab import Lab
from epoque.bench.plugins import find_entry_points
from epoque.bench.progress import Progress, no_progress
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng


class LineConfig(Config):
    """A line, and how it is fitted."""

    iterations: int = setting(
        200,
        "Iterations",
        "Points seen.",
        unit="iterations",
        ge=1,
        le=10**6,
        group="Training",
        scale="log",
    )
    learning_rate: float = setting(
        0.05,
        "Learning rate",
        "Size of a step.",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        live=True,
    )
    optimizer: Literal["sgd", "momentum"] = setting(
        "momentum", "Optimiser", "How to step.", group="Training", live=True
    )
    layers: tuple[int, ...] = setting((4, 2), "Layers", "A list.", max_length=8, group="Network")
    batch_size: int | None = setting(None, "Batch size", "Points a step.", ge=1, group="Training")
    centred: bool = setting(True, "Centred", "Whether the inputs have mean zero.", group="Data")
    note: str = setting("", "Note", "Any text.", max_length=100)
    pause: float = setting(
        0.0,
        "Pause",
        "Sleep after each iteration.",
        unit="s",
        ge=0,
        le=1,
        group="Training",
        live=True,
    )

    def conflicts(self) -> Iterator[Problem]:
        if self.batch_size is not None and self.batch_size > self.iterations:
            yield Problem("batch_size", f"{self.batch_size} is above iterations.")


class LineLab(Lab[LineConfig]):
    name = "line"
    title = "A line through noisy points"
    config_class = LineConfig

    def train(self, config: LineConfig, resume: Checkpoint | None = None) -> Iterator[Event]:
        rng = numpy_rng(config.seed, "points")
        weights, velocity = numpy_rng(config.seed, "weights").normal(size=3), np.zeros(3)
        path = weights[None]
        first = 1
        if resume is not None:
            weights, velocity, path = (resume.arrays[k] for k in ("weights", "velocity", "path"))
            rng.bit_generator.state = resume.state["rng"]
            first = resume.step + 1
        for step in range(first, config.iterations + 1):
            x = np.array([1.0, *rng.normal(size=2)])
            error = float(weights @ x - (x @ [0.5, -1.0, 2.0]) + 0.1 * rng.normal())
            if not abs(error) < 1e12:
                raise DivergenceError("the error", step)
            velocity = 0.9 * velocity * (config.optimizer == "momentum") - error * x
            weights = weights + config.learning_rate / 10 * velocity
            path = np.vstack([path, weights])
            named = dict(zip(("w0", "w1", "w2"), weights.tolist(), strict=True))
            yield Metrics(step, {"error": abs(error), **named})
            time.sleep(config.pause) if config.pause else None
            if step % 50 == 0:
                yield Snapshot(step, {"weights": weights})
            due = step % config.checkpoint_every == 0 or step == config.iterations
            if due or stopping.is_stop_requested():
                arrays = {"weights": weights, "velocity": velocity, "path": path}
                arrays["count"] = np.array(step)
                yield Checkpoint(step, arrays, {"rng": rng.bit_generator.state}, scheduled=due)
                stopping.raise_if_stop_requested()
        rows = "\n".join(",".join(map(repr, row)) for row in path.tolist())
        yield Artifact("weights.csv", f"w0,w1,w2\n{rows}\n".encode())

    def evaluate(self, run: Run, progress: Progress = no_progress) -> dict[str, Any]:
        error = run.metrics["error"]
        return {"final_error": float(error.iloc[-1]), "mean_error": float(error.mean())}

    def measure_progress(
        self, config: LineConfig, step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        return step, config.iterations

    def prepare(
        self,
        config: LineConfig,
        resume: Checkpoint | None = None,
        progress: Progress = no_progress,
    ) -> str | None:
        left = config.iterations - (resume.step if resume else 0)
        return f"{config.note}: {left} iterations remain" if config.note else None

    def device(self, config: LineConfig) -> str:
        return "a slide rule"

    def figures(self, run: Run, language: str = "en") -> dict[str, Any]:
        from matplotlib.figure import Figure

        def error() -> Figure:
            figure = Figure(figsize=(3, 2))
            figure.subplots().plot(run.metrics["error"])
            return figure

        return {"error": error}


LAB = LineLab()


def installed_too(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Return what packages bring in a group, and this lab, which none does."""
    mine = {"line": (EntryPoint("line", "line_lab:LAB", group),)}
    return find_entry_points(group) | (mine if group == "epoque.labs" else {})


def children_find_the_lab() -> None:
    """Let runs of this process find the lab, which no entry point names."""
    mock.patch("epoque.bench.plugins.find_entry_points", installed_too).start()


def train_here(root: str, settings: dict[str, Any], draw: bool = False) -> Run:
    """Run the whole of a training, as the body of a child process."""
    children_find_the_lab()
    return execute(start(LAB, LineConfig(**settings), "line/fit", root), draw=draw)


def resume_here(path: str, draw: bool = False) -> None:
    """Resume a run, as the body of a child process; exit code 3 where it was finished and whole."""
    children_find_the_lab()
    run = Run.open(path)
    if run.is_complete:
        os._exit(3)
    resume(run, draw=draw)


def create_without_end(root: str) -> None:
    """Create runs until killed, as the body of a child process."""
    while True:
        start(LAB, LineConfig(), "line/fit", root)


def look_without_end(path: str) -> None:
    """Ask whether a run is locked until killed, as the body of a child process."""
    while True:
        Run(Path(path)).is_locked()
        time.sleep(0.001)


def content(folder: Path) -> dict[str, bytes]:
    """Return what must be the same bytes for the same run: all files but clocks and machines."""
    told = ("status.json", "environment.json")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in told and not path.name.startswith(".")
    }
