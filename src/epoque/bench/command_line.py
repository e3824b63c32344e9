"""The shell command that repeats a run, a sweep or a search."""

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from .config import Config
from .errors import UsageError
from .plugins import LABS, load_plugin, plugin_names
from .recipes import find_recipe, recipe_names
from .sweeps.grid import to_cell

__all__ = ["build_command_line", "changed_settings"]


def build_command_line(
    kind: str,
    recipe: str,
    config: Config,
    words: Sequence[str] = (),
    swept: Collection[str] = (),
) -> str:
    """Return the command: the recipe, the words, and the settings that are not the recipe's own.

    Args:
        kind: `run`, `sweep` or `search`.
        recipe: the recipe's name; for one of a user's own, which may be gone, the command names
            one of the lab's instead.
        config: the resolved config.
        words: the axes and the command's own options.
        swept: the paths of the axes, whose own setting is of no account; but the seed is also
            what a search draws from, and may be given beside them.
    """
    name = _shipped_recipe(recipe, config)
    settings = _iterate_options(
        name, config, set(swept) - ({"seed"} if kind == "search" else set())
    )
    return shlex.join(["epoque", kind, name, *words, *settings])


def _find_other_recipe(recipe: str, config: Config) -> str:
    """Return the first recipe of the lab whose config this is; `recipe` itself if it has none."""
    labs = {name: load_plugin(LABS, "lab", name) for name in plugin_names(LABS)}
    mine = [name for name, lab in labs.items() if lab.config_class is type(config)]
    return next((r for r in recipe_names() if r.split("/")[0] in mine), recipe)


def changed_settings(
    recipe: str, config: Config, swept: Collection[str] = ()
) -> Mapping[str, object]:
    """Return path to value of the settings that are not the recipe's own.

    Args:
        recipe: the recipe's name; of one of a user's own see `build_command_line`.
        config: the resolved config.
        swept: the paths of the axes, whose own setting is of no account.
    """
    return _find_changes(_shipped_recipe(recipe, config), config, swept)


def _shipped_recipe(recipe: str, config: Config) -> str:
    return recipe if recipe in recipe_names() else _find_other_recipe(recipe, config)


def _iterate_options(recipe: str, config: Config, swept: Collection[str]) -> Iterator[str]:
    for path, value in _find_changes(recipe, config, swept).items():
        text = str(to_cell(value))
        yield f"--{path.replace('_', '-')}"
        yield text.lower() if isinstance(value, bool) else text


def _find_changes(recipe: str, config: Config, swept: Collection[str]) -> dict[str, object]:
    try:
        usual = type(config).parse(find_recipe(recipe).config)
    except UsageError:
        usual = type(config)()
    values = config.flatten()
    changed = {p: v for p, v in values.items() if p not in swept and v != usual.get(p)}
    return {p: v for p, v in changed.items() if not _is_implied(p, changed, usual)}


def _is_implied(path: str, changed: Mapping[str, object], usual: Config) -> bool:
    """Return whether a setting becomes what it is by the other changes: it would be ignored."""
    try:
        config = usual.replace(**{p: v for p, v in changed.items() if p != path})
    except UsageError:
        return False
    return bool(config.get(path) == changed[path])
