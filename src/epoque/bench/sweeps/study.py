"""Reading sweeps and searches: folders that measure a recipe over the axes of its settings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..command_line import build_command_line
from ..config import Config
from ..errors import DamagedRunError, UnknownNameError, UsageError
from ..files.parquet_table import is_intact
from ..lab import C, Lab
from ..progress import Notify
from ..runs.lookup import iter_records, sort_newest_first
from ..runs.manifest import MANIFEST
from ..runs.record import C_co, Record
from ..runs.record_format import FORMAT
from ..runs.run import Run
from .grid import Axis, parse_axes, to_cells

__all__ = ["Studies", "Study", "announce", "check_points", "make_metadata"]


def make_metadata(lab: Lab[C], recipe: str, base: C, axes: Sequence[Axis]) -> dict[str, Any]:
    """Return what every study says of itself, as plain JSON values."""
    return {
        "format": FORMAT,
        "lab": lab.name,
        "recipe": recipe,
        "config": base.model_dump(mode="json"),
        "axes": {axis.field: axis.text for axis in axes},
    }


def check_points(lab: Lab[C], base: C, axes: Sequence[Axis]) -> None:
    """Check what the points of a grid name: the first one, and each text of each axis in it.

    Raises:
        UsageError: see `Lab.check`.
    """
    first = base.at_point({axis.field: axis.values[0] for axis in axes})
    lab.check(first)
    for axis in axes:
        for value in axis.values[1:]:
            if not isinstance(value, bool | int | float):
                lab.check(first.at_point({axis.field: value}))


def announce(lab: Lab[C], base: C, axes: Sequence[Axis], notify: Notify | None) -> None:
    """Say how many trainings the axes make, and what is odd about the data.

    Args:
        lab: the lab.
        base: the config that every point starts from.
        axes: the fields and their values; of a search none.
        notify: receives it line by line; None is nobody.

    Raises:
        MissingExtraError: if what the lab computes with is not there.
    """
    from ..i18n import environment_language
    from .describe_axes import describe_axes

    lab.check_installed()
    if notify is not None:
        counts = describe_axes(axes, environment_language()) if axes else ()
        for line in (*counts, *lab.remarks(base)):
            notify(line)


class Study(Record[C_co]):
    """A folder of one sweep or search, read only."""

    @property
    def axes_text(self) -> Mapping[str, str]:
        """Field to its values as typed, for instance `0.01:10:log:50`."""
        return {str(field): str(text) for field, text in self.metadata["axes"].items()}

    @cached_property
    def parsed_axes(self) -> tuple[Axis, ...]:
        """The axes, their values validated."""
        texts = [f"{field}={text}" for field, text in self.axes_text.items()]
        try:
            return parse_axes(self.config, texts)
        except UsageError as error:
            raise DamagedRunError(f"The axes of {self.path} are damaged: {error}") from None

    @cached_property
    def axes(self) -> Mapping[str, tuple[Any, ...]]:
        """Field to its values, as the table's columns hold them."""
        return {axis.field: to_cells(axis) for axis in self.parsed_axes}

    @property
    def runs(self) -> Iterator[Run]:
        """The runs of its points, as far as it keeps them, by number."""
        folder = self.path / "runs"
        within = sorted(path for path in folder.glob("*") if path.name.isdecimal())
        for place in (folder, *within):  # older versions kept all of them in one folder
            yield from iter_records(place, Run)

    @property
    def is_complete(self) -> bool:
        """Whether it is finished and its files are what was saved; else it can be resumed."""
        if self.status.state != "finished" or not is_intact(self.path / "table.parquet"):
            return False
        return set(self.differences()) <= {f"{MANIFEST} is missing"}  # as of older versions

    @property
    def command_options(self) -> Sequence[str]:
        """The command's own options, with their values."""
        return ()

    @property
    def command(self) -> str:
        """The shell command that repeats it."""
        axes = [f"{field}={text}" for field, text in self.axes_text.items()]
        words = [*axes, *self.command_options]
        return build_command_line(self.kind, self.recipe, self.config, words, self.axes_text)


S = TypeVar("S", bound=Study)


class Studies(Generic[S]):
    """The sweeps, or the searches, in a folder of runs."""

    record_class: type[S]

    def __init__(self, path: str | Path = "runs") -> None:
        self.path = Path(path)

    def __iter__(self) -> Iterator[S]:
        return reversed(sort_newest_first(iter_records(self.path, self.record_class)))

    def find(
        self,
        recipe: str,
        axes_text: Mapping[str, str],
        *,
        config: Config | None = None,
        finished: bool = True,
        **metadata: object,
    ) -> S | None:
        """Return the latest one of a recipe over these axes, or None.

        Args:
            recipe: the recipe's name.
            axes_text: field to values as typed.
            config: if given, also the base config is this one.
            finished: whether to look for one that is complete, or for one that can be resumed.
            metadata: what else its JSON file must say, for instance `trials`.
        """
        for study in reversed(list(self)):
            try:
                query = {"recipe": recipe, "axes": dict(axes_text), **metadata}
                same = all(study.metadata.get(name) == value for name, value in query.items())
                if not same or (config is not None and study.config != config):
                    continue
                if study.is_complete == finished:
                    return study
            except (DamagedRunError, UnknownNameError):
                continue
        return None
