"""Where a setting stands: the path that every door speaks, such as `generator.optimizer.beta1`.

A config holds settings and parts that hold settings and parts of their own. The path
names each on the way, with dots between: on the command line `--generator.optimizer.beta1`, in an
axis `generator.optimizer.beta1=0:0.9:lin:5`, in Python and in YAML as a key or as nested mappings,
in tables and trackers as the name of the column.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from .errors import ConfigError, Problem, did_you_mean

__all__ = ["find_learning_rates", "flatten", "nest", "suggest_settings"]


def flatten(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return path to value of settings that are nested, or named by paths, or both.

    A part may also be a config's own, with all its values.

    An empty mapping stays: it says nothing of a part, and is a mistake where a value belongs.

    Raises:
        ConfigError: if a setting is given twice.
    """
    flat: dict[str, Any] = {}
    twice: dict[str, Problem] = {}
    for path, value in _iterate_pairs(values):
        if path in flat:
            twice[path] = Problem(path, "it is given twice.")
        flat[path] = value
    if twice:
        raise ConfigError(list(twice.values()))
    return flat


def _iterate_pairs(values: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    # No recursion: values come from files and callers, however deep.
    open_parts = [("", iter(values.items()))]
    while open_parts:
        prefix, items = open_parts[-1]
        for key, value in items:
            # A part as a pydantic model; reading runs imports no pydantic.
            part = dict(value) if hasattr(type(value), "model_fields") else value
            if isinstance(part, Mapping) and part:
                open_parts.append((f"{prefix}{key}.", iter(part.items())))
                break
            yield f"{prefix}{key}", part
        else:
            open_parts.pop()


def nest(flat: Mapping[str, object]) -> dict[str, Any]:
    """Return nested dictionaries of path to value.

    Raises:
        ConfigError: if a path leads through another one's value.
    """
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *parts, name = path.split(".")
        at = nested
        for part in parts:
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                raise ConfigError([Problem(path, f"{part} is a setting and holds no others.")])
        at[name] = value
    return nested


def suggest_settings(path: str, paths: Iterable[str]) -> str:
    """Return " Did you mean …?" with the paths nearest to one that does not exist, or "".

    A name that stands in several parts is found by itself: `momentum`, `generator.momentum`. `lr`
    and `learning_rate` are the same word: each is found by the other, also at a name's end (`glr`).
    """
    every = list(paths)
    if synonyms := find_learning_rates(path, every):
        return f" Did you mean {' or '.join(synonyms[:3])}?"
    near = get_close_matches(_last_name(path), {_last_name(other) for other in every}, 1, 0.8)
    namesakes = [other for other in every if "." in other and _last_name(other) in near]
    inside = [other for other in namesakes if _first_part(other) == _first_part(path)]
    if not namesakes:
        return did_you_mean(path, every)
    ranked = sorted(inside or namesakes, key=lambda other: -_measure_likeness(path, other))
    return f" Did you mean {' or '.join(ranked[:3])}?"


def find_learning_rates(path: str, paths: Iterable[str]) -> list[str]:
    """Return the learning rates that are spelt the other way, `lr` or in full."""
    name = _last_name(path)
    if name == "lr":
        return [other for other in paths if _last_name(other) == "learning_rate"]
    if name == "learning_rate":
        return [other for other in paths if _last_name(other).endswith("lr")]
    return []


def _last_name(path: str) -> str:
    return path.rpartition(".")[2]


def _first_part(path: str) -> str:
    return path.partition(".")[0]


def _measure_likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
