"""Files that pages send: kept under a random name, within limits, their content looked at first.

They lie in `.uploads` beside the runs, so that a run that was made of one can be resumed. The name
that a file had on its owner's machine is never used.
"""

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from epoque.bench.errors import DataError, UsageError
from epoque.bench.files.atomic import draft_path, explain_write_errors
from epoque.bench.files.drafts import remove_abandoned

from .upload_checks import ENDINGS, MAX_BYTES, check_content

__all__ = ["MAX_UPLOAD_BYTES", "UPLOAD_ID", "Uploads"]

MAX_UPLOAD_BYTES = 2 * 2**30
"""Of everybody's files together."""
UPLOAD_ID = re.compile("[0-9a-f]{32}")


class Uploads:
    """A folder of uploaded files.

    Args:
        folder: where they lie; it is made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._arriving = 0

    def used_bytes(self) -> int:
        """Return how many bytes the files have together, those that are arriving included."""
        files = self._files()
        return sum(size for _, size in files) + self._arriving

    def _files(self) -> list[tuple[Path, int]]:
        if not self.folder.is_dir():
            return []
        return [
            (path, path.stat().st_size)
            for path in self.folder.iterdir()
            if UPLOAD_ID.fullmatch(path.stem) and path.suffix[1:] in ENDINGS
        ]

    async def receive(self, name: str, chunks: AsyncIterator[bytes]) -> Path:
        """Keep a file whole, or not at all.

        Args:
            name: of the file on its owner's machine; only its ending is looked at.
            chunks: its bytes as they arrive.

        Returns:
            The file: `.uploads/ID.ending`.

        Raises:
            UsageError: if it is of a kind that no setting takes, or larger than is allowed.
            DataError: if it is not what its ending says.
            RunWriteError: if the system refuses.
        """
        from anyio import to_thread

        ending = _ending_of(name)
        path = self.folder / f"{secrets.token_hex(16)}.{ending}"
        with explain_write_errors(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.folder, path.name)
        draft = draft_path(path)
        try:
            await self._write(draft, ending, chunks)
            await to_thread.run_sync(check_content, draft, ending)
            with explain_write_errors(path):
                draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
        return path

    async def _write(self, draft: Path, ending: str, chunks: AsyncIterator[bytes]) -> None:
        """Write what arrives, as far as there is room for it."""
        size, before = 0, self.used_bytes()
        try:
            with explain_write_errors(draft), draft.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    self._arriving += len(chunk)
                    _check_size(ending, size, before + self._arriving)
                    file.write(chunk)
        finally:
            self._arriving -= size
        if not size:
            raise DataError("The file is empty.")

    def find(self, identity: str) -> Path | None:
        """Return the file of an id; None if there is none."""
        if not UPLOAD_ID.fullmatch(identity):
            return None
        return next((path for path, _ in self._files() if path.stem == identity), None)


def _ending_of(name: str) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in ENDINGS:
        shown = f"a file that ends in .{ending[:20]}" if ending else "a file without an ending"
        raise UsageError(f"The studio takes no {shown[2:]}; it takes {', '.join(ENDINGS)}.")
    return ending


def _check_size(ending: str, size: int, together: int) -> None:
    limit = MAX_BYTES[ending]
    if size > limit:
        raise UsageError(
            f"The file has more than {limit / 1e6:,.0f} MB, which is the most for .{ending}."
        )
    if together > MAX_UPLOAD_BYTES:
        raise UsageError(
            "The files that were uploaded would have more than 2 GiB together; delete some of the "
            "folder .uploads beside the runs."
        )
