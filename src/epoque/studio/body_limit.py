"""A limit on what a request may send, whatever its headers say."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .upload_checks import MAX_BYTES

__all__ = ["MAX_BODY_BYTES", "BodyLimit"]

MAX_BODY_BYTES = 8 * 2**20
"""Of a request that is no upload: settings with a drawing of a hundred thousand points."""


class BodyLimit:
    """ASGI middleware that stops reading a body at its limit; the answer is 413.

    Args:
        app: what answers; it turns the exception of reading on into an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = max(MAX_BYTES.values()) if scope["path"] == "/api/uploads" else MAX_BODY_BYTES
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                most = f"The request has more than {limit / 2**20:.0f} MiB, which is the most."
                raise HTTPException(413, most)
            return message

        await self.app(scope, receive_some, send)
