"""The values that settings which name files take from a page: no path, no address, by type.

| a page says | it is | the lab gets |
| --- | --- | --- |
| `upload:ID` | an `Upload` | the path of the uploaded file |
| a name that ships | a `Shipped` | that name, as the lab's own recipes write it |
| `{"strokes": …}` | a `Drawing` | the same as JSON text, made anew |

Everything else is a problem of that setting. A name ships if it is the setting's default or stands
in a recipe of the lab, so that whoever writes a lab lists nothing twice.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from epoque.bench.config import Config
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files.path_list import IS_PATHS, LocalPath, PathOrHttps
from epoque.bench.lab import Lab
from epoque.bench.recipes import Recipe, find_recipe, recipe_names
from epoque.bench.setting_info import SettingInfo
from epoque.bench.setting_paths import flatten

from .uploads import UPLOAD_ID, Uploads

__all__ = ["describe_files", "describe_schema", "file_settings", "parse_config", "shipped_names"]

PREFIX = "upload:"

_PATH_MARKS = [get_args(place)[1] for place in (LocalPath, PathOrHttps)]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded."""

    id: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """A name of something that ships with a lab."""

    name: str


class Drawing(BaseModel):
    """Strokes, each a list of points [x, y] in the square from 0 to 1."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    strokes: list[list[tuple[float, float]]]


FileValue = Upload | Shipped | Drawing


def parse_config(
    lab: Lab[Any], values: Mapping[str, Any], uploads: Uploads, recipe: Recipe | None = None
) -> Config:
    """Build a lab's config from what a page says.

    Args:
        lab: the lab.
        values: path of a setting to JSON value.
        uploads: where uploaded files lie.
        recipe: one that ships, whose settings hold where the page says nothing.

    Raises:
        ConfigError: with every problem at once.
    """
    flat = flatten(values)
    problems: list[Problem] = []
    resolved = dict(flat)
    for path in file_settings(lab).keys() & flat.keys():
        try:
            resolved[path] = _resolve(lab, path, flat[path], uploads)
        except ConfigError as error:
            problems += error.problems
            del resolved[path]
    try:
        base = recipe.config if recipe else {}
        config: Config = lab.config_class.with_overrides(base, resolved)
    except ConfigError as error:
        wrong = {problem.field for problem in problems}
        others = [problem for problem in error.problems if problem.field not in wrong]
        raise ConfigError([*problems, *others]) from None
    if problems:
        raise ConfigError(problems)
    return config


def file_settings(lab: Lab[Any]) -> Mapping[str, SettingInfo]:
    """Return path to declaration of the settings whose value names a file or an address."""
    settings: Mapping[str, SettingInfo] = lab.config_class.settings()
    return {path: info for path, info in settings.items() if _is_file(info)}


def _is_file(info: SettingInfo) -> bool:
    """Whether a setting is declared to name files, or its type takes paths all the same."""
    is_path = (mark == IS_PATHS or mark in _PATH_MARKS for mark in _iterate_marks(info))
    return info.file is not None or any(is_path)


def _iterate_marks(info: SettingInfo) -> Iterator[object]:
    """Yield what annotates a setting's type, at whatever depth."""
    yield from info.field.metadata
    pending = [info.field.annotation]
    while pending:
        kind = pending.pop()
        yield from getattr(kind, "__metadata__", ())
        pending.extend(get_args(kind))


@cache
def shipped_names(lab: Lab[Any], path: str) -> tuple[str, ...]:
    """Return the names that ship for a setting: its default, and those of the lab's recipes."""
    own = [recipe for recipe in recipe_names() if recipe.startswith(f"{lab.name}/")]
    names = [flatten(find_recipe(recipe).config).get(path) for recipe in own]
    names.insert(0, lab.config_class.settings()[path].default)
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _resolve(lab: Lab[Any], path: str, value: object, uploads: Uploads) -> Any:
    """Return what the lab gets for a value of a setting that names files."""
    info = lab.config_class.settings()[path]
    if value is None or value == "":
        return None if value is None else info.default
    if IS_PATHS in info.field.metadata:
        parts = value if isinstance(value, list) else [value]
        return [_place_of(lab, path, part, uploads) for part in parts]
    return _place_of(lab, path, value, uploads)


def _place_of(lab: Lab[Any], path: str, value: object, uploads: Uploads) -> str:
    match _parse_value(lab, path, value):
        case Upload(identity):
            file = uploads.find(identity)
            if file is None:
                raise ConfigError.of(path, "that upload is not there any more; choose it again.")
            _check_ending(lab, path, file)
            return str(file.absolute())
        case Shipped(name):
            return name
        case drawing:
            return json.dumps(drawing.model_dump())


def _check_ending(lab: Lab[Any], path: str, file: Path) -> None:
    """Check that a setting takes such a file; one that declares nothing takes any.

    Raises:
        ConfigError: if it does not.
    """
    endings = lab.config_class.settings()[path].file
    if endings is None or file.suffix[1:] in endings:
        return
    names = _offered_names(lab, path)
    takes = [f".{ending}" for ending in endings] or list(names) or ["none"]
    wrong = f"a file that ends in {file.suffix} is not allowed"
    raise ConfigError.of(path, f"{wrong}; it takes {', '.join(takes)}.")


def _offered_names(lab: Lab[Any], path: str) -> tuple[str, ...]:
    """Return the names that ship for a setting, without contents that recipes write themselves."""
    return tuple(name for name in shipped_names(lab, path) if not name.lstrip().startswith("{"))


def describe_schema(lab: Lab[Any], language: str) -> dict[str, Any]:
    """Return the schema of a lab's settings; those that name files have the `names` that ship."""
    schema: dict[str, Any] = lab.config_class.json_schema(language)
    for path in file_settings(lab):
        *parts, name = path.split(".")
        at = schema["properties"]
        for part in parts:
            at = at[part]["properties"]
        at[name] = {"file": [], **at[name], "names": list(_offered_names(lab, path))}
    return schema


def _parse_value(lab: Lab[Any], path: str, value: object) -> FileValue:
    """Return what a page means.

    Raises:
        ConfigError: if it is nothing that a page may say.
    """
    if isinstance(value, str):
        if value.startswith(PREFIX) and UPLOAD_ID.fullmatch(value.removeprefix(PREFIX)):
            return Upload(value.removeprefix(PREFIX))
        if value in shipped_names(lab, path):
            return Shipped(value)
        if _takes_drawing(lab, path) and value.lstrip().startswith("{"):
            try:
                return Drawing.model_validate_json(value)
            except (ValidationError, RecursionError):
                raise ConfigError.of(path, "it is no drawing: strokes of points.") from None
    names = shipped_names(lab, path)
    also = f", or {' or '.join(names[:6])}" if names else ""
    shown = value[:60] if isinstance(value, str) else type(value).__name__
    message = f"{shown} is not allowed here; the studio takes a file that you upload{also}."
    raise ConfigError([Problem(path, message)])


def _takes_drawing(lab: Lab[Any], path: str) -> bool:
    """Whether a recipe of the lab writes the setting's content itself, as JSON text."""
    return any(name.lstrip().startswith("{") for name in shipped_names(lab, path))


def describe_files(lab: Lab[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a page may see and send them: an upload by its id, no other path.

    Args:
        lab: the lab.
        values: path of a setting to value, as a config or a run has them.
    """
    flat = flatten(values)
    for path in file_settings(lab).keys() & flat.keys():
        flat[path] = _describe(lab, path, flat[path])
    return flat


def _describe(lab: Lab[Any], path: str, value: object) -> Any:
    if isinstance(value, list | tuple):
        return [_describe(lab, path, part) for part in value]
    if not isinstance(value, str) or value in shipped_names(lab, path):
        return value
    if _takes_drawing(lab, path) and value.lstrip().startswith("{"):
        return value
    name = value.replace("\\", "/").rpartition("/")[2]
    identity = name.partition(".")[0]
    if "/.uploads/" in value.replace("\\", "/") and UPLOAD_ID.fullmatch(identity):
        return f"{PREFIX}{identity}"
    return name
