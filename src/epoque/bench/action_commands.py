"""The command of an action: its options, help and defaults are those that the action declares."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any, TypeVar, get_args, get_origin

from cyclopts import App, Parameter, Token
from pydantic import SkipValidation

from .actions import FETCHING, Action, Options
from .errors import ConfigError, EpoqueError, UsageError
from .options import AsJson, Quiet
from .progress import Notify, Progress, no_progress
from .setting_types import allowed_values
from .terminal import download_bar, print_json, print_notes, progress_bar

__all__ = ["add_action"]

R = TypeVar("R")


def add_action(
    app: App,
    action: Action[R],
    show: Callable[[R], None],
    *,
    name: str = "",
    to_json: Callable[[R], Any] | None = None,
    examples: Sequence[str] = (),
    bar: tuple[str, str] | None = None,
    has_quiet: bool = True,
    call: Callable[[Any, Progress, Notify], R | None] | None = None,
    error_of: Callable[[R], EpoqueError | None] | None = None,
) -> None:
    """Add the command of an action to a lab's.

    Args:
        app: the lab's commands.
        action: what it does.
        show: prints what the action returns, for people.
        name: of the command; by default the function's.
        to_json: makes it plain values, for `--json`; None leaves that option out.
        examples: command lines, for the help.
        bar: what the progress bar shows, such as `("drawing", "images")`; None shows none.
        has_quiet: whether `--quiet` hides it.
        call: does what the action does in a way of the command's own, unless `--json` was given;
            for instance, prints a text while it comes. With `--quiet` it gets `no_progress`. It
            returns None if there is nothing left to print.
        error_of: what the command ends with, once the result is printed; None if all is well.
    """
    options, places = action.options, _places(action.options)
    several = bool(places) and get_origin(options.model_fields[places[-1]].annotation) is tuple
    own = list(_own_parameters(to_json is not None, bar is not None and has_quiet))
    parameters = [*_parameters(options), *own]

    def command(
        *args: object, quiet: bool = False, as_json: bool = False, **values: object
    ) -> None:
        typed = dict(zip(places, args, strict=False)) | values
        if several and len(args) >= len(places):
            typed[places[-1]] = args[len(places) - 1 :]
        with spelt_as_typed(options), _show_progress(bar, quiet=quiet) as progress:
            settings = options.parse(typed)
            work = action.run if call is None or as_json else call
            result: R | None = work(settings, progress, _notify(quiet or as_json))
        if result is None:
            return
        if to_json is not None and as_json:
            print_json(to_json(result))
        else:
            show(result)
        if error_of is not None and (error := error_of(result)) is not None:
            raise error

    command.__name__ = action.__name__
    command.__doc__ = _help(action, examples)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    app.command(command, name=name or action.__name__.replace("_", "-"))


def _places(options: type[Options]) -> list[str]:
    return [name for name in options.fields() if options.option_info(name).positional]


def _own_parameters(has_json: bool, has_quiet: bool) -> Iterator[inspect.Parameter]:
    kinds = {"quiet": Quiet} if has_quiet else {}
    kinds |= {"as_json": AsJson} if has_json else {}
    for name, kind in kinds.items():
        yield inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind
        )


def _parameters(options: type[Options]) -> Iterator[inspect.Parameter]:
    """Yield what the function of a command takes for these options."""
    for name, field in options.fields().items():
        info = options.option_info(name)
        several = get_origin(field.annotation) is tuple
        inner: Any = get_args(field.annotation)[0] if several else field.annotation
        default = inspect.Parameter.empty if field.is_required() else field.default
        parameter = Parameter(
            name=None if info.positional else info.flag,
            help=_describe_option(options, name),
            converter=_collect_typed,
            env_var=info.environment or None,
            negative=info.negative,
            allow_leading_hyphen=not info.positional and not several,
        )
        by_place = inspect.Parameter.POSITIONAL_ONLY
        if not info.positional:
            kind: Any = Annotated[
                list[inner] | None if several else inner, parameter, SkipValidation
            ]
            default = None if default == () else default
            by_name = inspect.Parameter.KEYWORD_ONLY
            yield inspect.Parameter(name, by_name, default=default, annotation=kind)
            continue
        kind = Annotated[inner, parameter, SkipValidation]
        if not several:
            yield inspect.Parameter(name, by_place, default=default, annotation=kind)
            continue
        if field.is_required():
            yield inspect.Parameter(name, by_place, annotation=kind)
        rest = f"more_{name}" if field.is_required() else name
        yield inspect.Parameter(rest, inspect.Parameter.VAR_POSITIONAL, annotation=kind)


def _collect_typed(kind: object, tokens: Sequence[Token]) -> Any:
    """Return what was typed as it was typed: the options read it, all of them at once."""
    texts = [token.value for token in tokens]
    return texts if list in (get_origin(kind), *map(get_origin, get_args(kind))) else texts[0]


_collect_typed.takes_text = True  # type: ignore[attr-defined]  # `cli.check_arguments` leaves it to the options


def _describe_option(options: type[Options], name: str) -> str:
    field = options.model_fields[name]
    text = _with_flags(options, field.description or "")
    bounds = ("gt", "ge", "lt", "le")
    if any(hasattr(mark, bound) for mark in field.metadata for bound in bounds):
        text += f" Takes {allowed_values(field).removesuffix(', or none')}."
    return text


def _help(action: Action[Any], examples: Sequence[str]) -> str:
    text = _with_flags(action.options, action.description)
    if not examples:
        return text
    word = "Example" if len(examples) == 1 else "Examples"
    return f"{text}\n\n{word}: {', '.join(f'`{line}`' for line in examples)}."


_CODE = re.compile(r"`(\w+)((?: [^`]*)?)`")


def _with_flags(options: type[Options], text: str, mark: str = "`") -> str:
    """Return a text in which options in backticks are named as they are typed.

    Args:
        options: what is typed.
        text: such as "it is of `grid`".
        mark: what stands around the names instead of backticks.
    """

    def add_flag(match: re.Match[str]) -> str:
        name, rest = match.groups()
        return (
            f"{mark}{_flag(options, name)}{rest}{mark}"
            if name in options.model_fields
            else match[0]
        )

    return _CODE.sub(add_flag, text)


def _flag(options: type[Options], name: str) -> str:
    if name not in options.model_fields:
        return f"--{name.replace('_', '-')}"
    info = options.option_info(name)
    return name.upper().replace("_", "-") if info.positional else info.flag


@contextmanager
def spelt_as_typed(options: type[Options]) -> Iterator[None]:
    """Tell what is wrong with options by the names that are typed."""
    try:
        yield
    except ConfigError as error:
        lines = [
            f"{_flag(options, problem.field)}: {_with_flags(options, problem.message, '')}"
            for problem in error.problems
        ]
        raise UsageError("\n".join(lines)) from None


def _notify(silent: bool) -> Notify:
    return lambda message: None if silent else print_notes([message])


class _Bars:
    """Progress bars, one at a time: what is fetched is counted in bytes, the rest in its unit."""

    def __init__(self, title: str, unit: str, stack: ExitStack) -> None:
        self._title, self._unit, self._stack = title, unit, stack
        self._fetching: bool | None = None
        self._bar: Progress = no_progress  # until it first moves

    def __call__(self, done: int, total: int | None, what: str = "") -> None:
        """Show how far it is; see `Progress`."""
        fetching = what == FETCHING
        if fetching != self._fetching:
            self._stack.close()
            bar = download_bar() if fetching else progress_bar(self._title, self._unit)
            self._bar, self._fetching = self._stack.enter_context(bar), fetching
        self._bar(done, total, "" if fetching else what)
        if done == total:  # what is printed next stands where the bar was
            self._stack.close()
            self._fetching = None


@contextmanager
def _show_progress(bar: tuple[str, str] | None, *, quiet: bool) -> Iterator[Progress]:
    if bar is None or quiet:
        yield no_progress
        return
    with ExitStack() as stack:
        yield _Bars(*bar, stack)
