"""The format of a record: a number in its JSON files, raised when their meaning changes."""

from pathlib import Path

from ..errors import DamagedRunError, RunFormatError
from ..files.atomic import read_json
from ..system.environment import installed_version

__all__ = ["FORMAT", "check_format"]

OLDEST, FORMAT = 1, 1
"""The oldest format that this version reads, and the one that it writes."""


def check_format(folder: Path, version: object) -> None:
    """Check that this version knows the format of a run, a sweep or a search.

    Args:
        folder: the record's.
        version: what one of its files says; anything but a whole number is for others to refuse.

    Raises:
        RunFormatError: if it is newer or older than what this version reads.
    """
    if not isinstance(version, int) or OLDEST <= version <= FORMAT:
        return
    formats = f"format {FORMAT}" if OLDEST == FORMAT else f"formats {OLDEST} to {FORMAT}"
    raise RunFormatError(
        f"{folder} was written in format {version} by {_find_writer(folder)}; this is Epoque "
        f"{installed_version('epoque')}, which reads {formats}."
    )


def _find_writer(folder: Path) -> str:
    """Return which Epoque wrote a record, as far as it says so."""
    try:
        packages = read_json(folder / "environment.json").get("packages")
    except DamagedRunError:
        packages = None
    version = packages.get("epoque") if isinstance(packages, dict) else None
    return f"Epoque {version:.30}" if isinstance(version, str) else "another Epoque"
