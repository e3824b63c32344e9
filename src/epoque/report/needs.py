"""What a chapter reads: the runs and sweeps its `needs.yaml` declares, and which are missing.

A lab's chapter lies in the folder `chapter` of the package that defines the lab: `en.md`, `fr.md`
and `needs.yaml`.

```yaml
order: 20                       # of the chapters in the book; those without one come last
runs:
  - neuron/and
  - {recipe: language/laptop-clm, settings: {max_seconds: 900}, recorded: true}
sweeps:
  and:                          # how the chapter calls it
    recipe: neuron/and
    axes: {iterations: "200,1000", seed: "0:1000"}
  gan2d-capacity:
    recipe: gan2d/study-capacity
    axes: {…}
    recorded: true              # takes long: ships measured, in `recorded` of the package
  language-sizes:
    recipe: language/notebook-clm
    axes: {…}
    recorded: true
    full: {seed: "0:8"}         # in the profile `full` of `epoque demo`, which takes hours
    optional: true              # needs what few have: without it, its claims are not measured
```
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from epoque.bench.command_line import build_command_line
from epoque.bench.config import Config
from epoque.bench.errors import DamagedRunError, RunFormatError, UnknownNameError, UsageError
from epoque.bench.lab import find_lab, lab_folder, lab_names
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.manifest import MANIFEST
from epoque.bench.runs.run import Run, Runs
from epoque.bench.sweeps.sweep import Sweep, Sweeps

from .checked_yaml import YamlChecker, YamlPath
from .profiles import Profile

__all__ = [
    "LeftOut",
    "Need",
    "book_needs",
    "chapter_folder",
    "chapter_names",
    "chapter_needs",
    "check_chapter",
    "find_damaged_file",
    "find_left_out",
    "find_needs",
    "finished_runs",
    "finished_sweeps",
    "has_chapter",
    "is_whole",
    "missing_needs",
    "recorded_folder",
]

FILE = "needs.yaml"
LAST = 1_000
"""The order of a chapter that does not tell its own."""
_OPTIONAL = ("settings", "recorded", "optional", "tip")


@dataclass(frozen=True)
class Need:
    """A run, or with axes a sweep, that a chapter reads.

    Attributes:
        name: how the chapter calls it: a run by its recipe, unless told otherwise.
        recipe: the recipe.
        axes: field to values as typed; empty for a run.
        settings: what is set otherwise than in the recipe.
        recorded: whether it ships with the package, already measured.
        optional: whether the book is written without it too: what it measures is then not measured.
        tip: what `epoque demo` says once it ran; empty for nothing.
        chapter: the lab whose chapter it is; what is recorded lies in its package.
        full: field to other values, more of them, in the profile `full`.
    """

    name: str
    recipe: str
    axes: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    recorded: bool = False
    optional: bool = False
    tip: str = ""
    chapter: str = ""
    full: Mapping[str, str] = field(default_factory=dict)

    def in_full(self) -> "Need":
        """Return it as the profiles `full` and `gpu` measure it: here, and with more seeds."""
        return replace(self, recorded=False, axes={**self.axes, **self.full})

    @property
    def command(self) -> str:
        """The shell command that makes it."""
        kind = "sweep" if self.axes else "run"
        words = [f"{name}={values}" for name, values in self.axes.items()]
        return build_command_line(kind, self.recipe, self.config(), words, self.axes)

    def config(self) -> Config:
        """Return the resolved config: the recipe's, with the settings."""
        recipe = find_recipe(self.recipe)
        config: Config = find_lab(recipe.lab).config_class.with_overrides(
            recipe.config, self.settings
        )
        return config


def chapter_names() -> tuple[str, ...]:
    """Return the labs that bring a chapter, in the order of the book."""
    labs = filter(has_chapter, lab_names())
    return tuple(sorted(labs, key=lambda lab: (_load_needs(lab)[0], lab)))


def check_chapter(lab: str) -> None:
    """Check that a lab brings a chapter.

    Raises:
        UnknownNameError: if it does not, or there is no such lab; with those that do.
    """
    if not has_chapter(lab):
        raise UnknownNameError("chapter", lab, [n for n in lab_names() if has_chapter(n)])


def has_chapter(lab: str) -> bool:
    """Return whether there is a lab of that name that brings a chapter; no other lab is read."""
    try:
        return lab in lab_names() and chapter_folder(lab) is not None
    except UsageError:  # two packages bring it
        return False


def chapter_folder(lab: str) -> Traversable | None:
    """Return the folder of a lab's chapter, None if it has none.

    Raises:
        UnknownNameError: if there is no such lab.
    """
    return _data_folder(lab, "chapter")


def recorded_folder(lab: str) -> Path | None:
    """Return the folder of the runs and sweeps that ship with a lab, because they take long.

    Raises:
        UnknownNameError: if there is no such lab.
    """
    folder = _data_folder(lab, "recorded")
    return None if folder is None else Path(str(folder))


def _data_folder(lab: str, name: str) -> Traversable | None:
    package = lab_folder(lab)
    folder = None if package is None else package / name
    return folder if folder is not None and folder.is_dir() else None


def chapter_needs(lab: str) -> tuple[Need, ...]:
    """Return what the chapter of a lab reads."""
    return _load_needs(lab)[1]


def book_needs(chapters: Sequence[str] = ()) -> list[Need]:
    """Return what chapters read, in their order; by default all chapters of the book."""
    return [need for lab in chapters or chapter_names() for need in chapter_needs(lab)]


@cache
def _load_needs(lab: str) -> tuple[int, tuple[Need, ...]]:
    """Return the order of a lab's chapter, and what it reads: nothing, if it does not say.

    Raises:
        UsageError: if what it says cannot be read.
    """
    folder = chapter_folder(lab)
    assert folder is not None, lab
    if not (folder / FILE).is_file():
        return LAST, ()
    return parse_needs((folder / FILE).read_text("utf-8"), f"{lab}/chapter/{FILE}", lab)


def parse_needs(text: str, source: str, lab: str) -> tuple[int, tuple[Need, ...]]:
    """Return the order of a chapter, and what it reads.

    Args:
        text: the content of its `needs.yaml`.
        source: what errors call it.
        lab: whose chapter it is.

    Raises:
        UsageError: with one sentence for each problem.
    """
    file = YamlChecker(text, source)
    keys = file.mapping(file.content, (), (), ("order", "runs", "sweeps"))
    order = file.whole_number(keys.get("order", LAST), ("order",))
    needs = [
        _run_need(file, value, at, lab) for at, value in file.items(keys.get("runs", []), ("runs",))
    ]
    for name, value in file.plain(keys.get("sweeps", {}), ("sweeps",)).items():
        at: YamlPath = ("sweeps", name)
        sweep = file.mapping(value, at, ("recipe", "axes"), (*_OPTIONAL, "full"))
        axes = file.plain(sweep.get("axes", {}), (*at, "axes"))
        texts = {field: file.text(axis, (*at, "axes", field)) for field, axis in axes.items()}
        needs.append(_need(file, {"name": name, **sweep}, at, lab, texts))
    file.raise_problems()
    return order, tuple(needs)


def _run_need(file: YamlChecker, value: Any, at: YamlPath, lab: str) -> Need:
    """Return a run that a chapter reads: its recipe alone, or with what else is said of it."""
    if isinstance(value, str):
        value = {"recipe": value}
    run = file.mapping(value, at, ("recipe",), ("name", *_OPTIONAL))
    return _need(file, {"name": run.get("recipe", ""), **run}, at, lab, {})


def _need(
    file: YamlChecker, keys: Mapping[str, Any], at: YamlPath, lab: str, axes: Mapping[str, str]
) -> Need:
    return Need(
        name=file.text(keys["name"], (*at, "name")),
        recipe=file.text(keys.get("recipe", "-"), (*at, "recipe")),
        axes=axes,
        settings=file.plain(keys.get("settings", {}), (*at, "settings")),
        recorded=file.truth(keys.get("recorded", False), (*at, "recorded")),
        optional=file.truth(keys.get("optional", False), (*at, "optional")),
        tip=file.text(keys["tip"], (*at, "tip")) if "tip" in keys else "",
        chapter=lab,
        full={
            name: file.text(values, (*at, "full", name))
            for name, values in file.plain(keys.get("full", {}), (*at, "full")).items()
        },
    )


def missing_needs(runs: Path, profile: Profile = "demo") -> list[Need]:
    """Return what the book's chapters read and a folder of runs does not hold.

    A run counts if it is finished and its recipe and its resolved config are the declared ones; a
    sweep if its axes are, too.

    Args:
        runs: the folder of runs.
        profile: in `full` and `gpu` what ships measured is missing too, and what is there with
            fewer seeds, until the folder holds it; in `gpu` also what is optional.
    """
    needs = [need for need in book_needs() if profile == "gpu" or not need.optional]
    if profile == "demo":
        records = find_needs(runs, needs)
        return [need for need in needs if need.name not in records]
    finished = list(finished_runs(runs))
    wanted = [need.in_full() for need in needs]
    return [need for need in wanted if _find(need, runs, finished) is None]


def find_needs(runs: Path, needs: Sequence[Need]) -> "dict[str, Run | Sweep]":
    """Return name to run or sweep, the newest where there are several, without what is missing.

    What was measured with more seeds goes first. What the folder of runs does not hold comes from
    what ships with the lab, if it is there.
    """
    finished = list(finished_runs(runs))
    records: dict[str, Run | Sweep] = {}
    for need in needs:
        record = _find(need.in_full(), runs, finished) if need.full else None
        record = record or _find(need, runs, finished)
        ships = need.recorded and need.chapter
        if record is None and ships and (folder := recorded_folder(need.chapter)):
            record = _find(need, folder, list(finished_runs(folder)))
        if record is not None:
            records[need.name] = record
    return records


def finished_runs(runs: Path) -> Iterator[Run]:
    """Yield the finished runs of a folder, the newest first; a damaged one is none."""
    return (run for run in reversed(list(Runs(runs))) if is_whole(run))


def finished_sweeps(runs: Path) -> "list[Sweep]":
    """Return the finished sweeps of a folder, the newest first; a damaged one is none."""
    return [sweep for sweep in Sweeps(runs) if is_whole(sweep)][::-1]


def is_whole(record: "Run | Sweep") -> bool:
    """Return whether a run or sweep is finished, says what it is, and its numbers are its own."""
    return record.status.state == "finished" and find_damaged_file(record) is None


def find_damaged_file(record: "Run | Sweep") -> str | None:
    """Return the first file of a finished run or sweep that keeps it out of a book, or None."""
    for name in (record.metadata_file, "results.json", "metrics.jsonl", "table.parquet"):
        try:
            if name == record.metadata_file:
                _ = record.metadata
            record.check(name)
        except DamagedRunError as error:
            return MANIFEST if MANIFEST in str(error) else name
    if isinstance(record, Sweep) and not record.is_complete:
        return next(record.differences(), "table.parquet").split()[0]
    return None


@dataclass(frozen=True)
class LeftOut:
    """What of a folder no book reads.

    Attributes:
        damaged: the finished ones that are not what was saved: id to the first such file.
        other_formats: those in formats that this version does not read: id to a sentence.
    """

    damaged: Mapping[str, str]
    other_formats: Mapping[str, str]

    def describe(self) -> list[str]:
        """Return a sentence for each."""
        damage = (
            f"{name}/{file} is not what was saved, so {name} is left out; "
            f"`epoque resume {name}` repairs what it can."
            for name, file in self.damaged.items()
        )
        return [*damage, *self.other_formats.values()]


def find_left_out(runs: Path) -> LeftOut:
    """Return the runs and sweeps of a folder that no book reads, each looked at once."""
    damaged, other_formats = {}, {}
    for record in (*Runs(runs), *Sweeps(runs)):
        if sentence := _describe_format(record):
            other_formats[record.id] = sentence
        elif record.status.state == "finished" and (file := find_damaged_file(record)):
            damaged[record.id] = file
    return LeftOut(damaged, other_formats)


def _describe_format(record: "Run | Sweep") -> str:
    """Return, of a run or sweep in a format that this version does not read, a sentence; or ""."""
    try:
        _ = record.metadata
    except RunFormatError as error:
        return str(error)
    except DamagedRunError:
        pass
    return ""


def _find(need: Need, runs: Path, finished: Sequence[Run]) -> "Run | Sweep | None":
    config = need.config()
    if need.axes:
        sweep = Sweeps(runs).find(need.recipe, need.axes, config=config)
        return sweep if sweep is not None and is_whole(sweep) else None
    same = (run for run in finished if run.recipe == need.recipe and _config(run) == config)
    return next(same, None)


def _config(run: Run) -> Config | None:
    try:
        return run.config
    except (DamagedRunError, UnknownNameError):
        return None
