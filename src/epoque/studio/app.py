"""The application: routes under `/api`, the client's files at `/`, guarded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI

from epoque import __version__

from .answers import PlainJson, add_error_answers
from .body_limit import BodyLimit
from .client_files import ClientFiles
from .models import Refusal
from .routes import health, keep, labs, runs, trainings, trash, uploads, websocket
from .security import Access, Guard
from .state import Studio, StudioOptions

__all__ = ["create_app"]

SECONDS_TO_SAVE = 0.9
"""That the trainings have at the server's end, so that it is over within 2 s."""

_REFUSALS = {code: {"model": Refusal} for code in (401, 403, 404, 409, 413, 422, 507)}


def create_app(options: StudioOptions, access: Access, client: Path | None = None) -> FastAPI:
    """Return the application.

    Args:
        options: what the studio is started with.
        access: who may ask.
        client: the folder of the built client; None serves the API alone.
    """
    studio = Studio(options)

    @asynccontextmanager
    async def live(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await studio.close(SECONDS_TO_SAVE)

    app = FastAPI(
        title="Epoque studio",
        version=__version__,
        docs_url=None,  # FastAPI's pages of documentation load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        default_response_class=PlainJson,
        lifespan=live,
    )
    app.state.studio = studio
    api = APIRouter(prefix="/api", responses=_REFUSALS)  # type: ignore[arg-type]
    for part in (health, labs, uploads, runs, keep, trainings, trash, websocket):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.site_router)
    if client is not None:
        app.mount("/", ClientFiles(directory=client, html=True, follow_symlink=True))
    add_error_answers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, access=access)
    return app
