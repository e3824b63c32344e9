"""A lab installed as any other: gradient descent into a bowl, from a random start.

`engine` chooses whether the lab can sweep a grid in one go; `pace` makes each iteration take a
while, so that a test can stop it half way; `fate` lets the process die.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from epoque.bench import stopping
from epoque.bench.config import Config, Settings, setting, sub_config
from epoque.bench.errors import DivergenceError, Problem
from epoque.bench.events import Checkpoint, Event, Metrics
from epoque.bench.lab import Lab
from epoque.bench.progress import Progress, no_progress
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng
from epoque.bench.sweeps.columns import Columns

FAR = 1e6


class GustConfig(Settings):
    strength: float = setting(0.0, "Strength", "Of each push.", ge=-10, le=10)
    until: int = setting(1000, "End", "The last step with a push.", ge=1, le=1000)


class WindConfig(Settings):
    gust: GustConfig = sub_config(GustConfig(until=5), "Gusts", "Pushes at the beginning.")


class BowlConfig(Config):
    learning_rate: float = setting(0.1, "Learning rate", "Length of a step.", gt=0, le=100)
    iterations: int = setting(20, "Iterations", "Steps.", unit="iterations", ge=1, le=1000)
    low: float = setting(-1.0, "Low", "Least start.", ge=-10, le=10)
    high: float = setting(1.0, "High", "Greatest start.", ge=-10, le=10)
    shape: Literal["round", "steep"] = setting("round", "Shape", "Of the bowl.")
    widths: tuple[int, ...] = setting((1,), "Widths", "A list, to be swept.")
    limit: int | None = setting(None, "Limit", "A whole number or none.", ge=1)
    engine: Literal["together", "each"] = setting("together", "Engine", "How it is swept.")
    pace: float = setting(0.0, "Pace", "Seconds an iteration.", ge=0, le=10)
    wind: WindConfig = sub_config(WindConfig(), "Wind", "What pushes.", context="{} of the wind")
    place: str = setting("", "Place", "A file with where it starts.", file=("txt",))
    fate: Literal["live", "die", "stumble"] = setting("live", "Fate", "Of the process.")

    def conflicts(self) -> Iterator[Problem]:
        if self.low > self.high:
            yield Problem("low", f"{self.low} is above high ({self.high}).")


def start_of(seed: int, low: float, high: float, place: str = "") -> float:
    if place:
        return float(Path(place).read_text(encoding="ascii"))
    return float(numpy_rng(seed, "start").uniform(low, high))


def curvature(shape: str) -> float:
    return 4.0 if shape == "steep" else 1.0


def next_place(config: BowlConfig, x: float, step: int) -> float:
    gust = config.wind.gust
    push = gust.strength if step <= gust.until else 0.0
    return x - config.learning_rate * curvature(config.shape) * x + push


class BowlLab(Lab[BowlConfig]):
    name: ClassVar[str] = "bowl"
    title: ClassVar[str] = "A bowl"
    config_class = BowlConfig

    def train(self, config: BowlConfig, resume: Checkpoint | None = None) -> Iterator[Event]:
        x = start_of(config.seed, config.low, config.high, config.place)
        first = 1
        if resume:
            x, first = float(resume.arrays["x"][0]), resume.step + 1
        for step in range(first, config.iterations + 1):
            time.sleep(config.pace)
            if config.fate == "die" and "BOWL_IS_SAFE" not in os.environ:
                os.kill(os.getpid(), signal.SIGKILL)
            x = next_place(config, x, step)
            if abs(x) > FAR:
                raise DivergenceError("x", step)
            yield Metrics(step, {"x": x})
            due = step % config.checkpoint_every == 0 or step == config.iterations
            if due or stopping.is_stop_requested():
                yield Checkpoint(step, {"x": np.array([x])}, scheduled=due)
                if config.fate == "stumble" and resume is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                stopping.raise_if_stop_requested()

    def evaluate(self, run: Run, progress: Progress = no_progress) -> Mapping[str, Any]:
        *_, last = run.metric_rows()
        x = float(last["x"])
        side = "right" if x > 0 else "left"
        return {"final_error": abs(x), "x": x, "side": side, "path": [x], "nothing": None}

    def measure_progress(
        self, config: BowlConfig, step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        return step, config.iterations

    def sweep(self, base: BowlConfig, points: Columns) -> Columns | None:
        if base.engine == "each":
            return None
        with open(os.environ.get("BOWL_CALLS", os.devnull), "a", encoding="utf-8") as calls:
            print(len(next(iter(points.values()))), file=calls)
        errors = []
        for index in range(len(next(iter(points.values())))):
            config = base.replace(**{path: values[index] for path, values in points.items()})
            time.sleep(config.pace)
            x = start_of(config.seed, config.low, config.high, config.place)
            for step in range(1, config.iterations + 1):
                x = next_place(config, x, step)
            errors.append(abs(x) if abs(x) < FAR else float("nan"))
        return {"final_error": np.array(errors)}


LAB = BowlLab()
