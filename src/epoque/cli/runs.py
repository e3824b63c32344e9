"""`epoque runs list|show|compare|export|delete`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from ..bench.errors import RunLockedError, UsageError
from ..bench.options import AsJson, RunName, RunsOption
from ..bench.telling import console, print_json, result, table


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    group = App(name="runs", help="List, show, compare, export and delete runs.")
    for command in (list_runs, show, compare, export, delete):
        group.command(command, name="list" if command is list_runs else command.__name__)
    app.command(group)


def _runs(told: Path | None) -> Any:
    from ..api import runs_folder
    from ..bench.run import Runs

    return Runs(runs_folder(told))


def list_runs(*, recipe: str = "", runs: RunsOption = None, as_json: AsJson = False) -> None:
    """List the runs: state, time, and the main result.

    Args:
        recipe: only the runs of this recipe.
    """
    frame = _runs(runs).table()
    some = len(frame) > 0
    if recipe and some:
        frame = frame[frame["recipe"] == recipe] if "recipe" in frame else frame[:0]
    if as_json:
        print_json(frame.to_dict(orient="records"))
        return
    _list_studies(runs, recipe)
    if not len(frame):
        told = f"There are no runs of {recipe}" if some else "There are no runs yet"
        console(wrapped=True).print(f"{told}; `epoque run {recipe or 'neuron/and'}` makes one.")
        return
    wanted = [c for c in ("id", "state", "seconds", "seed", "final_error", "reason") if c in frame]
    rows = frame[wanted].astype(object).where(frame[wanted].notna(), None)
    console(wrapped=True).print(table(wanted, rows.itertuples(index=False)))


def _list_studies(told: Path | None, recipe: str) -> None:
    """Print the sweeps and searches, if there are any: state, time and command."""
    from ..api import runs_folder
    from ..bench.errors import DamagedRunError
    from ..bench.records import studies

    rows: list[tuple[Any, ...]] = []
    for study in studies(runs_folder(told)):
        try:
            if recipe in ("", study.recipe):
                rows.append((study.id, study.status.state, study.status.seconds, study.command))
        except DamagedRunError as error:
            rows.append((study.id, "damaged", None, str(error)))
    if rows:
        console(wrapped=True).print(table(("sweeps and searches", "state", "seconds", ""), rows))
        console(wrapped=True).print()


def show(run: RunName, /, *, runs: RunsOption = None, as_json: AsJson = False) -> None:
    """Show one run: status, settings, results, files."""
    found = _runs(runs).find(run)
    status = found.status
    told = {
        "id": found.id,
        "path": str(found.path),
        "recipe": found.recipe,
        "state": status.state,
        "reason": status.reason,
        "seconds": status.seconds,
        "config": found.manifest["config"],
        "results": dict(found.results) if status.state == "finished" else {},
        "timings": status.timings.numbers,
        "checkpoints": found.checkpoint_steps,
        "figures": [str(path) for path in found.figures.values()],
    }
    if as_json:
        print_json(told)
        return
    out = console(wrapped=True)
    for name in ("id", "path", "recipe", "state", "reason", "seconds"):
        if told[name] != "":
            out.print(f"{name:12} {told[name]}")
    for title in ("config", "timings"):
        if told[title]:
            out.print(f"\n{title}", style="bold")
            out.print(table(("", ""), ((f"  {k}", v) for k, v in told[title].items())))
    if results := told["results"]:
        out.print("\nresults", style="bold")
        names = (name for name in results if name != "not_measured")
        out.print(table(("", ""), ((f"  {k}", result(k, results)) for k in names)))
    for path in told["figures"]:
        out.print(path)


def compare(
    *names: RunName,
    metric: str = "error",
    out: Path | None = None,
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs: the settings that differ, the results side by side, one curve each.

    Args:
        metric: the metric whose curves are drawn.
        out: where the figure goes, without suffix (PNG and SVG); none draws none.
    """
    from ..bench.compare import comparison, draw_comparison

    if len(names) < 2:
        raise UsageError("`epoque runs compare` takes two runs or more.")
    found = [_runs(runs).find(name) for name in names]
    rows = comparison(found)
    if as_json:
        print_json({"runs": [run.id for run in found], "rows": rows})
    else:
        columns = ("", *(run.id for run in found))
        console(wrapped=True).print(
            table(
                columns, ((k, *("–" if v is None else v for v in row)) for k, row in rows.items())
            )
        )
    if out is not None:
        draw_comparison(found, metric, out)


def export(
    run: RunName,
    /,
    *,
    to: Annotated[Path, Parameter(help="A .zip of the whole run, or a .csv or .parquet.")],
    runs: RunsOption = None,
) -> None:
    """Export a run: the whole folder as .zip, or its metrics as .csv or .parquet."""
    from ..bench.export import export_run

    export_run(_runs(runs).find(run), to)
    console(wrapped=True).print(str(to))


def delete(
    *names: RunName,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask.")] = False,
    runs: RunsOption = None,
) -> None:
    """Delete runs, sweeps or searches, after asking."""
    import shutil

    from ..api import runs_folder
    from ..bench.files import told_write_errors
    from ..bench.record import is_locked
    from ..bench.records import find_record

    root = runs_folder(runs)
    found = list({run.path: run for run in (find_record(root, name) for name in names)}.values())
    if not found:
        raise UsageError("`epoque runs delete` takes one run or more.")
    for run in found:
        if not (run.path / "status.json").is_file() and not (run.path / "metrics.jsonl").is_file():
            raise UsageError(f"{run.path} is no run folder; nothing was deleted.")
        if is_locked(run.path):
            raise RunLockedError(f"{run.id} is being written; nothing was deleted.")
    if not yes and not _confirmed([run.id for run in found]):
        return
    for run in found:
        with told_write_errors(run.path):
            shutil.rmtree(run.path)


def _confirmed(ids: Sequence[str]) -> bool:
    import sys

    if not sys.stdin.isatty():
        raise UsageError("deleting asks first; add --yes where nobody can answer.")
    answer = console(wrapped=True).input(f"Delete {', '.join(ids)} for good? [y/N] ", markup=False)
    return answer.strip().lower() in ("y", "yes", "o", "oui")
