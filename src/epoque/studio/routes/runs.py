"""Runs: the table, one run, its metrics, snapshots, figures and files; deleting and restoring.

A run's id is looked up among those that there are, and never joined to a path.
"""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse

from epoque.bench.errors import UnknownNameError
from epoque.bench.runs import index_filter
from epoque.bench.runs.index import RunsIndex
from epoque.bench.runs.run import Run
from epoque.bench.runs.trash import Trash

from ..models import LanguageName
from ..run_facts import describe_row, describe_run
from ..run_files import find_file, iterate_zip
from ..run_metrics import iterate_finite, seconds_at
from ..run_models import (
    ColumnInfo,
    CurvesInfo,
    CurvesQuery,
    DeletedRun,
    FigureQuery,
    RestoredRun,
    RunInfo,
    RunsPage,
    RunsQuery,
    SnapshotsInfo,
)
from ..run_snapshots import read_snapshot
from ..state import Studio, StudioDep

__all__ = ["router"]

router = APIRouter(prefix="/runs", tags=["runs"])

RunId = Annotated[str, Path(max_length=300, description="A run's whole id, or `last`.")]
_PICTURES = {".png": "image/png", ".webp": "image/webp", ".gif": "image/gif", ".mp4": "video/mp4"}
"""Files that a page may show; any other is saved, never opened."""
_BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.get("")
def list_runs(studio: StudioDep, query: Annotated[RunsQuery, Query()]) -> RunsPage:
    """Return some rows of the table of runs."""
    filters, words = index_filter.parse_filters(query.where)
    asked = index_filter.Query(
        filters, words, query.sort, query.descending, query.offset, query.limit
    )
    page = studio.table.page(asked)
    shown = tuple(dict.fromkeys(name for name in query.show.split(",") if name))
    index = studio.table.index
    return RunsPage(
        rows=[describe_row(row, shown, query.lang) for row in page.rows],
        total=page.total,
        unread=page.unread,
        columns=_list_columns(index) if query.columns else None,
        in_memory=index.is_in_memory,
        folder=str(studio.options.runs),
    )


def _list_columns(index: RunsIndex) -> list[ColumnInfo]:
    return [ColumnInfo.model_validate({"name": c.name, "part": c.part}) for c in index.columns()]


@router.get("/{run_id}")
def show_run(studio: StudioDep, run_id: RunId, lang: LanguageName = "en") -> RunInfo:
    """Return all that a page shows of a run; `last` is the newest."""
    run = studio.table.find(run_id)
    row = studio.table.index.find(run.id)
    if row is None:
        raise UnknownNameError("run", run.id, ())
    return describe_run(run, row, lang, is_background=run.id in studio.background)


@router.get("/{run_id}/metrics")
def metrics(studio: StudioDep, run_id: RunId, query: Annotated[CurvesQuery, Query()]) -> CurvesInfo:
    """Return curves, or what is new of them: of each stretch its lowest and highest value."""
    run = studio.table.find(run_id)
    kept = studio.metrics.open(run)
    with kept.lock:
        kept.update()
        every = kept.names
        wanted = [name for name in query.names.split(",") if name] if query.names else every
        curves = kept.select(wanted, query.points, query.cursor, query.low, query.high)
        damage = kept.damage
    status = run.status
    seconds = seconds_at(status.timings, curves.steps)
    return CurvesInfo(
        names=every,
        steps=[int(step) for step in curves.steps],
        seconds=None if seconds is None else list(iterate_finite(seconds)),
        values={name: list(iterate_finite(column)) for name, column in curves.values.items()},
        rows=curves.rows,
        total=curves.total,
        cursor=curves.cursor,
        reset=curves.reset,
        state=status.state,
        damage=damage,
    )


@router.get("/{run_id}/snapshots")
def snapshots(studio: StudioDep, run_id: RunId) -> SnapshotsInfo:
    """Return the steps whose snapshots a run keeps."""
    return SnapshotsInfo(steps=studio.table.find(run_id).snapshot_steps())


@router.get("/{run_id}/snapshots/{step}", response_class=Response, responses=_BYTES)
def snapshot(
    studio: StudioDep, run_id: RunId, step: Annotated[int, Path(ge=0, lt=2**63)]
) -> Response:
    """Return the arrays of a snapshot as safetensors, those that never change among them."""
    run = studio.table.find(run_id)
    steps = run.snapshot_steps()
    if step not in steps:
        raise UnknownNameError(f"snapshot of {run.id} at", str(step), map(str, steps[:1000]))
    return Response(read_snapshot(run, step), media_type="application/octet-stream")


@router.get("/{run_id}/figures/{name}.{kind}", response_class=Response)
async def figure(
    studio: StudioDep,
    run_id: RunId,
    name: Annotated[str, Path(max_length=200)],
    kind: Literal["svg", "png"],
    query: Annotated[FigureQuery, Query()],
) -> Response:
    """Return a figure of a run, drawn in a language for light or dark pages."""
    run = await run_in_threadpool(studio.table.find, run_id)
    _check_figure(run, name)
    data = await studio.figures.draw(run, name, kind, query.lang, query.theme)
    return Response(data, media_type="image/svg+xml" if kind == "svg" else "image/png")


def _check_figure(run: Run, name: str) -> None:
    if name not in run.figures:
        raise UnknownNameError(f"figure of {run.id} named", name, run.figures)


@router.get("/{run_id}/files.zip", response_class=Response)
def files_zip(studio: StudioDep, run_id: RunId) -> StreamingResponse:
    """Stream a run's folder as a zip."""
    run = studio.table.find(run_id)
    return StreamingResponse(
        iterate_zip(run), media_type="application/zip", headers=_save_as(f"{run.id}.zip")
    )


@router.get("/{run_id}/files/{name:path}", response_class=Response)
def file(
    studio: StudioDep, run_id: RunId, name: Annotated[str, Path(max_length=1000)]
) -> FileResponse:
    """Return a file of a run, by a name that its list of files has."""
    run = studio.table.find(run_id)
    path = find_file(run, name)
    kind = _PICTURES.get(path.suffix.lower())
    headers = {} if kind else _save_as(path.name)
    return FileResponse(path, media_type=kind or "application/octet-stream", headers=headers)


def _save_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


@router.delete("/{run_id}")
def delete(studio: StudioDep, run_id: RunId) -> DeletedRun:
    """Move a run to the trash; `restore` brings it back."""
    run = _find_by_whole_id(studio, run_id)
    entry = Trash(studio.options.runs).put(run.path)
    return DeletedRun(id=entry.id, moment=entry.moment)


def _find_by_whole_id(studio: Studio, run_id: str) -> Run:
    """Return a run, but not whichever is the newest when the request arrives."""
    if run_id == "last":
        raise UnknownNameError("run", run_id, ())
    return studio.table.find(run_id)


@router.post("/{run_id}/restore")
def restore(studio: StudioDep, run_id: RunId) -> RestoredRun:
    """Bring back a run that was deleted; of several of that name the last."""
    return RestoredRun(id=Trash(studio.options.runs).restore(run_id).name)
