"""Trainings in the background: beginning one, going on with a run, stopping it."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from epoque.bench.errors import UnknownNameError
from epoque.bench.lab import find_lab
from epoque.bench.runs.run_name import check_name
from epoque.bench.setting_paths import flatten

from ..background import ResumeJob, TrainJob, resume_training, train_run
from ..file_values import parse_config
from ..models import KeptRun, TrainRequest
from ..state import StudioDep
from .labs import find_shipped_recipe
from .runs import RunId

__all__ = ["router"]

router = APIRouter(tags=["runs"])


@router.post("/trainings", status_code=201)
async def begin(request: TrainRequest, studio: StudioDep) -> KeptRun:
    """Begin a run and train it in the background, to the end that its settings say."""
    lab = find_lab(request.lab)
    recipe = find_shipped_recipe(lab, request.recipe)
    if request.name is not None:
        check_name(request.name)
    config = parse_config(lab, request.config, studio.uploads, recipe)
    job = TrainJob(
        lab.name,
        recipe.name if recipe else f"{lab.name}/studio",
        flatten(config.model_dump(mode="json")),
        str(studio.options.runs.absolute()),
        request.name,
    )
    return KeptRun(id=await studio.background.begin(train_run, job))


@router.post("/runs/{run_id}/resume", status_code=202)
async def resume(run_id: RunId, studio: StudioDep) -> KeptRun:
    """Go on with a run in the background, from its last whole checkpoint."""
    if run_id == "last":  # whichever is the newest when the request arrives
        raise UnknownNameError("run", run_id, ())
    run = await run_in_threadpool(studio.table.find, run_id)
    return KeptRun(id=await studio.background.begin(resume_training, ResumeJob(str(run.path))))


@router.post("/runs/{run_id}/stop", status_code=202)
async def stop(run_id: RunId, studio: StudioDep) -> KeptRun:
    """Stop a run that this studio trains: it is saved as it is, and can be gone on with."""
    studio.background.stop(run_id)
    return KeptRun(id=run_id)
