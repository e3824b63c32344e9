"""Writing runs: the sink that every run has.

Crash-safe by construction: the folder appears whole under its name; metrics are only appended; a
checkpoint is there once its JSON is, and that JSON says how long metrics.jsonl was at that moment,
so that resuming can cut off what came later.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config import Config
from .errors import DamagedRunError
from .events import Artifact, Checkpoint, Event, Metrics, Snapshot, Timings
from .files import json_line, told_write_errors, write_atomic, write_json
from .order import next_moment
from .reader import FORMAT
from .record import State, StatusFile, create_record, note_environment, remove_drafts, stamped
from .run import Run, checkpoint_digest

__all__ = ["RunFolder", "check_metrics", "create_run"]

BUFFERED_LINES = 4096
BUFFERED_SECONDS = 0.5


def create_run(
    root: Path,
    lab: str,
    recipe: str,
    config: Config,
    name: str | None = None,
    *,
    only: bool = False,
) -> Run:
    """Make a new run folder, whole or not at all.

    Args:
        root: the folder of runs; made if it is missing.
        lab: the lab's name.
        recipe: the recipe's name.
        config: the resolved config.
        name: the folder's name; by default the time and the recipe.
        only: whether it must be that name; else a number is added where it is taken.

    Raises:
        NameTakenError: if it must and cannot.
        RunWriteError: if the system refuses.
    """
    plain = config.model_dump(mode="json")
    manifest = {"format": FORMAT, "lab": lab, "recipe": recipe, "config": plain}

    def fill(draft: Path) -> None:
        (draft / "checkpoints").mkdir()
        (draft / "metrics.jsonl").touch()
        write_json(draft / "config.json", manifest)

    moment = next_moment(root)
    folder = name or stamped(recipe, "", moment)
    return Run(create_record(root, folder, config.seed, fill, moment, only=only))


def check_metrics(run: Run, checkpoint: Checkpoint | None) -> Path:
    """Return the path of metrics.jsonl if it reaches as far as a checkpoint.

    Raises:
        DamagedRunError: if it is missing or ends before the checkpoint.
    """
    path = run.path / "metrics.jsonl"
    length = checkpoint.state["metrics_bytes"] if checkpoint else 0
    if not path.is_file() or path.stat().st_size < length:
        raise DamagedRunError(f"{path} is missing or shorter than its checkpoint says.")
    return path


class RunFolder:
    """The sink that writes a run folder; use it under `lock_record`."""

    def __init__(self, run: Run, resume: Checkpoint | None = None) -> None:
        self.run = run
        self._has_begun = resume is not None  # then the device is that of the first process
        self._status = StatusFile(run.path)
        self._status.timings = self._status.timings.until(resume.step if resume else 0)
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()
        self._passing = _passing_checkpoints(run, resume)
        remove_drafts(run.path)
        self._cut_metrics(resume)
        if resume is not None:  # what wrote it may have been killed before it removed those before
            self._remove_old(resume)
        with told_write_errors(run.path):
            self._file = (run.path / "metrics.jsonl").open("ab", buffering=0)
        self._status.write("running")

    def _cut_metrics(self, resume: Checkpoint | None) -> None:
        """Drop the metrics after the checkpoint: they will be made again, to the same bytes."""
        path = check_metrics(self.run, resume)
        with told_write_errors(path), path.open("r+b") as file:
            file.truncate(resume.state["metrics_bytes"] if resume else 0)

    def log(self, event: Event) -> None:
        """Write one event.

        Raises:
            RunWriteError: if the system refuses; what was there stays whole.
        """
        if not self._has_begun:
            self._has_begun = True
            note_environment(self.run.path, device=self.run.lab.device(self.run.config))
        match event:
            case Metrics(step, values):
                self._log_metrics(step, values)
            case Checkpoint():
                self._log_checkpoint(event)
            case Snapshot(step, arrays):
                folder = self.run.path / "snapshots"
                with told_write_errors(folder):
                    folder.mkdir(exist_ok=True)
                write_atomic(folder / f"step-{step:010d}.safetensors", _packed(arrays))
            case Artifact(name, data):
                assert Path(name).name == name, f"not a plain file name: {name}"
                write_atomic(self.run.path / name, data)
            case Timings():
                self._status.timings = self._status.timings.following(event)
                self._status.write("running")

    def _log_metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._lines.append(json_line({"step": step, **values}))
        waited = time.monotonic() - self._flushed
        if len(self._lines) >= BUFFERED_LINES or waited > BUFFERED_SECONDS:
            self.flush()

    def _log_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write the metrics so far, the arrays, and last the JSON that makes them a checkpoint."""
        self.flush()
        with told_write_errors(self.run.path / "metrics.jsonl"):
            os.fsync(self._file.fileno())
        stem = self.run.path / "checkpoints" / f"step-{checkpoint.step:010d}"
        data = _packed(checkpoint.arrays)
        told = {"step": checkpoint.step, **checkpoint.state, "metrics_bytes": self._file.tell()}
        if not checkpoint.scheduled:
            told["scheduled"] = False
        told["sha256"] = checkpoint_digest(data, told)
        write_atomic(stem.with_suffix(".safetensors"), data, durable=True)
        write_json(stem.with_suffix(".json"), told, durable=True)
        if "threads" in checkpoint.state:
            note_environment(self.run.path, threads=checkpoint.state["threads"])
        self._remove_old(checkpoint)

    def _remove_old(self, newest: Checkpoint) -> None:
        """Remove the checkpoints that a run does not keep; the newest is safe.

        These are the passing ones and, where the lab keeps but the last ones, those before.
        """
        step, old = newest.step, self._passing - {newest.step}
        if (count := self.run.lab.checkpoints_kept) is not None:
            known = [k for k in self.run.checkpoint_steps if k <= step and k not in old]
            old |= set(known[:-count])
        stems = [self.run.path / "checkpoints" / f"step-{one:010d}" for one in sorted(old)]
        with told_write_errors(self.run.path / "checkpoints"):
            for stem in stems:  # the JSON first: without it nobody takes the rest for a checkpoint
                stem.with_suffix(".json").unlink(missing_ok=True)
                stem.with_suffix(".safetensors").unlink(missing_ok=True)
        self._passing = set() if newest.scheduled else {step}

    def flush(self) -> None:
        """Append what is buffered; if the system takes only a part, the file gets none of it.

        Raises:
            RunWriteError: if the system refuses.
        """
        self._flushed = time.monotonic()
        if not self._lines:
            return
        data = memoryview(b"\n".join([*self._lines, b""]))
        self._lines.clear()
        before = self._file.tell()
        with told_write_errors(self.run.path / "metrics.jsonl"):
            try:
                while data:
                    data = data[self._file.write(data) :]
            except OSError:
                self._file.truncate(before)
                raise

    def close(self, state: State, reason: str = "") -> None:
        """End the writing: flush, and say how the run stands."""
        with self._file:
            self.flush()
        self._status.write(state, reason)


def _passing_checkpoints(run: Run, resume: Checkpoint | None) -> set[int]:
    """Return the steps of the checkpoints that the next one replaces.

    These are the ones that are not scheduled, those whose writing was cut short, and those of a
    damaged end that is made again.
    """
    last, whole = resume.step if resume else -1, set(run.checkpoint_steps)
    names = (path.stem[5:] for path in (run.path / "checkpoints").glob("step-*"))
    steps = {int(name) for name in names if name.isdecimal()}
    return {s for s in steps if s > last or s not in whole or not run.is_scheduled(s)}


def _packed(arrays: Mapping[str, Any]) -> bytes:
    """Return safetensors bytes; the same arrays always give the same bytes."""
    import numpy as np
    from safetensors.numpy import save

    # Not ascontiguousarray: it turns a scalar (shape ()) into a vector (shape (1,)).
    return save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
