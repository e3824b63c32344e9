"""Running experiments: pull the events of a training and hand each to the sinks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EpoqueError, NameTakenError, RunWriteError, UsageError, first_line
from ..events import Checkpoint, Event
from ..files.atomic import encode_json, explain_write_errors
from ..lab import C, Lab, find_lab, lab_of
from ..plain_values import to_plain
from ..progress import Notify, Progress, no_progress
from ..sinks import ShowsProgress, Sink, SinkFactory
from ..stopping import Interrupt, defer_stop, handle_stop_signals
from ..undefined import explain_undefined_results
from .lock import lock_record
from .resume_point import ResumePoint, find_resume_point
from .run import Run
from .run_name import find_named_run
from .run_writer import RunWriter, create_run
from .status import State, describe_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "check_result_names",
    "check_resumable",
    "execute",
    "join_resumed_training",
    "join_training",
    "resume",
    "save_figures",
    "start",
]

OpenProgress = Callable[[], AbstractContextManager[Progress]]
"""Opens what shows how far something is, and closes it when it is done."""


def start(
    lab: Lab[C],
    config: C,
    recipe: str,
    root: str | Path = "runs",
    name: str | None = None,
) -> Run[C]:
    """Make the folder of a new run, or find the one of that name; `execute` trains it.

    Args:
        lab: the lab.
        config: what to train.
        recipe: the recipe's name.
        root: the folder of runs.
        name: the run's name; if there is one, it is returned, however far it is (see
            `epoque.bench.runs.run_name.find_named_run`). None makes a new run.

    Raises:
        RunWriteError: if the system refuses.
        UsageError: if there is something else of that name; or what the config names cannot be
            used, and then there is no folder.
    """
    root = Path(root)
    if name is None:
        lab.check(config)
        return create_run(root, lab.name, recipe, config)
    if (existing := find_named_run(lab, config, root, name)) is not None:
        return existing
    lab.check(config)
    try:
        return create_run(root, lab.name, recipe, config, name, only=True)
    except NameTakenError:  # another process made it in this moment
        return find_named_run(lab, config, root, name) or start(lab, config, recipe, root, name)


def resume(
    run: Run[C],
    sinks: Sequence[SinkFactory] = (),
    *,
    draw: bool = True,
    notify: Notify | None = None,
    open_progress: OpenProgress | None = None,
) -> Run[C]:
    """Go on with an interrupted or failed run from its last whole checkpoint (see `execute`).

    Of a finished run, what is missing or damaged is made again.

    Raises:
        UsageError: if the run is already finished, and whole.
        RunLockedError: if another process is writing it.
        DamagedRunError: if what is needed to go on cannot be read.
    """
    _check_unfinished(run)
    return execute(run, sinks, draw=draw, notify=notify, open_progress=open_progress)


def _check_unfinished(run: Run) -> None:
    """Refuse a finished run, unless something of it is missing or damaged."""
    if run.is_complete:
        raise UsageError(f"{run.id} is already finished; there is nothing to resume.")


def execute(
    run: Run[C],
    sinks: Sequence[SinkFactory] = (),
    *,
    draw: bool = True,
    notify: Notify | None = None,
    open_progress: OpenProgress | None = None,
) -> Run[C]:
    """Train a run to its end, from the last checkpoint of its own (see `find_resume_point`).

    Args:
        run: the run's folder.
        sinks: what else receives the events.
        draw: whether to save the figures when it is finished.
        notify: receives which checkpoint is not used and why, and what the lab has to say before a
            long training (see `Lab.prepare`); None does not have it prepare.
        open_progress: shows how far the lab is with what it makes before the training; None does
            not ask it.

    Raises:
        EpoqueError: what stopped it; the run's status then says "failed" and why. If all that
            failed is a figure, the run is finished and this says which.
        Interrupt: if a signal stopped it, where it could with a checkpoint (see
            `epoque.bench.stopping`); the run's status then says "interrupted" and names it.
    """
    with lock_record(run.path), handle_stop_signals():
        resume_point = find_resume_point(run)
        _check_resume(resume_point)
        if notify is not None and resume_point.notice:
            notify(resume_point.notice)
        _train(run, resume_point, sinks, draw=draw, notify=notify, open_progress=open_progress)
    return Run(run.path)  # a fresh reader: nothing cached from before the training


def check_resumable(run: Run) -> None:
    """Check that a run can be gone on with, before anything of it is touched (see `resume`).

    Raises:
        UsageError: if it is finished and whole, or its lab refuses.
        DamagedRunError: if what is needed to go on cannot be read.
    """
    _check_unfinished(run)
    _check_resume(find_resume_point(run))


def _check_resume(resume_point: ResumePoint) -> None:
    """Check with the lab, before anything of the run is changed, that it can be gone on with."""
    if resume_point.checkpoint is None:
        return
    lab = find_lab(resume_point.metadata["lab"])
    config = lab.config_class.from_record(resume_point.metadata["config"])
    lab.check_resume(config, resume_point.checkpoint)


def join_training(
    lab: Lab[C], config: C, resume: Checkpoint | None = None, *, prepared: bool = False
) -> None:
    """Take part in a training that another process records (see `epoque.bench.system.processes`).

    Args:
        lab: the lab.
        config: the same as in the process that records.
        resume: likewise.
        prepared: whether that process has the lab prepare first: processes that compute together
            must do the same things in the same order.

    Raises:
        EpoqueError: what stopped the training.
    """
    if resume is None:
        lab.check(config)
    if prepared:
        lab.prepare(config, resume)
    with defer_stop():
        for _ in lab.train(config, resume):
            pass


def join_resumed_training(run: Run, *, prepared: bool = False) -> None:
    """Take part in going on with a run (see `resume` and `join_training`); the folder is only read.

    Raises:
        UsageError: if the run is already finished.
        EpoqueError: what stopped the training.
    """
    _check_unfinished(run)
    resume_point = find_resume_point(run)
    lab = find_lab(resume_point.metadata["lab"])
    join_training(
        lab,
        lab.config_class.from_record(resume_point.metadata["config"]),
        resume_point.checkpoint,
        prepared=prepared,
    )


def _train(
    run: Run[C],
    resume_point: ResumePoint,
    factories: Iterable[SinkFactory],
    *,
    draw: bool,
    notify: Notify | None,
    open_progress: OpenProgress | None,
) -> None:
    folder = RunWriter(run, resume_point)
    run, checkpoint = Run(run.path), resume_point.checkpoint  # its config.json may be written again
    lab = lab_of(run)
    sinks: list[Sink] = [folder]
    state: State = "failed"
    reason = "an unexpected error"
    try:
        if notify is not None:
            with (open_progress or _no_display)() as progress:
                notice = lab.prepare(run.config, checkpoint, progress)
            if notice:
                notify(notice)
        sinks.extend(factory(run) for factory in factories)
        with defer_stop():
            for event in lab.train(run.config, checkpoint):
                _tell(sinks, event)
        folder.flush()
        failures = _save_results(folder, draw, _progress_of(sinks))
        state, reason = "finished", ""
    except (KeyboardInterrupt, GeneratorExit, Exception) as error:
        state, reason = describe_end(error)
        if isinstance(error, Interrupt):
            error.run = run.path
        raise
    finally:
        _close(sinks, state, reason)
    if failures:
        raise EpoqueError(f"{run.id} is finished and its results are kept, but {failures[0]}")


@contextmanager
def _no_display() -> Iterator[Progress]:
    yield no_progress


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


def _progress_of(sinks: Iterable[Sink]) -> Progress:
    """Return what has those sinks show how far something is that can."""
    receivers = [sink.progress for sink in sinks if isinstance(sink, ShowsProgress)]

    def progress(done: int, total: int | None, what: str = "") -> None:
        for show in receivers:
            show(done, total, what)

    return progress


def _save_results(folder: RunWriter, draw: bool, progress: Progress) -> list[str]:
    """Save the numbers and pictures of a training that came to its end, and seal the folder.

    Returns:
        Of each figure that cannot be drawn which and why; what was trained does not hang on it.
    """
    trained = Run(folder.run.path)
    lab = lab_of(trained)
    values = lab.evaluate(trained, progress)
    plain = {name: to_plain(value, f"result {name!r}") for name, value in values.items()}
    folder.save("results.json", encode_json(explain_undefined_results(plain)))
    failures: list[str] = []
    if draw:
        paths, failures = _save_drawable(trained.path / "figures", lab, trained)
        folder.take_in(paths)
    folder.seal()
    return failures


def check_result_names(results: Mapping[str, object], settings: Iterable[str]) -> None:
    """Check that no number is called like a swept setting: a table has one column of a name.

    Texts and lists may be, such as the precision that "auto" came to: a table has the setting.

    Raises:
        UsageError: if one is.
    """
    for name in settings:
        if isinstance(results.get(name), int | float):
            raise UsageError(
                f"The result {name!r} is also a setting; a table of a sweep could not hold both, "
                f"so call it something else, such as 'final_{name}'."
            )


def _save_drawable(folder: Path, lab: Lab[C], run: Run[C]) -> tuple[list[Path], list[str]]:
    """Save the figures of a run that can be drawn; return the files, and why the others cannot."""
    paths: list[Path] = []
    try:
        figures = lab.figures(run)
    except Exception as error:
        return [], [f"its figures could not be drawn: {type(error).__name__}: {first_line(error)}."]
    failures = []
    for name, draw in figures.items():
        try:
            paths += save_figures(folder, {name: draw})
        except RunWriteError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            failures.append(f"the figure {name!r} could not be drawn: {reason}.")
    return paths, failures


def save_figures(folder: Path, figures: "Mapping[str, Callable[[], Figure]]") -> list[Path]:
    """Draw figures in the house style, save each as PNG and SVG, and return these files."""
    from ..figures.plot import figure_style, save_figure

    with explain_write_errors(folder):
        folder.mkdir(exist_ok=True)
    with figure_style():
        for name, draw in figures.items():
            save_figure(draw(), folder / name)
    return [folder / f"{name}.{ending}" for name in figures for ending in ("png", "svg")]
