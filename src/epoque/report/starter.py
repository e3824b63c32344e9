"""Starting a reader's own book from their runs."""

import json
from collections.abc import Iterator
from itertools import islice
from numbers import Real
from pathlib import Path

from epoque.bench.errors import UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.i18n import mark, translator
from epoque.bench.lab import lab_of
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.run import Run

from .needs import finished_runs

__all__ = ["new_report"]

NAME = "book.md"
MOST_CHAPTERS, MOST_VALUES = 8, 5

FRONT = """---
title: {title}
author: {author}
---

{{#
{explanation}

  {{{{ figure(run("neuron/and"), "error", caption="…", label="and") }}}}
  {{{{ value(run("neuron/and"), "final_error") }}}}   {{{{ value(run("last"), "seed") }}}}
  {{{{ table([run("neuron/and"), run("neuron/or")], ["final_error", "accuracy"], caption="…") }}}}
  {{{{ spread(sweep("neuron/and"), "final_error", iterations=400) }}}}
  {{{{ ref("and") }}}}   {{{{ command(run("neuron/and")) }}}}   $y = w_1 x_1 + w_2 x_2 - w_0$

  epoque report {name} --format html
#}}
"""

CHAPTER = """
# {title}

{shows}

{took}

{figures}

{{{{ table({source}, [{values}], caption={caption}) }}}}

{repeat}
"""

EXPLANATION = mark(
    "This is your book: Markdown in which what stands between two braces is filled in from your "
    "runs each time it is written. A name such as neuron/and means your newest finished run of "
    "that recipe; a run's id means that run for ever. What you can write:"
)


def new_report(out_dir: Path, runs: Path, language: str = "en") -> Path:
    """Start a reader's own book: a template that already uses their newest runs.

    Args:
        out_dir: the folder to put `book.md` in; made if it is missing.
        runs: the folder of runs.
        language: "en" or "fr".

    Returns:
        The template, ready for `write_report(template=…)`.

    Raises:
        UsageError: if there is no finished run, or there is a book already.
        RunWriteError: if the system refuses.
    """
    _ = translator(language)
    path = out_dir / NAME
    if path.exists():
        raise UsageError(f"{path} is already there; name another folder or move it away.")
    newest = {run.recipe: run for run in reversed(list(finished_runs(runs)))}
    if not newest:
        raise UsageError(f"{runs} holds no finished run; `epoque run neuron/and` makes one.")
    explanation = _(EXPLANATION)
    front = FRONT.format(
        title=_("My lab book"), author=_("My name"), explanation=explanation, name=path
    )
    chapters = (_chapter(run, language) for run in islice(newest.values(), MOST_CHAPTERS))
    with explain_write_errors(path):
        out_dir.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (front + "".join(chapters)).encode())
    return path


def _chapter(run: Run, language: str) -> str:
    _ = translator(language)
    title, shows = (_plain(_(text)) for text in _about(run))
    source = f"run({_quote(run.recipe)})"
    took = _("This run took {iterations} iterations with seed {seed}.")
    if "iterations" not in run.metadata["config"]:
        took = ""
    return CHAPTER.format(
        title=title,
        shows=shows,
        took=took.format(
            iterations=f'{{{{ value({source}, "iterations") }}}}',
            seed=f'{{{{ value({source}, "seed") }}}}',
        ),
        figures="\n\n".join(_figures(run, source, title, language)),
        source=source,
        values=", ".join(map(_quote, islice(_numbers(run), MOST_VALUES))),
        caption=_quote(_("What was measured at the end.")),
        repeat=_("To repeat it: {command}").format(command=f"{{{{ command({source}) }}}}"),
    )


def _figures(run: Run, source: str, title: str, language: str) -> Iterator[str]:
    _ = translator(language)
    lab = lab_of(run)
    for name in lab.figures(run):
        shown = _(lab.figure_captions[name]) if name in lab.figure_captions else name
        caption = _quote(_("{title}: {shown}.").format(title=title, shown=shown))
        yield f"{{{{ figure({source}, {_quote(name)}, caption={caption}) }}}}"


def _quote(text: str) -> str:
    """Return text as a template's string."""
    return json.dumps(text, ensure_ascii=False)


def _about(run: Run) -> tuple[str, str]:
    """Return the title of a run's recipe and what it shows, in English."""
    try:
        recipe = find_recipe(run.recipe)
    except UsageError:  # a recipe of the reader's own
        return run.recipe, ""
    return recipe.title, recipe.shows


def _plain(text: str) -> str:
    """Return a text of a recipe without what a template would read as its own."""
    return text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")


def _numbers(run: Run) -> Iterator[str]:
    for name, value in run.results.items():
        if isinstance(value, Real) and not isinstance(value, bool):
            yield name
