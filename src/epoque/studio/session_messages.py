"""What the server and its workers tell each other of the trainings that pages steer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Acknowledge",
    "Ask",
    "Attach",
    "Command",
    "Frame",
    "Open",
    "Release",
    "Reply",
    "Report",
    "Saved",
    "SessionState",
    "StateKind",
    "StateReport",
    "Stop",
    "Stopped",
]

StateKind = Literal["starting", "paused", "playing", "finished", "diverged", "lost"]


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a training is doing.

    Attributes:
        kind: starting until its first moment can be shown; finished where the lab's training came
            to an end of its own; lost where it cannot go on.
        step: iterations done; where it diverged, the iteration that could not be done.
        rate: iterations a second, while it plays.
        why: what is not finite, or why it is lost, in a sentence; "" otherwise.
        config: every setting as it is now, path to plain value; {} until it is known.
        changes: those made so far, as the setting `changes` takes them.
        has_phases: whether it can stop between the phases of an iteration.
    """

    kind: StateKind
    step: int = 0
    rate: float = 0.0
    why: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    changes: str = ""
    has_phases: bool = False


# From the server


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a training, or go on with the one that a file keeps.

    Attributes:
        session: its id, which every message bears.
        lab: the lab's name.
        values: the config, path of a setting to plain value.
        path: the file that keeps it, which need not be there yet.
        is_watched: whether a page shows it.
    """

    session: str
    lab: str
    values: Mapping[str, Any]
    path: str
    is_watched: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """Have something done, and answer with a `Reply` of that number.

    Attributes:
        session: whose.
        number: of the question.
        what: play, pause, iterate, phase, change, restart, digest or look.
        argument: a pace, a count, or settings.
    """

    session: str
    number: int
    what: str
    argument: Any = None


@dataclass(frozen=True, slots=True)
class Attach:
    """Say whether a page shows a training; one that nobody watches is not played."""

    session: str
    is_watched: bool


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say that a frame was received."""

    session: str


@dataclass(frozen=True, slots=True)
class Release:
    """End a training in this worker: its file keeps it, or goes with it."""

    session: str
    keep: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Save every training and end."""


Command = Open | Ask | Attach | Acknowledge | Release | Stop


# From a worker


@dataclass(frozen=True, slots=True)
class Frame:
    """What one moment of a training looks like, and what was measured since the frame before.

    Attributes:
        session: whose.
        step: iterations done.
        milliseconds: of computing, since the training began.
        arrays: of the lab's snapshot, name to float32.
        metrics: `step` [n] as float64, and each metric's name to float32 [n], NaN where it was not
            taken.
        phase: number, count and name of the phase that the arrays are of; None: of a snapshot.
    """

    session: str
    step: int
    milliseconds: float
    arrays: "Mapping[str, NDArray[np.float32]]"
    metrics: "Mapping[str, NDArray[Any]]"
    phase: tuple[int, int, str] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an `Ask`.

    Attributes:
        session: whose.
        number: of the question.
        value: the answer, plain, or a `Frame`.
        problems: field and message of each setting that is wrong.
        error: why it was not done, in one sentence; "" if it was.
    """

    session: str
    number: int
    value: Any = None
    problems: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class StateReport:
    """How a training stands now."""

    session: str
    state: SessionState


@dataclass(frozen=True, slots=True)
class Saved:
    """The file of a training holds it as it was after `step` iterations; or why it does not."""

    session: str
    step: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker saved what it could, and ends."""


Report = Frame | Reply | StateReport | Saved | Stopped
