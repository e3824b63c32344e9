"""Keeping what a page trained."""

from fastapi import APIRouter

from epoque.bench.errors import ConfigError, Problem
from epoque.bench.lab import find_lab
from epoque.bench.runs.run_name import check_name
from epoque.bench.setting_paths import flatten

from ..file_values import parse_config
from ..keep import KeepJob, keep_training
from ..models import KeepRequest, KeptRun
from ..state import StudioDep
from .labs import find_shipped_recipe

__all__ = ["router"]

router = APIRouter(tags=["runs"])


@router.post("/runs", status_code=201)
async def keep(request: KeepRequest, studio: StudioDep) -> KeptRun:
    """Compute a training again; if it comes to the same state, write it as a run.

    The answer comes when the states were compared; the run is then trained in the background.
    """
    lab = find_lab(request.lab)
    recipe = find_shipped_recipe(lab, request.recipe)
    if request.name is not None:
        check_name(request.name)
    settings = lab.config_class.settings()
    own = {"iterations": request.iterations, "changes": request.changes, "engine": "wasm"}
    if missing := [path for path in own if path not in settings]:
        raise ConfigError([Problem(path, "the lab has no live engine.") for path in missing])
    config = parse_config(lab, {**request.config, **own}, studio.uploads, recipe)
    job = KeepJob(
        lab.name,
        recipe.name if recipe else f"{lab.name}/studio",
        flatten(config.model_dump(mode="json")),
        request.digest,
        str(studio.options.runs.absolute()),
        request.name,
    )
    return KeptRun(id=await studio.background.begin(keep_training, job))
