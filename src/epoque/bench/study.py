"""Reading sweeps and searches: folders that measure a recipe over the axes of its settings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from .command import command_line
from .config import Config
from .errors import ConfigError, DamagedRunError, UnknownNameError, UsageError
from .files import read_json
from .grid import MAX_POINTS, Axis, cells, parse_axes
from .lab import Lab, find_lab
from .record import Status, read_status

__all__ = ["FORMAT", "Studies", "Study", "manifest_of"]

FORMAT = 1

_TOLD_BY_ALL = {"format": int, "lab": str, "recipe": str, "config": dict, "axes": dict}


def manifest_of(lab: Lab[Any], recipe: str, base: Config, axes: Sequence[Axis]) -> dict[str, Any]:
    """Return what every study says of itself, as plain JSON values."""
    return {
        "format": FORMAT,
        "lab": lab.name,
        "recipe": recipe,
        "config": base.model_dump(mode="json"),
        "axes": {axis.field: axis.text for axis in axes},
    }


class Study:
    """A folder of one sweep or search, read only; nothing is read before it is asked for."""

    kind: ClassVar[str]
    """The command that makes it, and the name of its JSON file."""
    told: ClassVar[Mapping[str, type]] = {}
    """What its JSON file says besides what every study does, with the types."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the folder.

        Raises:
            UnknownNameError: if there is none at `path`.
        """
        path = Path(path)
        if not (path / f"{cls.kind}.json").is_file():
            known = [found.parent.name for found in path.parent.glob(f"*/{cls.kind}.json")]
            raise UnknownNameError(cls.kind, path.name or str(path), known)
        return cls(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def id(self) -> str:
        """The folder's name: sorts by time and names the recipe."""
        return self.path.name

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The content of sweep.json or search.json.

        Raises:
            DamagedRunError: if it cannot be read.
        """
        path = self.path / f"{self.kind}.json"
        manifest = read_json(path)
        for name, kind in {**_TOLD_BY_ALL, **self.told}.items():
            value = manifest.get(name)
            counts = not isinstance(value, int) or 0 < value <= MAX_POINTS
            if not (isinstance(value, kind) and counts):
                raise DamagedRunError(f"{path} is damaged: no {name!r}.")
        if manifest["format"] > FORMAT:
            raise DamagedRunError(
                f"{self.path} was written by a newer Epoque (format {manifest['format']})."
            )
        return manifest

    @property
    def recipe(self) -> str:
        """The recipe it started from, for instance `neuron/and`."""
        return str(self.manifest["recipe"])

    @property
    def lab(self) -> Lab[Any]:
        """The lab that made it."""
        return find_lab(self.manifest["lab"])

    @cached_property
    def config(self) -> Config:
        """The config that every point starts from, as the lab's own class."""
        try:
            config: Config = self.lab.config.parse(self.manifest["config"])
        except ConfigError as error:
            raise DamagedRunError(f"The config of {self.path} is damaged: {error}") from None
        return config

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """Where it ran: versions, platform, device, commit."""
        return read_json(self.path / "environment.json")

    @property
    def axes_text(self) -> Mapping[str, str]:
        """Field to its values as typed, for instance `0.01:10:log:50`."""
        return {str(field): str(text) for field, text in self.manifest["axes"].items()}

    @cached_property
    def parsed_axes(self) -> tuple[Axis, ...]:
        """The axes, their values validated."""
        typed = [f"{field}={text}" for field, text in self.axes_text.items()]
        try:
            return parse_axes(self.config, typed)
        except UsageError as error:
            raise DamagedRunError(f"The axes of {self.path} are damaged: {error}") from None

    @property
    def axes(self) -> Mapping[str, tuple[Any, ...]]:
        """Field to its values, as the table's columns hold them."""
        return {axis.field: cells(axis) for axis in self.parsed_axes}

    @property
    def status(self) -> Status:
        """How it stands now; if its process died, it counts as interrupted."""
        return read_status(self.path)

    @property
    def figures(self) -> Mapping[str, Path]:
        """The saved figures: name to the SVG's path (the PNG stands beside it)."""
        return {p.stem: p for p in sorted((self.path / "figures").glob("*.svg"))}

    @property
    def options(self) -> Sequence[str]:
        """The command's own options, with their values."""
        return ()

    @property
    def command(self) -> str:
        """The shell command that repeats it."""
        axes = [f"{field}={text}" for field, text in self.axes_text.items()]
        words = [*axes, *self.options]
        return command_line(self.kind, self.recipe, self.config, words, self.axes_text)


S = TypeVar("S", bound=Study)


class Studies(Generic[S]):
    """The sweeps, or the searches, in a folder of runs."""

    made_of: type[S]

    def __init__(self, path: str | Path = "runs") -> None:
        self.path = Path(path)

    def __iter__(self) -> Iterator[S]:
        for told in sorted(self.path.glob(f"*/{self.made_of.kind}.json")):
            if not told.parent.name.startswith("."):
                yield self.made_of(told.parent)

    def find(
        self,
        recipe: str,
        axes_text: Mapping[str, str],
        *,
        config: Config | None = None,
        finished: bool = True,
        **told: Any,
    ) -> S | None:
        """Return the latest one of a recipe over these axes, or None.

        Args:
            recipe: the recipe's name.
            axes_text: field to values as typed.
            config: if given, also the base config is this one.
            finished: whether to look for one that is finished, or for one that can be resumed.
            told: what else its JSON file must say, for instance `trials`.
        """
        for study in reversed(list(self)):
            try:
                wanted = {"recipe": recipe, "axes": dict(axes_text), **told}
                same = all(study.manifest.get(name) == value for name, value in wanted.items())
                if not same or (config is not None and study.config != config):
                    continue
                if (study.status.state == "finished") == finished:
                    return study
            except (DamagedRunError, UnknownNameError):
                continue
        return None
