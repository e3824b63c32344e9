"""What a finished record is made of: the SHA-256 of each of its files, in manifest.json.

```
{"format": 1, "files": {"results.json": "9f86d0…", …}, "sha256": "…"}
```

It is written when the disk has all these files, and goes first when a finished record is made
again: where it is, the record is finished. `sha256` is over the rest of the manifest itself. Names
are relative to the folder and spelt with `/`: a folder that is moved, renamed, copied or zipped
keeps its manifest. Clocks and machines are not in it, so that where the same seed gives the same
bytes it gives the same manifest; status.json, written after it, binds environment.json.

Files that others add later (a film, notes) are no part of the record and are not looked at, except
where readers take whatever is there: in checkpoints/ and snapshots/ nothing may be added.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeGuard

from ..errors import DamagedRunError
from ..files.atomic import parse_json_object, read_file, write_json
from .record_format import FORMAT, check_format

__all__ = [
    "MANIFEST",
    "Digests",
    "digest_file",
    "digest_files",
    "digest_json",
    "find_differences",
    "read_manifest",
    "write_manifest",
]

MANIFEST = "manifest.json"
CLOSED = ("checkpoints", "snapshots")
"""Folders whose readers take whatever is there."""


Digests = Mapping[str, str]
"""Name, relative to the folder and with `/`, to SHA-256 in hexadecimal digits."""


def write_manifest(folder: Path, files: Digests) -> None:
    """Write what a finished record is made of, and wait until the disk has it.

    Raises:
        RunWriteError: if the system refuses.
    """
    content = {"format": FORMAT, "files": dict(sorted(files.items()))}
    write_json(folder / MANIFEST, content | {"sha256": digest_json(content)}, durable=True)


def read_manifest(folder: Path) -> Digests | None:
    """Return what a record is made of, or None if it has no manifest: then it is not finished.

    Raises:
        RunFormatError: if it is in a format that this version does not read.
        DamagedRunError: if it is not what was written.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    cure = f"`epoque resume {folder.name}` makes it again"
    try:
        content = parse_json_object(path, read_file(path))
    except DamagedRunError as error:
        raise DamagedRunError(f"{str(error).removesuffix('.')}; {cure}.") from None
    check_format(folder, content.get("format"))
    signed, files = content.pop("sha256", None), content.get("files")
    if signed != digest_json(content) or not _are_digests(files):
        raise DamagedRunError(f"{path} is damaged: it is not what was written; {cure}.")
    return files


def _are_digests(files: object) -> TypeGuard[Digests]:
    return isinstance(files, dict) and all(isinstance(value, str) for value in files.values())


def digest_json(value: Mapping[str, object]) -> str:
    """Return the SHA-256 over JSON values, which a file can then carry itself."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Raises:
        DamagedRunError: if it cannot be read, or is no regular file.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError(None, "it is missing")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DamagedRunError(f"{path} cannot be read: {error.strerror}.") from None


def digest_files(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return name to SHA-256 of files of a folder, as a manifest lists them.

    Raises:
        DamagedRunError: if one cannot be read.
    """
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in paths}


def find_differences(folder: Path, files: Digests) -> Iterator[str]:
    """Yield, of each file that is not what a manifest says, its name and what is wrong with it.

    Each is the end of a sentence: `results.json is not what was saved`.
    """
    for name, digest in files.items():
        path = folder / name
        if not _is_inside(name) or not path.is_file():
            yield f"{name} is missing"
        elif digest_file(path) != digest:
            yield f"{name} is not what was saved"
    for closed in CLOSED:
        for path in sorted((folder / closed).glob("step-*")):
            if (name := f"{closed}/{path.name}") not in files:
                yield f"{name} is not of it"


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in PurePosixPath(name).parts
