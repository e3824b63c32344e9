"""The trash: what lies there, bringing it back, deleting it for good.

What a page names is looked for among what lies there, and never joined to a path.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body

from epoque.bench.errors import UnknownNameError
from epoque.bench.runs.run_name import check_name
from epoque.bench.runs.trash import Trash, TrashEntry

from ..run_models import RestoredRun, TrashChoice, TrashPage, TrashRestore
from ..state import StudioDep
from ..trash_facts import describe_entry

__all__ = ["router"]

router = APIRouter(prefix="/trash", tags=["runs"])

MOST_SHOWN = 500
"""The newest; all are counted."""
MOST_EMPTIED = 10_000
"""At once."""


@router.get("")
def list_trash(studio: StudioDep) -> TrashPage:
    """Return what was deleted, the newest first."""
    entries = list(Trash(studio.options.runs))[::-1]
    return TrashPage(
        entries=[describe_entry(entry) for entry in entries[:MOST_SHOWN]],
        total=len(entries),
        folder=str(studio.options.runs),
    )


@router.post("/restore")
def restore(studio: StudioDep, request: TrashRestore) -> RestoredRun:
    """Bring one back, under its name or another."""
    if request.name is not None:
        check_name(request.name)
    trash = Trash(studio.options.runs)
    [entry] = _find_all(trash, [request.entry])
    return RestoredRun(id=trash.restore_entry(entry, request.name).name)


@router.post("/empty")
def empty(
    studio: StudioDep, request: Annotated[list[TrashChoice], Body(max_length=MOST_EMPTIED)]
) -> int:
    """Delete these for good, and nothing that came later; return how many."""
    trash = Trash(studio.options.runs)
    return trash.empty(_find_all(trash, request))


def _find_all(trash: Trash, choices: Sequence[TrashChoice]) -> list[TrashEntry]:
    """Return the entries that a page means.

    Raises:
        UnknownNameError: if one is not there any more.
    """
    there = {(entry.id, entry.moment): entry for entry in trash}
    for choice in choices:
        if (choice.id, choice.moment) not in there:
            raise UnknownNameError("run in the trash named", choice.id, ())
    return [there[choice.id, choice.moment] for choice in choices]
