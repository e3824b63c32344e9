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

__all__ = ["NOTABLE_SHARE", "Overlap", "describe_overlap", "measure_overlap"]

NOTABLE_SHARE = 0.05
"""Share from which a learner is told: WikiText-2, whose headings repeat, has less."""


class Overlap(NamedTuple):
    """What a text shares with the training text; blank lines count nowhere.

    Attributes:
        lines: how many of its lines or rows the training text has, too.
        share: of its letters, those in such lines, 0 to 1.
    """

    lines: int
    share: float


def measure_overlap(train: Documents, other: Documents) -> Overlap | None:
    """Return what two texts share, counted once and kept in the cache; None if one is too large.

    Raises:
        DataError: if a text cannot be read.
        RunWriteError: if the cache folder cannot be written.
    """
    if max(train.size, other.size) > MAX_COMPARED_TEXT_BYTES:
        return None

    def make(to: Path) -> None:
        write_json(to / "overlap.json", _compare(train, other)._asdict())

    key = cache_key(format=1, train=train.fingerprint, other=other.fingerprint)
    content = read_json(build_once("overlaps", key, make) / "overlap.json")
    return Overlap(content["lines"], content["share"])


def _compare(train: Documents, other: Documents) -> Overlap:
    hashes = set(map(hash, _lines(other)))  # numbers take less memory than the lines themselves
    in_both = {key for key in map(hash, _lines(train)) if key in hashes}
    lines = letters = all_letters = 0
    for line in _lines(other):
        all_letters += len(line)
        if hash(line) in in_both:
            lines, letters = lines + 1, letters + len(line)
    return Overlap(lines, letters / all_letters)  # a text without letters is refused before


def _lines(documents: Documents) -> Iterator[str]:
    return (line.strip() for line in documents if not is_blank(line))


def describe_overlap(texts: Splits) -> str | None:
    """Return what a learner should know of a text that was largely learned from; else None."""
    overlap = measure_overlap(texts.train, texts.valid)
    if overlap is None or overlap.share < NOTABLE_SHARE:
        return None
    return (
        f"{overlap.share:.0%} of {texts.valid.name[0].lower()}{texts.valid.name[1:]} "
        f"({overlap.lines:,} lines) is in the training text, too: losses measured on it are lower "
        "than on text that the model has not seen."
    )
