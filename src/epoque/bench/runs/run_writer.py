"""Writing runs: the sink that every run has.

Crash-safe by construction: the folder appears whole under its name; metrics are only appended; a
checkpoint is there once its JSON is, and that JSON says what the rest of the folder was at that
moment, so that resuming can tell whether it still is, and cut off what came later. The manifest
comes last (see `epoque.bench.runs.manifest`).
"""

import hashlib
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from ..errors import RunWriteError
from ..events import Artifact, Checkpoint, Event, Metrics, Snapshot, Timings
from ..files.atomic import (
    encode_json,
    encode_json_line,
    explain_write_errors,
    sync_files,
    write_atomic,
    write_json,
)
from ..lab import C, lab_of
from .creation_time import next_creation_time
from .lock_owner import check_owner, is_owner
from .manifest import digest_files
from .record_folder import create_record, make_record_name, remove_drafts, sign_environment
from .record_format import FORMAT
from .resume_point import ResumePoint, bind_checkpoint, digest_config, find_resume_point
from .run import Run, digest_checkpoint
from .status import State, StatusFile, unseal

__all__ = ["RunWriter", "create_run"]

BUFFERED_LINES = 4096
BUFFERED_SECONDS = 0.5
STATUS_SECONDS = 10.0


def create_run(
    root: Path,
    lab: str,
    recipe: str,
    config: C,
    name: str | None = None,
    *,
    only: bool = False,
    moment: datetime | None = None,
) -> Run[C]:
    """Make a new run folder, whole or not at all.

    Args:
        root: the folder of runs; made if it is missing.
        lab: the lab's name.
        recipe: the recipe's name.
        config: the resolved config.
        name: the folder's name; by default the time and the recipe.
        only: whether it must be that name; else a number is added where it is taken.
        moment: when, in UTC; by default after all that are there, which means to look at each.

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

    moment = moment or next_creation_time(root)
    folder = name or make_record_name(recipe, "", moment)
    return Run(create_record(root, folder, config.seed, fill, moment, only=only))


class RunWriter:
    """The sink that writes a run folder; use it under `lock_record`."""

    def __init__(self, run: Run, resume_point: ResumePoint | None = None) -> None:
        """Take away what does not belong to where the training goes on, and begin to write.

        Args:
            run: the run.
            resume_point: where it goes on; by default it is looked for.

        Raises:
            DamagedRunError: if there is no such place (see `find_resume_point`).
            RunWriteError: if the system refuses.
        """
        resume_point = resume_point or find_resume_point(run)
        self.run = Run(run.path)  # a fresh reader: its config.json may be written again here
        self._metadata = resume_point.metadata
        self._begins, self._is_noted = resume_point.checkpoint is None, False
        self._status = StatusFile(run.path)
        last = resume_point.checkpoint.step if resume_point.checkpoint else 0
        self._status.timings = self._status.timings.until(last)
        self._lines: list[bytes] = []
        self._flushed = self._noted = time.monotonic()
        self._metrics = resume_point.metrics.copy()
        self._digests, self._once = dict(resume_point.files), set(resume_point.once)
        self._unsynced: list[Path] = []
        self._is_sealed = False
        self._passing = {s for s in run.checkpoint_steps if s <= last and not run.is_scheduled(s)}
        self._make_room(resume_point)
        if resume_point.checkpoint:  # its writer may have been killed before it removed others
            self._remove_old(resume_point.checkpoint)
        self._status.write("running")
        with explain_write_errors(run.path):
            self._file = (run.path / "metrics.jsonl").open("ab", buffering=0)

    def _make_room(self, resume_point: ResumePoint) -> None:
        """Drop what came after the checkpoint: it will be made again, to the same bytes."""
        path = self.run.path
        metrics = path / "metrics.jsonl"
        if metrics.exists() and not metrics.is_file():  # a FIFO would be waited for
            reason = "it is no file; move it away and try again"
            raise RunWriteError(f"Cannot write {metrics}: {reason}. What was there is whole.")
        unseal(path)
        remove_drafts(path)
        if resume_point.rewritten:
            write_json(path / "config.json", dict(resume_point.metadata), durable=True)
        for folder in ("checkpoints", "snapshots"):
            self._remove_others(path / folder, resume_point.files)
        with explain_write_errors(metrics), metrics.open("ab") as file:
            file.truncate(resume_point.metrics_bytes)

    def _remove_others(self, folder: Path, files: Mapping[str, str]) -> None:
        """Remove steps that are not kept; a JSON goes first: without it nobody reads the rest."""
        with explain_write_errors(folder):
            for path in sorted(folder.glob("step-*")):
                if f"{folder.name}/{path.name}" not in files:
                    path.unlink()

    def log(self, event: Event) -> None:
        """Write one event.

        Raises:
            RunWriteError: if the system refuses; what was there stays whole.
        """
        self._note_environment()
        self._note_seconds()
        match event:
            case Metrics(step, values):
                self._log_metrics(step, values)
            case Checkpoint():
                self._log_checkpoint(event)
            case Snapshot(step, arrays):
                with explain_write_errors(self.run.path / "snapshots"):
                    (self.run.path / "snapshots").mkdir(exist_ok=True)
                self.save(f"snapshots/step-{step:010d}.safetensors", _pack(arrays))
            case Artifact(name, data, once):
                assert Path(name).name == name, f"not a plain file name: {name}"
                self.save(name, data)
                if once:
                    self._once.add(name)
            case Timings():
                check_owner(self.run.path)
                self._status.timings = self._status.timings.following(event)
                self._status.write("running")

    def _note_seconds(self) -> None:
        """Say how long the run has taken: if its process is killed, no one else knows."""
        if time.monotonic() - self._noted > STATUS_SECONDS:
            check_owner(self.run.path)
            self._status.write("running")
            self._noted = time.monotonic()

    def _note_environment(self, threads: int | None = None) -> None:
        """Say where the training runs; that is known only once it has begun."""
        if self._is_noted and threads is None:
            return
        self._is_noted = True
        lab, config = lab_of(self.run), self.run.config
        computed_by = {"device": lab.device(config), **lab.describe_engine(config)}
        of = digest_config(self._metadata)
        sign_environment(self.run.path, of, config.seed, computed_by, threads, begins=self._begins)

    def save(self, name: str, data: bytes) -> None:
        """Write a file of the run, whole or not at all.

        Args:
            name: relative to the folder, with `/`.
            data: its content.

        Raises:
            RunWriteError: if the system refuses.
            RunLockedError: if another process has taken the run.
        """
        check_owner(self.run.path)
        write_atomic(self.run.path / name, data)
        self._digests[name] = hashlib.sha256(data).hexdigest()
        self._unsynced.append(self.run.path / name)

    def take_in(self, paths: Iterable[Path]) -> None:
        """Make files that something else has just written part of the run."""
        files = list(paths)
        self._digests |= digest_files(self.run.path, files)
        self._unsynced += files

    def _log_metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._lines.append(encode_json_line({"step": step, **values}))
        waited = time.monotonic() - self._flushed
        if len(self._lines) >= BUFFERED_LINES or waited > BUFFERED_SECONDS:
            self.flush()

    def _log_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write the metrics so far, the arrays, and last the JSON that makes them a checkpoint.

        A power cut may leave it without something that it speaks of; it is then not used.
        """
        self.flush()
        with explain_write_errors(self.run.path / "checkpoints"):
            (self.run.path / "checkpoints").mkdir(exist_ok=True)
        stem, data = _checkpoint_stem(checkpoint.step), _pack(checkpoint.arrays)
        state = {"step": checkpoint.step, **checkpoint.state, "metrics_bytes": self._file.tell()}
        if not checkpoint.scheduled:
            state["scheduled"] = False
        state["run"] = bind_checkpoint(self._metadata, self._metrics, self._digests, self._once)
        state["sha256"] = digest_checkpoint(data, state)
        self.save(f"{stem}.safetensors", data)
        self.save(f"{stem}.json", encode_json(state))
        self._sync()
        if "threads" in checkpoint.state:
            self._note_environment(checkpoint.state["threads"])
        self._remove_old(checkpoint)

    def _sync(self) -> None:
        """Wait until the disk has all that was written since the last time."""
        folders = {path.parent for path in self._unsynced}
        always = (self.run.path / name for name in ("", "metrics.jsonl", "environment.json"))
        sync_files([*always, *self._unsynced, *folders])
        self._unsynced.clear()

    def _remove_old(self, newest: Checkpoint) -> None:
        """Remove the checkpoints that a run does not keep; the newest is safe.

        These are the passing ones and, where the lab keeps but the last ones, those before.
        """
        step, old = newest.step, self._passing - {newest.step}
        if (count := lab_of(self.run).max_checkpoints) is not None:
            steps = [k for k in self.run.checkpoint_steps if k <= step and k not in old]
            old |= set(steps[:-count])
        # The JSON first: without it nobody takes the rest for a checkpoint.
        names = [f"{_checkpoint_stem(o)}.{e}" for o in sorted(old) for e in ("json", "safetensors")]
        with explain_write_errors(self.run.path / "checkpoints"):
            for name in names:
                (self.run.path / name).unlink(missing_ok=True)
                self._digests.pop(name, None)
        self._passing = set() if newest.scheduled else {step}

    def flush(self) -> None:
        """Append what is buffered; if the system takes only a part, the file gets none of it.

        Raises:
            RunWriteError: if the system refuses.
            RunLockedError: if another process has taken the run.
        """
        self._flushed = time.monotonic()
        if not self._lines:
            return
        check_owner(self.run.path)
        data = memoryview(b"\n".join([*self._lines, b""]))
        self._lines.clear()
        before, rest = self._file.tell(), data
        with explain_write_errors(self.run.path / "metrics.jsonl"):
            try:
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError:
                self._file.truncate(before)
                raise
        self._metrics.update(data)

    def seal(self) -> None:
        """Finish the run: once the disk has all its files, the manifest that lists them.

        Raises:
            RunWriteError: if the system refuses.
            RunLockedError: if another process has taken the run.
        """
        check_owner(self.run.path)
        self.flush()
        self._note_environment()
        self._digests["config.json"] = digest_config(self._metadata)
        self._digests["metrics.jsonl"] = self._metrics.hexdigest()
        self._sync()
        self._status.seal(self._digests)
        self._is_sealed = True

    def close(self, state: State, reason: str = "") -> None:
        """End the writing: flush, and say how the run stands, unless it is sealed or taken."""
        with self._file:
            if not is_owner(self.run.path):
                return
            self.flush()
        if not self._is_sealed:
            self._status.write(state, reason)


def _checkpoint_stem(step: int) -> str:
    return f"checkpoints/step-{step:010d}"


def _pack(arrays: Mapping[str, object]) -> bytes:
    """Return safetensors bytes; the same arrays always give the same bytes."""
    import numpy as np
    from safetensors.numpy import save

    # Not ascontiguousarray: it turns a scalar (shape ()) into a vector (shape (1,)).
    return save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
