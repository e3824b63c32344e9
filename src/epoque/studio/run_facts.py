"""What a page shows of one run, read from its folder; what cannot be read is said and left out."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from epoque.bench.command_line import build_command_line
from epoque.bench.errors import ConfigError, DamagedRunError, EpoqueError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.bench.runs.index import IndexedRow
from epoque.bench.runs.reasons import translate_reason
from epoque.bench.runs.record_folder import find_given_name
from epoque.bench.runs.run import Run
from epoque.bench.setting_paths import flatten

from .file_values import describe_files
from .models import LanguageName
from .run_files import list_files
from .run_models import FileInfo, RunInfo, RunRow, describe_value
from .run_progress import find_progress

__all__ = ["describe_row", "describe_run"]

T = TypeVar("T")

FIRST_ROWS = 2000
"""Of the metrics, in which the names of all of them are looked for."""


def describe_row(
    indexed: IndexedRow, columns: tuple[str, ...] = (), language: LanguageName = "en"
) -> RunRow:
    """Return a row of the table with some of its columns, its reason in a language."""
    about, values = indexed.row.about, indexed.row.flatten()
    shown = {name: describe_value(values[name]) for name in columns if name in values}
    return RunRow(
        id=indexed.id,
        created=indexed.created,
        state=about.get("state", "damaged"),
        reason=translate_reason(str(about.get("reason", "")), language, str(about.get("lab", ""))),
        lab=about.get("lab"),
        recipe=about.get("recipe"),
        name=find_given_name(indexed.id, about.get("recipe")),
        seconds=about.get("seconds"),
        values=shown,
    )


def describe_run(
    run: Run, indexed: IndexedRow, language: LanguageName = "en", *, is_background: bool = False
) -> RunInfo:
    """Return all that a page shows of a run, but curves, pictures and files.

    Args:
        run: the run.
        indexed: its row in the table.
        language: of what is said about it.
        is_background: whether this studio trains it.
    """
    notes: list[str] = []

    def read(work: Callable[[], T], otherwise: T) -> T:
        try:
            return work()
        except (EpoqueError, OSError) as error:
            notes.append(translate_reason(str(error), language))
            return otherwise

    row = describe_row(indexed, language=language)
    settings: dict[str, Any] = read(lambda: _settings(run), {})
    results: Mapping[str, Any] = {}
    if row.state == "finished":
        results = read(lambda: dict(run.results), {})
    environment = read(lambda: dict(run.environment), None)
    metrics: list[str] = read(lambda: list(_names(run)), [])
    command = read(lambda: build_command_line("run", run.recipe, run.config), None)
    return RunInfo(
        **row.model_dump(),
        path=str(run.path),
        settings=settings,
        recipe_settings=read(lambda: _recipe_settings(run), None),
        results={
            name: describe_value(value) for name, value in results.items() if name != "not_measured"
        },
        not_measured={k: str(v) for k, v in dict(results.get("not_measured") or {}).items()},
        timings=dict(indexed.row.timings),
        environment=environment,
        metrics=metrics,
        figures=sorted(run.figures),
        files=[FileInfo(name=name, bytes=size) for name, size in list_files(run).items()],
        checkpoints=run.checkpoint_steps,
        snapshots=len(run.snapshot_steps()),
        command=command,
        resume=None if row.state in ("finished", "running") else f"epoque resume {run.id}",
        progress=read(lambda: find_progress(run), None) if row.state == "running" else None,
        background=is_background,
        notes=list(dict.fromkeys(notes)),
    )


def _settings(run: Run) -> dict[str, Any]:
    config = run.metadata["config"]
    try:
        described = describe_files(find_lab(run.lab_name), config)
    except UsageError:  # of a lab that is not installed
        described = flatten(config)
    return {name: describe_value(value) for name, value in described.items()}


def _recipe_settings(run: Run) -> dict[str, Any] | None:
    """Return what the recipe says where this run has another value; None if that is unknown."""
    if run.recipe not in recipe_names():
        return None
    lab = find_lab(run.lab_name)
    try:
        usual = find_recipe(run.recipe).build(lab.config_class, {}).model_dump(mode="json")
    except ConfigError as error:
        raise DamagedRunError(f"The recipe {run.recipe} cannot be read: {error}") from None
    said, there = describe_files(lab, usual), describe_files(lab, run.metadata["config"])
    return {name: value for name, value in said.items() if there.get(name) != value}


def _names(run: Run) -> Iterator[str]:
    """Yield the names of the metrics of the first rows, in which all of them mostly are."""
    names: dict[str, None] = {}
    for row in islice(run.metric_rows(), FIRST_ROWS):
        names |= dict.fromkeys(row)
    return (name for name in names if name != "step")
