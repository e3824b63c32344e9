"""`epoque runs list|show|compare|export|verify|delete|clean`."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from epoque.bench.errors import RunLockedError, RunWriteError, UsageError
from epoque.bench.files.output_paths import check_file, check_runs_folder, runs_folder
from epoque.bench.options import AsJson, RunName, RunsOption, WholeName
from epoque.bench.setting_paths import flatten
from epoque.bench.terminal import format_result, make_console, make_table, print_json, print_match

from .verify import verify

if TYPE_CHECKING:
    from epoque.bench.runs.find_record import AnyRecord

ROWS = 50
"""How many runs `epoque runs list` shows: those of a day's work, which a terminal scrolls back."""
COLUMNS = ("id", "state", "seconds", "seed")


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    group = App(name="runs", help="List, show, compare, export, verify, delete and clean up runs.")
    for command in (list_runs, show, compare, export, verify, delete, clean):
        group.command(command, name="list" if command is list_runs else command.__name__)
    app.command(group)


def list_runs(
    *,
    recipe: str = "",
    limit: Annotated[
        int | None,
        Parameter(help=f"Only the newest so many [default: {ROWS}; with --json all]."),
    ] = None,
    every: Annotated[bool, Parameter(name="--all", negative="", help="List all.")] = False,
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """List the runs, the newest at the end: state, time, and the main result.

    Args:
        recipe: only the runs of this recipe.
    """
    from epoque.bench.runs.run import Runs

    if limit is not None and (limit < 1 or every):
        rule = "--all lists all" if every else "it takes a whole number at least 1"
        raise UsageError(f"--limit: {limit} is not allowed; {rule}.")
    root = runs_folder(runs)
    check_runs_folder(root, runs)
    most = limit or (None if every or as_json else ROWS)
    rows, more = Runs(root).rows(recipe, most)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if as_json:
        print_json([{name: row.get(name) for name in columns} for row in rows])
        return
    _list_studies(root, recipe, most)
    out = make_console(wrapped=True)
    if not rows:
        out.print(_none(root, recipe))
        return
    names = [*COLUMNS, *_headlines(rows), "reason"]
    titles = [name for name in names if name in columns]
    out.print(make_table(titles, ([row.get(name) for name in titles] for row in rows)))
    if more:
        out.print(
            f"\nThese are the newest {len(rows)}; --all lists all, --limit as many as wanted."
        )


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


def show(run: RunName, /, *, runs: RunsOption = None, as_json: AsJson = False) -> None:
    """Show one run, sweep or search: status, settings, results, files."""
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
    for name in ("id", "path", "recipe", "state", "reason", "seconds", "command"):
        if content.get(name, "") != "":
            out.print(f"{name:12} {content[name]}")
    for title in ("config", "axes", "timings", "best"):
        if content.get(title):
            out.print(f"\n{title}", style="bold")
            out.print(
                make_table(("", ""), ((f"  {k}", v) for k, v in flatten(content[title]).items()))
            )
    if results := content.get("results"):
        out.print("\nresults", style="bold")
        names = (name for name in results if name != "not_measured")
        out.print(make_table(("", ""), ((f"  {k}", format_result(k, results)) for k in names)))
    for path in content["figures"]:
        out.print(path)


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
        columns = ("", *(run.id for run in records))
        make_console(wrapped=True).print(
            make_table(
                columns, ((k, *("–" if v is None else v for v in row)) for k, row in rows.items())
            )
        )
    if out is not None and metric is not None:
        draw_comparison(records, metric, out)


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


def delete(
    *names: WholeName,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask.")] = False,
    runs: RunsOption = None,
) -> None:
    """Delete runs, sweeps or searches, after asking.

    Each is named whole: `last` is the newest of all.
    """
    import shutil

    from epoque.bench.files.atomic import explain_write_errors
    from epoque.bench.runs.find_record import find_record
    from epoque.bench.runs.lock import is_locked

    root = runs_folder(runs)
    records = list(
        {run.path: run for run in (find_record(root, name, whole=True) for name in names)}.values()
    )
    if not records:
        raise UsageError("`epoque runs delete` takes one run or more.")
    for run in records:
        if not (run.path / "status.json").is_file() and not (run.path / "metrics.jsonl").is_file():
            raise UsageError(f"{run.path} is no run folder; nothing was deleted.")
        if is_locked(run.path):
            raise RunLockedError(f"{run.id} is being written; nothing was deleted.")
    if not yes and not _confirmed([run.id for run in records]):
        return
    for run in records:
        with explain_write_errors(run.path):
            shutil.rmtree(run.path)


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


def _confirmed(ids: Sequence[str]) -> bool:
    import sys

    if not sys.stdin.isatty():
        raise UsageError("deleting asks first; add --yes where nobody can answer.")
    answer = make_console(wrapped=True).input(
        f"Delete {', '.join(ids)} for good? [y/N] ", markup=False
    )
    return answer.strip().lower() in ("y", "yes", "o", "oui")
