"""The settings of a lab as options of a command."""

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

if TYPE_CHECKING:
    from ..bench.lab import Lab

__all__ = [
    "lab_of",
    "with_settings",
]

FLAGS = ("--quiet", "-q", "--json", "--figures", "--no-figures", "--help", "-h")
"""The options of `run`, `sweep` and `search` that take no value; a lab's settings all take one."""


def lab_of(argv: Sequence[str]) -> "Lab[Any] | None":
    """Return the lab of the recipe that a command line names.

    Args:
        argv: the words after the command.

    Raises:
        UnknownNameError: if a recipe is named that does not exist.
        UsageError: if it is a file that is not a recipe.
    """
    from ..bench.lab import find_lab
    from ..bench.recipes import find_recipe

    recipe = _first_argument(argv)
    return None if recipe is None else find_lab(find_recipe(recipe).lab)


def _first_argument(argv: Sequence[str]) -> str | None:
    """Return the first word that is no option and no option's value."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return word
        if "=" not in word and word not in FLAGS:
            next(words, None)
    return None


def with_settings(command: Callable[..., Any], lab: "Lab[Any] | None") -> Callable[..., Any]:
    """Return a command that also takes the settings of a lab as options.

    Args:
        command: a function that takes `**settings`, each a text as typed.
        lab: whose settings; None adds none.
    """
    if lab is None:
        options: list[inspect.Parameter] = []
    else:
        group = Group(f"Settings of {lab.name}", sort_key=10)
        options = [_option(lab, name, group) for name in lab.config.model_fields]
    own = inspect.signature(command)
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **{k: v for k, v in kwargs.items() if v is not None})

    wrapped.__doc__ = command.__doc__
    wrapped.__name__ = command.__name__
    wrapped.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*kept, *options]
    )
    wrapped.__annotations__ = {p.name: p.annotation for p in (*kept, *options)}
    return wrapped


def _option(lab: "Lab[Any]", name: str, group: Group) -> inspect.Parameter:
    from ..bench.config import allowed_values

    field = lab.config.model_fields[name]
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    parameter = Parameter(
        group=group,
        help=f"{field.description} Takes {allowed_values(field)}.",
        show_default=lambda _: shown,
        allow_leading_hyphen=True,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, parameter],
    )
