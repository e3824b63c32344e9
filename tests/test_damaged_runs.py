"""A run is one thing: whatever file of it is damaged, it ends whole or in one sentence."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damages import DAMAGES, content, file_names, refusal

from epoque.bench.errors import DamagedRunError, EpoqueError
from epoque.bench.events import Event, Metrics
from epoque.bench.lab import find_lab, lab_of
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run

ALL = "EPOQUE_TEST_DAMAGES" in os.environ
"""Whether each file is damaged in each way; else one after another takes the next way."""
SLOW = ("stylegan3",)
"""Labs whose resuming takes a second: else every third file."""

TRAINED: dict[str, dict[str, Any]] = {
    "neuron": {"iterations": 60, "checkpoint_every": 20},
    "gan2d": {
        "data": "circle", "iterations": 20, "checkpoint_every": 10, "snapshot_every": 20,
        "evaluate_every": 20, "generator.layers": [4], "discriminator.layers": [4],
        "changes": "10:d_steps=2", "log_every": 1,
    },
    "language": {
        "vocabulary": 300, "block_size": 8, "layers": 1, "width": 8, "heads": 1, "head": "full",
        "batch_size": 4, "epochs": 1000.0, "max_steps": 6, "checkpoint_every": 2, "log_every": 1,
        "precision": "float32", "device": "cpu",
    },
    "stylegan3": {
        "cfg": "t", "batch": 2, "kimg": 0.006, "checkpoint_every": 1, "log_every": 1,
        "snapshot_every": 1, "device": "cpu", "cbase": 64, "cmax": 6, "z_dim": 8, "w_dim": 8,
        "map_depth": 1, "mbstd_group": 2, "snapshot_images": 2,
    },
}  # fmt: skip


class Stop:
    """Stops a training as a kill between two checkpoints does."""

    def __init__(self, step: int) -> None:
        self._step = step

    def log(self, event: Event) -> None:
        if isinstance(event, Metrics) and event.step == self._step:
            raise KeyboardInterrupt

    def close(self, state: str, reason: str = "") -> None: ...


def train(lab: str, root: Path, step: int | None, **settings: Any) -> Run:
    """Train a run of a lab, or stop it at a step."""
    found = find_lab(lab)
    run = start(found, found.config_class.parse({**TRAINED[lab], **settings}), f"{lab}/tiny", root)
    if step is None:
        return execute(run, draw=False)  # figures are the line lab's test: drawing takes seconds
    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: Stop(step)], draw=False)
    return run


@pytest.fixture(scope="module", autouse=True)
def _distances_of_few_points() -> Iterator[None]:
    """Spare the second that the exact distance of two samples takes, each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("epoque.gan2d.evaluate.PAIRED", 50)
        yield


STEPS = {"neuron": 50, "gan2d": 15, "language": 5, "stylegan3": 3}
"""Where the interrupted ones stop: some steps after a checkpoint."""


@pytest.fixture(scope="module", params=TRAINED)
def runs(request: pytest.FixtureRequest, tmp_path_factory: Any) -> dict[str, Run]:
    """A finished run, an interrupted one, and one of another seed."""
    lab, root = request.param, tmp_path_factory.mktemp(request.param)
    own = data_of(lab, root)
    return {
        "finished": train(lab, root / "1", None, seed=1, **own),
        "interrupted": train(lab, root / "1", STEPS[lab], seed=1, **own),
        "other": train(lab, root / "2", None, seed=2, **own),
    }


def data_of(lab: str, root: Path) -> dict[str, Any]:
    """Make what a lab learns from, and return the settings that name it."""
    if lab == "language":
        text = "".join(f"the cat number {i} sees the {i % 7} houses .\n" for i in range(60))
        (root / "text.txt").write_text(text)
        return {"train_files": [str(root / "text.txt")]}
    if lab == "stylegan3":
        from PIL import Image

        (root / "images").mkdir()
        rng = np.random.default_rng(0)
        for i in range(4):
            levels = rng.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(levels).save(root / "images" / f"{i}.png")
        return {"data": str(root / "images")}
    return {}


def cases(run: Run, other: Run) -> Iterator[tuple[str, str, bytes]]:
    """Yield a file's name, what is done to it, and what it then holds."""
    ways = list(DAMAGES)
    for number, name in enumerate(file_names(run.path)):
        if run.lab_name in SLOW and number % 3 and not ALL:
            continue
        data = (run.path / name).read_bytes()
        beside = other.path / name
        foreign = beside.read_bytes() if beside.is_file() else data + b"1"
        for way in ways if ALL else (ways[number % len(ways)],):
            if (damaged := DAMAGES[way](data, foreign)) != data:
                yield name, way, damaged


@pytest.mark.parametrize("state", ["finished", "interrupted"])
def test_each_file_damaged(runs: dict[str, Run], state: str, tmp_path: Path) -> None:
    whole, run, other = (runs[name] for name in ("finished", state, "other"))
    expected, endings = content(whole.path), []
    for name, way, damaged in cases(run, other):
        copy = Run(Path(shutil.copytree(run.path, tmp_path / run.id)))
        (copy.path / name).write_bytes(damaged)
        if state == "finished":
            check_readers(copy, whole, name)
        endings.append((name, way, ending(copy, expected)))
        shutil.rmtree(copy.path)
    told = [f"{name} {way}: {how}" for name, way, how in endings if how != "whole"]
    assert len(told) < len(endings) / 2, told


def check_readers(copy: Run, whole: Run, name: str) -> None:
    """A damaged file is named, and what can be read is what was measured."""
    assert any(wrong.startswith(f"{name} ") for wrong in copy.differences()) or name == MANIFEST
    for read in READERS:
        right = read(whole)
        with suppress(EpoqueError):
            assert read(copy) == right


READERS: tuple[Callable[[Run], Any], ...] = (
    lambda run: run.results,
    lambda run: list(run.metric_rows()),
    lambda run: run.config,
)
MANIFEST = "manifest.json"


def ending(copy: Run, expected: dict[str, bytes]) -> str:
    """Resume, and return "whole" or the one sentence; nothing else may come of it."""
    before = content(copy.path)
    told: list[str] = []
    try:
        resume(copy, draw=False, notify=told.append)
    except DamagedRunError as error:
        return refusal(error, copy.path, before)
    run = Run(copy.path)
    found = content(run.path)
    lost = sorted(name for name in expected if name not in found)
    if lost and lab_of(run).max_checkpoints and lost[0].startswith("checkpoints/"):
        assert told  # a damaged one in reserve is left out, and that is said
        expected = {name: data for name, data in expected.items() if name not in (*lost, MANIFEST)}
        del found[MANIFEST]
    wrong = [name for name in found | expected if found.get(name) != expected.get(name)]
    assert not wrong
    assert not list(run.differences())
    assert run.status.state == "finished"
    assert run.environment["seed"] == run.config.seed
    return "whole"
