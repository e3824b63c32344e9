"""Recipes: named experiments as YAML.

```yaml
title: One neuron learns AND
shows: The error falls and the three weights settle.
minutes: 0.1          # on 2 cores
expect:               # the score to expect, checked by a test
  metric: final_error
  below: 0.011
config:
  truth_table: and
```

The settings of a part are nested, or named by their path:

```yaml
config:
  generator:
    layers: 32,32
    optimizer: {learning_rate: 0.002}
  discriminator.layers: 32,32
```

A lab's recipes lie in the folder `recipes` of the package that defines it. A user's own file says
`lab: neuron` as well.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.error import MarkedYAMLError

from .errors import ConfigError, UnknownNameError, UsageError, suggest_names
from .files.input_files import describe_kind, read_regular
from .limits import MAX_YAML_BYTES, MAX_YAML_VALUES
from .number_text import is_number
from .plugins import LABS, load_plugin, plugin_folder, plugin_names
from .setting_paths import flatten, suggest_settings

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from .config import Config

__all__ = [
    "Expectation",
    "PlainLoader",
    "Recipe",
    "find_recipe",
    "recipe_folder",
    "recipe_names",
]

KEYS = ("lab", "title", "shows", "minutes", "expect", "config")


@dataclass(frozen=True, slots=True)
class Expectation:
    """The score a recipe is expected to reach: `low` ≤ results[metric] ≤ `high`."""

    metric: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named experiment.

    Attributes:
        name: `neuron/and`, or a file's stem for a user's own.
        lab: the lab's name.
        title: one line for a learner, in English; French comes from the catalogue.
        shows: what it shows, likewise.
        minutes: how long it takes on 2 cores.
        expect: the score to expect.
        config: settings as written, not yet parsed; those of a part in a mapping of their own.
        places: file, line and column of each path, where the recipe is the user's own.
    """

    name: str
    lab: str
    title: str
    shows: str
    minutes: float
    expect: Expectation | None
    config: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    def build(self, config: "type[Config]", settings: Mapping[str, Any]) -> Any:
        """Return the config of its lab with some settings changed (`Config.with_overrides`).

        Raises:
            UsageError: if the recipe names a setting that its lab does not have.
            ConfigError: with every problem at once; those of the recipe with their places.
        """
        try:
            self._check_names(config)
            return config.with_overrides(self.config, settings)
        except ConfigError as error:
            changed = flatten(settings)
            here = {path: at for path, at in self.places.items() if path not in changed}
            problems = [replace(p, place=here.get(p.field, "")) for p in error.problems]
            raise ConfigError(problems) from None

    def _check_names(self, config: "type[Config]") -> None:
        settings = config.settings()
        for path in flatten(self.config):
            is_part = any(other.startswith(f"{path}.") for other in settings)
            if path not in settings and not is_part:
                problem = f"there is no setting {path!r} in lab {self.lab}."
                place = self.places.get(path, self.name)
                raise UsageError(f"{place}: {problem}{suggest_settings(path, settings)}")


@cache
def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that the installed labs bring."""
    return tuple(
        sorted(
            f"{lab}/{file.name.removesuffix('.yaml')}"
            for lab in plugin_names(LABS)
            if (folder := _folder_if_loadable(lab)) is not None
            for file in folder.iterdir()
            if file.name.endswith(".yaml")
        )
    )


def _folder_if_loadable(lab: str) -> "Traversable | None":
    """Return the folder of a lab's recipes; None where two packages bring that lab."""
    try:
        return recipe_folder(lab)
    except UsageError:
        return None


def recipe_folder(lab: str) -> "Traversable | None":
    """Return the folder of a lab's recipes, and of the files they name; None if it has none.

    Raises:
        UnknownNameError: if there is no such lab.
    """
    package = plugin_folder(LABS, "lab", lab)
    folder = None if package is None else package / "recipes"
    return folder if folder is not None and folder.is_dir() else None


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name, or read a user's own from a path ending in .yaml or .yml.

    Raises:
        UnknownNameError: if there is no such recipe or file.
        UsageError: if the file is not a recipe, or the recipe's lab cannot be loaded.
    """
    if name.endswith((".yaml", ".yml")):
        return _read_own(Path(name))
    if name not in recipe_names() and Path(name).suffix and os.path.isfile(name):
        raise UsageError(f"{name} is no recipe: recipes are files that end in .yaml or .yml.")
    if name not in recipe_names():
        if (lab := name.partition("/")[0]) in plugin_names(LABS):
            load_plugin(LABS, "lab", lab)  # a lab that cannot be loaded says so itself
        hint = " `epoque list` shows them all."
        raise UnknownNameError("recipe", name, recipe_names(), hint)
    return _load_packaged(name)


@cache
def _load_packaged(name: str) -> Recipe:
    lab, _, stem = name.partition("/")
    folder = recipe_folder(lab)
    assert folder is not None, name
    return _parse((folder / f"{stem}.yaml").read_text(encoding="utf-8"), name, lab, name)


def _read_own(path: Path) -> Recipe:
    if not os.path.lexists(path) and "\0" not in str(path):  # no file has that in its name
        raise UnknownNameError("recipe file", str(path), map(str, path.parent.glob("*.y*ml")))
    data = read_regular(path, MAX_YAML_BYTES)
    if kind := describe_kind(data):
        raise UsageError(f"{path} is no recipe but {kind}.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path} cannot be read: it is not UTF-8 text.") from None
    return _parse(text, path.stem, None, str(path))


class PlainLoader(yaml.BaseLoader):
    """Reads scalars as text, each key once, and no aliases: ten lines can stand for gigabytes."""

    values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node, unless it is an alias or one of too many."""
        self.values += 1
        if self.values > MAX_YAML_VALUES:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            problem = f"at most {MAX_YAML_VALUES:,} values are read"
            raise MarkedYAMLError(problem=problem, problem_mark=mark)
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise MarkedYAMLError(problem="a recipe has no aliases (*name)", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Construct a mapping, unless a key is there twice."""
        names = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in names:
                problem = f"{key.value!r} is there twice"
                raise MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep)


def _parse(text: str, name: str, lab: str | None, source: str) -> Recipe:
    """Read YAML with every scalar as text: `0110` stays a truth table, and is no octal number."""
    try:
        loader = PlainLoader(text)
        root = loader.get_single_node()
        document = None if root is None else loader.construct_document(root)
    except RecursionError:
        raise UsageError(f"{source} is not a recipe: it is nested too deeply.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise UsageError(f"{source} is not valid YAML{where}: {problem}.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{source} is not a recipe: it needs the keys {', '.join(KEYS)}.")
    for key in document:
        if key not in KEYS:
            raise UsageError(f"{source}: no such key {key!r:.60}.{suggest_names(str(key), KEYS)}")
    config = document.get("config") or {}
    if not isinstance(config, dict):
        raise UsageError(f"{source}: config is not a mapping of settings.")
    lab = lab or document.get("lab")
    if not isinstance(lab, str):
        raise UsageError(f"{source}: it does not say its lab; add for instance `lab: neuron`.")
    minutes = _read_number(document.get("minutes", "0"), source, "minutes")
    expect = _read_expectation(document.get("expect"), source)
    title, shows = str(document.get("title", name)), str(document.get("shows", ""))
    places = _find_places(root, source) if source != name else {}
    return Recipe(name, lab, title, shows, minutes, expect, config, places)


def _find_places(root: Any, source: str) -> dict[str, str]:
    """Return where each setting of a recipe stands."""
    nodes = [value for key, value in root.value if key.value == "config"]
    marks = {path: mark for node in nodes for path, mark in _iterate_marks(node)}
    return {p: f"{source}, line {m.line + 1}, column {m.column + 1}" for p, m in marks.items()}


def _iterate_marks(node: object) -> Iterator[tuple[str, Any]]:
    """Yield the paths in a mapping of settings, each with where its value stands."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield str(key.value), value.start_mark
        yield from ((f"{key.value}.{path}", mark) for path, mark in _iterate_marks(value))


def _read_expectation(expect: object, source: str) -> Expectation | None:
    if not expect:
        return None
    if not isinstance(expect, dict) or not {"metric"} < set(expect) <= {"metric", "above", "below"}:
        raise UsageError(f"{source}: expect takes metric and above, below or both.")
    low = _read_number(expect["above"], source, "expect.above") if "above" in expect else -inf
    high = _read_number(expect["below"], source, "expect.below") if "below" in expect else inf
    return Expectation(str(expect["metric"]), low, high)


def _read_number(text: Any, source: str, key: str) -> float:
    try:
        number = float(text) if is_number(text) else nan
    except (TypeError, ValueError):
        number = nan
    if not isfinite(number):
        raise UsageError(f"{source}: {key} is {text!r:.60}, not a number.")
    return number
