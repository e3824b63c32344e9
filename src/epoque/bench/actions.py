"""An action of a lab: a documented Python function, from whose options its command is built.

```python
class FilmOptions(FigureOptions):
    run: RunReference = option("last", "A run …", positional=True)
    width: int = option(500, "In pixels.", ge=200, le=2000)

@action
def film(options: FilmOptions, progress: Progress, notify: Notify) -> FilmFiles:
    \"\"\"Film a run: …\"\"\"
```

The options are declared once, as the settings of a lab are: type, bounds, default, one sentence.
The decorated function takes them as keywords (`film("last", width=800)`), checks all of them
before it begins, and prints nothing. `epoque.bench.action_commands` makes the command of it.
"""

import functools
import inspect
import operator
import re
import textwrap
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Protocol,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from pydantic import BeforeValidator, Field
from pydantic.fields import FieldInfo

from .config import Settings
from .errors import ConfigError, Problem, UsageError
from .files.output_paths import check_file, check_folder, refuse_address
from .progress import Notify, Progress
from .setting_types import number_kind

__all__ = [
    "FETCHING",
    "Action",
    "FigureOptions",
    "FilePath",
    "IntegerList",
    "OptionInfo",
    "Options",
    "RunFolderOptions",
    "RunReference",
    "action",
    "announce_run",
    "check_place",
    "option",
]

R = TypeVar("R")

FETCHING = "fetching"
"""What progress is of while a file is downloaded; it counts bytes."""

COMMON = ("device", "runs", "lang", "dark")
"""Options that many actions share; a signature and a help text list them last."""


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What a command line needs to know of an option besides its type and its description.

    Attributes:
        flag: its name there, such as `--class`.
        positional: whether it is given by its place.
        environment: the variable that stands in for it.
        negative: the flag that says no, of a yes-or-no option; "" for none.
    """

    flag: str
    positional: bool = False
    environment: str = ""
    negative: str = ""


def option(
    default: Any,
    description: str,
    *,
    flag: str = "",
    positional: bool = False,
    environment: str = "",
    negative: str = "",
    **bounds: Any,
) -> Any:
    """Declare an option of an action.

    Args:
        default: the value when nothing is said; `...` if something must be.
        description: one sentence. Other options stand in it in backticks, by their Python names.
        flag: its name on the command line where that is not `--` and the field's.
        positional: whether it may be given by its place. A tuple then takes all that follows.
        environment: the variable that stands in for it on the command line.
        negative: the flag that says no, of a yes-or-no option.
        bounds: pydantic's `gt`, `ge`, `lt`, `le`, `max_length`, …
    """
    extra: dict[str, Any] = {
        "flag": flag,
        "positional": positional,
        "environment": environment,
        "negative": negative,
    }
    return Field(
        default,
        description=description,
        json_schema_extra={"option": {name: value for name, value in extra.items() if value}},
        **bounds,
    )


class Options(Settings):
    """Base of what an action takes: frozen, checked as a whole, every problem told at once."""

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Build the options from values that may be text; see `Settings.parse`.

        A single value stands for a tuple of one.
        """
        values = {name: _chosen_number(cls, name, value) for name, value in values.items()}
        several = {n for n, f in cls.model_fields.items() if get_origin(f.annotation) is tuple}
        return super().parse(
            {
                name: (value,) if name in several and isinstance(value, str | Path) else value
                for name, value in values.items()
            }
        )

    @classmethod
    def _read(cls, field: FieldInfo, value: object) -> Any:
        """Return what a text stands for: a number, or itself, also if it is "none" or empty.

        An option that is left out says that there is none; `none` may be a class or a file.
        """
        is_text = isinstance(value, str) and (number_kind(field) is None or not value.strip())
        return value if is_text else super()._read(field, value)

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """Return the fields: by place, then those of this action, then those that many share."""
        known = cls.model_fields
        order = sorted(known, key=lambda name: _rank(name, cls.option_info(name)))
        return {name: known[name] for name in order}

    @classmethod
    def option_info(cls, name: str) -> OptionInfo:
        """Return what a command line needs to know of a field."""
        extra = cls.model_fields[name].json_schema_extra
        declared = cast(
            "dict[str, Any]", extra.get("option", {}) if isinstance(extra, dict) else {}
        )
        return OptionInfo(**{"flag": f"--{name.replace('_', '-')}", **declared})

    def is_default(self, *names: str) -> bool:
        """Return whether all of these options have their default values."""
        return all(getattr(self, n) == type(self).model_fields[n].default for n in names)

    def find_ignored(self, names: tuple[str, ...], reason: str) -> Iterator[Problem]:
        """Yield a problem for each of these options that is not as by default, for `conflicts`.

        Args:
            names: the options that have no effect beside the others.
            reason: why; ends the sentence "it would be ignored; …".
        """
        for name in names:
            if not self.is_default(name):
                yield Problem(name, f"it would be ignored; {reason}.", ignored=True)

    def check_output(self, name: str, *endings: str, path: Path | None = None) -> None:
        """Refuse the option of a file that could not be written; see `places.check_file`.

        Args:
            name: of the option.
            endings: what is added to its value; each makes a file.
            path: what stands in for its value.

        Raises:
            ConfigError: naming the option, the path, and why not.
        """
        check_place(check_file, name, path or getattr(self, name), endings)

    def check_output_folder(self, name: str) -> None:
        """Refuse the option of a folder that could not be made; see `places.check_folder`.

        Raises:
            ConfigError: naming the option, the path, and why not.
        """
        check_place(check_folder, name, getattr(self, name))


def _chosen_number(options: type[Options], name: str, value: object) -> Any:
    """Return the number that a text is, where an option takes one of some numbers."""
    field = options.model_fields.get(name)
    choices = [] if field is None else _choices(field.annotation)
    return next((c for c in choices if isinstance(c, int) and str(c) == value), value)


def _choices(hint: object) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [choice for part in get_args(hint) for choice in _choices(part)]


def check_place(
    check: Callable[..., None], name: str, path: Path | None, endings: tuple[str, ...] = ()
) -> None:
    """Refuse a place where an option says something is written.

    Args:
        check: `places.check_file` or `places.check_folder`.
        name: of the option.
        path: the place.
        endings: of files, what is added to it.

    Raises:
        ConfigError: naming the option, the path, and why not.
    """
    try:
        check(name, path, *endings)
    except UsageError as error:
        raise ConfigError([Problem(name, str(error).removeprefix(f"{name}: "))]) from None


def _rank(name: str, info: OptionInfo) -> tuple[bool, int]:
    return not info.positional, COMMON.index(name) if name in COMMON else -1


class Action(Protocol[R]):
    """A function made by `action`.

    Attributes:
        options: the model of what it takes.
        run: does it with checked options, a progress and a notify.
        description: its docstring without sections.
    """

    __name__: str
    __doc__: str | None
    options: type[Options]
    run: Callable[[Any, Progress, Notify], R]
    description: str

    def __call__(
        self,
        *args: object,
        progress: Progress | None = None,
        notify: Notify | None = None,
        **settings: object,
    ) -> R:
        """Check the options and do it."""


def action(function: Callable[..., R]) -> Action[R]:
    """Make a function of options a function of keywords, with a signature and help of its own.

    Args:
        function: takes `options` (annotated with their class) and, if it has any use for them,
            `progress` and `notify`.

    Returns:
        What takes the fields of the options as keywords, those that have a place also by place.
        It raises ConfigError with all that is wrong, before it begins.
    """
    options: type[Options] = inspect.signature(function).parameters["options"].annotation
    places = [name for name in options.fields() if options.option_info(name).positional]

    takes = {"progress", "notify"} & inspect.signature(function).parameters.keys()

    def run(values: Options, progress: Progress, notify: Notify) -> R:
        both = {"progress": progress, "notify": notify}
        return function(values, **{name: both[name] for name in takes})

    @wraps(function)
    def call(
        *args: object,
        progress: Progress | None = None,
        notify: Notify | None = None,
        **settings: object,
    ) -> R:
        from .notebook import default_progress

        values = _place_arguments(function.__name__, options, places, args, settings)
        with ExitStack() as stack:
            receiver = stack.enter_context(default_progress(progress))
            returned = run(options.parse(values), receiver, notify or _say_nothing)
            if isinstance(returned, Generator):  # it works, and shows so, while it is read
                return cast("R", _read_within(stack.pop_all(), returned))
            return returned

    call.__signature__ = _signature(options, function)  # type: ignore[attr-defined]
    call.__annotations__ = {}
    call.__doc__ = _document(function, options)
    result = cast("Action[R]", call)
    result.options, result.run, result.description = options, run, _description(function)
    return result


def _read_within(stack: ExitStack, pieces: Generator[Any]) -> Iterator[Any]:
    """Yield the pieces, and close the stack after the last one."""
    with stack:
        yield from pieces


def _say_nothing(message: str) -> None:
    pass


def _place_arguments(
    name: str,
    options: type[Options],
    places: list[str],
    args: tuple[object, ...],
    settings: Mapping[str, object],
) -> dict[str, Any]:
    """Return the values by name; the last place takes all that follows, if it is a tuple."""
    values = dict(zip(places, args, strict=False))
    if len(args) >= len(places) and places and _is_several(options.model_fields[places[-1]]):
        rest = args[len(places) - 1 :]
        values[places[-1]] = rest if len(rest) > 1 else rest[0]
    elif len(args) > len(places):
        raise TypeError(f"{name}() takes {len(places)} positional arguments, {len(args)} are given")
    if twice := values.keys() & settings.keys():
        raise TypeError(f"{name}() got two values for {sorted(twice)[0]!r}")
    values |= settings
    missing = [n for n, f in options.fields().items() if f.is_required() and n not in values]
    if missing:
        raise TypeError(f"{name}() misses {' and '.join(map(repr, missing))}")
    return values


def _is_several(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _signature(options: type[Options], function: Callable[..., Any]) -> inspect.Signature:
    parameters = []
    for name, field in options.fields().items():
        place = options.option_info(name).positional
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD
                if place
                else inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.is_required() else field.default,
                annotation=_plain(field.annotation),
            )
        )
    for name, kind in (("progress", Progress | None), ("notify", Notify | None)):
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        )
    returned = inspect.signature(function).return_annotation
    return inspect.Signature(parameters, return_annotation=returned)


def _plain(hint: object) -> Any:
    """Return a type without what only the checking needs."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return functools.reduce(operator.or_, map(_plain, get_args(hint)))
    if get_origin(hint) is tuple:
        return Sequence[_plain(get_args(hint)[0])]  # type: ignore[misc]
    return hint


_BY_PLACE = inspect.Parameter.POSITIONAL_OR_KEYWORD
_SECTIONS = re.compile(r"\n\n(?=(?:Returns|Raises|Yields|Examples?):\n)")


def _description(function: Callable[..., Any]) -> str:
    """Return a docstring without its sections."""
    return _SECTIONS.split(inspect.getdoc(function) or "", maxsplit=1)[0]


def _document(function: Callable[..., Any], options: type[Options]) -> str:
    """Return the docstring with a line for each option, before what it returns and raises."""
    descriptions = {name: field.description or "" for name, field in options.fields().items()}
    descriptions |= {
        "progress": "Receives how far it is; in a notebook a bar by default.",
        "notify": "Receives what should be read beside the results, a sentence each.",
    }
    lines = [
        textwrap.fill(f"{name}: {text}", 96, initial_indent="    ", subsequent_indent="        ")
        for name, text in descriptions.items()
    ]
    head, *sections = _SECTIONS.split(inspect.getdoc(function) or "", maxsplit=1)
    return "\n\n".join([head, "\n".join(["Args:", *lines]), *sections])


# Types of options, and the options that actions share


def _path(value: object) -> Any:
    if isinstance(value, str):
        if not value:
            raise ValueError("is not allowed; it takes a path.")
        refuse_address(value)
    return value


def _reference(value: object) -> Any:
    """Return the path of a run (or of anything that has one), or what was given."""
    place = getattr(value, "path", value)
    return str(place) if isinstance(place, Path) else place


def _integer_list(value: object) -> Any:
    """Return whole numbers as the text that is typed for them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, range | list | tuple):
        return ",".join(map(str, value))
    return value


FilePath = Annotated[Path, BeforeValidator(_path)]
"""Of an option: a path on this machine, as a text or a `Path`."""
RunReference = Annotated[str, BeforeValidator(_reference)]
"""Of an option: a `Run`, its folder, its id, a part of that, or `last`."""
IntegerList = Annotated[str, BeforeValidator(_integer_list)]
"""Of an option: whole numbers, as a text such as `2,674,4-6` or as a list or range of them."""


def announce_run(reference: str, run_id: str, notify: Notify) -> None:
    """Say which run was taken, unless it was named whole.

    Args:
        reference: what was given: an id, a path, a part of an id, or `last`.
        run_id: the id of the run that was taken.
        notify: receives the sentence.
    """
    name = Path(reference).name
    if run_id not in (reference, name) and name not in ("", ".."):
        notify(f"{reference} is {run_id}.")


class RunFolderOptions(Options):
    """Where runs are."""

    runs: FilePath | None = option(
        None, "The folder of runs [default: ./runs].", environment="EPOQUE_RUNS"
    )


class FigureOptions(Options):
    """How pictures are drawn."""

    lang: Literal["en", "fr"] = option("en", "The language: en or fr.", environment="EPOQUE_LANG")
    dark: bool = option(False, "For dark pages.")
