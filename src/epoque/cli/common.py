"""The settings of a lab as options of a command."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter

if TYPE_CHECKING:
    from epoque.bench.lab import Lab

__all__ = [
    "Log",
    "add_setting_options",
    "join_lines",
    "lab_from_argv",
    "split_sinks",
]

FLAGS = (
    "--quiet",
    "-q",
    "--json",
    "--figures",
    "--no-figures",
    "--ship",
    "--host-column",
    "--help",
    "-h",
)
"""The options of `run`, `sweep` and `search` that take no value; a lab's settings all take one."""

Log = Annotated[
    str,
    Parameter(help="Also log to these sinks, with commas between: tensorboard, mlflow, …"),
]


def split_sinks(log: str) -> list[str]:
    """Return the names of sinks in the option `--log`.

    Raises:
        UsageError: if one is empty.
    """
    from epoque.bench.errors import UsageError
    from epoque.bench.number_text import split_list

    try:
        return split_list(log)
    except ValueError as error:
        raise UsageError(f"--log: {log} is not allowed; {error}") from None


def join_lines(app: App) -> None:
    """Make each paragraph of every command's help one line, which the terminal then breaks.

    Docstrings are broken for the reader of the code; broken again they would fall apart.
    """
    for command in app.subapps:
        command.help = "\n\n".join(map(_join_paragraph, cleandoc(command.help).split("\n\n")))
        join_lines(command)


def _join_paragraph(paragraph: str) -> str:
    """Return a paragraph as one line, unless its lines are set apart, as those of a list."""
    lines = paragraph.splitlines()
    apart = any(line.startswith((" ", "- ")) for line in lines)
    return paragraph if apart else " ".join(lines)


def lab_from_argv(argv: Sequence[str]) -> "Lab[Any] | None":
    """Return the lab of the recipe that a command line names.

    Args:
        argv: the words after the command.

    Raises:
        UnknownNameError: if a recipe is named that does not exist.
        UsageError: if it is a file that is not a recipe.
    """
    from epoque.bench.lab import find_lab
    from epoque.bench.recipes import find_recipe

    recipe = _find_first_argument(argv)
    return None if recipe is None else find_lab(find_recipe(recipe).lab)


def _find_first_argument(argv: Sequence[str]) -> str | None:
    """Return the first word that is no option and no option's value."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return word
        if "=" not in word and word not in FLAGS:
            next(words, None)
    return None


def add_setting_options(
    command: Callable[..., Any],
    lab: "Lab[Any] | None",
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Callable[..., Any]:
    """Return a command that also takes the settings of a lab as options.

    Args:
        command: a function that takes `**settings`, each a text as typed.
        lab: whose settings; None adds none.
        names: which of them, each with further names of its option; None for all.
    """
    if lab is None:
        options: list[inspect.Parameter] = []
        paths: Collection[str] = ()
    else:
        group = Group(f"Settings of {lab.name}", sort_key=10)
        paths = lab.config_class.settings() if names is None else names
        options = [_make_option(lab, name, group, (names or {}).get(name, ())) for name in paths]
    own = inspect.signature(command)
    own_parameters = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        by_name = {_to_parameter_name(path): path for path in paths}
        typed = {by_name.get(name, name): _merge_values(value) for name, value in kwargs.items()}
        return command(*args, **{name: value for name, value in typed.items() if value is not None})

    wrapper.__doc__ = command.__doc__
    wrapper.__name__ = command.__name__
    wrapper.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own_parameters, *options]
    )
    wrapper.__annotations__ = {p.name: p.annotation for p in (*own_parameters, *options)}
    return wrapper


def _merge_values(value: Any) -> Any:
    """Return what was typed as one text; only paths may be given more than once."""
    from epoque.bench.files.path_list import merge_paths

    return merge_paths(value) if isinstance(value, list) else value


def _to_parameter_name(path: str) -> str:
    """Return a name that a function's parameter can have for a setting's path."""
    return path.replace(".", "__")


def _make_option(
    lab: "Lab[Any]", path: str, group: Group, others: tuple[str, ...]
) -> inspect.Parameter:
    from epoque.bench.files.path_list import IS_PATHS
    from epoque.bench.setting_types import allowed_values, kind_of

    info = lab.config_class.settings()[path]
    field, default = info.field, info.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    repeated = IS_PATHS in field.metadata
    hint = " May be repeated; a name with a comma stands in double quotes." if repeated else ""
    parameter = Parameter(
        name=(f"--{path.replace('_', '-')}", *others),
        group=group,
        help=f"{field.description} Takes {allowed_values(field)}.{hint}",
        show_default=lambda _: shown,
        metavar=kind_of(field),
        allow_leading_hyphen=True,
        negative="",
    )
    return inspect.Parameter(
        _to_parameter_name(path),
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[(list[str] if repeated else str) | None, parameter],
    )
