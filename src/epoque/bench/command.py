"""The shell command that repeats a run, a sweep or a search."""

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .config import Config
from .errors import UsageError
from .lab import find_lab, lab_names
from .recipes import find_recipe, recipe_names
from .sweeps.grid import cell

__all__ = ["command_line"]


def command_line(
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
        swept: the fields of the axes, whose own setting is of no account; but the seed is also
            what a search draws from, and may be given beside them.
    """
    known = recipe if recipe in recipe_names() else _other_recipe(recipe, config)
    settings = _settings(known, config, set(swept) - ({"seed"} if kind == "search" else set()))
    return shlex.join(["epoque", kind, known, *words, *settings])


def _other_recipe(recipe: str, config: Config) -> str:
    """Return the first recipe of the lab whose config this is; `recipe` itself if it has none."""
    mine = [name for name in lab_names() if find_lab(name).config is type(config)]
    return next((r for r in recipe_names() if r.split("/")[0] in mine), recipe)


def _settings(recipe: str, config: Config, swept: Collection[str]) -> Iterator[str]:
    try:
        usual = type(config).parse(find_recipe(recipe).config)
    except UsageError:
        usual = type(config)()
    changed = {n: v for n, v in config if n not in swept and v != getattr(usual, n)}
    for field in [n for n in changed if not _is_implied(n, changed, usual)]:
        text = str(cell(changed[field]))
        yield f"--{field.replace('_', '-')}"
        yield text.lower() if isinstance(changed[field], bool) else text


def _is_implied(field: str, changed: Mapping[str, Any], usual: Config) -> bool:
    """Return whether a field becomes what it is by the other changes: it would be ignored."""
    try:
        made = usual.replace(**{n: v for n, v in changed.items() if n != field})
    except UsageError:
        return False
    return bool(getattr(made, field) == changed[field])
