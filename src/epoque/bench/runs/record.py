"""What the readers of runs, sweeps and searches share: a folder, and a JSON file that tells it.

What is read of a finished record is compared with its manifest first: a file that is not what was
saved is named, and never becomes a number.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self

from typing_extensions import TypeVar

from ..config import Config
from ..errors import ConfigError, DamagedRunError, UnknownNameError
from ..files.atomic import parse_json_object, read_file, read_json
from ..limits import MAX_SWEEP_POINTS
from ..plugins import load_plugin
from .manifest import MANIFEST, Digests, digest_file, find_differences, read_manifest
from .record_format import check_format
from .status import Status, find_status_differences, read_status

__all__ = ["Record"]

_COMMON_FIELDS = {"format": int, "lab": str, "recipe": str, "config": dict}


C_co = TypeVar("C_co", bound=Config, covariant=True, default=Config)
"""The class of the config that something was recorded with."""


class _LabFacts(Protocol):
    """What a record asks of its lab, which is defined above records."""

    config_class: type[Any]
    max_checkpoints: int | None
    constant_arrays: tuple[str, ...]


class Record(Generic[C_co]):
    """A folder of results, read only.

    Nothing is read before it is asked for; a damaged file is one clear `DamagedRunError` when it
    is, and leaves the rest readable. Of a finished record each file that is read is what was saved.
    """

    kind: ClassVar[str]
    """What it is, in words: run, sweep or search."""
    metadata_file: ClassVar[str]
    """The JSON file that makes a folder one of these."""
    metadata_fields: ClassVar[Mapping[str, type]] = {}
    """What that file says besides what all do, with the types."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: tuple[Any, Digests | None] | None = None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the folder.

        Raises:
            UnknownNameError: if there is none at `path`.
        """
        path = Path(path)
        if not (path / cls.metadata_file).is_file():
            names = [file.parent.name for file in path.parent.glob(f"*/{cls.metadata_file}")]
            raise UnknownNameError(cls.kind, path.name or str(path), names)
        return cls(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def id(self) -> str:
        """The folder's name: sorts by time and names the recipe."""
        return self.path.name

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The content of `metadata_file`: `format`, `lab`, `recipe`, `config`, …

        Raises:
            DamagedRunError: if it cannot be read.
        """
        return self._check_metadata(
            parse_json_object(self.path / self.metadata_file, self.read(self.metadata_file))
        )

    def read_metadata(self) -> Mapping[str, Any]:
        """Return what `metadata_file` holds now, even if it is not what the finished record saved.

        Raises:
            DamagedRunError: if it cannot be read.
        """
        return self._check_metadata(read_json(self.path / self.metadata_file))

    def _check_metadata(self, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        check_format(self.path, metadata.get("format"))
        path = self.path / self.metadata_file
        for name, kind in {**_COMMON_FIELDS, **self.metadata_fields}.items():
            value = metadata.get(name)
            counts = not isinstance(value, int) or 0 < value <= MAX_SWEEP_POINTS
            if not (isinstance(value, kind) and counts):
                raise DamagedRunError(f"{path} is damaged: no {name!r}.")
        return metadata

    @property
    def recipe(self) -> str:
        """The recipe it started from, for instance `neuron/and`."""
        return str(self.metadata["recipe"])

    @property
    def lab_name(self) -> str:
        """The name of the lab that made it (see `epoque.bench.lab.lab_of`)."""
        return str(self.metadata["lab"])

    @property
    def _lab(self) -> "_LabFacts":
        lab: _LabFacts = load_plugin("epoque.labs", "lab", self.lab_name)
        return lab

    @cached_property
    def config(self) -> C_co:
        """The resolved config (of a sweep, that every point starts from), as the lab's class."""
        try:
            config: C_co = self._lab.config_class.from_record(self.metadata["config"])
        except ConfigError as error:
            raise DamagedRunError(f"{self.path / self.metadata_file} is damaged: {error}") from None
        return config

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """Where it ran: versions, platform, device, commit."""
        content = read_json(self.path / "environment.json")
        if self.files and any(w.startswith("env") for w in find_status_differences(self.path)):
            raise self._change_error("environment.json")
        return content

    @property
    def status(self) -> Status:
        """How it stands now; if its process died, it counts as interrupted."""
        return read_status(self.path)

    @property
    def files(self) -> Digests | None:
        """What a finished record says that it is made of; None of one that is not finished.

        Raises:
            DamagedRunError: if its manifest is damaged.
        """
        stamp = _stamp(self.path / MANIFEST)
        if self._files is None or self._files[0] != stamp:
            self._files = stamp, read_manifest(self.path)
        return self._files[1]

    def read(self, name: str, *, digested: bool = True) -> bytes:
        """Return the content of a file.

        Args:
            name: relative to the folder, with `/`.
            digested: whether to compare it; False is for what another file's digest covers.

        Raises:
            DamagedRunError: if it cannot be read, or is not what the finished record saved.
        """
        try:
            data = read_file(self.path / name)
        except DamagedRunError as error:
            raise (self._change_error(name) if self.saved_digest(name) else error) from None
        saved = self._saved(name) if digested else None
        if saved and hashlib.sha256(data).hexdigest() != saved:
            raise self._change_error(name)
        return data

    def check(self, *names: str) -> None:
        """Check that files are what the finished record saved, before something else reads them.

        Those that it did not save are let pass, and so is all of a record that is not finished.

        Raises:
            DamagedRunError: if one is missing or not what was saved.
        """
        for name in names:
            if (saved := self._saved(name)) and digest_file(self.path / name) != saved:
                raise self._change_error(name)

    def differences(self) -> Iterator[str]:
        """Yield, of each file of a finished record that is not what was saved, what is wrong.

        Each is the end of a sentence: `results.json is not what was saved`. Nothing comes of a
        record that is whole, nor of one that is not finished.
        """
        try:
            files = self.files
        except DamagedRunError:
            yield f"{MANIFEST} is damaged"
            return
        if files is not None:
            yield from find_differences(self.path, files)
            yield from find_status_differences(self.path)
        elif self.status.state == "finished":
            yield f"{MANIFEST} is missing"

    def check_all(self) -> None:
        """Check that the whole of a finished record is what was saved.

        Raises:
            DamagedRunError: with the first file that is not.
        """
        if wrong := next(self.differences(), None):
            raise DamagedRunError(
                f"Of {self.path}, {wrong}; `epoque resume {self.id}` repairs what it can."
            )

    def saved_digest(self, name: str) -> str | None:
        """Return the SHA-256 of a file as the finished record saved it; None if that is unknown."""
        try:
            return self._saved(name)
        except DamagedRunError:
            return None

    def _saved(self, name: str) -> str | None:
        return self.files.get(name) if self.files else None

    def _change_error(self, name: str) -> DamagedRunError:
        cure = f"`epoque resume {self.id}` makes it again"
        if name == self.metadata_file and self.kind != "run":  # of a run, its checkpoints tell it
            cure = f"put back what was there, or delete the {self.kind} and make it again"
        return DamagedRunError(
            f"{self.path / name} is not what the finished {self.kind} saved; {cure}."
        )

    @property
    def figures(self) -> Mapping[str, Path]:
        """The saved figures: name to the SVG's path (the PNG stands beside it)."""
        return {p.stem: p for p in sorted((self.path / "figures").glob("*.svg"))}


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from the one that replaced it; None if it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns
