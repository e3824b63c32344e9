"""`epoque runs list|show|compare|export|verify|delete|restore|empty-trash|clean`."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import EpoqueError, RunWriteError, UsageError
from epoque.bench.files.output_paths import check_file, check_runs_folder, runs_folder
from epoque.bench.options import AsJson, Language, RunName, RunsOption
from epoque.bench.setting_paths import flatten
from epoque.bench.terminal import (
    format_result,
    make_console,
    make_table,
    print_json,
    print_match,
    progress_bar,
)

from .trash import delete, empty_trash, restore
from .verify import verify

if TYPE_CHECKING:
    from epoque.bench.config import Config
    from epoque.bench.runs.find_record import AnyRecord
    from epoque.bench.runs.index_filter import Query
    from epoque.bench.runs.run import Run

ROWS = 50
"""How many runs `epoque runs list` shows: those of a day's work, which a terminal scrolls back."""
COLUMNS = ("id", "state", "seconds", "seed")


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    group = App(
        name="runs", help="List, show, compare, export, verify, delete, restore and clean up runs."
    )
    group.command(list_runs, name="list")
    for command in (show, compare, export, verify, delete, restore, empty_trash, clean):
        group.command(command)
    app.command(group)


def list_runs(
    *,
    recipe: str = "",
    limit: Annotated[
        int | None,
        Parameter(help=f"Only the newest so many [default: {ROWS}; with --json all]."),
    ] = None,
    every: Annotated[bool, Parameter(name="--all", negative="", help="List all.")] = False,
    where: str = "",
    sort: str = "",
    descending: Annotated[bool, Parameter(negative="", help="With --sort: largest first.")] = False,
    runs: RunsOption = None,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the runs, the newest at the end: state, time, and the main result.

    Args:
        recipe: only the runs of this recipe.
        where: only the runs for which all of this holds, such as `lab=gan2d seed<3 recipe~ring`
            (<, <=, =, !=, >=, >, and ~ for a part of a text); a word alone is looked for in ids,
            recipes, labs and states.
        sort: the column by whose values the list is in order, such as `seconds`, any setting or any
            result; the smallest first. With --limit the first so many.
    """
    from epoque.bench.runs.run import Runs

    if limit is not None and (limit < 1 or every):
        rule = "--all lists all" if every else "it takes a whole number at least 1"
        raise UsageError(f"--limit: {limit} is not allowed; {rule}.")
    root = runs_folder(runs)
    check_runs_folder(root, runs)
    most = limit or (None if every or as_json else ROWS)
    query = _make_query(recipe, where, sort, descending=descending, limit=most)
    with progress_bar("reading runs", "runs", quiet=as_json) as progress:
        rows, total = Runs(root).select(query, progress)
    rows = rows if sort else rows[::-1]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if as_json:
        print_json([{name: row.get(name) for name in columns} for row in rows])
        return
    if not where:
        _list_studies(root, recipe, most)
    out = make_console(wrapped=True)
    if not rows:
        out.print(f"No run in {root} is like that." if where else _none(root, recipe))
        return
    names = list(dict.fromkeys([*COLUMNS, sort, *_headlines(rows), "reason"]))
    titles = [name for name in names if name in columns]
    shown = [{**row, "reason": _say_reason(row, lang)} for row in rows]
    out.print(make_table(titles, ([row.get(name) for name in titles] for row in shown)))
    if total > len(rows):
        which = "first" if sort else "newest"
        out.print(
            f"\nThese are the {which} {len(rows)}; --all lists all, --limit as many as wanted."
        )


def _say_reason(about: Mapping[str, Any], language: Literal["en", "fr"]) -> str:
    """Return why a run failed, stopped or cannot be read."""
    from epoque.bench.runs.reasons import translate_reason

    return translate_reason(str(about.get("reason") or ""), language, str(about.get("lab") or ""))


def _make_query(
    recipe: str, where: str, sort: str, *, descending: bool, limit: int | None
) -> "Query":
    from epoque.bench.runs.index_filter import Filter, Query, parse_filters

    if descending and not sort:
        raise UsageError("--descending needs --sort, which names a column.")
    filters, words = parse_filters(where)
    if recipe:
        filters = (Filter("recipe", "=", recipe), *filters)
    return Query(filters, words, sort or "created", descending or not sort, limit=limit)


def _headlines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the results that the labs of these runs want to be seen, each once."""
    from epoque.bench.lab import Lab, find_lab, lab_names

    names = dict.fromkeys(row.get("lab") for row in rows)
    labs: list[Lab[Any]] = []
    for name in filter(lab_names().__contains__, names):
        with suppress(UsageError):  # of a lab that cannot be loaded the usual ones are shown
            labs.append(find_lab(str(name)))
    return list(dict.fromkeys([*Lab.headline, *(n for lab in labs for n in lab.headline)]))


def _none(root: Path, recipe: str) -> str:
    """Return what to say where no run is listed."""
    makes = f"`epoque run {recipe or 'neuron/and'}` makes one."
    if not root.is_dir():
        return f"There are no runs yet: there is no folder {root}; {makes}"
    return f"There are no runs{f' of {recipe}' if recipe else ''} in {root}; {makes}"


def _list_studies(root: Path, recipe: str, most: int | None) -> None:
    """Print the sweeps and searches, if there are any: state, time and command."""
    from epoque.bench.errors import DamagedRunError
    from epoque.bench.runs.find_record import iter_studies

    rows: list[tuple[Any, ...]] = []
    for study in list(iter_studies(root))[-(most or 0) :]:
        try:
            if recipe in ("", study.recipe):
                rows.append((study.id, study.status.state, study.status.seconds, study.command))
        except DamagedRunError as error:
            rows.append((study.id, "damaged", None, str(error)))
    if rows:
        make_console(wrapped=True).print(
            make_table(("sweeps and searches", "state", "seconds", ""), rows)
        )
        make_console(wrapped=True).print()


def show(
    run: RunName,
    /,
    *,
    runs: RunsOption = None,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show one run, sweep or search: status, settings, results, files."""
    from epoque.bench.result_labels import find_label, labels_of, translate_labels
    from epoque.bench.runs.find_record import find_record

    record = find_record(runs_folder(runs), run)
    print_match(run, record.id, quiet=as_json)
    status, metadata = record.status, record.metadata
    content = {
        "id": record.id,
        "path": str(record.path),
        "recipe": record.recipe,
        "state": status.state,
        "reason": status.reason,
        "seconds": status.seconds,
        "config": metadata["config"],
        **_own_content(record, finished=status.state == "finished"),
        "timings": status.timings.numbers,
        "figures": [str(path) for path in record.figures.values()],
    }
    if as_json:
        print_json(content)
        return
    out = make_console(wrapped=True)
    content["reason"] = _say_reason({"reason": status.reason, "lab": record.lab_name}, lang)
    for name in ("id", "path", "recipe", "state", "reason", "seconds", "command"):
        if content.get(name, "") != "":
            out.print(f"{name:12} {content[name]}")
    ignored = _find_ignored_settings(record)
    for title in ("config", "axes", "timings", "best"):
        if content.get(title):
            out.print(f"\n{title}", style="bold")
            values = flatten(content[title])
            if title == "config":
                values = {name: value for name, value in values.items() if name not in ignored}
            out.print(make_table(("", ""), ((f"  {k}", v) for k, v in values.items())))
    if results := content.get("results"):
        out.print("\nresults", style="bold")
        labels = translate_labels(labels_of(record.lab_name), lang)
        names = (name for name in results if name != "not_measured")
        cells = ((f"  {k}", format_result(k, results), find_label(labels, k) or "") for k in names)
        out.print(make_table(("", "", ""), cells))
    for path in content["figures"]:
        out.print(path)


def _find_ignored_settings(record: "AnyRecord") -> set[str]:
    """Return the settings that had no effect in a run; the parts of a sweep may differ in it."""
    from epoque.bench.runs.run import Run

    if not isinstance(record, Run):
        return set()
    try:
        config: Config = record.config
    except EpoqueError:  # its lab is not here, or of another version: all is shown as it stands
        return set()
    return config.ignored_settings()


def _own_content(record: "AnyRecord", *, finished: bool) -> dict[str, Any]:
    """Return what a run, a sweep or a search has of its own to show."""
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.search import Search

    if isinstance(record, Run):
        results = dict(record.results) if finished else {}
        return {"results": results, "checkpoints": record.checkpoint_steps}
    best = dict(record.best_trial) if isinstance(record, Search) and finished else {}
    return {"command": record.command, "axes": dict(record.axes_text), "best": best}


def compare(
    *names: RunName,
    metric: Annotated[
        str | None,
        Parameter(help="The metric whose curves are drawn; by default the first they all have."),
    ] = None,
    out: Path | None = None,
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs: the settings that differ, the results side by side, one curve each.

    Args:
        out: where the figure goes, without suffix (PNG and SVG); none draws none.
    """
    from epoque.bench.runs.compare import (
        check_metric,
        choose_metric,
        compare_runs,
        draw_comparison,
    )
    from epoque.bench.runs.run import Runs

    check_file("--out", out, ".png", ".svg")
    if len(names) < 2:
        raise UsageError("`epoque runs compare` takes two runs or more.")
    records = [Runs(runs_folder(runs)).find(name) for name in names]
    if metric is not None:
        check_metric(records, metric)
    elif out is not None:
        metric = choose_metric(records)
    for name, run in dict(zip(names, records, strict=True)).items():
        print_match(name, run.id, quiet=as_json)
    rows = compare_runs(records)
    if as_json:
        print_json({"runs": [run.id for run in records], "rows": rows})
    else:
        columns = ("", *(run.id for run in records), "")
        cells = (
            (name, *("–" if value is None else value for value in row), _describe(records, name))
            for name, row in rows.items()
        )
        make_console(wrapped=True).print(make_table(columns, cells))
    if out is not None and metric is not None:
        draw_comparison(records, metric, out)


def _describe(runs: "Sequence[Run]", name: str) -> str:
    """Return what the labs of these runs call a setting or a result; "" if none calls it so."""
    from epoque.bench.lab import find_lab
    from epoque.bench.result_labels import find_label

    for lab in dict.fromkeys(run.lab_name for run in runs):
        with suppress(UsageError):  # of a lab that cannot be loaded
            plugin = find_lab(lab)
            settings = plugin.config_class.settings()
            if name in settings:
                return str(settings[name].label("en"))
            if (words := find_label(plugin.result_labels, name)) is not None:
                return words
    return ""


def export(
    run: RunName,
    /,
    *,
    to: Annotated[Path, Parameter(help="A .zip of the whole run, or a .csv or .parquet.")],
    runs: RunsOption = None,
) -> None:
    """Export a run: the whole folder as .zip, or its metrics as .csv or .parquet."""
    from epoque.bench.runs.export import check_kind, export_run
    from epoque.bench.runs.run import Runs

    check_kind(to)
    check_file("--to", to)
    record = Runs(runs_folder(runs)).find(run)
    print_match(run, record.id)
    export_run(record, to)
    make_console(wrapped=True).print(str(to))


def clean(
    *,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Remove it.")] = False,
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Tell what killed processes left half-written, in the folder of runs and in the cache.

    With `--yes` it is removed. What is still being written is neither told nor touched.
    """
    from epoque.bench.files.cache import cache_folder
    from epoque.bench.files.drafts import iter_drafts, remove_draft

    root = runs_folder(runs)
    check_runs_folder(root, runs)
    drafts = [*iter_drafts(root), *iter_drafts(cache_folder(), downloads=True)]
    if yes:
        for draft in drafts:
            remove_draft(draft.path)
        if stuck := [draft.path for draft in drafts if os.path.lexists(draft.path)]:
            raise RunWriteError(f"{stuck[0]} cannot be removed ({len(stuck):,} such).")
    if as_json:
        print_json(
            [{"path": str(d.path), "left_by": d.whose, "bytes": d.bytes, "removed": yes}
             for d in drafts]
        )  # fmt: skip
        return
    out = make_console(wrapped=True)
    if not drafts:
        out.print(f"Nothing half-written is left in {root} or {cache_folder()}.")
        return
    out.print(
        make_table(("bytes", "left by", ""), [(d.bytes, d.whose, str(d.path)) for d in drafts])
    )
    word = "removed" if yes else "--yes removes it"
    out.print(f"\n{len(drafts)} left half-written, {sum(d.bytes for d in drafts):,} bytes; {word}.")
