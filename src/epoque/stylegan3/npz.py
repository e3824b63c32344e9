"""Arrays on disk by name: whole files, or one sentence saying why not."""

from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.files.atomic import write_atomic
from epoque.bench.files.input_files import open_regular
from epoque.bench.files.output_paths import make_parent_folder
from epoque.bench.files.zip_file import open_zip, read_entry
from epoque.bench.limits import MAX_ARRAY_BYTES

__all__ = ["read_npz", "write_npz"]


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Write arrays as `.npz`, whole or not at all; the same arrays give the same bytes.

    Its folder is made if it is not there.

    Raises:
        RunWriteError: if the system refuses.
    """
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    make_parent_folder(path)
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
    with open_regular(path) as file:
        archive = open_zip(file, str(path))
        there = {name for name in (*names, *optional) if f"{name}.npy" in archive.NameToInfo}
        if not there.issuperset(names):
            raise DataError(f"{path} is damaged, or {what}.")
        entries = {n: read_entry(archive, f"{n}.npy", str(path), MAX_ARRAY_BYTES) for n in there}
    try:
        return {name: _read_array(entries[name]) for name in (*names, *optional) if name in entries}
    except Exception:  # NumPy reads the header as a piece of Python, with errors of many kinds
        raise DataError(f"{path} is damaged, or {what}.") from None


def _read_array(data: bytes) -> NDArray[Any]:
    """Return the array of a `.npy` file, made only if the file is as large as it says.

    Raises:
        ValueError: if it is not, or holds anything but numbers and texts.
    """
    file = BytesIO(data)
    if npy.read_magic(file) != (1, 0):
        raise ValueError
    shape, columns, dtype = npy.read_array_header_1_0(file)
    left = len(data) - file.tell()
    if dtype.hasobject or not dtype.itemsize or prod(shape) * dtype.itemsize != left:
        raise ValueError
    flat = np.frombuffer(data, dtype, offset=file.tell())
    return flat.reshape(shape, order="F" if columns else "C").copy()
