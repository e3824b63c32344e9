"""What becomes of files when disks, networks and hands are careless."""

from collections.abc import Callable, Mapping
from pathlib import Path

Damage = Callable[[bytes, bytes], bytes]
"""Takes what is in a file and what is in the same file of another record."""


def digit_changed(data: bytes, _: bytes = b"") -> bytes:
    """Change the digit nearest to the middle; of a file without one, a byte."""
    middle = len(data) // 2
    digits = (i for i, byte in enumerate(data) if chr(byte).isdigit())
    place = min(digits, key=lambda i: abs(i - middle), default=middle)
    return data[:place] + (b"4" if data[place : place + 1] == b"3" else b"3") + data[place + 1 :]


def page_zeroed(data: bytes, _: bytes = b"") -> bytes:
    """Zero the page of the disk that the middle is in."""
    first = len(data) // 2 // 4096 * 4096
    count = len(data[first : first + 4096])
    return data[:first] + bytes(count) + data[first + count :]


DAMAGES: Mapping[str, Damage] = {
    "empty": lambda _data, _other: b"",
    "cut": lambda data, _other: data[: len(data) // 2],
    "zeroed": page_zeroed,
    "digit": digit_changed,
    "foreign": lambda _data, other: other,
}


def file_names(folder: Path) -> list[str]:
    """Return the names of a record's files, without those of its writer."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files if path.name[0] != "."]


def content(folder: Path) -> dict[str, bytes]:
    """Return what the same seed makes the same: all but clocks, machines and Optuna's journal."""
    clocks = ("status.json", "environment.json", "journal.log")
    names = [name for name in file_names(folder) if name.split("/")[-1] not in clocks]
    return {name: (folder / name).read_bytes() for name in names}


def refusal(error: Exception, folder: Path, before: Mapping[str, bytes]) -> str:
    """Return what was said where nothing could be done: one sentence, and nothing is changed."""
    refused = str(error)
    assert content(folder) == before
    assert refused.endswith(".")
    assert "\n" not in refused
    return refused
