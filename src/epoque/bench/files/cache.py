"""The cache folder: things that take long to make, made once, whole or not there.

A thing is a folder named after the hash of everything it is made from. It is made under another
name and renamed when it is whole: an interrupted making leaves nothing that could be mistaken for
it. A lock lets other processes wait for the one that makes it.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import RunWriteError
from .atomic import explain_write_errors
from .drafts import draft_folder

__all__ = [
    "build_once",
    "cache_folder",
    "cache_key",
    "file_digest",
    "forget_oldest",
    "keep_bytes",
]

KEY_LENGTH = 32
_LARGE = 64 * 2**20
"""Bytes from which a file's digest is remembered instead of computed at each opening."""


def cache_folder() -> Path:
    """Return the cache folder: EPOQUE_CACHE, or the platform's place for caches."""
    if place := os.environ.get("EPOQUE_CACHE"):
        return Path(place).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "epoque"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/epoque"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "epoque"


def cache_key(**ingredients: object) -> str:
    """Return 32 hexadecimal digits that stand for the ingredients (JSON values)."""
    text = json.dumps(ingredients, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:KEY_LENGTH]


def build_once(
    kind: str,
    key: str,
    make: Callable[[Path], None],
    sound: Callable[[Path], bool] = lambda _: True,
) -> Path:
    """Return the folder of a thing; make it if it is not there or no longer sound.

    Args:
        kind: what sort of thing it is; a folder in the cache.
        key: see `cache_key`.
        make: fills an empty folder.
        sound: tells whether a folder made before is undamaged.

    Raises:
        RunWriteError: if the cache folder cannot be written.
    """
    path = cache_folder() / kind / key
    if path.is_dir() and sound(path):
        return path
    from filelock import FileLock

    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not (path.is_dir() and sound(path)):  # another process may have been faster
                _make(path, make)
    return path


def keep_bytes(kind: str, key: str, make: Callable[[], bytes]) -> bytes:
    """Return bytes that were made before, in this process or another, or make and keep them.

    What is no longer what was kept is made again; where nothing can be kept, it is made each time.

    Args:
        kind: what sort of thing it is; a folder in the cache.
        key: see `cache_key`.
        make: makes the bytes.
    """
    made: list[bytes] = []

    def fill(folder: Path) -> None:
        made.append(make())
        (folder / "content").write_bytes(made[0])
        (folder / "sha256").write_text(hashlib.sha256(made[0]).hexdigest())

    try:
        folder = build_once(kind, key, fill, sound=lambda path: _read_kept(path) is not None)
    except RunWriteError:
        return made[0] if made else make()
    with suppress(OSError):
        os.utime(folder)  # what is used is forgotten last
    content = made[0] if made else _read_kept(folder)
    return make() if content is None else content


def _read_kept(folder: Path) -> bytes | None:
    """Return what is kept in a folder, or None if it is not what was kept."""
    try:
        content = (folder / "content").read_bytes()
        saved = (folder / "sha256").read_text("ascii")
    except (OSError, ValueError):
        return None
    return content if hashlib.sha256(content).hexdigest() == saved else None


def forget_oldest(kind: str, most: int) -> None:
    """Remove the things of a kind that were used longest ago, all but so many."""
    folder = cache_folder() / kind
    with suppress(OSError):
        made = [path for path in folder.iterdir() if path.is_dir() and len(path.name) == KEY_LENGTH]
        made.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in made[most:]:
            shutil.rmtree(path, ignore_errors=True)
            path.with_suffix(".lock").unlink(missing_ok=True)


def _make(path: Path, make: Callable[[Path], None]) -> None:
    """Make a thing beside its place and move it there; the lock is held."""
    with draft_folder(path) as draft:
        make(draft)
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    That of a large file is remembered with its size and time of change, so that a corpus of many
    gigabytes is not read whole at each opening.

    Raises:
        OSError: if it cannot be read.
    """
    stat = path.stat()
    if stat.st_size < _LARGE:
        return _digest(path)
    stamp = cache_key(path=str(path.resolve()), size=stat.st_size, time=stat.st_mtime_ns)

    def make(to: Path) -> None:
        (to / "sha256").write_text(_digest(path))

    return (build_once("digests", stamp, make) / "sha256").read_text()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
