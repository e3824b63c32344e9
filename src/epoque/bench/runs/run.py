"""Reading runs: a run is a folder, and a folder of runs is a table.

```
20261122T101500.123-neuron-and/
  config.json        what was set: lab, recipe, the resolved config
  environment.json   versions, platform, processor, device, threads, commit
  status.json        running, finished, failed (with the reason) or interrupted; times
  metrics.jsonl      one JSON object a step, append-only
  checkpoints/       step-….safetensors and step-….json (the pair is whole once the JSON is there);
                     of some labs the last ones only
  snapshots/         step-….safetensors, where the lab draws its steps
  results.json       the numbers of the finished run
  figures/           PNG and SVG
  …                  the lab's own files, for instance weights.csv
```
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DamagedRunError, DataError, UnknownNameError
from ..events import Checkpoint
from ..files.atomic import parse_json_object, read_json
from ..files.input_files import open_regular
from ..setting_paths import flatten
from .index import RunsIndex
from .index_filter import Filter, Query
from .lock import is_locked
from .lookup import find_by_name, iter_records, sort_newest_first
from .record import C_co, Record
from .status import State, Status
from .table_row import TableRow, select_plain
from .trash import Trash, TrashEntry

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ..progress import Progress

BOUND = ("run", "metrics_bytes")
"""What a checkpoint's JSON says of its run's folder (see `epoque.bench.runs.resume_point`)."""

__all__ = ["Run", "Runs", "State", "Status"]


class Run(Record[C_co]):
    """A run folder, read only."""

    kind = "run"
    metadata_file = "config.json"

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """The content of config.json: `format`, `lab`, `recipe`, `config`."""
        return super().metadata

    def _repr_html_(self) -> str:
        from ..record_cards import run_card

        return run_card(self)

    def is_locked(self) -> bool:
        """Return whether a process is writing this run now."""
        return is_locked(self.path)

    @property
    def is_complete(self) -> bool:
        """Whether it is finished and its files are what was saved; else it can be resumed."""
        return self.status.state == "finished" and not any(self.differences())

    @cached_property
    def metrics(self) -> "pd.DataFrame":
        """The metrics, one row a step, indexed by `step`."""
        import pandas as pd

        rows = list(self.metric_rows())
        frame = pd.DataFrame(rows, columns=None if rows else ["step"])
        return frame.set_index("step").astype(float)

    @property
    def timed_metrics(self) -> "pd.DataFrame":
        """The metrics with a column `seconds`, spent in steps, where the training told them."""
        return self.status.timings.beside(self.metrics)

    def metric_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of metrics.jsonl; a last line cut short by a crash is left out.

        Each is a mapping: `step` to a whole number, the other names to floats, or to None where
        the number was undefined.

        Raises:
            DamagedRunError: if another line cannot be read.
        """
        path = self.path / "metrics.jsonl"
        self.check(path.name)
        try:
            with open_regular(path) as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):
                        yield _metric_row(path, number, line)
        except OSError as error:
            raise DamagedRunError(f"{path} cannot be read: {error.strerror}.") from None
        except DataError as error:
            raise DamagedRunError(str(error)) from None

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """The numbers of the finished run, as the lab's `evaluate` gave them.

        Raises:
            DamagedRunError: if it is not finished and has none yet, or they cannot be read.
        """
        if not (self.path / "results.json").is_file() and self.status.state != "finished":
            status = self.status
            reason = f": {status.reason.rstrip('.')}" if status.reason else ""
            message = f"{self.id} has no results, since it is {status.state}{reason}."
            raise DamagedRunError(message)
        return parse_json_object(self.path / "results.json", self.read("results.json"))

    @property
    def checkpoint_steps(self) -> list[int]:
        """The steps that have a whole checkpoint, ascending."""
        names = (p.stem for p in (self.path / "checkpoints").glob("step-*.json"))
        return sorted(int(n[5:]) for n in names if n[5:].isdecimal())

    def checkpoint(self, step: int | None = None, *, digested: bool = True) -> Checkpoint:
        """Return a checkpoint, the last one by default.

        Args:
            step: which one.
            digested: whether it must also be what the manifest says; it is always whole in itself.

        Raises:
            UnknownNameError: if there is none at that step, or none at all.
            DamagedRunError: if its files cannot be read.
        """
        steps = self.checkpoint_steps
        if not steps or (step is not None and step not in steps):
            name = "any step" if step is None else str(step)
            raise self._no_checkpoint(name, steps)
        step = steps[-1] if step is None else step
        path = self.path / "checkpoints" / f"step-{step:010d}.safetensors"
        name = f"checkpoints/{path.stem}"
        state = parse_json_object(
            path.with_suffix(".json"), self.read(f"{name}.json", digested=digested)
        )
        data = self.read(f"{name}.safetensors", digested=False)
        if state.pop("sha256", None) != digest_checkpoint(data, state):
            raise DamagedRunError(f"{path.with_suffix('')} is damaged: it is not what was saved.")
        scheduled = state.pop("scheduled", True)
        state = {key: value for key, value in state.items() if key not in BOUND}
        return Checkpoint(step, _unpack(path, data), state, scheduled)

    def is_scheduled(self, step: int) -> bool:
        """Return whether the checkpoint at a step is one that the config asks for."""
        try:
            state = read_json(self.path / "checkpoints" / f"step-{step:010d}.json")
        except DamagedRunError:
            return True
        return state.get("scheduled", True) is True

    def _no_checkpoint(self, name: str, steps: list[int]) -> UnknownNameError:
        kind, names = f"checkpoint of {self.id} at", [str(step) for step in steps]
        count = self._lab.max_checkpoints
        if count is None or not steps:
            return UnknownNameError(kind, name, names)
        hint = f" A run of {self.lab_name} keeps the last {count}: {', '.join(names)}."
        return UnknownNameError(kind, name, (), hint)

    def snapshot_steps(self) -> list[int]:
        """Return the steps that have a snapshot, ascending."""
        names = (p.stem for p in (self.path / "snapshots").glob("step-*.safetensors"))
        return sorted(int(n[5:]) for n in names if n[5:].isdecimal())

    def snapshot(self, step: int) -> "dict[str, NDArray[Any]]":
        """Return the arrays of the snapshot at one step.

        Raises:
            DamagedRunError: if its file is missing or cannot be read.
        """
        name = f"snapshots/step-{step:010d}.safetensors"
        return {**self._constant_arrays, **_unpack(self.path / name, self.read(name))}

    @cached_property
    def _constant_arrays(self) -> "dict[str, NDArray[Any]]":
        """Return the arrays that stand in the first snapshot alone (`Lab.constant_arrays`)."""
        names, first = self._lab.constant_arrays, "snapshots/step-0000000000.safetensors"
        if not names or not (self.path / first).is_file():
            return {}
        arrays = _unpack(self.path / first, self.read(first))
        return {name: arrays[name] for name in names if name in arrays}

    def artifact(self, name: str) -> bytes:
        """Return the content of one of the lab's own files, for instance `weights.csv`.

        Raises:
            UnknownNameError: if the run has no such file.
        """
        path = self.path / name
        if Path(name).name != name or not path.is_file():
            names = [p.name for p in self.path.glob("*") if p.is_file()]
            raise UnknownNameError(f"file of {self.id} named", name, names)
        return self.read(name)

    def table_row(self) -> TableRow:
        """Return the run as a row of a table, as it is now; a damaged run says so there."""
        row = TableRow({"id": self.id})
        try:
            status, metadata = self.status, self.metadata
            row.about |= {"recipe": self.recipe, "state": status.state, "reason": status.reason}
            row.about |= {"lab": metadata["lab"], "seconds": status.seconds}
            row.settings = flatten(metadata["config"])
            row.timings = select_plain(status.timings.numbers)
            if status.state == "finished":
                row.results = select_plain(self.results)
        except DamagedRunError as error:
            row.about |= {"state": "damaged", "reason": str(error)}
        return row.storable()


def _metric_row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """Read one line of metrics.jsonl; adding 0.0 refuses all that is not a number in range."""
    try:
        row = json.loads(line)
        step = row.pop("step")
        if not isinstance(step, int) or not 0 <= step < 2**63:
            raise ValueError("no step")
        return {"step": step} | {k: None if v is None else v + 0.0 for k, v in row.items()}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise DamagedRunError(f"{path} is damaged at line {number}.") from None


def digest_checkpoint(data: bytes, state: Mapping[str, object]) -> str:
    """Return the SHA-256 over a checkpoint's two files: its arrays and what its JSON tells."""
    digest = hashlib.sha256(data)
    digest.update(json.dumps(state, sort_keys=True).encode())
    return digest.hexdigest()


def _unpack(path: Path, data: bytes) -> "dict[str, NDArray[Any]]":
    """Return the arrays of a safetensors file's bytes.

    Raises:
        DamagedRunError: if it is cut short or not safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise DamagedRunError(f"{path} is damaged: it is cut short or not safetensors.") from None


class Runs:
    """A folder of runs, in the order they were made in."""

    def __init__(self, path: str | Path = "runs") -> None:
        self.path = Path(path)

    def __iter__(self) -> Iterator[Run]:
        return reversed(sort_newest_first(iter_records(self.path, Run)))

    def ids(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return [run.id for run in self]

    def find(self, name: str) -> Run:
        """Return a run by its id, a part of it, `last`, or a path (see `find_by_name`).

        Raises:
            UnknownNameError: if no run, or more than one, answers to `name`.
            UsageError: if the folder may not be read, or is a file.
        """
        return find_by_name(self.path, name, Run)

    def rows(
        self, recipe: str = "", most: int | None = None, progress: "Progress | None" = None
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return one row a run, oldest first: id, recipe, lab, state, settings, results, …

        A damaged run has the state "damaged" and the reason; the others are not affected. Rows come
        out of the folder's index (see `epoque.bench.runs.index`), which is brought up to date.

        Args:
            recipe: only the runs of this recipe; "" for all.
            most: only so many, the newest.
            progress: receives how many new runs are read, and how many there are.

        Returns:
            The rows, and whether older runs were left out.

        Raises:
            UsageError: if the folder may not be read, or is a file.
        """
        filters = (Filter("recipe", "=", recipe),) if recipe else ()
        rows, total = self.select(Query(filters, limit=most), progress)
        return rows[::-1], total > len(rows)

    def select(
        self, query: Query, progress: "Progress | None" = None
    ) -> tuple[list[dict[str, Any]], int]:
        """Return the rows that a query wants, in its order, and how many match in all.

        Args:
            query: filters, order, how many.
            progress: receives how many new runs are read, and how many there are.

        Raises:
            UnknownNameError: if the query names a column that no run has.
            UsageError: if the folder may not be read, or is a file.
        """
        with self.open_index() as index:
            index.refresh(progress)
            rows, total = index.select(query)
        return [one.row.flatten() for one in rows], total

    def open_index(self) -> RunsIndex:
        """Return the folder's index, for one who asks it again and again; close it at the end."""
        return RunsIndex(self.path, lambda path: Run(path).table_row())

    def delete(self, name: str) -> TrashEntry:
        """Move a run to the trash of this folder; `restore` brings it back.

        Args:
            name: its whole id, `last`, or its path.

        Raises:
            UnknownNameError: if no run answers to the whole name.
            UsageError: if it lies in another folder.
            RunLockedError: if a process is writing it.
            RunWriteError: if the system refuses; it is then where it was.
        """
        return Trash(self.path).put(find_by_name(self.path, name, Run, whole=True).path)

    def restore(self, name: str, new_name: str | None = None) -> Run:
        """Bring back what was deleted (see `Trash.restore`)."""
        return Run(Trash(self.path).restore(name, new_name))

    def empty_trash(self) -> int:
        """Delete for good what lies in the trash; return how many runs, sweeps and searches."""
        return Trash(self.path).empty()

    def table(self) -> "pd.DataFrame":
        """Return one row a run (see `rows`), oldest first, as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows()[0])
