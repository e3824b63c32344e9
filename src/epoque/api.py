"""The Python door: run, resume and sweep recipes in one call each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.config import Config
from epoque.bench.figures.styles import use_style
from epoque.bench.files.output_paths import new_runs_folder, runs_folder
from epoque.bench.lab import Lab, find_lab, lab_names
from epoque.bench.notebook import default_progress
from epoque.bench.progress import Notify, Progress
from epoque.bench.recipes import Recipe, find_recipe, recipe_names
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.execute import resume as resume_run
from epoque.bench.runs.run import Run
from epoque.bench.setting_paths import flatten
from epoque.bench.sinks import SinkFactory, StudySinkFactory
from epoque.bench.sinks.notebook import notebook_sinks
from epoque.bench.sinks.registry import make_sinks
from epoque.bench.sweeps.jobs import BATCH_SIZE
from epoque.bench.system.processes import let_waiting_threads_sleep

if TYPE_CHECKING:
    from epoque.bench.sweeps.executor import Executor
    from epoque.bench.sweeps.grid import Axis
    from epoque.bench.sweeps.search import Search
    from epoque.bench.sweeps.sweep import Sweep

let_waiting_threads_sleep()

__all__ = ["configure", "labs", "recipes", "resume", "run", "runs_folder", "search", "sweep"]


def labs() -> tuple[str, ...]:
    """Return the names of the installed labs; `epoque.NAME` is the package of each."""
    return lab_names()


def recipes(lab: str = "") -> tuple[str, ...]:
    """Return the names of the recipes, such as `neuron/and`.

    Args:
        lab: only those of this lab; "" for all.

    Raises:
        UnknownNameError: if there is no such lab, with the nearest names.
    """
    if lab:
        find_lab(lab)
    return tuple(name for name in recipe_names() if name.startswith(f"{lab}/" if lab else ""))


def configure(recipe: str, settings: dict[str, Any]) -> tuple[Recipe, Lab[Any], Config]:
    """Return a recipe, its lab, and its config with some settings changed.

    Raises:
        UnknownNameError: if there is no such recipe.
        UsageError: if the recipe names a setting that its lab does not have.
        ConfigError: if settings are wrong; all of them are listed.
    """
    entry = find_recipe(recipe)
    lab = find_lab(entry.lab)
    return entry, lab, entry.build(lab.config_class, settings)


def run(
    recipe: str,
    *,
    runs: str | Path | None = None,
    name: str | None = None,
    sinks: Sequence[str | SinkFactory] = (),
    figures: bool = True,
    style: str | None = None,
    **settings: Any,
) -> Run:
    """Train a recipe and return its finished run.

    Args:
        recipe: a name such as `neuron/and`, or the path of a YAML file.
        runs: the folder of runs; by default EPOQUE_RUNS or ./runs.
        name: the run's name; the same call again goes on with it, or returns it if it is finished
            (what is damaged of it is made again first).
        sinks: what else receives the events, by name ("console", "tensorboard") or factory.
        figures: whether to draw the figures at the end.
        style: the figure style; by default EPOQUE_STYLE or the house's.
        settings: of the lab's config, in place of the recipe's; those of a part nested, or by their
            path.

    Raises:
        UnknownNameError: if there is no such recipe.
        ConfigError: if settings are wrong, or others than those of the run of that name; all of
            them are listed.
        RunLockedError: if another process is writing the run of that name.
        RunWriteError: if the run folder cannot be written.
        DivergenceError: if training diverges; the run keeps what was measured before.
    """
    entry, lab, config = configure(recipe, settings)
    factories = [*make_sinks(sinks), *notebook_sinks()]
    with use_style(style):
        record = start(lab, config, entry.name, new_runs_folder(runs), name)
        if name is not None and record.is_complete:
            return record
        return execute(record, factories, draw=figures)


def resume(
    path: str | Path,
    *,
    sinks: Sequence[str | SinkFactory] = (),
    figures: bool = True,
    style: str | None = None,
) -> Run:
    """Go on with an interrupted or failed run; it ends as if it had never stopped.

    The arguments are those of `run`.

    Raises:
        UnknownNameError: if there is no run folder at `path`.
        UsageError: if it is already finished.
        RunLockedError: if another process is writing it.
    """
    factories = [*make_sinks(sinks), *notebook_sinks()]
    with use_style(style):
        return resume_run(Run.open(path), factories, draw=figures)


def sweep(
    recipe: str,
    *axes: str,
    runs: str | Path | None = None,
    workers: int | None = None,
    on: "str | Executor | None" = None,
    retries: int | None = None,
    deadline: float | None = None,
    keep_runs: str | None = None,
    ship: bool = False,
    host_column: bool = False,
    sinks: Sequence[str | StudySinkFactory] = (),
    progress: Progress | None = None,
    notify: Notify | None = None,
    figures: bool = True,
    style: str | None = None,
    **settings: Any,
) -> "Sweep":
    """Run a recipe at every point of a grid and return the table of results.

    The same call goes on with a sweep that was interrupted.

    Args:
        recipe: a name such as `neuron/and`, or the path of a YAML file.
        axes: such as `"learning_rate=0.01:10:log:50"` and `"seed=0:200"`.
        runs: the folder the sweep is saved in; by default EPOQUE_RUNS or ./runs.
        workers: how many points are measured at once; by default one a core, or one where a single
            run keeps all cores busy.
        on: what measures them, by name ("local", "ray"), by address ("head:6379") or itself; by
            default EPOQUE_ON or this machine.
        retries: how often what was lost with its process or machine is tried again; by default 3.
        deadline: seconds that a point may take that is a run of its own.
        keep_runs: which runs of points stay: "all", "failed" or "none"; by default all up to 10,000
            points, else those that failed.
        ship: whether files that settings name are copied into the folder, for other machines.
        host_column: whether the table says which machine measured each row.
        sinks: what else receives the points, by name ("tensorboard") or factory.
        progress: receives how many points are measured, and how many there are; in a notebook a
            bar by default.
        notify: receives how many trainings there will be, and what is odd about the data.
        figures: whether to draw the figures at the end.
        style: the figure style; by default EPOQUE_STYLE or the house's.
        settings: of the lab's config, in place of the recipe's; those of a part nested, or by their
            path.

    Raises:
        ConfigError: if settings or axes are wrong; all of them are listed.
        UsageError: if there is no axis, or there are too many points.
    """
    from epoque.bench.sweeps.execution import Execution
    from epoque.bench.sweeps.grid import parse_axes
    from epoque.bench.sweeps.run_sweep import resume_sweep, run_sweep
    from epoque.bench.sweeps.study import announce
    from epoque.bench.sweeps.sweep import Sweeps

    entry, lab, config = configure(recipe, settings)
    parsed, root = parse_axes(config, axes, flatten(settings)), new_runs_folder(runs)
    existing = Sweeps(root).find(entry.name, _texts_by_field(parsed), config=config, finished=False)
    how: dict[str, Any] = {
        "execution": Execution.choose(
            on, workers, retries, deadline, keep_runs,
            ship=ship, tells_host=host_column, sinks=sinks, notify=notify,
        ),
        "figures": figures,
        "notify": notify,
    }  # fmt: skip
    with use_style(style), default_progress(progress) as shown:
        how["progress"] = shown
        if existing is not None:
            announce(lab, config, parsed, notify)
            return resume_sweep(existing, **how)
        return run_sweep(lab, entry.name, config, parsed, root, **how)


def search(
    recipe: str,
    *axes: str,
    trials: int = 50,
    sampler: str = "tpe",
    score: str | None = None,
    direction: str = "minimize",
    trial_batch: int = BATCH_SIZE,
    runs: str | Path | None = None,
    workers: int | None = None,
    on: "str | Executor | None" = None,
    retries: int | None = None,
    deadline: float | None = None,
    keep_runs: str | None = None,
    ship: bool = False,
    host_column: bool = False,
    sinks: Sequence[str | StudySinkFactory] = (),
    progress: Progress | None = None,
    notify: Notify | None = None,
    figures: bool = True,
    style: str | None = None,
    **settings: Any,
) -> "Search":
    """Look for the settings within the axes that make a result smallest (needs Optuna).

    The same call goes on with a search that was interrupted.

    Args:
        recipe: a name such as `neuron/xor-mlp`, or the path of a YAML file.
        axes: where to look; the seeds of a `seed=…` axis are summarised by their median.
        trials: how many settings are tried.
        sampler: `tpe`, which learns where to look, or `random`.
        score: the result to look at; by default the lab's own.
        direction: `minimize` or `maximize`.
        trial_batch: how many trials are proposed together, and measured side by side; later ones
            depend on it.
        runs: the folder the search is saved in; by default EPOQUE_RUNS or ./runs.
        workers: how many points are measured at once; by default one a core, or one where a single
            run keeps all cores busy.
        on: what measures them, by name ("local", "ray"), by address ("head:6379") or itself; by
            default EPOQUE_ON or this machine.
        retries: how often what was lost with its process or machine is tried again; by default 3.
        deadline: seconds that a point may take that is a run of its own.
        keep_runs: which runs of points stay: "all", "failed" or "none"; by default all up to 10,000
            points, else those that failed.
        ship: whether files that settings name are copied into the folder, for other machines.
        host_column: whether the table says which machine measured each row.
        sinks: what else receives the points, by name ("tensorboard") or factory.
        progress: receives how many trials are measured, and how many there are; in a notebook a
            bar by default.
        notify: receives what is odd about the data.
        figures: whether to draw the figures at the end.
        style: the figure style; by default EPOQUE_STYLE or the house's.
        settings: of the lab's config, in place of the recipe's; those of a part nested, or by their
            path.

    Raises:
        ConfigError: if settings or axes are wrong; all of them are listed.
        UsageError: if another argument is wrong.
        MissingExtraError: if Optuna is not installed.
    """
    from epoque.bench.sweeps.execution import Execution
    from epoque.bench.sweeps.grid import parse_axes
    from epoque.bench.sweeps.run_search import resume_search, run_search
    from epoque.bench.sweeps.search import Searches
    from epoque.bench.sweeps.study import announce

    entry, lab, config = configure(recipe, settings)
    explicit = flatten(settings).keys() - {"seed"}  # the search's own, whatever those of its trials
    parsed, root = parse_axes(config, axes, explicit), new_runs_folder(runs)
    goal: dict[str, Any] = {"trials": trials, "sampler": sampler, "direction": direction}
    goal |= {"objective": score or lab.score, "trial_batch": trial_batch}
    existing = Searches(root).find(
        entry.name, _texts_by_field(parsed), config=config, finished=False, **goal
    )
    how: dict[str, Any] = {
        "execution": Execution.choose(
            on, workers, retries, deadline, keep_runs,
            ship=ship, tells_host=host_column, sinks=sinks, notify=notify,
        ),
        "figures": figures,
        "notify": notify,
    }  # fmt: skip
    with use_style(style), default_progress(progress) as shown:
        how["progress"] = shown
        if existing is not None:
            announce(lab, config, (), notify)
            return resume_search(existing, **how)
        return run_search(lab, entry.name, config, parsed, root, **goal, **how)


def _texts_by_field(axes: "Sequence[Axis]") -> dict[str, str]:
    return {axis.field: axis.text for axis in axes}
