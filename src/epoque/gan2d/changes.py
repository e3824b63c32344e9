"""Changes of settings in the middle of a run, as text that a config can hold.

```
500:loss=hinge,d_steps=5;800:generator.optimizer.learning_rate=0.01
```

After 500 iterations the loss and the steps change, after 800 the learning rate.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from epoque.bench.errors import ConfigError, Problem
from epoque.bench.setting_paths import flatten

__all__ = ["Change", "read_changes", "write_changes"]


@dataclass(frozen=True)
class Change:
    """Settings that change at one moment.

    Attributes:
        step: after how many iterations.
        values: path of a setting to its new value, as text.
    """

    step: int
    values: Mapping[str, str]

    @classmethod
    def of(cls, step: int, values: Mapping[str, Any]) -> "Change":
        """Return a change from values of any kind, those of parts nested or by their path."""
        return cls(step, {path: _text(value) for path, value in flatten(values).items()})

    def __str__(self) -> str:
        return f"{self.step}:" + ",".join(f"{name}={value}" for name, value in self.values.items())


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


def _read(part: str) -> Change:
    step, colon, rest = part.partition(":")
    pairs = [pair.partition("=") for pair in rest.split(",")]
    if not (colon and re.fullmatch(" *[0-9]{1,18} *", step) and all(sign for _, sign, _ in pairs)):
        message = f"{part} is no change; write for instance 500:loss=hinge,d_steps=5."
        raise ConfigError([Problem("changes", message)])
    values = {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}
    return Change(int(step), values)


def _text(value: Any) -> str:
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)
