"""Whether runs, sweeps and searches are what they were when they were saved, to the last bit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DamagedRunError
from .find_record import AnyRecord
from .resume_point import find_resume_point
from .run import Run
from .status import State

__all__ = ["Verdict", "inner_runs", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one record.

    Attributes:
        id: its folder's name.
        path: its folder.
        state: how it stands; only what is finished has a manifest to compare with.
        wrong: what is damaged, each the end of a sentence; empty where all is as it was saved.
    """

    id: str
    path: Path
    state: State
    wrong: tuple[str, ...] = field(default=())


def verify(record: AnyRecord) -> Verdict:
    """Compare each file of a finished record with its manifest; nothing is changed.

    Of a run that is not finished, what its checkpoints tell of the other files is compared.
    """
    state = record.status.state
    if state == "finished":
        wrong = tuple(record.differences())
    elif isinstance(record, Run) and not record.is_locked():
        wrong = (*record.differences(), *_describe_unfinished(record))
    else:
        wrong = ()
    return Verdict(record.id, record.path, state, wrong)


def _describe_unfinished(run: Run) -> Iterator[str]:
    try:
        notice = find_resume_point(run).notice
    except DamagedRunError as error:
        notice = str(error)
    if notice:
        yield notice.removesuffix(".")


def inner_runs(record: AnyRecord) -> Iterator[Run]:
    """Yield the runs that a sweep or search made of its points, and keeps."""
    if not isinstance(record, Run):
        yield from record.runs
