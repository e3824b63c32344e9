import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB

sys.path.insert(0, str(Path(__file__).parent))  # for the modules that tests share

SMALL: dict[str, Any] = {
    "data": "circle",
    "iterations": 60,
    "generator.layers": (8,),
    "discriminator.layers": (8,),
    "log_every": 1,
    "evaluate_every": 20,
    "snapshot_every": 5,
}


@pytest.fixture(scope="session")
def train_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Train a small run, once for all tests that ask for the same settings."""
    root: Path = tmp_path_factory.mktemp("gan2d")
    known: dict[str, Run] = {}

    def train(**settings: Any) -> Run:
        name = repr(sorted(settings.items()))
        if name not in known:
            config = Gan2dConfig(**{**SMALL, **settings})
            run = start(LAB, config, f"gan2d/{len(known)}", root)
            known[name] = Run(execute(run, (), draw=False).path)
        return Run(known[name].path)

    return train
