"""The one websocket: trainings on the server, and runs that are followed."""

from fastapi import APIRouter, WebSocket

from ..connection import Connection
from ..state import Studio

__all__ = ["router"]

router = APIRouter()


@router.websocket("/ws")
async def connect(socket: WebSocket) -> None:
    """Serve a page that connects; `epoque.studio.frames` has the format."""
    await socket.accept()
    studio: Studio = socket.app.state.studio
    await Connection(socket, studio).serve()
