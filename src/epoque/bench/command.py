"""The shell command that repeats a run, a sweep or a search."""

import shlex
from collections.abc import Collection, Iterator, Sequence

from .config import Config
from .errors import UsageError
from .grid import cell
from .recipes import find_recipe

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
        recipe: the recipe's name; one of a user's own may be gone, then the settings that are not
            the lab's defaults are given.
        config: the resolved config.
        words: the axes and the command's own options.
        swept: the fields of the axes, whose own setting is of no account; but the seed is also
            what a search draws from.
    """
    settings = _settings(recipe, config, set(swept) - {"seed"})
    return shlex.join(["epoque", kind, recipe, *words, *settings])


def _settings(recipe: str, config: Config, swept: Collection[str]) -> Iterator[str]:
    try:
        usual = type(config).parse(find_recipe(recipe).config)
    except UsageError:
        usual = type(config)()
    for field, value in config:
        if field not in swept and value != getattr(usual, field):
            text = str(cell(value))
            yield f"--{field.replace('_', '-')}"
            yield text.lower() if isinstance(value, bool) else text
