"""Files that pages send."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from epoque.bench.errors import UnknownNameError

from ..models import UploadInfo
from ..state import StudioDep

__all__ = ["router"]

router = APIRouter(tags=["uploads"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/uploads", status_code=201, openapi_extra=_BODY)
async def upload(
    request: Request,
    studio: StudioDep,
    name: Annotated[
        str, Query(max_length=300, description="The file's own name; only its ending is used.")
    ],
) -> UploadInfo:
    """Keep a file, the body as it is; a setting then names it `upload:ID`."""
    path = await studio.uploads.receive(name, request.stream())
    return UploadInfo(id=path.stem, ending=path.suffix[1:], bytes=path.stat().st_size)


_BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.get("/uploads/{identity}", response_class=Response, responses=_BYTES)
def download(
    studio: StudioDep,
    identity: Annotated[str, Path(max_length=100, description="What `upload:` stands before.")],
) -> FileResponse:
    """Return an uploaded file, so that a link which names it brings its points along.

    It is saved or read by the page, never opened.
    """
    path = studio.uploads.find(identity)
    if path is None:
        raise UnknownNameError("upload", identity, ())
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)
