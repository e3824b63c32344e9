"""Training a recorded run once more from one of its checkpoints, in a folder of its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from epoque.bench.changes import CHANGES, read_changes, write_changes
from epoque.bench.errors import UsageError
from epoque.bench.events import Event, Metrics, Snapshot
from epoque.bench.runs.execute import execute
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter, create_run
from epoque.bench.sinks import SinkFactory

from ..config import Gan2dConfig

__all__ = ["branch", "first_difference", "retrain"]


def retrain(
    run: Run[Gan2dConfig],
    step: int,
    root: Path,
    sinks: Sequence[SinkFactory] = (),
    *,
    draw: bool = True,
) -> Run[Gan2dConfig]:
    """Train a run once more from a checkpoint; the old one is left as it is.

    Args:
        run: a run of the GAN lab, finished or not.
        step: the step of one of its checkpoints.
        root: the folder of runs.
        sinks: what else receives the events.
        draw: whether to save the figures at the end.

    Returns:
        The new run, which holds the old one's metrics and snapshots up to the checkpoint. On the
        same kind of processor with the same versions all the others come out the same.

    Raises:
        UsageError: if there is no such checkpoint, or nothing comes after it.
        DamagedRunError: if what is needed cannot be read.
        RunWriteError: if the system refuses.
    """
    return execute(branch(run, step, root), sinks, draw=draw)


def branch(run: Run[Gan2dConfig], step: int, root: Path) -> Run[Gan2dConfig]:
    """Make the folder of a new run that begins at a checkpoint of another; see `retrain`."""
    steps = run.checkpoint_steps
    if step not in steps:
        have = ", ".join(map(str, steps)) or "none"
        raise UsageError(f"{run.id} has no checkpoint at iteration {step}; it has {have}.")
    config = _config(run)
    if step >= config.iterations:
        raise UsageError(f"{run.id} ends at iteration {step}; there is nothing left to train.")
    new = create_run(root, run.lab_name, run.recipe, config)
    with lock_record(new.path):
        folder = RunWriter(new)
        try:
            for event in _events_until(run, step):
                folder.log(event)
        finally:
            folder.close("interrupted", "not started")
    return new


def _config(run: Run[Gan2dConfig]) -> Gan2dConfig:
    """Return a run's config; what was changed by hand while it ran is now planned."""
    config = run.config
    exists = (run.path / CHANGES).is_file()
    applied = read_changes(run.artifact(CHANGES).decode()) if exists else []
    texts = set(map(str, applied))
    planned = [change for change in read_changes(config.changes) if str(change) not in texts]
    return config.replace(changes=write_changes([*applied, *planned])) if applied else config


def _events_until(run: Run[Gan2dConfig], step: int) -> Iterator[Event]:
    """Yield what was recorded of a run up to a checkpoint, which comes last."""
    marks = [(at, 0) for at in run.snapshot_steps()] + [(at, 1) for at in run.checkpoint_steps]
    rows = run.metric_rows()
    row = next(rows, None)
    for at, is_checkpoint in sorted(mark for mark in marks if mark[0] <= step):
        while row is not None and row["step"] <= at:
            yield Metrics(row.pop("step"), row)
            row = next(rows, None)
        yield run.checkpoint(at) if is_checkpoint else Snapshot(at, run.snapshot(at))


def first_difference(old: Run[Gan2dConfig], new: Run[Gan2dConfig]) -> int | None:
    """Return the first step at which two runs are not the same to the last bit, or None.

    Metrics, checkpoints and snapshots are compared, as far as both runs go.
    """
    rows = zip(old.metric_rows(), new.metric_rows(), strict=False)
    steps = [min(one["step"], other["step"]) for one, other in rows if one != other]
    for kind in ("checkpoints", "snapshots"):
        files = ({f.name: f for f in (run.path / kind).glob("*.safetensors")} for run in (old, new))
        mine, other = files
        both = mine.keys() & other.keys()
        steps += [int(n[5:15]) for n in both if mine[n].read_bytes() != other[n].read_bytes()]
    return min(steps, default=None)
