"""How much of a text that is measured on was learned from: lines or rows that both texts have.

A line that stands in the training text can be known by heart; what is measured on it says little
about lines that the model has not seen. Some are in both by nature: headings, a refrain, a lone
brace. They are short, so that the share is one of letters.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from epoque.bench.files.atomic import read_json, write_json
from epoque.bench.files.cache import build_once, cache_key
from epoque.bench.limits import MAX_COMPARED_TEXT_BYTES

from .corpus import Documents, Splits
from .text_files import is_blank

__all__ = ["NOTABLE", "Overlap", "notice", "overlap"]

NOTABLE = 0.05
"""Share from which a learner is told: WikiText-2, whose headings repeat, has less."""


class Overlap(NamedTuple):
    """What a text shares with the training text; blank lines count nowhere.

    Attributes:
        lines: how many of its lines or rows the training text has, too.
        share: of its letters, those in such lines, 0 to 1.
    """

    lines: int
    share: float


def overlap(train: Documents, other: Documents) -> Overlap | None:
    """Return what two texts share, counted once and kept in the cache; None if one is too large.

    Raises:
        DataError: if a text cannot be read.
        RunWriteError: if the cache folder cannot be written.
    """
    if max(train.size, other.size) > MAX_COMPARED_TEXT_BYTES:
        return None

    def make(to: Path) -> None:
        write_json(to / "overlap.json", _counted(train, other)._asdict())

    key = cache_key(format=1, train=train.fingerprint, other=other.fingerprint)
    told = read_json(build_once("overlaps", key, make) / "overlap.json")
    return Overlap(told["lines"], told["share"])


def _counted(train: Documents, other: Documents) -> Overlap:
    wanted = set(map(hash, _lines(other)))  # numbers take less memory than the lines themselves
    both = {known for known in map(hash, _lines(train)) if known in wanted}
    lines = letters = whole = 0
    for line in _lines(other):
        whole += len(line)
        if hash(line) in both:
            lines, letters = lines + 1, letters + len(line)
    return Overlap(lines, letters / whole)  # a text without letters is refused before


def _lines(documents: Documents) -> Iterator[str]:
    return (line.strip() for line in documents if not is_blank(line))


def notice(texts: Splits) -> str | None:
    """Return what a learner should know of a text that was largely learned from; else None."""
    found = overlap(texts.train, texts.valid)
    if found is None or found.share < NOTABLE:
        return None
    return (
        f"{found.share:.0%} of {texts.valid.name[0].lower()}{texts.valid.name[1:]} "
        f"({found.lines:,} lines) is in the training text, too: losses measured on it are lower "
        "than on text that the model has not seen."
    )
