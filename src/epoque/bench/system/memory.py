"""How much memory is free, and running out of it told in one sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UsageError

__all__ = ["explain_out_of_memory", "free_memory", "total_memory"]

ROOT = Path("/")

_GROUP_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    2: ("memory.max", "memory.current", ""),
}
"""Of each version of control groups: the limit, what is used, and how names in its parts begin."""
_FILE_COPIES = ("inactive_file", "active_file")
"""What a group uses for copies of files, which the system gives up when memory is wanted."""


@contextmanager
def explain_out_of_memory(sentence: str) -> Iterator[None]:
    """Turn running out of memory into a sentence that names the settings to change.

    Raises:
        UsageError: instead of PyTorch's or Python's error.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not (isinstance(error, MemoryError) or _is_of_memory(error)):
            raise
        raise UsageError(sentence) from None


def _is_of_memory(error: Exception) -> bool:
    return any(t in str(error) for t in ("allocate memory", "out of memory", "ALLOC_FAILED"))


def free_memory(root: Path = ROOT) -> int | None:
    """Return how many bytes this process can still take, or None where no system tells.

    The least of what the machine has available, what the limits of the control groups leave
    (those of a container or a batch job, of version 2 or 1, each group above included), and what
    the limit of the process's address space (`ulimit -v`) leaves.

    Args:
        root: where `proc` and `sys` lie.
    """
    counts = [_of_machine(root), *_of_groups(root), _of_process(root)]
    amounts = [max(0, count) for count in counts if count is not None]
    return min(amounts, default=None)


def total_memory(root: Path = ROOT) -> int | None:
    """Return how many bytes of memory the machine has, or None where no system tells."""
    entries = _lines(root / "proc/meminfo", ":")
    return entries["MemTotal"] * 1024 if "MemTotal" in entries else None


def _of_machine(root: Path) -> int | None:
    entries = _lines(root / "proc/meminfo", ":")
    return entries["MemAvailable"] * 1024 if "MemAvailable" in entries else None


def _of_groups(root: Path) -> Iterator[int]:
    """Yield what the limit of each control group around this process leaves."""
    for version, folder in _groups(root):
        limit, used, start = _GROUP_FILES[version]
        most, now = _number(folder / limit), _number(folder / used)
        if most is not None and now is not None:
            parts = _lines(folder / "memory.stat", " ")
            yield most - now + sum(parts.get(f"{start}{name}", 0) for name in _FILE_COPIES)


def _groups(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield the version and folder of this process's control groups for memory, inmost first."""
    mounted = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            yield from ((2, folder) for folder in _upwards(mounted, path))
        elif "memory" in controllers.split(","):
            # In a container the path may be the one outside it; the top is then its own group.
            yield from ((1, folder) for folder in _upwards(mounted / "memory", path))


def _upwards(top: Path, path: str) -> list[Path]:
    folder = top / path.strip("/")
    return [folder, *(above for above in folder.parents if above.is_relative_to(top))]


def _of_process(root: Path) -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text(root / "proc/self/statm").split()
    if limit == resource.RLIM_INFINITY or not pages:
        return None
    return limit - int(pages[0]) * os.sysconf("SC_PAGE_SIZE")


def _lines(path: Path, between: str) -> dict[str, int]:
    """Return the whole numbers of a file of names and values."""
    pairs = (line.partition(between) for line in _text(path).splitlines())
    words = ((name, (rest.split() or [""])[0]) for name, _, rest in pairs)
    return {name: int(word) for name, word in words if word.isdigit()}


def _number(path: Path) -> int | None:
    """Return the whole number that a file holds; None if it holds another word, such as max."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeError):
        return ""
