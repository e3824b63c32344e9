"""`epoque run`, `resume`, and `epoque LAB train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import new_runs_folder, runs_folder
from epoque.bench.options import AsJson, Figures, Quiet, RecipeName, RunName, RunsOption, StyleName
from epoque.bench.system.processes import rank, world_size
from epoque.bench.terminal import (
    format_result,
    make_console,
    make_table,
    print_json,
    print_line,
    print_match,
    print_notes,
)

from .common import Log, add_setting_options, lab_from_argv, split_sinks
from .sweep import Deadline, KeepRuns, On, Retries, Workers, resume_study

if TYPE_CHECKING:
    from epoque.bench.config import Config
    from epoque.bench.lab import Lab

Name = Annotated[
    str | None,
    Parameter(help="The run's name; the same command again goes on with it."),
]

DryRun = Annotated[
    bool,
    Parameter(
        name=["--dry-run", "-n"],
        negative="",
        help="Check everything and show the settings; make no run.",
    ),
]


def register(app: App, argv: Sequence[str]) -> None:
    """Add these commands to the application."""
    lab = lab_from_argv(argv[1:]) if argv[:1] == ["run"] else None
    app.command(add_setting_options(run, lab), name="run")
    app.command(resume)


def run(
    recipe: RecipeName,
    /,
    *,
    name: Name = None,
    runs: RunsOption = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    log: Log = "",
    figures: Figures = True,
    style: StyleName = None,
    dry_run: DryRun = False,
    **settings: Any,
) -> None:
    """Train a recipe and save its run: settings, metrics, checkpoints, numbers and figures.

    `epoque run neuron/and --help` also lists the settings of that recipe's lab; each is an option.

    Examples: `epoque run neuron/and`, `epoque run neuron/and --learning-rate 2 --seed 7`,
    `epoque run neuron/xor --json | head`.

    Many processes can train one model, where its lab shares the work:
    `torchrun --nproc-per-node 2 -m epoque run …`, or on GPUs `accelerate launch -m epoque run …`.
    They share the folder of runs, which only the first one writes. `epoque resume` goes on
    likewise.

    With `--name NAME` the same command goes on with the run that it began, whatever stopped it,
    and says so if that is finished and whole: for scripts, `torchrun --max-restarts` and jobs that
    are queued again.
    """
    from epoque.api import configure

    experiment, lab, config = configure(recipe, settings)
    if dry_run:
        _show_dry_run(lab, config, as_json=as_json)
        return
    _run_training(
        lab, config, experiment.name, runs, name,
        quiet=quiet, as_json=as_json, log=log, figures=figures, style=style,
    )  # fmt: skip


def add_training(app: App, lab: "Lab[Any]") -> None:
    """Give a lab's commands one that trains from settings alone, if the lab wants it."""
    command = lab.train_command()
    if command is None or "train" in app:
        return

    def train(
        *,
        name: Name = None,
        runs: RunsOption = None,
        quiet: Quiet = False,
        as_json: AsJson = False,
        log: Log = "",
        figures: Figures = True,
        style: StyleName = None,
        dry_run: DryRun = False,
        **settings: Any,
    ) -> None:
        config, recipe = lab.config_class.parse(settings), f"{lab.name}/train"
        if dry_run:
            _show_dry_run(lab, config, as_json=as_json)
            return
        _run_training(
            lab, config, recipe, runs, name,
            quiet=quiet, as_json=as_json, log=log, figures=figures, style=style,
        )  # fmt: skip

    app.command(add_setting_options(train, lab, command.options), name="train", help=command.help)


def _show_dry_run(lab: "Lab[Any]", config: "Config", *, as_json: bool) -> None:
    """Check a config and what it names, and show its settings that have an effect."""
    print_notes(lab.remarks(config))
    lab.check(config)
    ignored = config.ignored_settings()
    settings = {k: v for k, v in config.flatten().items() if k not in ignored}
    if as_json:
        print_json(settings)
        return
    make_console(wrapped=True).print(make_table(("", ""), settings.items()))
    print_line("All of it can be used; nothing was trained or written.")


def _run_training(
    lab: "Lab[Any]",
    config: "Config",
    recipe: str,
    runs: Path | None,
    name: str | None,
    *,
    quiet: bool,
    as_json: bool,
    log: str,
    figures: bool,
    style: str | None,
) -> None:
    """Train a config, alone or with other processes, and tell how it ended."""
    from epoque.bench.figures.styles import check_style, use_style
    from epoque.bench.runs.execute import execute, join_resumed_training, join_training, start
    from epoque.bench.runs.run_name import find_named_run

    sinks, root = _sinks(quiet, as_json, log), new_runs_folder(runs)
    if rank():
        existing = None if name is None else find_named_run(lab, config, root, name)
        if existing is None:
            join_training(lab, config, prepared=not quiet)
        elif not existing.is_complete:
            join_resumed_training(existing, prepared=not quiet)
        return
    check_style(style)
    print_notes(
        lab.remarks(config)
    )  # read before a folder is made: what is wrong with it ends here
    new_run = start(lab, config, recipe, root, name)
    if name is not None and new_run.is_complete:
        _tell_finished(new_run, quiet, as_json)
        return
    if not quiet and new_run.status.state == "finished":
        print_notes(f"{new_run.id}: {wrong}; it is made again." for wrong in new_run.differences())
    with use_style(style):
        finished = execute(new_run, sinks, draw=figures, **_display_options(quiet))
    _print_results(finished, quiet or as_json)


def resume(
    run: RunName,
    /,
    *,
    runs: RunsOption = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    log: Log = "",
    figures: Figures = True,
    style: StyleName = None,
    workers: Workers = None,
    on: On = None,
    retries: Retries = None,
    deadline: Deadline = None,
    keep_runs: KeepRuns = None,
) -> None:
    """Go on with an interrupted run, sweep or search; it ends as if it had never stopped.

    `--workers`, `--on`, `--retries`, `--deadline` and `--keep-runs` are for sweeps and searches,
    and need not be those that it was begun with.
    """
    from epoque.bench.figures.styles import use_style
    from epoque.bench.runs.execute import join_resumed_training
    from epoque.bench.runs.execute import resume as resume_run
    from epoque.bench.runs.find_record import find_record
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.execution import Execution

    record = find_record(runs_folder(runs), run)
    if not rank():
        print_match(run, record.id, quiet=quiet or as_json)
    if not isinstance(record, Run):
        if world_size() > 1:
            raise UsageError(f"{record.id} is no run; many processes can only go on with a run.")
        execution = Execution.choose(
            on, workers, retries, deadline, keep_runs, sinks=split_sinks(log),
            notify=None if quiet else _print_notice,
        )  # fmt: skip
        with use_style(style):
            resume_study(record, execution, figures=figures, quiet=quiet, as_json=as_json)
        return
    sinks = _sinks(quiet, as_json, log)
    if rank():
        join_resumed_training(record, prepared=not quiet)
        return
    with use_style(style):
        finished = resume_run(record, sinks, draw=figures, **_display_options(quiet))
    _print_results(finished, quiet or as_json)


def _sinks(quiet: bool, as_json: bool, log: str) -> list[Any]:
    from epoque.bench.sinks.registry import make_sinks

    if quiet and as_json:
        raise UsageError("--quiet and --json exclude each other.")
    names = split_sinks(log)
    if as_json:
        return make_sinks(["json", *names])
    return make_sinks(names if quiet else ["console", *names])


def _display_options(quiet: bool) -> dict[str, Any]:
    """Return what prints a lab's words before a training, and shows how far it is with that."""
    from epoque.bench.terminal import preparation_bar

    return {} if quiet else {"notify": _print_notice, "open_progress": preparation_bar}


def _print_notice(notice: str) -> None:
    """Print what a lab says before a long training on standard error."""
    from rich.console import Console

    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(notice)


def _tell_finished(run: Any, quiet: bool, as_json: bool) -> None:
    """Say that a run is finished already, to a program as of one that has just ended."""
    from epoque.bench.sinks.registry import make_sinks

    if as_json:
        for sink in make_sinks(["json"]):
            sink(run).close("finished")
    elif not quiet:
        make_console(wrapped=True).print(f"{run.path} is finished already.\n")
    _print_results(run, quiet or as_json)


def _print_results(run: Any, quiet: bool) -> None:
    """Print the numbers of a finished run and where it is."""
    if quiet:
        return
    out = make_console(wrapped=True)
    unmeasured, results = run.results.get("not_measured", {}), run.results
    plain = [k for k, v in results.items() if isinstance(v, int | float | str) or k in unmeasured]
    out.print(make_table(("", ""), [(name, format_result(name, results)) for name in plain]))
    out.print(f"\n{run.path}")
    if run.figures:
        out.print(f"{run.path / 'figures'}: {', '.join(run.figures)}")
