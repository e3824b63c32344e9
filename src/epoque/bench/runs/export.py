"""Exporting runs for other programs."""

import io
import zipfile
from pathlib import Path

from ..errors import UsageError
from ..files.atomic import write_atomic
from .run import Run

__all__ = ["check_kind", "export_run"]

UNSHARED = (".lock", ".owner")
"""Files that speak of the process that writes the folder."""


def check_kind(to: Path) -> None:
    """Check that a file's ending says what to write.

    Raises:
        UsageError: if it does not.
    """
    if to.suffix not in (".zip", ".csv", ".parquet"):
        raise UsageError(
            f"--to: {to} should end in .zip (the run), .csv or .parquet (its metrics)."
        )


def export_run(run: Run, to: Path) -> None:
    """Write a run's whole folder (.zip) or its metrics (.csv, .parquet).

    Raises:
        UsageError: for another suffix.
        DamagedRunError: if a file that is exported is not what the finished run saved.
        RunWriteError: if the system refuses; a file of that name is then as it was.
    """
    check_kind(to)
    match to.suffix:
        case ".zip":
            run.check_all()
            write_atomic(to, _zip(run))
        case ".csv":
            write_atomic(to, run.metrics.to_csv().encode())
        case _:
            write_atomic(to, run.metrics.to_parquet())


def _zip(run: Run) -> bytes:
    """Return the folder as a zip; fixed dates, so that the same run gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(
            p for p in run.path.rglob("*") if p.is_file() and p.name not in UNSHARED
        ):
            name = f"{run.id}/{path.relative_to(run.path).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
