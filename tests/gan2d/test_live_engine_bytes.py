"""The same bytes everywhere: Node, Chromium and wasmtime end a training with the same state."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from covering import cover_pairs
from engine_hosts import Jobs, compute_in_chromium, compute_in_node, list_jobs

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.user_points import UserPoints
from epoque.gan2d.live_engine import begin_training

pytest.importorskip("wasmtime")

ITERATIONS = 2000
COUNT = 20
POINTS = UserPoints(np.random.default_rng(0).random((211, 2), np.float32), 0.01)

SETTINGS: dict[str, tuple[Any, ...]] = {
    "data": ("ring", "line", "grid", "moons", "pinwheel", "spiral", "csv", "checkerboard"),
    "noise": ("uniform", "gaussian", "normal"),
    "noise_dims": (1, 2, 16),
    "batch_size": (7, 32),
    "generator.layers": ((), (10, 10), (16,)),
    "generator.activation": ("relu", "sine", "silu", "elu"),
    "generator.init": ("orthogonal", "ganlab", "torch"),
    "discriminator.activation": ("leaky_relu", "tanh", "sigmoid"),
    "discriminator.layers": ((9, 9, 9), (8,)),
    "generator.optimizer.name": ("adam", "sgd", "momentum", "rmsprop"),
    "discriminator.optimizer.name": ("adam", "sgd", "momentum", "rmsprop"),
    "loss": ("log", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"),
    "weight_clip": (0.3,),
    "instance_noise": (0.0, 0.1),
    "ema": (0.0, 0.99),
    "lr_decay": ("none", "cosine", "exponential"),
}


def _configs() -> list[Gan2dConfig]:
    configs = []
    for row in cover_pairs(SETTINGS, COUNT)[:COUNT]:
        rate = {f"{network}.optimizer.learning_rate": 0.003 for network in NETWORKS}
        csv = {"csv": "points.csv"} if row["data"] == "csv" else {}
        configs.append(Gan2dConfig().change({**row, **rate, **csv}))
    return configs


NETWORKS = ("generator", "discriminator")
CONFIGS = _configs()


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What wasmtime ends with."""
    digests = []
    for config in CONFIGS:
        training = begin_training(config, _points(config))
        assert training.advance(ITERATIONS) == ITERATIONS
        digests.append(training.digest())
    assert len(set(digests)) == COUNT
    return digests


@pytest.fixture(scope="module")
def jobs() -> Jobs:
    """The same trainings, as the hosts take them."""
    values = [config.flatten() for config in CONFIGS]
    points = [_rows(config) for config in CONFIGS]
    return list_jobs("gan2d", values, ITERATIONS, points)


def test_node_ends_with_the_same_state(jobs: Jobs, expected: list[str], tmp_path: Path) -> None:
    assert compute_in_node(jobs, tmp_path) == expected


def test_chromium_ends_with_the_same_state(jobs: Jobs, expected: list[str]) -> None:
    assert compute_in_chromium(jobs) == expected


def _points(config: Gan2dConfig) -> UserPoints | None:
    return POINTS if config.data == "csv" else None


def _rows(config: Gan2dConfig) -> list[list[float]] | None:
    if config.data != "csv":
        return None
    return [[x, y, POINTS.jitter] for x, y in POINTS.points.tolist()]
