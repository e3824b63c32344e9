"""A set of cartoon portraits with known attributes: unlimited, aligned, the same for a seed.

Needs the extra `avatars`: python-avatars puts the parts together as SVG, resvg draws it; neither
asks the network for anything.
"""

from pathlib import Path

from epoque.bench.errors import ConfigError
from epoque.bench.progress import Progress

from .build import BuildReport, file_name, open_writer
from .drawing import load_libraries
from .labels import FILE, Label, encode_labels
from .portraits import LABEL_NAMES, sample_portrait
from .rendering import render_portraits

__all__ = ["make_avatars"]

SIZES = (16, 32, 64, 128, 256, 512, 1024)
LARGEST = 10_000_000


def make_avatars(
    path: Path,
    count: int,
    size: int = 64,
    seed: int = 0,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Draw a set of portraits with their attributes as labels, whole or not at all.

    The labels are vectors; `label_names` in dataset.json says what their entries mean. The same
    seed and size give the same bytes, whatever the number of workers; more portraits of a seed
    begin with the same ones.

    Args:
        path: the new zip, if it ends in .zip, else folder.
        count: how many.
        size: pixels of a side.
        seed: chooses the portraits.
        workers: processes; by default as many as processors.
        progress: told how many are drawn, and of how many.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
        UsageError: if the path is taken, or a number is not allowed.
        RunWriteError: if the system refuses.
    """
    _check(count, size, seed)
    load_libraries()
    rows: list[tuple[str, Label | None]] = []
    with open_writer(path) as out:
        for number, data in enumerate(render_portraits(count, size, seed, workers)):
            name = file_name(number)
            out.put(name, data)
            rows.append((name, sample_portrait(seed, number).label().tolist()))
            if progress:
                progress(number + 1, count, "drawing portraits")
        out.put(FILE, encode_labels(rows, LABEL_NAMES))
    return BuildReport(path, count, (), size, 3, has_labels=True)


def _check(count: int, size: int, seed: int) -> None:
    if not 1 <= count <= LARGEST:
        raise ConfigError.of("count", f"{count} is not allowed; it takes 1 to {LARGEST:,}.")
    if size not in SIZES:
        sizes = ", ".join(map(str, SIZES))
        raise ConfigError.of("resolution", f"{size} is not allowed; it takes {sizes}.")
    if not 0 <= seed < 2**32:
        raise ConfigError.of("seed", f"{seed} is not allowed; it takes 0 to {2**32 - 1}.")
