"""What is said over HTTP: the models of requests and answers.

A config goes over the wire flat: path of a setting ("generator.layers") to its JSON value. The
value of a setting that is a file is never a path (see `epoque.studio.file_values`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CheckRequest",
    "CheckResult",
    "Health",
    "KeepRequest",
    "KeptRun",
    "LabInfo",
    "LanguageName",
    "ProblemInfo",
    "RecipeInfo",
    "Refusal",
    "Site",
    "TrainRequest",
    "UploadInfo",
    "Values",
]

LanguageName = Literal["en", "fr"]

Values = dict[Annotated[str, Field(max_length=200)], Any]
"""Path of a setting to its JSON value."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProblemInfo(_Model):
    """What is wrong with a setting, as `epoque.bench.errors.Problem` says it."""

    field: str
    message: str
    ignored: bool = Field(False, description="All that is wrong is that it has no effect.")


class Refusal(_Model):
    """Why something is not done: one sentence, and of settings each problem."""

    detail: str
    problems: list[ProblemInfo] = []


class LabInfo(_Model):
    """A lab, in the language asked for."""

    name: str
    title: str
    recipes: list[str]
    score: str = Field(description="The result that sweeps look at, lower being better.")
    headline: list[str] = Field(description="The results that a list of runs shows.")
    captions: dict[str, str] = Field(description="Figure to a learner's words for it.")
    labels: dict[str, str] = Field(
        description="Metric or result to a learner's words; `{n}` in a name is a number."
    )


class RecipeInfo(_Model):
    """A recipe, in the language asked for, with every setting as it resolves."""

    name: str
    lab: str
    title: str
    shows: str
    minutes: float
    config: Values


class CheckRequest(_Model):
    """Settings as a form or a link has them; what is missing is the recipe's, or the default."""

    config: Values = {}
    recipe: str | None = Field(None, max_length=200)


class CheckResult(_Model):
    """All problems at once, or what the settings resolve to."""

    problems: list[ProblemInfo] = []
    config: Values | None = Field(None, description="Every setting; null where there are problems.")


class KeepRequest(_Model):
    """A training of a page: what it began with, what was changed on the way, where it stands."""

    lab: str = Field(max_length=100)
    recipe: str | None = Field(None, max_length=200)
    config: Values = {}
    changes: str = Field("", max_length=1_000_000)
    iterations: int = Field(ge=1, le=10_000_000)
    digest: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the state.")
    name: str | None = Field(None, max_length=200, description="Of the run; null: the time.")


class TrainRequest(_Model):
    """A run to begin and train to its end."""

    lab: str = Field(max_length=100)
    recipe: str | None = Field(None, max_length=200)
    config: Values = {}
    name: str | None = Field(None, max_length=200, description="Of the run; null: the time.")


class KeptRun(_Model):
    """The run that was begun, gone on with, or stopped."""

    id: str


class UploadInfo(_Model):
    """A file that was uploaded; a setting names it `upload:ID`."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    ending: str
    bytes: int


class Health(_Model):
    """What the server is and holds."""

    version: str
    engine: str = Field(description="SHA-256 of engine.wasm.")
    protocol: int = Field(description="Version of the websocket's frames.")
    language: LanguageName | None = Field(description="As `epoque studio --lang` said.")
    sessions: int
    runs: int = Field(description="Trainings in the background.")
    max_sessions: int
    max_runs: int


class Site(_Model):
    """What `site.json` tells a page: whether it has a server, else what lies beside it."""

    server: bool
    language: LanguageName | None = None
    runs: list[str] = Field([], description="Runs that lie beside the page as recordings.")
    recipes: list[str] | None = Field(None, description="Those that are offered; null: all.")
    languages: list[LanguageName] = Field(
        [], description="Those in which a site without a server answers, each a folder of `api`."
    )
    book: list[LanguageName] = Field([], description="Languages of the lab book beside the page.")
