"""A training of the 2-D GAN; JAX starts in each forked process and finds its programs compiled."""

from collections.abc import Iterator
from pathlib import Path

import jax  # noqa: F401
import pandas  # noqa: F401
import scipy.optimize  # noqa: F401
from killing import Job, files_in

import epoque
import epoque.gan2d.training.train
from epoque.gan2d import evaluate

SETTINGS = {
    "iterations": 24,
    "checkpoint_every": 5,
    "snapshot_every": 12,
    "evaluate_every": 24,
    "log_every": 3,
    "generator.layers": "2",
    "discriminator.layers": "2",
}


def jobs(_root: Path) -> Iterator[Job]:
    """Yield the job."""
    evaluate._compare_with_real = lambda *_: {}  # which takes longer than all the rest
    yield Job("gan2d", _train, lambda folder: files_in(folder / "run"))


def _train(folder: Path) -> None:
    epoque.run("gan2d/line", runs=folder, name="run", figures=False, **SETTINGS)
