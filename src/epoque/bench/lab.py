"""What a lab is to the bench: a config, a training, and numbers and pictures of a finished run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from .errors import UsageError
from .events import Checkpoint, Event
from .evidence import Measure
from .plugins import LABS, load_plugin, plugin_folder, plugin_names
from .progress import Progress, no_progress
from .sweeps.columns import Columns
from .sweeps.jobs import Needs

if TYPE_CHECKING:  # pydantic would make `epoque --help` slower
    from importlib.resources.abc import Traversable

    from cyclopts import App
    from matplotlib.figure import Figure

    from .config import Config
    from .figures.film import Film
    from .live import Live
    from .runs.record import Record
    from .runs.run import Run
    from .text_table import TextTable
    from .views import View

__all__ = ["Lab", "TrainCommand", "find_lab", "lab_folder", "lab_names", "lab_of"]

C = TypeVar("C", bound="Config")


@dataclass(frozen=True, slots=True)
class TrainCommand:
    """A command `epoque LAB train` that trains from settings alone, without a recipe.

    Attributes:
        help: what it says of itself.
        options: the settings that it takes, each with further names of its option.
    """

    help: str
    options: Mapping[str, tuple[str, ...]]


class Lab(ABC, Generic[C]):
    """A family of experiments that share a config.

    Importing the module that defines a lab must be cheap (no JAX, torch or matplotlib): the heavy
    imports stand inside the methods.
    """

    name: ClassVar[str]
    """The name in recipes (`neuron/and`) and on the command line."""
    title: ClassVar[str]
    """One line for a learner, in English; French comes from the catalogue."""
    result_labels: ClassVar[Mapping[str, str]] = {}
    """Metric or result to a learner's words for it, in English; without them its name is shown.
    `{n}` in a name stands for a number (see `epoque.bench.result_labels`)."""
    figure_captions: ClassVar[Mapping[str, str]] = {}
    """Figure to its caption in a reader's new book, in English."""
    views: "ClassVar[tuple[View, ...]]" = ()
    """What its live page draws, in order, as data (see `epoque.bench.views`); without any, the page
    has the settings, the curves of all metrics, results, figures and files."""
    max_checkpoints: ClassVar[int | None] = None
    """How many checkpoints a run keeps, the last ones; None keeps all. At least 1."""
    headline: ClassVar[tuple[str, ...]] = ("final_error",)
    """The results that a list of runs shows: together they must not hide that a run failed."""
    score: ClassVar[str] = "final_error"
    """The result that a sweep's figure and a search look at, lower being better."""
    constant_arrays: ClassVar[tuple[str, ...]] = ()
    """The arrays of its snapshots that never change: only a run's first snapshot holds them, and
    `Run.snapshot` adds them to the others."""

    @property
    @abstractmethod
    def config_class(self) -> type[C]:
        """The class of its configs, imported when it is first asked for."""

    @abstractmethod
    def train(self, config: C, resume: Checkpoint | None = None) -> Iterator[Event]:
        """Yield the events of a training, from the start or from a checkpoint.

        Raises:
            DivergenceError: before a non-finite number is applied or recorded.
            DataError: if the user's own data cannot be used.
        """

    def live(self, config: C, resume: Checkpoint | None = None) -> "Live[C]":
        """Return a training under a hand, from the start or from a checkpoint of a `Live`.

        By default it pulls the events of `train`; a lab whose engine can stop anywhere overrides
        this.

        Raises:
            DataError: if the user's own data cannot be used.
            DamagedRunError: if the checkpoint does not fit the config.
        """
        from .live import EventLive

        return EventLive(self.train, config, resume)

    @abstractmethod
    def evaluate(self, run: "Run[C]", progress: Progress = no_progress) -> Mapping[str, Any]:
        """Return the numbers of a finished run, name to plain JSON value; saved as results.json.

        A number that cannot be computed, as a mean over nothing, is None; `not_measured` says of
        each such name why, in a few words.

        Args:
            run: the run.
            progress: receives how far it is, where that takes long.
        """

    def check_installed(self) -> None:
        """Check that what the lab computes with is there.

        Raises:
            MissingExtraError: if it is not, with the extra that brings it.
        """

    def check(self, config: C) -> None:
        """Check what a training can be refused for before its first step: data, device, networks.

        Every door asks before it makes a folder. It is quick: what takes long, `prepare` does.

        Raises:
            UsageError: if something that the config names is not there or cannot be used.
        """

    def check_resume(self, config: C, checkpoint: Checkpoint) -> None:
        """Check what going on from a checkpoint can be refused for, before the run is touched.

        Raises:
            UsageError: if it cannot be gone on with here.
        """

    def measure_progress(
        self, config: C, step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        """Return how much of a run is done, and of how much: for the progress bar.

        In steps where their number is known before the training; else as a share of 1.0; and
        (step, None) where nobody knows.

        Args:
            config: what is trained.
            step: iterations done, 0 before the first.
            metrics: the metrics of that step; empty before the first.
        """
        return step, None

    def remarks(self, config: C) -> Iterator[str]:
        """Yield what is odd about the user's own data; it is said even where all else is quiet.

        Raises:
            DataError: if the data cannot be read or used.
        """
        yield from ()

    def prepare(
        self, config: C, resume: Checkpoint | None = None, progress: Progress = no_progress
    ) -> str | None:
        """Make what a training reads, where that takes long, and say what it will take.

        What is made is kept, so that the training finds it; without this it makes it itself, and
        shows nobody how far it is. Processes that train together all prepare.

        Args:
            config: what is to be trained.
            resume: where it goes on from.
            progress: receives what is being made and how far it is.

        Returns:
            What a user should know before a long training, for instance how long what remains of
            it will take; or None.

        Raises:
            UsageError: if what is asked for is not there.
        """
        return None

    def device(self, config: C) -> str:
        """Name what a training computes on, for environment.json; asked once it has begun."""
        return "cpu"

    def describe_engine(self, config: C) -> Mapping[str, Any]:
        """Return what else environment.json tells of what computes a training, as plain values."""
        return {}

    def needs(self, config: C) -> Needs:
        """Return what one training needs of its machine: that decides how many run side by side.

        By default one core.
        """
        return Needs()

    def live_engine(self, config: C) -> str | None:
        """Return why the live engine of the browser does not compute a config; None if it does."""
        return "The live engine does not compute this lab."

    def figures(self, run: "Run[C]", language: str = "en") -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder: name to a function that draws it.

        Drawing reads the run folder only and imports no training engine. The house style
        (`epoque.bench.figures.plot`) is already active when the function is called.
        """
        return {}

    def films(self, run: "Run[C]", language: str = "en") -> "Mapping[str, Callable[[], Film]]":
        """Return the films that can be made of a run folder: name to a function that draws one.

        Likewise of the run folder only; the house style is already active.
        """
        return {}

    def tables(
        self, run: "Run[C]", language: str = "en"
    ) -> "Mapping[str, Callable[[], TextTable]]":
        """Return the tables of words that can be made of a run folder: name to what makes it."""
        return {}

    def figure_values(self, run: "Run[C]") -> Mapping[str, Any]:
        """Return what a text says of a run's figures: name to plain JSON value.

        They are computed from what the figures draw, which is in the run folder; a number that
        cannot be computed is None.
        """
        return {}

    def sweep(self, base: C, points: Columns) -> "Columns | None":
        """Run many configs inside one compiled program, where the lab can.

        Args:
            base: the config that every point starts from.
            points: field name to its value at each point (n values a field), already validated.

        Returns:
            The results, name to n numbers, in the order of the points; or None if these fields
            cannot be swept that way (each point is then a run of its own).
        """
        return None

    def train_command(self) -> TrainCommand | None:
        """Return what `epoque LAB train` is, or None if recipes are the only way."""
        return None

    def commands(self) -> "App | None":
        """Return the lab's own commands (`epoque neuron …`), or None if it has none."""
        return None

    def claim_measures(self) -> Mapping[str, Measure]:
        """Return what only the claims of this lab's chapter are measured by: name to function.

        What the claims of every lab may use is in `epoque.report.claims.measures`.
        """
        return {}


def lab_names() -> tuple[str, ...]:
    """Return the names of the installed labs (entry points of the group `epoque.labs`)."""
    return plugin_names(LABS)


def find_lab(name: str) -> Lab[Any]:
    """Return a lab by its name.

    Raises:
        UnknownNameError: if there is none, with the nearest names.
        UsageError: if two packages bring it, it cannot be imported, or is no lab of that name.
    """
    lab = load_plugin(LABS, "lab", name)
    if isinstance(lab, type):
        raise UsageError(
            f"The entry point of the lab {name!r} names the class {lab.__name__}, where it needs "
            f"an instance, `LAB = {lab.__name__}()`."
        )
    if not isinstance(lab, Lab):
        raise UsageError(f"The entry point of the lab {name!r} names no lab, but {lab!r:.60}.")
    if lab.name != name:
        raise UsageError(
            f"The lab of the entry point {name!r} calls itself {lab.name!r}; "
            "the two names must be the same."
        )
    return lab


def lab_of(record: "Record[C]") -> Lab[C]:
    """Return the lab that made a run, a sweep or a search.

    Raises:
        UnknownNameError: if it is not installed.
    """
    lab: Lab[C] = find_lab(record.lab_name)
    return lab


def lab_folder(name: str) -> "Traversable | None":
    """Return the folder of the package that defines a lab: where its data lie.

    These are `recipes/`, `chapter/` and `recorded/`, each as far as the lab has it. The lab itself
    is not imported.

    Raises:
        UnknownNameError: if there is no such lab, with the nearest names.
    """
    return plugin_folder(LABS, "lab", name)
