"""Keeping a training of a page: computed again here, compared, and written as an ordinary run.

Nothing that a browser says is believed: it says settings, changes and iterations, and the digest of
its state; the live engine does the same in a process of its own, and only if it comes to the same
state is there a run.
"""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from epoque.bench.config import Config
from epoque.bench.errors import UsageError
from epoque.bench.lab import Lab, find_lab

from .background import serve_job

__all__ = ["KeepJob", "keep_training"]

SECONDS_AT_ONCE = 1.0
"""Of computing, after which a process that is to end does."""


@dataclass(frozen=True, slots=True)
class KeepJob:
    """What is computed again.

    Attributes:
        lab: the lab's name.
        recipe: the recipe that the settings began with.
        values: the whole config, path of a setting to plain value.
        digest: SHA-256 of the state that the page came to, hexadecimal.
        root: the folder of runs.
        name: of the run; None: the time and the recipe.
    """

    lab: str
    recipe: str
    values: dict[str, Any]
    digest: str
    root: str
    name: str | None = None


def keep_training(pipe: "Connection[Any, Any]", job: KeepJob) -> None:
    """Compute a training again, and write its run; a process's whole life (see `serve_job`)."""

    def prepare() -> Any:
        lab = find_lab(job.lab)
        config = lab.config_class.parse(job.values)
        _verify(lab, config, job.digest)
        return _begin(lab, config, job)

    serve_job(pipe, prepare, "This training could not be computed again: {why}.")


def _verify(lab: Lab[Any], config: Config, digest: str) -> None:
    """Compute a training and compare its state.

    Raises:
        UsageError: if it is another one.
    """
    lab.check(config)
    live, iterations = lab.live(config), int(config.get("iterations"))
    try:
        while live.step < iterations and live.advance(iterations - live.step, SECONDS_AT_ONCE):
            pass
        own = live.digest()
    finally:
        live.close()
    if own is None:
        raise UsageError("Only a training of the live engine is kept; run this one instead.")
    if own != digest:
        raise UsageError(
            f"This training was computed again and came to another state after {iterations:,} "
            "iterations, so it is not kept: the page may be of another version; reload it."
        )


def _begin(lab: Lab[Any], config: Config, job: KeepJob) -> Any:
    from epoque.bench.runs.run_name import check_name
    from epoque.bench.runs.run_writer import create_run

    if job.name is not None:
        check_name(job.name)
    return create_run(Path(job.root), lab.name, job.recipe, config, job.name)
