"""Where the built client lies, and how it is served."""

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from epoque.bench.errors import UsageError

__all__ = ["ClientFiles", "check_client", "client_folder"]


def client_folder() -> Path:
    """Return the folder of the built client, which need not be there."""
    return Path(__file__).parent / "client"


def check_client(folder: Path | None = None) -> Path:
    """Return the folder of the built client.

    Raises:
        UsageError: if it is not built.
    """
    folder = folder or client_folder()
    if not (folder / "index.html").is_file():
        raise UsageError(
            "The studio's page is not built here; run `make client` (needs pip and npm's registry "
            "once), or install the wheel."
        )
    return folder


class ClientFiles(StaticFiles):
    """The client's files: the page is asked for anew each time, what carries a digest is kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or the page for the folder itself."""
        response = await super().get_response(path, scope)
        kept = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if kept else "no-cache"
        )
        return response
