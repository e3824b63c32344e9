"""Starting a reader's own book from their runs and sweeps."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from numbers import Real
from pathlib import Path

from epoque.bench.errors import UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.i18n import mark, translator
from epoque.bench.lab import lab_of
from epoque.bench.progress import Notify
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.lookup import find_by_name, sort_newest_first
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.sweep import Sweep

from .book import BOOK
from .library import Record
from .needs import find_left_out, finished_runs, finished_sweeps, is_whole

__all__ = ["new_report"]

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

EXPLANATION = mark(
    "This is your book: Markdown in which what stands between two braces is filled in from your "
    "runs each time it is written. A name such as neuron/and means your newest finished run of "
    "that recipe, or your only sweep of it; an id means that run or sweep for ever. What you can "
    "write:"
)
LEFT_OUT = mark(
    "A book begins with at most {most} chapters, the newest: left out are {names}. `--run ID` "
    "names those that you want."
)


def new_report(
    out_dir: Path,
    runs: Path,
    language: str = "en",
    names: Sequence[str] = (),
    notify: Notify | None = None,
) -> Path:
    """Start a reader's own book: a template with a chapter for each of their runs and sweeps.

    Args:
        out_dir: the folder to put `book.md` in; made if it is missing.
        runs: the folder of runs.
        language: "en" or "fr".
        names: ids of runs and sweeps, or parts of them, that get a chapter each; by default the
            newest run of each recipe and every sweep, up to eight of them.
        notify: receives a sentence on what is left out; None is nobody.

    Returns:
        The template, ready for `write_report(template=…)`.

    Raises:
        UsageError: if there is no finished run or sweep, one that is named is not finished, or
            there is a book already.
        UnknownNameError: if one that is named does not exist.
        RunWriteError: if the system refuses.
    """
    _ = translator(language)
    path = out_dir / BOOK
    if path.exists():
        raise UsageError(f"{path} is already there; name another folder or move it away.")
    chosen = [_find(runs, name) for name in names]
    every = chosen or _newest(runs)
    if not every:
        left_out = " ".join(["", *find_left_out(runs).describe()])
        raise UsageError(
            f"{runs} holds no finished run; `epoque run neuron/and` makes one.{left_out}"
        )
    kept, rest = (chosen, []) if chosen else (every[:MOST_CHAPTERS], every[MOST_CHAPTERS:])
    notes = [_(EXPLANATION)]
    if rest:
        listed = ", ".join(record.id for record in rest)
        notes[:0] = [_(LEFT_OUT).format(most=MOST_CHAPTERS, names=listed), ""]
        if notify is not None:
            notify(notes[0])
    explanation = "\n".join(notes).replace("#}", "# }")
    front = FRONT.format(
        title=_("My lab book"), author=_("My name"), explanation=explanation, name=path
    )
    recipes = [(type(record), record.recipe) for record in every]
    by_id = {r.id for r in kept if chosen or recipes.count((type(r), r.recipe)) > 1}
    ordered = kept if chosen else kept[::-1]
    chapters = [_chapter(r, r.id if r.id in by_id else r.recipe, language) for r in ordered]
    with explain_write_errors(path):
        out_dir.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (front + "".join(chapters)).encode())
    return path


def _find(runs: Path, name: str) -> Record:
    kinds: tuple[type[Record], ...] = (Run, Sweep)
    record: Record = find_by_name(runs, name, *kinds)
    _ = record.metadata  # tells what is damaged, or of another version
    if not is_whole(record):
        state = record.status.state
        why = f"it is {state}" if state != "finished" else "a file of it is not what was saved"
        raise UsageError(f"{record.id} cannot be written about: {why}.")
    return record


def _newest(runs: Path) -> list[Record]:
    """Return the newest run of each recipe and every sweep, the newest first."""
    newest = {run.recipe: run for run in reversed(list(finished_runs(runs)))}
    records: list[Record] = [*newest.values(), *finished_sweeps(runs)]
    return sort_newest_first(records)


def _chapter(record: Record, name: str, language: str) -> str:
    """Return the chapter of a run or sweep, which it calls by a name."""
    _ = translator(language)
    title, shows = (_plain(_(text)) for text in _about(record))
    source = f"{record.kind}({_quote(name)})"
    if isinstance(record, Sweep):
        title = _("{title}: a sweep").format(title=title)
        from .starter_sweeps import sweep_blocks  # it draws: no listing waits for that

        blocks = list(sweep_blocks(record, source, language))
    else:
        blocks = list(_run_blocks(record, source, title, language))
    repeat = _("To repeat it: {command}").format(command=f"{{{{ command({source}) }}}}")
    return "\n" + "\n\n".join(filter(None, (f"# {title}", shows, *blocks, repeat))) + "\n"


def _run_blocks(run: Run, source: str, title: str, language: str) -> Iterator[str]:
    _ = translator(language)
    if "iterations" in run.metadata["config"]:
        yield _("This run took {iterations} iterations with seed {seed}.").format(
            iterations=f'{{{{ value({source}, "iterations") }}}}',
            seed=f'{{{{ value({source}, "seed") }}}}',
        )
    yield from _figures(run, source, title, language)
    values = ", ".join(map(_quote, islice(_numbers(run), MOST_VALUES)))
    caption = _quote(_("What was measured at the end."))
    yield f"{{{{ table({source}, [{values}], caption={caption}) }}}}"


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


def _about(record: Record) -> tuple[str, str]:
    """Return the title of the recipe of a run or sweep and what it shows, in English."""
    try:
        recipe = find_recipe(record.recipe)
    except UsageError:  # a recipe of the reader's own
        return record.recipe, ""
    return recipe.title, recipe.shows


def _plain(text: str) -> str:
    """Return a text of a recipe without what a template would read as its own."""
    return text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")


def _numbers(run: Run) -> Iterator[str]:
    for name, value in run.results.items():
        if isinstance(value, Real) and not isinstance(value, bool):
            yield name
