"""`epoque sweep` and `search`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from epoque.bench.lab import lab_of
from epoque.bench.options import AsJson, Figures, Quiet, RecipeName, RunsOption, StyleName
from epoque.bench.sweeps.jobs import BATCH_SIZE
from epoque.bench.terminal import make_console, make_table, print_json, print_notes, progress_bar

from .common import Log, add_setting_options, lab_from_argv, split_sinks

if TYPE_CHECKING:
    import pandas as pd

    from epoque.bench.sweeps.execution import Execution
    from epoque.bench.sweeps.search import Search
    from epoque.bench.sweeps.sweep import Sweep

Axes = Annotated[
    str,
    Parameter(help="learning_rate=0.01:10:log:50, init_low=-2:0:lin:5, seed=0:200, update=a,b"),
]
MAX_WORKERS = 10_000
"""More processes than any machine starts; a sweep has at most a million points."""


def _check_workers(_type: object, workers: int | None) -> None:
    if workers is not None and not 0 <= workers <= MAX_WORKERS:
        raise ValueError(f"is not allowed; it takes 1 to {MAX_WORKERS:,}, or 0: as many as cores.")


def _check_retries(_type: object, retries: int | None) -> None:
    if retries is not None and not 0 <= retries <= MAX_RETRIES:
        raise ValueError(f"is not allowed; it takes a whole number from 0 to {MAX_RETRIES}.")


def _check_deadline(_type: object, deadline: float | None) -> None:
    if deadline is not None and not 0 < deadline < float("inf"):
        raise ValueError("is not allowed; it takes a number of seconds greater than 0.")


MAX_RETRIES = 100

Workers = Annotated[
    int | None,
    Parameter(
        help="Points measured at once [default: as many as cores].", validator=_check_workers
    ),
]
On = Annotated[
    str | None,
    Parameter(
        env_var="EPOQUE_ON",
        help="What measures the points: this machine (local), a Ray cluster (ray, HOST:PORT), or "
        "another name.",
    ),
]
Retries = Annotated[
    int | None,
    Parameter(
        help="How often a point is tried again whose process or machine went [default: 3].",
        validator=_check_retries,
    ),
]
Deadline = Annotated[
    float | None,
    Parameter(
        help="Seconds that a point may take that is a run of its own.", validator=_check_deadline
    ),
]
Ship = Annotated[
    bool,
    Parameter(
        negative="", help="Copy files that settings name into the folder, for other machines."
    ),
]
HostColumn = Annotated[
    bool, Parameter(negative="", help="Say in each row which machine measured it.")
]
KeepRuns = Annotated[
    Literal["all", "failed", "none"] | None,
    Parameter(
        help="Which runs of points stay in the folder [default: all up to 10,000 points, else "
        "failed]."
    ),
]


def register(app: App, argv: Sequence[str]) -> None:
    """Add these commands to the application."""
    lab = lab_from_argv(argv[1:]) if argv[:1] in (["sweep"], ["search"]) else None
    app.command(add_setting_options(sweep, lab), name="sweep")
    app.command(add_setting_options(search, lab), name="search")


def sweep(
    recipe: RecipeName,
    /,
    *axes: Axes,
    runs: RunsOption = None,
    workers: Workers = None,
    on: On = None,
    retries: Retries = None,
    deadline: Deadline = None,
    keep_runs: KeepRuns = None,
    ship: Ship = False,
    host_column: HostColumn = False,
    log: Log = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
    figures: Figures = True,
    style: StyleName = None,
    **settings: Any,
) -> None:
    """Run a recipe at every point of a grid: one table and one figure.

    Axes: `field=low:high:log:n` and `field=low:high:lin:n` (n values, both ends),
    `seed=0:200` (whole numbers, 200 excluded) or `seed=0-199`, `field=a,b,c` (a list: 1,5 are two
    values, 1.5 is one). The same command again goes on with a sweep that was interrupted.

    Example: `epoque sweep neuron/and learning_rate=0.01:10:log:50 seed=0:200`.
    """
    from epoque.api import sweep as run

    with progress_bar(f"sweep {recipe}", "points", quiet=quiet or as_json) as progress:
        study = run(
            recipe, *axes, runs=runs, workers=workers, on=on, retries=retries, deadline=deadline,
            keep_runs=keep_runs, ship=ship, host_column=host_column,
            sinks=split_sinks(log), figures=figures, style=style, progress=progress,
            notify=None if quiet else _print_notice, **settings,
        )  # fmt: skip
    _print_results(study, quiet, as_json)


def search(
    recipe: RecipeName,
    /,
    *axes: Axes,
    trials: Annotated[int, Parameter(help="How many points are tried.")] = 50,
    sampler: Annotated[str, Parameter(help="tpe (learns where to look) or random.")] = "tpe",
    score: Annotated[
        str, Parameter(help="The result to look at; by default the lab's own score.")
    ] = "",
    direction: Annotated[str, Parameter(help="minimize or maximize.")] = "minimize",
    trial_batch: Annotated[
        int, Parameter(help="Points proposed together; later ones depend on how many they are.")
    ] = BATCH_SIZE,
    runs: RunsOption = None,
    workers: Workers = None,
    on: On = None,
    retries: Retries = None,
    deadline: Deadline = None,
    keep_runs: KeepRuns = None,
    ship: Ship = False,
    host_column: HostColumn = False,
    log: Log = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
    style: StyleName = None,
    **settings: Any,
) -> None:
    """Look for the best settings inside ranges, with Optuna (extra `search`).

    Each trial counts as the median over the `seed=…` axis. The same command again goes on where
    it stopped.

    Example: `epoque search neuron/xor-mlp learning_rate=0.01:10:log:50 seed=0:20 --trials 30`.
    """
    from epoque.api import search as run
    from epoque.bench.sweeps.run_search import check_trials

    check_trials({"--trials": trials, "--trial-batch": trial_batch})
    with progress_bar(f"search {recipe}", "trials", quiet=quiet or as_json) as progress:
        study = run(
            recipe, *axes, trials=trials, sampler=sampler, score=score or None,
            direction=direction, trial_batch=trial_batch, runs=runs, workers=workers, on=on,
            retries=retries, deadline=deadline, keep_runs=keep_runs, ship=ship,
            host_column=host_column, sinks=split_sinks(log), style=style, progress=progress,
            notify=None if quiet else _print_notice, **settings,
        )  # fmt: skip
    _print_results(study, quiet, as_json)


def _print_notice(line: str) -> None:
    print_notes([line])


def resume_study(
    study: "Sweep | Search", execution: "Execution", *, figures: bool, quiet: bool, as_json: bool
) -> None:
    """Go on with an interrupted sweep or search."""
    from epoque.bench.sweeps.run_search import resume_search
    from epoque.bench.sweeps.run_sweep import resume_sweep
    from epoque.bench.sweeps.search import Search

    with progress_bar(study.id, "done", quiet=quiet or as_json) as progress:
        options: dict[str, Any] = {"progress": progress, "figures": figures}
        options |= {"execution": execution, "notify": None if quiet else _print_notice}
        if isinstance(study, Search):
            _print_results(resume_search(study, **options), quiet, as_json)
        else:
            _print_results(resume_sweep(study, **options), quiet, as_json)


def _summary(study: "Sweep | Search") -> "pd.DataFrame":
    """Return the score with its interval, and of a sweep the medians of the lab's headline."""
    from epoque.bench.sweeps.sweep import Sweep

    if not isinstance(study, Sweep):
        return study.rank_trials()
    others = [n for n in lab_of(study).headline if n in study.table and n != study.score]
    summary = study.aggregate([study.score, *others])
    return summary.drop(columns=[f"{name}_{end}" for name in others for end in ("low", "high")])


def _print_results(study: Any, quiet: bool, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(study.path), "rows": study.table.to_dict(orient="records")})
    elif not quiet:
        out = make_console(wrapped=True)
        summary = _summary(study)
        rows = summary.head(12)
        out.print(make_table(list(summary.columns), rows.itertuples(index=False)))
        if len(summary) > len(rows):
            out.print(f"… {len(summary) - len(rows)} more rows in table.parquet")
        out.print(f"\n{study.path}")
