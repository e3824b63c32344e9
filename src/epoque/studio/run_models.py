"""What is said of runs over HTTP: rows of the table, one run, its curves."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .models import LanguageName, Values

__all__ = [
    "ColumnInfo",
    "CurvesInfo",
    "CurvesQuery",
    "DeletedRun",
    "FigureQuery",
    "FileInfo",
    "ProgressInfo",
    "RestoredRun",
    "RunInfo",
    "RunRow",
    "RunsPage",
    "RunsQuery",
    "SnapshotsInfo",
    "TrashChoice",
    "TrashPage",
    "TrashRestore",
    "TrashedRun",
]

StateName = Literal["running", "finished", "failed", "interrupted", "damaged"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunsQuery(_Model):
    """Which rows of the table of runs."""

    where: str = Field(
        "", max_length=2000, description="Filters and words: `ring lab=gan2d seed<3`."
    )
    sort: str = Field("created", max_length=200, description="The column the rows are in order of.")
    descending: bool = True
    offset: int = Field(0, ge=0, le=10_000_000)
    limit: int = Field(100, ge=0, le=1000)
    show: str = Field("", max_length=8000, description="Columns besides the usual, with commas.")
    columns: bool = Field(False, description="Also list all columns.")
    lang: LanguageName = Field("en", description="Of the reasons of runs that failed or stopped.")


class CurvesQuery(_Model):
    """Which metrics of a run, and how many points of them."""

    names: str = Field("", max_length=8000, description="With commas; all by default.")
    cursor: str = Field(
        "", alias="from", max_length=60, description="The cursor of an earlier answer."
    )
    points: int = Field(1000, ge=2, le=2000, description="At most so many of each curve.")
    low: float | None = Field(None, description="From this step on.")
    high: float | None = Field(None, description="Up to this step.")


class FigureQuery(_Model):
    """How a figure is drawn."""

    lang: LanguageName = "en"
    theme: Literal["light", "dark"] = "light"


class ColumnInfo(_Model):
    """A column of the table of runs."""

    name: str = Field(description="As filters and the order take it.")
    part: Literal["about", "settings", "timings", "results"]


class RunRow(_Model):
    """A run as a row of the table."""

    id: str
    created: str = Field(description="ISO 8601, UTC.")
    state: StateName
    reason: str = Field(description="Why it failed, stopped or cannot be read; else empty.")
    lab: str | None = Field(description="Null of a run that cannot be read.")
    recipe: str | None
    name: str | None = Field(description="That it was given; null: the time and the recipe.")
    seconds: float | None
    values: Values = Field(description="Of the columns that were asked for.")


class RunsPage(_Model):
    """Some rows of the table."""

    rows: list[RunRow]
    total: int = Field(description="How many rows there are with these filters.")
    unread: int = Field(description="How many runs of the folder are still being read.")
    columns: list[ColumnInfo] | None = Field(None, description="All columns, if asked for.")
    in_memory: bool = Field(description="Whether the folder does not let the index be written.")
    folder: str = Field(description="The folder of runs, as the studio was told.")


class FileInfo(_Model):
    """A file of a run."""

    name: str = Field(description="Relative to the run's folder, with `/`.")
    bytes: int


class ProgressInfo(_Model):
    """How far a training is."""

    done: float = Field(description="Iterations, or a share of 1.")
    total: float | None = Field(description="Of how many; null where nobody knows.")


class RunInfo(RunRow):
    """One run."""

    path: str
    settings: Values = Field(description="Path of each setting to its value.")
    recipe_settings: Values | None = Field(
        description="What the recipe says where the run has another value; null: unknown."
    )
    results: Values
    not_measured: dict[str, str] = Field(description="Why a result is no number.")
    timings: Values
    environment: Values | None
    metrics: list[str] = Field(description="Names of what was measured each step.")
    figures: list[str]
    files: list[FileInfo]
    checkpoints: list[int] = Field(description="Steps that training can go on from.")
    snapshots: int = Field(description="How many there are.")
    command: str | None = Field(description="The command line that repeats it.")
    resume: str | None = Field(description="The command line that goes on with it; null: whole.")
    progress: ProgressInfo | None = Field(description="Null unless it is being trained.")
    background: bool = Field(description="Whether this studio trains it, and can stop it.")
    notes: list[str] = Field(description="What could not be read, each one sentence.")


class CurvesInfo(_Model):
    """The metrics of a run, or what is new of them, thinned so that no peak is lost."""

    names: list[str] = Field(description="All that was measured so far.")
    steps: list[int]
    seconds: list[float | None] | None = Field(
        description="Spent in steps by then; null of a training that did not tell."
    )
    values: dict[str, list[float | None]] = Field(description="Null where there is no number.")
    rows: int = Field(description="How many rows these stand for.")
    total: int = Field(description="How many rows there are in all.")
    cursor: str = Field(description="Give it back as `from` for what comes after.")
    reset: bool = Field(description="These replace all that was given before.")
    state: StateName
    damage: str | None = Field(None, description="Why the rest cannot be read.")


class SnapshotsInfo(_Model):
    """The steps whose pictures a run keeps."""

    steps: list[int]


class DeletedRun(_Model):
    """A run in the trash."""

    id: str
    moment: str = Field(description="When, in UTC.")


class RestoredRun(_Model):
    """A run that is back."""

    id: str


class TrashChoice(_Model):
    """One that lies in the trash: several may have been deleted under one name."""

    id: str = Field(max_length=300)
    moment: str = Field(max_length=40, description="When it was deleted, as the trash says it.")


class TrashRestore(_Model):
    """Which one comes back."""

    entry: TrashChoice
    name: str | None = Field(None, max_length=200, description="Another name for it there.")


class TrashedRun(TrashChoice):
    """A run, a sweep or a search in the trash."""

    deleted: str = Field(description="When, ISO 8601, UTC; empty of a moment that is none.")
    lab: str | None = Field(description="Null of what cannot be read.")
    recipe: str | None
    name: str | None = Field(description="That it was given; null: the time and the recipe.")
    bytes: int


class TrashPage(_Model):
    """What lies in the trash, the newest first."""

    entries: list[TrashedRun]
    total: int = Field(description="How many there are; the newest of very many are listed.")
    folder: str = Field(description="The folder of runs, as the studio was told.")


def describe_value(value: object) -> Any:
    """Return a value as JSON holds it and a page shows it: long whole numbers as text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value
