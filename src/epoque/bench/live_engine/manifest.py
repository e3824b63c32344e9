"""What engine.json says of a lab: settings, metrics and arrays of the live engine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Manifest", "Slot", "read_manifest"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One setting as the engine takes it.

    Attributes:
        path: of the setting.
        kind: `number`, `boolean`, `choice`, `optional number`, `list` or `digits`.
        choices: of a choice, in the engine's order.
        max: of a list, the most values; of digits, the most of them.
    """

    path: str
    kind: str
    choices: tuple[str, ...] = ()
    max: int = 0

    @property
    def width(self) -> int:
        """How many float64 it takes: a list's length stands before its values."""
        return 1 + self.max

    def encode(self, value: Any) -> list[float]:
        """Return a value as the engine takes it.

        Raises:
            ValueError: if it is no choice, or a list that is too long.
        """
        match self.kind:
            case "choice":
                return [float(self.choices.index(value))]
            case "list" | "digits":
                if len(value) > self.max:
                    raise ValueError(f"{self.path}: {len(value)} values; at most {self.max}")
                return [float(len(value)), *map(float, value), *[0.0] * (self.max - len(value))]
            case "optional number":
                return [np.nan if value is None else float(value)]
            case _:
                return [float(value)]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What engine.json says of one lab.

    Attributes:
        lab: its name; the exports of its engine begin with it.
        settings: the slots, in order.
        point_columns: of the user's points.
        point_data: the values of `data` that need them.
        metrics: the columns of a row of metrics.
        snapshot: the names of the arrays of a snapshot.
        phases: name of a phase to the names of its arrays, in the order of an iteration.
        weights: the names of the arrays of parameters.
        failures: what a training fails by, by its number.
        covers: what the engine computes, as rules.
        numbers: the NumPy type of `points`, `metrics`, `snapshot`, `phases`, `weights`.
    """

    lab: str
    settings: tuple[Slot, ...]
    point_columns: tuple[str, ...]
    point_data: tuple[str, ...]
    metrics: tuple[str, ...]
    snapshot: tuple[str, ...]
    phases: Mapping[str, tuple[str, ...]]
    weights: tuple[str, ...]
    failures: tuple[str, ...]
    covers: tuple[Mapping[str, Any], ...]
    numbers: Mapping[str, str]

    def encode(self, values: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return the slots of settings (path to value; others are not looked at), float64.

        Raises:
            KeyError: if a setting is missing.
            ValueError: if the engine does not take a value.
        """
        return np.array([x for slot in self.settings for x in slot.encode(values[slot.path])])

    def setting_at(self, slot: int) -> str:
        """Return the path of the setting that slot number `slot` (from 0) belongs to."""
        for setting in self.settings:
            if slot < setting.width:
                return setting.path
            slot -= setting.width
        raise IndexError(slot)


@cache
def read_manifest(lab: str) -> Manifest:
    """Return what engine.json says of a lab.

    Raises:
        KeyError: if the engine does not know the lab.
    """
    text = files(__package__).joinpath("engine.json").read_text("utf-8")
    data = json.loads(text)["labs"][lab]
    points = data.get("points", {})
    return Manifest(
        lab=lab,
        settings=tuple(_read_slot(slot) for slot in data["settings"]),
        point_columns=tuple(points.get("columns", ())),
        point_data=tuple(points.get("data", ())),
        metrics=tuple(data["metrics"]),
        snapshot=_names(data["snapshot"]),
        phases={phase["name"]: _names(phase["arrays"]) for phase in data["phases"]},
        weights=_names(data["weights"]),
        failures=tuple(data["failures"]),
        covers=tuple(data["covers"]),
        numbers=data["numbers"],
    )


def _read_slot(data: Mapping[str, Any]) -> Slot:
    choices = tuple(data.get("choices", ()))
    return Slot(data["path"], data["kind"], choices, data.get("max", 0))


def _names(arrays: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(array["name"] for array in arrays)
