"""Changes of settings in the middle of a run, as text that a config can hold.

```
500:loss=hinge,d_steps=5;800:generator.optimizer.learning_rate=0.01
```

After 500 iterations the loss and the steps change, after 800 the learning rate. A change may also
set or hold weights (see `epoque.bench.weight_edits`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ConfigError, Problem, format_value
from .events import Artifact, Checkpoint
from .setting_paths import flatten
from .weight_edits import separate_weights

if TYPE_CHECKING:
    from .config import Config

__all__ = [
    "CHANGES",
    "Change",
    "Timeline",
    "change_settings",
    "read_changes",
    "write_changes",
]

C = TypeVar("C", bound="Config")

CHANGES = "changes.txt"
"""The artifact that holds the changes made so far, as the setting `changes` takes them."""


@dataclass(frozen=True)
class Change:
    """Settings and weights that change at one moment.

    Attributes:
        step: after how many iterations.
        values: path of a setting or a weight to its new value, as text.
    """

    step: int
    values: Mapping[str, str]

    @classmethod
    def of(cls, step: int, values: Mapping[str, Any]) -> "Change":
        """Return a change from values of any kind, those of parts nested or by their path."""
        return cls(step, {path: _text(value) for path, value in flatten(values).items()})

    def __str__(self) -> str:
        return f"{self.step}:" + ",".join(f"{name}={value}" for name, value in self.values.items())


class Timeline:
    """The changes of one training: those that were made, and those that are still to come.

    Attributes:
        applied: the changes made so far, in the order they were made.
    """

    def __init__(self, planned: str, resume: Checkpoint | None = None) -> None:
        """Make a timeline.

        Args:
            planned: changes as the setting `changes` has them.
            resume: a checkpoint whose state tells the changes made before it as `changes`; those
                are planned no more.
        """
        text = str(resume.state.get("changes", "")) if resume else ""
        self.applied = read_changes(text)
        made = list(map(str, self.applied))
        self._planned = [change for change in read_changes(planned) if str(change) not in made]

    def __str__(self) -> str:
        return write_changes(self.applied)

    def take_due(self, step: int) -> list[Change]:
        """Take the planned changes that are to be made after `step` iterations."""
        due = [change for change in self._planned if change.step == step]
        self._planned = [change for change in self._planned if change.step > step]
        return due

    def next_step(self, step: int) -> int | None:
        """Return after how many iterations more than `step` the next change is planned, or None."""
        return min((change.step for change in self._planned if change.step > step), default=None)

    def make_artifact(self) -> Artifact:
        """Return `changes.txt`, the changes made so far."""
        return Artifact(CHANGES, f"{self}\n".encode())


def read_changes(text: str) -> list[Change]:
    """Read changes, in the order of their steps (those of equal steps as written).

    Raises:
        ConfigError: if a part is not `step:setting=value,…`.
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return sorted((_read(part) for part in parts), key=lambda change: change.step)


def write_changes(changes: Sequence[Change]) -> str:
    """Return changes as `read_changes` reads them."""
    return ";".join(map(str, changes))


def change_settings(config: C, values: Mapping[str, Any]) -> C:
    """Return a config with settings changed in the middle of a run.

    Args:
        config: the settings as they are.
        values: path of a setting to value, text or not; or nested mappings of them. Weights among
            them are no settings: they are only checked.

    Raises:
        ConfigError: if a value is not allowed, the setting cannot change during a run, or there is
            no such weight.
    """
    flat, _ = separate_weights(flatten(values), config.weight_shapes())
    settings = config.settings()
    fixed = [path for path in flat if path in settings and not settings[path].is_live]
    if fixed:
        rule = "it cannot change during a run; start a new run."
        raise ConfigError([Problem(path, rule) for path in fixed])
    done = {"changes": ""} if "changes" in settings else {}
    return config.change({**done, **flat})


def _read(part: str) -> Change:
    step, colon, rest = part.partition(":")
    pairs = [pair.partition("=") for pair in rest.split(",")]
    if not (colon and re.fullmatch(" *[0-9]{1,18} *", step) and all(sign for _, sign, _ in pairs)):
        message = f"{format_value(part)} is no change; write for instance 500:loss=hinge,d_steps=5."
        raise ConfigError([Problem("changes", message)])
    values = {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}
    return Change(int(step), values)


def _text(value: Any) -> str:
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)
