"""`epoque runs delete|restore|empty-trash`: to delete is to move to the trash."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from epoque.bench.errors import ConfigError, RunLockedError, UsageError
from epoque.bench.files.output_paths import check_runs_folder, runs_folder
from epoque.bench.options import AsJson, RunsOption, WholeName
from epoque.bench.terminal import make_console, make_table, print_json

__all__ = ["delete", "empty_trash", "restore"]

Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask.")]


def delete(*names: WholeName, yes: Yes = False, runs: RunsOption = None) -> None:
    """Move runs, sweeps or searches to the trash, after asking.

    Each is named whole: `last` is the newest of all. `epoque runs restore` brings them back,
    `epoque runs empty-trash` deletes them for good.
    """
    from epoque.bench.runs.find_record import find_record
    from epoque.bench.runs.lock import is_locked
    from epoque.bench.runs.trash import Trash, check_deletable

    root = runs_folder(runs)
    records = list(
        {run.path: run for run in (find_record(root, name, whole=True) for name in names)}.values()
    )
    if not records:
        raise UsageError("`epoque runs delete` takes one run or more.")
    for run in records:
        check_deletable(run.path)
        if is_locked(run.path):
            raise RunLockedError(f"{run.id} is being written; nothing was deleted.")
    if not yes and not _confirm(f"Move {', '.join(run.id for run in records)} to the trash?"):
        return
    for run in records:
        Trash(run.path.absolute().parent).put(run.path)


def restore(
    *names: Annotated[str, Parameter(help="What was deleted, by its whole id.")],
    new_name: Annotated[
        str | None, Parameter(name="--as", help="Another name for it; of one run only.")
    ] = None,
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Bring back from the trash what was deleted; without a name, list what lies there.

    Of several that were deleted under one name the last one comes back. Where there is a run of
    that name again, `--as` gives the old one another.
    """
    from epoque.bench.runs.run_name import check_name
    from epoque.bench.runs.trash import Trash

    root = runs_folder(runs)
    check_runs_folder(root, runs)
    trash = Trash(root)
    if not names:
        _list(trash.root, as_json=as_json)
        return
    if new_name is not None:
        try:
            check_name(new_name)
        except ConfigError as error:
            raise UsageError(f"--as: {error.problems[0].message}") from None
        if len(names) > 1:
            raise UsageError(f"--as: {new_name} is not allowed; it names one run, not several.")
    for name in dict.fromkeys(names):
        trash.find(name)  # all are found before anything is moved
    paths = [trash.restore(name, new_name) for name in dict.fromkeys(names)]
    if as_json:
        print_json([{"id": path.name, "path": str(path)} for path in paths])
        return
    for path in paths:
        make_console(wrapped=True).print(str(path))


def _list(root: Path, *, as_json: bool) -> None:
    from epoque.bench.runs.trash import Trash

    entries = list(Trash(root))
    if as_json:
        print_json([{"id": e.id, "deleted": e.moment, "path": str(e.path)} for e in entries])
        return
    out = make_console(wrapped=True)
    if not entries:
        out.print(f"The trash of {root} is empty.")
        return
    out.print(make_table(("in the trash", "deleted"), ((e.id, e.moment) for e in entries)))


def empty_trash(*, yes: Yes = False, runs: RunsOption = None, as_json: AsJson = False) -> None:
    """Delete for good what lies in the trash of the folder of runs, after asking."""
    from epoque.bench.runs.trash import Trash

    root = runs_folder(runs)
    check_runs_folder(root, runs)
    trash = Trash(root)
    entries = list(trash)
    if entries and not yes:
        few = ", ".join(entry.id for entry in entries[:5])
        more = f" and {len(entries) - 5:,} more" if len(entries) > 5 else ""
        if not _confirm(f"Delete {few}{more} for good?"):
            return
    count = trash.empty(entries)
    if as_json:
        print_json({"deleted": [entry.id for entry in entries]})
        return
    sentence = f"{count:,} deleted for good." if count else f"The trash of {root} is empty."
    make_console(wrapped=True).print(sentence)


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("deleting asks first; add --yes where nobody can answer.")
    answer = make_console(wrapped=True).input(f"{question} [y/N] ", markup=False)
    return answer.strip().lower() in ("y", "yes", "o", "oui")
