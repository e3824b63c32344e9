"""What the readers of runs, sweeps and searches share: a folder, and a JSON file that tells it."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from .config import Config
from .errors import ConfigError, DamagedRunError, UnknownNameError
from .files import read_json
from .grid import MAX_POINTS
from .lab import Lab, find_lab
from .record import Status, read_status

__all__ = ["FORMAT", "Recorded"]

FORMAT = 1
"""Of the folders that this version writes; it reads these and older ones."""

_TOLD_BY_ALL = {"format": int, "lab": str, "recipe": str, "config": dict}


class Recorded:
    """A folder of results, read only.

    Nothing is read before it is asked for; a damaged file is one clear `DamagedRunError` when it
    is, and leaves the rest readable.
    """

    kind: ClassVar[str]
    """What it is, in words: run, sweep or search."""
    told_in: ClassVar[str]
    """The JSON file that makes a folder one of these."""
    told: ClassVar[Mapping[str, type]] = {}
    """What that file says besides what all do, with the types."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the folder.

        Raises:
            UnknownNameError: if there is none at `path`.
        """
        path = Path(path)
        if not (path / cls.told_in).is_file():
            known = [found.parent.name for found in path.parent.glob(f"*/{cls.told_in}")]
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
        """The content of `told_in`: `format`, `lab`, `recipe`, `config`, …

        Raises:
            DamagedRunError: if it cannot be read.
        """
        path = self.path / self.told_in
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
        """The resolved config (of a sweep, that every point starts from), as the lab's class."""
        try:
            config: Config = self.lab.config.parse(self.manifest["config"])
        except ConfigError as error:
            raise DamagedRunError(f"{self.path / self.told_in} is damaged: {error}") from None
        return config

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """Where it ran: versions, platform, device, commit."""
        return read_json(self.path / "environment.json")

    @property
    def status(self) -> Status:
        """How it stands now; if its process died, it counts as interrupted."""
        return read_status(self.path)

    @property
    def figures(self) -> Mapping[str, Path]:
        """The saved figures: name to the SVG's path (the PNG stands beside it)."""
        return {p.stem: p for p in sorted((self.path / "figures").glob("*.svg"))}
