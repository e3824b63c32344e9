"""Running experiments: pull the events of a training and hand each to the sinks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config
from .errors import DamagedRunError, EpoqueError, NameTakenError, RunWriteError, UsageError
from .events import Checkpoint, Event
from .files import told_write_errors, write_json
from .folder import RunFolder, check_metrics, create_run
from .lab import Lab, Making
from .record import State, lock_record
from .run import Run
from .run_name import find_named_run
from .sinks import Shows, Sink, SinkFactory
from .stopping import Interrupt, patient
from .undefined import defined_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["assist", "assist_again", "execute", "resume", "save_figures", "start"]

Say = Callable[[str], None]
Show = Callable[[], AbstractContextManager[Making]]
"""Opens what shows how far the making of something is."""


def start(
    lab: Lab[Any],
    config: Config,
    recipe: str,
    root: str | Path = "runs",
    name: str | None = None,
) -> Run:
    """Make the folder of a new run, or find the one of that name; `execute` trains it.

    Args:
        lab: the lab.
        config: what to train.
        recipe: the recipe's name.
        root: the folder of runs.
        name: the run's name; if there is one, it is returned, however far it is (see
            `epoque.bench.run_name.find_named_run`). None makes a new run.

    Raises:
        RunWriteError: if the system refuses.
        UsageError: if there is something else of that name; or what the config names cannot be
            used, and then there is no folder.
    """
    root = Path(root)
    if name is None:
        lab.check(config)
        return create_run(root, lab.name, recipe, config)
    if (known := find_named_run(lab, config, root, name)) is not None:
        return known
    lab.check(config)
    try:
        return create_run(root, lab.name, recipe, config, name, only=True)
    except NameTakenError:  # another process made it in this moment
        return find_named_run(lab, config, root, name) or start(lab, config, recipe, root, name)


def resume(
    run: Run,
    sinks: Sequence[SinkFactory] = (),
    *,
    draw: bool = True,
    say: Say | None = None,
    show: Show | None = None,
) -> Run:
    """Go on with an interrupted or failed run from its last whole checkpoint (see `execute`).

    Raises:
        UsageError: if the run is already finished.
        RunLockedError: if another process is writing it.
        DamagedRunError: if what is needed to go on cannot be read.
    """
    _check_unfinished(run)
    return execute(run, sinks, draw=draw, say=say, show=show)


def _check_unfinished(run: Run) -> None:
    if run.status.state == "finished":
        raise UsageError(f"{run.id} is already finished; there is nothing to resume.")


def execute(
    run: Run,
    sinks: Sequence[SinkFactory] = (),
    *,
    draw: bool = True,
    say: Say | None = None,
    show: Show | None = None,
) -> Run:
    """Train a run to its end, from its last checkpoint if it has one.

    Args:
        run: the run's folder.
        sinks: what else receives the events.
        draw: whether to save the figures when it is finished.
        say: is told what the lab has to say before a long training; None does not ask it.
        show: shows how far the lab is with what it makes before the training; None does not ask it.

    Raises:
        EpoqueError: what stopped it; the run's status then says "failed" and why.
        Interrupt: if a signal stopped it, where it could with a checkpoint (see
            `epoque.bench.stopping`); the run's status then says "interrupted" and names it.
    """
    with lock_record(run.path):
        checkpoint = _last_whole_checkpoint(run)
        _train(run, checkpoint, sinks, draw=draw, say=say, show=show)
    return Run(run.path)  # a fresh reader: nothing cached from before the training


def assist(
    lab: Lab[Any], config: Config, resume: Checkpoint | None = None, *, noticed: bool = False
) -> None:
    """Take part in a training that another process records (see `epoque.bench.processes`).

    Args:
        lab: the lab.
        config: the same as in the process that records.
        resume: likewise.
        noticed: whether that process asks the lab for its notice first: processes that compute
            together must do the same things in the same order.

    Raises:
        EpoqueError: what stopped the training.
    """
    if resume is None:
        lab.check(config)
    if noticed:
        lab.notice(config, resume)
    with patient():
        for _ in lab.train(config, resume):
            pass


def assist_again(run: Run, *, noticed: bool = False) -> None:
    """Take part in going on with a run (see `resume` and `assist`); the folder is only read.

    Raises:
        UsageError: if the run is already finished.
        EpoqueError: what stopped the training.
    """
    _check_unfinished(run)
    assist(run.lab, run.config, _last_whole_checkpoint(run), noticed=noticed)


def _last_whole_checkpoint(run: Run) -> Checkpoint | None:
    """Return the newest checkpoint that can be read; an older one will do, it costs only time."""
    damage = None
    for step in reversed(run.checkpoint_steps):
        try:
            checkpoint = run.checkpoint(step)
            check_metrics(run, checkpoint)
        except DamagedRunError as error:
            damage = damage or error
        else:
            return checkpoint
    if damage:
        raise damage
    return None


def _train(
    run: Run,
    checkpoint: Checkpoint | None,
    factories: Iterable[SinkFactory],
    *,
    draw: bool,
    say: Say | None,
    show: Show | None,
) -> None:
    folder = RunFolder(run, checkpoint)
    sinks: list[Sink] = [folder]
    state: State = "failed"
    reason = "an unexpected error"
    try:
        if show is not None:
            with show() as told:
                run.lab.prepare(run.config, told)
        if say is not None and (notice := run.lab.notice(run.config, checkpoint)):
            say(notice)
        sinks.extend(factory(run) for factory in factories)
        with patient():
            for event in run.lab.train(run.config, checkpoint):
                _tell(sinks, event)
        folder.flush()
        _conclude(run, draw, _shown_by(sinks))
        state, reason = "finished", ""
    except (KeyboardInterrupt, GeneratorExit) as error:
        state, reason = "interrupted", str(error) or "stopped by the user"
        if isinstance(error, Interrupt):
            error.run = run.path
        raise
    except EpoqueError as error:
        reason = str(error)
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise
    finally:
        _close(sinks, state, reason)


def _tell(sinks: Iterable[Sink], event: Event) -> None:
    for sink in sinks:
        sink.log(event)


def _close(sinks: Sequence[Sink], state: State, reason: str) -> None:
    """Close every sink whatever the others raise, the run folder last."""
    # A full disk already raised once; a second error here would hide the first.
    hidden = () if state == "finished" else (RunWriteError,)
    with suppress(*hidden), ExitStack() as stack:
        for sink in sinks:
            stack.callback(sink.close, state, reason)


def _shown_by(sinks: Iterable[Sink]) -> Making:
    """Return what has the sinks that can show how far something is."""
    shows = [sink.show for sink in sinks if isinstance(sink, Shows)]

    def told(what: str, share: float | None) -> None:
        for show in shows:
            show(what, share)

    return told


def _conclude(run: Run, draw: bool, told: Making) -> None:
    """Save the numbers and pictures of a training that came to its end."""
    trained = Run(run.path)
    write_json(run.path / "results.json", defined_results(run.lab.evaluate_telling(trained, told)))
    if draw:
        save_figures(run.path / "figures", run.lab.figures(trained))


def save_figures(folder: Path, figures: "Mapping[str, Callable[[], Figure]]") -> None:
    """Draw figures in the house style and save each as PNG and SVG."""
    from .plot import house_style, save_figure

    with told_write_errors(folder):
        folder.mkdir(exist_ok=True)
    with house_style():
        for name, draw in figures.items():
            save_figure(draw(), folder / name)
