"""Whether the server is there, and what it can."""

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter

from epoque import __version__

from ..frames import VERSION
from ..models import Health, Site
from ..state import StudioDep

__all__ = ["engine_digest", "router", "site_router"]

router = APIRouter(tags=["health"])


@router.get("/health")
def health(studio: StudioDep) -> Health:
    """Say what the server is and holds."""
    options = studio.options
    return Health(
        version=__version__,
        engine=engine_digest(),
        protocol=VERSION,
        language=options.language,
        sessions=len(studio.sessions),
        runs=len(studio.background),
        max_sessions=options.max_sessions,
        max_runs=options.max_runs,
    )


@cache
def engine_digest() -> str:
    """Return the SHA-256 of engine.wasm, which is its version."""
    engine = files("epoque.bench.live_engine") / "engine.wasm"
    return hashlib.sha256(engine.read_bytes()).hexdigest()


site_router = APIRouter(tags=["health"])


@site_router.get("/site.json")
def site(studio: StudioDep) -> Site:
    """Tell the page that a server is there; a static site has a file of this name."""
    return Site(server=True, language=studio.options.language)
