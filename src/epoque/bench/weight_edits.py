"""Weights that are set or held in the middle of a run, as `changes` says them beside settings.

```
500:w1.0.2=0.25;800:held.w1.0.2=1
```

After 500 iterations the weight from input 0 to neuron 2 of the first layer becomes 0.25; from 800
on it is held: training leaves it as it is. The name is that of an array in the checkpoints, then
the place of a number in it, counted from 0.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError, Problem
from .number_text import is_number

__all__ = ["HELD", "Shapes", "WeightEdit", "separate_weights"]

HELD = "held."
"""What stands before the name of an array whose numbers say which weights are held: 1, else 0."""

Shapes = Mapping[str, Sequence[int | None]]
"""The shapes of the arrays that can be edited, by name; None where only the data say how many."""

_PATH = re.compile(rf"((?:{re.escape(HELD)})?[a-z]+[0-9]*)((?:\.[0-9]{{1,9}})+)")
_FLAGS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}


@dataclass(frozen=True, slots=True)
class WeightEdit:
    """One number of a model that is set, held or let go.

    Attributes:
        array: the name of its array, `w1`, or `held.w1` where the value says whether it is held.
        place: where it stands in the array, counted from 0.
        value: what it becomes; of a held weight 1, of one that is let go 0.
    """

    array: str
    place: tuple[int, ...]
    value: float


def separate_weights(
    values: Mapping[str, Any], shapes: Shapes
) -> tuple[dict[str, Any], list[WeightEdit]]:
    """Separate what is said of weights from what is said of settings.

    Args:
        values: path of a setting or of a weight to its value, text or not.
        shapes: of the arrays that can be edited; where there are none, nothing names a weight.

    Returns:
        The settings, and the edits of weights in their order.

    Raises:
        ConfigError: with all that is wrong with the weights: no such array or place, or a value
            that is no finite number.
    """
    settings: dict[str, Any] = {}
    edits: list[WeightEdit] = []
    problems: list[Problem] = []
    for path, value in values.items():
        named = _PATH.fullmatch(path) if shapes else None
        if named is None:
            settings[path] = value
            continue
        array, place = named[1], tuple(map(int, named[2][1:].split(".")))
        number = _read_value(array, str(value))
        if wrong := _find_misplaced(array, place, shapes) or _refuse_value(array, value, number):
            problems.append(Problem(path, wrong))
        else:
            edits.append(WeightEdit(array, place, number))
    if problems:
        raise ConfigError(problems)
    return settings, edits


def _find_misplaced(array: str, place: tuple[int, ...], shapes: Shapes) -> str:
    if array not in shapes:
        if array.removeprefix(HELD) in shapes:
            return "this engine holds no weights; the engine wasm does."
        names = [name for name in shapes if not name.startswith(HELD)]
        return f"there are no such weights; this model has {', '.join(names)}."
    shape = shapes[array]
    if len(place) != len(shape):
        example = ".".join([array, *("0" * len(shape))])
        return f"a weight of {array} is written as in {example}."
    if any(size is not None and i >= size for i, size in zip(place, shape, strict=True)):
        sizes = " × ".join("inputs" if size is None else str(size) for size in shape)
        return f"there is no such weight; {array} has {sizes} numbers, counted from 0."
    return ""


def _read_value(array: str, text: str) -> float:
    """Return the number that a text stands for, NaN if it is none."""
    if array.startswith(HELD):
        return _FLAGS.get(text.strip().lower().removesuffix(".0"), math.nan)
    return float(text) if is_number(text) else math.nan


def _refuse_value(array: str, value: Any, number: float) -> str:
    if math.isfinite(number):
        return ""
    if array.startswith(HELD):
        return f"{value} is not allowed; 1 holds a weight, 0 lets it go."
    return f"{value} is not allowed; a weight is a finite number."
