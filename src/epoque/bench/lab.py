"""What a lab is to the bench: a config, a training, and numbers and pictures of a finished run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from .events import Checkpoint, Event
from .plugins import load_plugin, plugin_folder, plugin_names
from .progress import Progress
from .system.environment import jax_device

if TYPE_CHECKING:  # pydantic would make `epoque --help` slower
    from importlib.resources.abc import Traversable

    from cyclopts import App
    from matplotlib.figure import Figure

    from .config import Config
    from .runs.run import Run

__all__ = ["Columns", "Lab", "TrainCommand", "find_lab", "lab_folder", "lab_names"]

C = TypeVar("C", bound="Config")
Columns = Mapping[str, Sequence[Any]]
"""Equally long columns: name to values."""


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
    checkpoints_kept: ClassVar[int | None] = None
    """How many checkpoints a run keeps, the last ones; None keeps all. At least 1."""
    headline: ClassVar[tuple[str, ...]] = ("final_error",)
    """The results that a list of runs shows: together they must not hide that a run failed."""
    fills_machine: ClassVar[bool] = False
    """Whether one run keeps every core busy: a sweep then trains its points one after another."""

    @property
    @abstractmethod
    def config(self) -> type[C]:
        """The class of its configs, imported when it is first asked for."""

    @abstractmethod
    def train(self, config: C, resume: Checkpoint | None = None) -> Iterator[Event]:
        """Yield the events of a training, from the start or from a checkpoint.

        Raises:
            DivergenceError: before a non-finite number is applied or recorded.
            DataError: if the user's own data cannot be used.
        """

    @abstractmethod
    def evaluate(self, run: "Run") -> Mapping[str, Any]:
        """Return the numbers of a finished run, name to plain JSON value; saved as results.json.

        A number that cannot be computed, as a mean over nothing, is None; `not_measured` says of
        each such name why, in a few words.
        """

    def evaluate_telling(self, run: "Run", progress: Progress) -> Mapping[str, Any]:
        """Return what `evaluate` does, and tell how far it is where that takes long."""
        return self.evaluate(run)

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

    def steps(self, config: C) -> int | None:
        """Return how many iterations a run takes, for the progress bar; None if unknown."""
        return None

    def share(self, config: C, step: int, metrics: Mapping[str, float]) -> float | None:
        """Return how much of a run is done, 0 … 1, where `steps` is None; None if unknown.

        Args:
            config: what is trained.
            step: iterations done.
            metrics: the metrics of that step.
        """
        return None

    def prepare(self, config: C, progress: Progress) -> None:
        """Make what a training reads, where that takes long and is then kept.

        What is not made here the training makes itself, but tells nobody how far it is.

        Args:
            config: what is to be trained.
            progress: receives what is being made and how far it is.

        Raises:
            UsageError: if what is asked for is not there.
        """

    def remarks(self, config: C) -> Iterator[str]:
        """Yield what is odd about the user's own data; it is said even where all else is quiet.

        Raises:
            DataError: if the data cannot be read or used.
        """
        yield from ()

    def notice(self, config: C, resume: Checkpoint | None = None) -> str | None:
        """Return what a user should know before a long training, for instance what it will take.

        Args:
            config: what is to be trained.
            resume: where it goes on from; the answer is then of what remains.
        """
        return None

    def device(self, config: C) -> str:
        """Name what a training computes on, for environment.json; asked once it has begun."""
        return jax_device()

    def figures(self, run: "Run", language: str = "en") -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder: name to a function that draws it.

        Drawing reads the run folder only and imports no training engine. The house style
        (`epoque.bench.figures.plot`) is already active when the function is called.
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

    def sweep_score(self) -> str:
        """Return the result that a sweep's figure and a search look at, lower being better."""
        return "final_error"


GROUP = "epoque.labs"
"""The group of the entry points by which packages bring labs."""


def lab_names() -> tuple[str, ...]:
    """Return the names of the installed labs (entry points of the group `epoque.labs`)."""
    return plugin_names(GROUP)


def find_lab(name: str) -> Lab[Any]:
    """Return a lab by its name.

    Raises:
        UnknownNameError: if there is none, with the nearest names.
        UsageError: if two packages bring it, or it cannot be imported.
    """
    lab: Lab[Any] = load_plugin(GROUP, "lab", name)
    return lab


def lab_folder(name: str) -> "Traversable | None":
    """Return the folder of the package that defines a lab: where its data lie.

    These are `recipes/`, `chapter/` and `recorded/`, each as far as the lab has it. The lab itself
    is not imported.

    Raises:
        UnknownNameError: if there is no such lab, with the nearest names.
    """
    return plugin_folder(GROUP, "lab", name)
