"""A sweep's runs are the single runs of the same configs."""

import math
from typing import Any

import numpy as np
import pytest

from epoque.bench.events import Metrics
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.network_config import DiscriminatorConfig, GeneratorConfig
from epoque.gan2d.training.sweep import sweep
from epoque.gan2d.training.train import train

SMALL = Gan2dConfig(
    generator=GeneratorConfig(layers=(5,)),
    discriminator=DiscriminatorConfig(layers=(6,)),
    batch_size=32,
    iterations=30,
    evaluate_every=20,
    d_steps=2,
)


def alone(config: Gan2dConfig) -> dict[str, float]:
    """Return the last metrics of a single run."""
    found: dict[str, float] = {}
    for event in train(config):
        if isinstance(event, Metrics):
            found |= event.values
    return found


def agree(points: dict[str, list[Any]], results: Any, base: Gan2dConfig) -> None:
    for place, row in enumerate(zip(*points.values(), strict=True)):
        single = alone(base.replace(**dict(zip(points, row, strict=True))))
        for name, value in single.items():
            told = results[f"final_{name}"][place]
            assert told == pytest.approx(value, rel=2e-3, abs=2e-4), (row, name)


def test_runs_that_differ_in_seed_and_numbers() -> None:
    points = {
        "seed": [0, 1, 7],
        "generator.optimizer.learning_rate": [0.03, 0.01, 0.1],
        "loss": ["log", "hinge", "relativistic"],
        "discriminator.optimizer.name": ["sgd", "adam", "momentum"],
        "discriminator.optimizer.learning_rate": [0.1, 0.001, 0.01],
        "d_steps": [1, 3, 0],
    }
    results = sweep(SMALL, points)
    assert results is not None
    agree(points, results, SMALL)
    assert results["diverged"] == [0.0, 0.0, 0.0]


def test_runs_of_several_programs_come_back_in_order() -> None:
    points = {"generator.layers": [(4,), (5,), (4,)], "iterations": [10, 20, 30]}
    results = sweep(SMALL, points)
    assert results is not None
    reversed_points = {name: values[::-1] for name, values in points.items()}
    again = sweep(SMALL, reversed_points)
    assert again is not None
    assert again["final_js"] == results["final_js"][::-1]
    assert len(set(results["final_js"])) == 3
    five = sweep(SMALL, {"iterations": [20]})
    assert five is not None
    assert results["final_js"][1] == five["final_js"][0]


def test_a_run_that_diverges_leaves_the_others_alone() -> None:
    base = SMALL.replace(loss="least_squares", discriminator={"output": "linear"})
    results = sweep(
        base, {"discriminator.optimizer.learning_rate": [0.01, 50.0, 0.01], "seed": [3, 3, 3]}
    )
    assert results is not None
    assert results["diverged"] == [0.0, 1.0, 0.0]
    assert math.isnan(results["final_js"][1])
    assert results["final_js"][0] == results["final_js"][2]
    assert np.isfinite(results["final_js"][0])


def test_settings_that_change_during_a_run_are_not_swept_together() -> None:
    assert sweep(SMALL.replace(changes="5:d_steps=1"), {"seed": [0, 1]}) is None
