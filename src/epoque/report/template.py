"""Templates: Markdown in which `{{ figure(run("neuron/and"), "error") }}` is filled in.

Jinja's sandbox runs them: a template reads runs through the functions below and nothing else.

| in a template | what it gives |
|---|---|
| `run(name)` | a run: a recipe's newest finished one, or one by a part of its id, or `last` |
| `sweep(name)` | a sweep, likewise |
| `is_recorded(name)` | whether there is a run or sweep that the chapter declares as optional |
| `value(source, name)` | a number of a run; of a sweep, the median over the seeds |
| `figure_value(run, name)` | a number that the run's lab reads off what its figures draw |
| `spread(sweep, name)` | the median with the central 95 % over the seeds |
| `tally(sweep, {name: [least, below]})` | for how many seeds results lie in these ranges |
| `lowest(sweep, name)`, `count_settings(sweep, name, below)` | of the medians of all settings |
| `effect(sweep, name, {axis: a}, {axis: b})` | the median change from a to b over the seeds |
| `figure(source, name, caption=…, alt=…, label=…)` | a figure, in a paragraph of its own |
| `figure(sweep, name, column=…, axis=value)` | another result of a sweep, axes held at a value |
| `film(run, name, caption=…, label=…)` | a film of the run's lab; on paper some stills |
| `metric(run, name, epoch=3)` | a metric by then; also `iteration`, `seconds`, `tokens` |
| `until(run, name, below)` | when a metric was first below a bound, in seconds |
| `timeline(runs, name, names, levels)` | a figure of a metric of several runs over the seconds |
| `ranking(sweep, name, names, levels)` | a figure of every setting's result, the best on top |
| `lab_table(run, name, caption=…)` | a table that the run's lab makes, such as `examples` |
| `table(sources, names, caption=…)` | a row a name, a column a source |
| `grid(header, rows, caption=…)` | a table of anything |
| `claims(lab)`, `verdicts(lab)` | the table of claims, and its summary; `claims()` your own |
| `claim(id)` | its verdict in words; `claim(id).verdict` is holds, partly, fails or unmeasured |
| `reported(id, line)` | what the report says of a line of a claim |
| `verdict_counts(lab)` | how many of its claims have each verdict |
| `ref(label)` | "figure 3" |
| `cite(key)` | "Wilson 1927"; the book lists the work at its end |
| `setting(recipe, name)`, `minutes(recipe)` | what a recipe sets, or derives; what it takes |
| `number(x)`, `command(source)`, `seeds(sweep)` | what they say |
| `plural(x, "run", "runs")` | the word that goes with a number |
| `records()`, `environments()` | the appendix: what the book has read, and where it ran |
"""

import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from epoque.bench.errors import EpoqueError, UsageError, suggest_names
from epoque.bench.files.input_files import read_text
from epoque.bench.limits import MAX_FILLED_CHARACTERS, MAX_TEXT_FILE_BYTES

from .placeholders import Placeholder, Placeholders, remove_marks

__all__ = ["Template", "fill"]

MAX_BITS = 10_000  # of a whole number: three thousand digits


@dataclass(frozen=True)
class Template:
    """A template's text and where it came from.

    Attributes:
        path: the file, for messages and for the images it names.
        text: its Markdown.
    """

    path: Path
    text: str
    name: str = ""

    @classmethod
    def read(cls, path: Path, name: str = "") -> "Template":
        """Read a template.

        Args:
            path: of the file.
            name: what errors call it; by default the file's name.

        Raises:
            UsageError: if it cannot be read.
        """
        text = remove_marks(read_text(path, MAX_TEXT_FILE_BYTES).replace("\r\n", "\n"))
        return cls(path, text, name or path.name)

    def line_of(self, words: str) -> int | None:
        """Return the first line that holds some words, counted from 1."""
        lines = self.text.splitlines()
        return next((n for n, line in enumerate(lines, 1) if words in line), None)

    def wrong(self, error: Exception, line: int | None) -> UsageError:
        """Return the error with the file and line before it."""
        name = self.name or self.path.name
        where = f"{name}, line {line}" if line else name
        return UsageError(f"{where}: {error}")


def fill(
    template: Template, functions: dict[str, Callable[..., Any]], placeholders: Placeholders
) -> str:
    """Return the template's Markdown with marks for what was filled in.

    Raises:
        UsageError: in one sentence that names the file and the line.
    """
    environment = _Environment(
        undefined=StrictUndefined,
        finalize=lambda value: _print_value(value, placeholders),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.globals.update(functions)
    name = str(template.path)
    try:
        code = environment.compile(template.text, name, name)
        filled = environment.template_class.from_code(environment, code, environment.globals)
        return "".join(_limit(filled.generate()))
    except TemplateSyntaxError as error:
        raise template.wrong(UsageError(f"{error.message}."), error.lineno) from None
    except EpoqueError as error:
        raise template.wrong(error, _line(error, name)) from None
    except UndefinedError as error:
        raise template.wrong(_undefined_error(error, functions), _line(error, name)) from None
    except SecurityError as error:
        sentence = UsageError(f"a template may not do that: {str(error).rstrip('.')}.")
        raise template.wrong(sentence, _line(error, name)) from None
    except (RecursionError, SyntaxError) as error:  # Python's own, of the code that Jinja writes
        sentence = UsageError("the template is nested too deeply.")
        raise template.wrong(sentence, _line(error, name)) from None
    except MemoryError as error:
        sentence = UsageError("the template needs too much memory.")
        raise template.wrong(sentence, _line(error, name)) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        sentence = UsageError(f"{str(error).rstrip('.')}.")
        raise template.wrong(sentence, _line(error, name)) from error


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which no single operation makes a number or text without end."""

    intercepted_binops = frozenset(["*", "**", "%", "+"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute one operation.

        Raises:
            SecurityError: if its result would be too large.
        """
        if _is_large(operator, left, right):
            raise SecurityError(f"the result of {operator} is too large")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether an attribute may be used: not one that fills texts up to any length."""
        return attr not in _FILLING and super().is_safe_attribute(obj, attr, value)


_FILLING = frozenset(["center", "expandtabs", "ljust", "rjust", "zfill", "format", "format_map"])
_WIDTH = re.compile(r"%[^a-zA-Z%]*(\*|[0-9]{4,})")


def _is_large(operator: str, left: Any, right: Any) -> bool:
    match operator, left, right:
        case "*", int(), int():
            return left.bit_length() + right.bit_length() > MAX_BITS
        case "**", int(), int():
            return left.bit_length() * right > MAX_BITS
        case "%", str(), _:
            return _WIDTH.search(left) is not None
        case "+", str(), str():
            return len(left) + len(right) > MAX_FILLED_CHARACTERS
    if operator != "*":
        return False
    times, many = (left, right) if isinstance(left, int) else (right, left)
    sized = isinstance(times, int) and isinstance(many, str | list | tuple)
    return sized and times * len(many) > MAX_FILLED_CHARACTERS


def _limit(pieces: Iterable[str]) -> Iterator[str]:
    """Yield what a template prints, piece by piece.

    Raises:
        ValueError: if it is too much.
    """
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > MAX_FILLED_CHARACTERS:
            raise ValueError(f"it prints more than {MAX_FILLED_CHARACTERS:,} characters")
        yield piece


def _print_value(value: Any, placeholders: Placeholders) -> str:
    """Print what is known as it is, and anything else as plain text that is no Markdown."""
    if isinstance(value, Placeholder):
        return str(value)
    if isinstance(value, StrictUndefined):
        str(value)  # raises
    return str(placeholders.add_text(str(value)))


def _line(error: Exception, name: str) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == name), None)


def _undefined_error(error: UndefinedError, functions: dict[str, Any]) -> UsageError:
    reason = str(error)
    name = re.search(r"'(\w+)' is undefined", reason)
    near = suggest_names(name[1], functions) if name else ""
    return UsageError(f"{reason}.{near}")
