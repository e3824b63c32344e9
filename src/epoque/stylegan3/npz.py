"""Arrays on disk by name: whole files, or one sentence saying why not."""

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.files import write_atomic
from epoque.bench.places import folder_of

__all__ = ["read_npz", "write_npz"]


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Write arrays as `.npz`, whole or not at all; the same arrays give the same bytes.

    Its folder is made if it is not there.

    Raises:
        RunWriteError: if the system refuses.
    """
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    folder_of(path)
    write_atomic(path, buffer.getvalue())


def read_npz(
    path: Path, names: tuple[str, ...], what: str, optional: tuple[str, ...] = ()
) -> dict[str, NDArray[Any]]:
    """Read arrays; nothing in the file is executed.

    Args:
        path: of the file.
        names: the arrays that it must have.
        what: it should be, for an error.
        optional: further ones, which are read where they are there.

    Raises:
        DataError: if it cannot be read or lacks one of them.
    """
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in (*names, *(n for n in optional if n in file))}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or 'it is damaged'}.") from None
    except (ValueError, KeyError, EOFError, BadZipFile, ZlibError, TypeError, AttributeError):
        raise DataError(f"{path} is damaged, or {what}.") from None
