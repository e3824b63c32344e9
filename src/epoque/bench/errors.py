"""Every error a user can meet.

```
Exception
└── EpoqueError                 one sentence for the person at the keyboard; exit code 1
    ├── UsageError              what was asked cannot be done as asked; exit code 2 (a ValueError)
    │   ├── ConfigError         one or more settings are wrong; all of them are listed
    │   │   └── AxesError       likewise the axes of a sweep
    │   ├── UnknownNameError    no such lab, recipe, run, option; names the nearest, or all
    │   ├── DataError           the user's own data cannot be read
    │   ├── NotRecordedError    what a claim would be measured on was never run
    │   ├── NameTakenError      there is a run of that name already
    │   └── MissingExtraError   an optional dependency is not installed (an ImportError too)
    ├── RunError                a run folder cannot be read or written
    │   ├── DamagedRunError     a file of a run folder cannot be read
    │   │   └── RunFormatError  it is in a format that this version does not read
    │   ├── RunLockedError      another process is writing this run
    │   └── RunWriteError       the disk is full, the folder is read-only, …
    ├── ClusterError            the cluster that measures a study went away
    ├── FetchError              a file cannot be fetched from an address
    ├── HubError                the Hugging Face Hub cannot be reached, or refuses
    └── DivergenceError         a number became infinite or NaN; names the step
```
"""

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "AxesError",
    "ClusterError",
    "ConfigError",
    "DamagedRunError",
    "DataError",
    "DivergenceError",
    "EpoqueError",
    "FetchError",
    "HubError",
    "MissingExtraError",
    "NameTakenError",
    "NotRecordedError",
    "Problem",
    "RunError",
    "RunFormatError",
    "RunLockedError",
    "RunWriteError",
    "UnknownNameError",
    "UsageError",
    "did_you_mean",
    "first_line",
    "format_value",
    "list_names",
    "suggest_names",
]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return " Did you mean …?" with the names nearest to `name`, or "" where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(map(str, names)), n=3, cutoff=0.55)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def list_names(names: Iterable[object]) -> str:
    """Return " There are …." with the names there are, the first twelve of many; "" without any."""
    every = list(dict.fromkeys(map(str, names)))
    first, rest = every[:12], len(every) - 12
    if len(first) < 2:
        return f" There is only {first[0]}." if first else ""
    return f" There are {', '.join(first)}{f' and {rest} more' if rest > 0 else ''}."


def suggest_names(name: str, names: Iterable[object]) -> str:
    """Return the sentence that helps on from a name that does not exist.

    Those nearest to it, or, where none is near, those that there are; "" without any.
    """
    every = list(map(str, names))
    return did_you_mean(name, every) or list_names(every)


def format_value(value: object) -> str:
    """Return a value as a sentence shows it: text as typed, and nothing of great length."""
    try:
        text = value if isinstance(value, str) else reprlib.repr(value)
    except ValueError:  # Python refuses to write a whole number of more than 4300 digits
        text = "a number of thousands of digits"
    return f"{text[:60]}…" if len(text) > 60 else text or "(empty)"


def first_line(error: object) -> str:
    """Return what a library or the system says, for the inside of a sentence of ours."""
    message = getattr(error, "strerror", None) or str(error)
    return (str(message).splitlines() or [type(error).__name__])[0].rstrip(".")


class EpoqueError(Exception):
    """Base of all errors that are told to the user in one sentence, without a traceback."""

    exit_code = 1


class UsageError(EpoqueError, ValueError):
    """What was asked cannot be done as asked."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting.

    Attributes:
        field: the setting's name as the schema spells it (`learning_rate`).
        message: what is wrong, beginning with the value and ending with what is allowed.
        ignored: whether all that is wrong is that the setting has no effect beside the others.
        place: file, line and column, of a setting that stands in a recipe of one's own.
    """

    field: str
    message: str
    ignored: bool = False
    place: str = ""


class ConfigError(UsageError):
    """One or more settings are wrong.

    Attributes:
        problems: every problem found, in the order of the schema.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.describe())

    @classmethod
    def of(cls, field: str, message: str) -> "ConfigError":
        """Return the error that one setting is wrong; see `Problem`."""
        return cls([Problem(field, message)])

    def describe(self, spell: str = "{}") -> str:
        """Return the problems, one a line, each field spelt as its door spells it.

        Args:
            spell: a format for the name, for instance `--{}` on the command line, where
                underscores also become hyphens.
        """
        return "\n".join(f"{_spelt(p, spell)}: {p.message}" for p in self.problems)


def _spelt(problem: Problem, spell: str) -> str:
    if problem.place:
        return f"{problem.place}: {problem.field}"
    hyphens = spell.startswith("--")
    return spell.format(problem.field.replace("_", "-") if hyphens else problem.field)


class AxesError(ConfigError):
    """One or more axes of a sweep are wrong; on the command line they are typed as `field=…`."""

    def describe(self, spell: str = "{}") -> str:
        """Return the problems, one a line, each field as an axis names it."""
        return super().describe()


class UnknownNameError(UsageError):
    """There is no such lab, recipe, run or option; the nearest are named, or those there are."""

    def __init__(self, kind: str, name: str, names: Iterable[object], hint: str = "") -> None:
        """Name what is missing.

        Args:
            kind: what there is none of.
            name: as typed.
            names: those that there are, in the order in which they are worth naming.
            hint: a further sentence, after a space.
        """
        self.kind, self.name = kind, name
        super().__init__(f"There is no {kind} {name!r}.{suggest_names(name, names)}{hint}")


class NotRecordedError(UsageError):
    """What a claim would be measured on was never run, and nothing else stands in its place."""


class DataError(UsageError):
    """The user's own data cannot be read or used."""


class NameTakenError(UsageError):
    """There is a run, a sweep or a search of that name already."""


class MissingExtraError(UsageError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str, package: str = "epoque") -> None:
        super().__init__(f"{what} needs an extra: pip install '{package}[{extra}]'")


class RunError(EpoqueError):
    """A run folder cannot be read or written."""


class DamagedRunError(RunError):
    """A file of a run folder is missing, cut short or not what it should be."""


class RunFormatError(DamagedRunError):
    """A run folder is in a format that this version does not read, older or newer."""


class RunLockedError(RunError):
    """Another process is writing this run."""


class RunWriteError(RunError):
    """The operating system refused a write: disk full, folder read-only, …"""


class ClusterError(EpoqueError):
    """The cluster that measures a study went away; what was measured is kept."""


class FetchError(EpoqueError):
    """A file cannot be fetched from an address."""


class HubError(EpoqueError):
    """The Hugging Face Hub cannot be reached, or refuses."""


class DivergenceError(EpoqueError):
    """A number of the training became infinite or NaN.

    Attributes:
        what: is not finite: "a loss", or the name of a metric.
        step: the iteration at which it happened, counted from 1.
    """

    def __init__(self, what: str, step: int) -> None:
        self.what, self.step = what, step
        super().__init__(
            f"Training diverged: {what} is not finite at iteration {step}. What was measured "
            "before it is kept; a smaller learning rate usually helps."
        )
