"""`epoque runs verify`: whether files are what was saved."""

from typing import TYPE_CHECKING, Any

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.output_paths import check_runs_folder, runs_folder
from epoque.bench.options import AsJson, RunName, RunsOption
from epoque.bench.terminal import make_console, print_json, print_match, progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    from epoque.bench.runs.find_record import AnyRecord
    from epoque.bench.runs.verify import Verdict


def verify(*names: RunName, runs: RunsOption = None, as_json: AsJson = False) -> None:
    """Compare the files of finished runs, sweeps and searches with what was saved.

    Each file that is missing, damaged or of another run is named, and the exit code is then 1;
    `epoque resume` makes it again. Files that were added later, such as a film, do not matter. Of
    a run that is not finished, what its checkpoints tell of the other files is compared. Without
    a name, all of the folder are.

    Examples: `epoque runs verify`, `epoque runs verify last`.
    """
    from epoque.bench.runs.verify import inner_runs
    from epoque.bench.runs.verify import verify as compare

    root = runs_folder(runs)
    check_runs_folder(root, runs)
    records = _records(root, names, quiet=as_json)
    records += [run for record in records for run in inner_runs(record)]
    verdicts = []
    with progress_bar("verify", "runs", quiet=as_json) as progress:
        for record in records:
            verdicts.append(compare(record))
            progress(len(verdicts), len(records))
    if as_json:
        print_json([_as_json(verdict) for verdict in verdicts])
    elif verdicts:
        _print(verdicts)
    else:
        make_console(wrapped=True).print(f"There are no runs in {root}.")
    damaged = [verdict.id for verdict in verdicts if verdict.wrong]
    if damaged:
        many = f"{len(damaged)} of {len(verdicts)}"
        raise DamagedRunError(
            f"{many} are not what was saved; `epoque resume` repairs what it can."
        )


def _records(root: "Path", names: tuple[str, ...], *, quiet: bool) -> "list[AnyRecord]":
    from epoque.bench.runs.find_record import KINDS, find_record
    from epoque.bench.runs.lookup import iter_records

    if not names:
        return list(iter_records(root, *KINDS))
    records = [find_record(root, name) for name in names]
    for name, record in zip(names, records, strict=True):
        print_match(name, record.id, quiet=quiet)
    return records


def _as_json(verdict: "Verdict") -> dict[str, Any]:
    return {
        "id": verdict.id,
        "path": str(verdict.path),
        "state": verdict.state,
        "whole": not verdict.wrong,
        "wrong": list(verdict.wrong),
    }


def _print(verdicts: "list[Verdict]") -> None:
    out = make_console(wrapped=True)
    for verdict in verdicts:
        if verdict.wrong:
            for wrong in verdict.wrong:
                out.print(f"{verdict.id}: {wrong}")
        else:
            whole = "whole" if verdict.state == "finished" else f"{verdict.state}, whole so far"
            out.print(f"{verdict.id}: {whole}")
