"""What a conditional generator is asked for: a class, or a label of many numbers.

A label goes into a network as numbers. Of classes it has a 1 at the class's place. Other labels are
vectors, such as the attributes of drawn portraits, and only those like the ones that were learned
make sense: what is not asked for is taken from one of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, DataError, did_you_mean
from epoque.bench.files.input_files import read_regular
from epoque.bench.limits import MAX_TEXT_FILE_BYTES
from epoque.bench.number_text import is_number
from epoque.bench.seeds import numpy_rng

if TYPE_CHECKING:
    from .dataset.labels import LabelTable

__all__ = ["ANY", "Conditioning", "Label"]

Label = int | str | tuple[float, ...]
"""What is asked for: a class, numbers, or either as it is typed (see `Conditioning.sample`)."""

ANY = "any"
"""A label drawn for each image."""

SAMPLE = 64
"""Vectors that a card keeps."""

MOST = 16
"""Names that an error tells."""

ENDINGS = (".json", ".txt")
"""Of a file of numbers."""

Floats = NDArray[np.float32]
PartialLabel = tuple[Floats, NDArray[np.bool_]]
"""Numbers [size], and which of them are asked for; the others are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What a network's labels mean, and which are drawn where none is asked for.

    Attributes:
        size: numbers of a label; 0 for a network that takes none.
        names: of the classes, or of a vector's entries; may be unknown.
        counts: [size] how often each class is drawn; None for all alike.
        vectors: [K, size] those that are drawn; None where labels are classes.
    """

    size: int
    names: tuple[str, ...] = ()
    counts: NDArray[np.int64] | None = None
    vectors: Floats | None = None

    @classmethod
    def from_labels(cls, labels: "Floats | LabelTable", names: Sequence[str] = ()) -> Self:
        """Return what the labels of a set of images tell.

        Args:
            labels: of one image or more: classes, or [N, size], where classes have a 1 at their
                place.
            names: of the classes or entries.
        """
        if not isinstance(labels, np.ndarray):
            # Classes are counted in the table: as vectors, those of a million images in a thousand
            # classes would take gigabytes.
            if (counts := labels.counts()) is not None:
                return cls(labels.size, _check_names(names, labels.size), counts=counts)
            return cls.from_labels(labels.vectors(), names)
        size = labels.shape[1]
        if not size:
            return cls(0)
        checked_names = _check_names(names, size)
        # A file of vectors does not say that they are classes: one 1 in each row does.
        if ((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all():
            return cls(size, checked_names, counts=labels.sum(0, np.float64).astype(np.int64))
        return cls(size, checked_names, vectors=labels)

    @classmethod
    def from_json(cls, value: object, size: int, where: str) -> Self:
        """Return what `to_json` wrote; of a card that tells nothing, classes without names.

        Raises:
            DataError: naming `where`, if it fits no label of so many numbers.
        """
        if not isinstance(value, Mapping) or not size:
            return cls(size)
        try:
            names = tuple(str(name) for name in value.get("names") or ())
            if "sample" in value:
                rows = np.array([parse_numbers(row) for row in value["sample"]], np.float32)
                if rows.shape != (max(1, len(rows)), size) or len(names) not in (0, size):
                    raise ValueError
                return cls(size, names, vectors=rows)
            counts = value.get("counts")
            class_counts = None if counts is None else np.array(counts, np.int64).reshape(size)
            if class_counts is not None and (class_counts.min() < 0 or class_counts.sum() < 1):
                raise ValueError
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise DataError(f"{where}: what it tells of the network's labels is damaged.") from None
        return cls(size, names, counts=class_counts)

    def to_json(self, seed: int = 0) -> dict[str, Any]:
        """Return what a card keeps: names; of classes how often each was there; some vectors.

        Args:
            seed: chooses the vectors.
        """
        value: dict[str, Any] = {"names": list(self.names)}
        if self.vectors is None:
            return value | {"counts": None if self.counts is None else self.counts.tolist()}
        rows = self.vectors
        if len(rows) > SAMPLE:
            rng = numpy_rng(seed, "labels of a card")
            rows = rows[rng.choice(len(rows), SAMPLE, replace=False)]
        return value | {"sample": [",".join(f"{x:.9g}" for x in row) for row in rows]}

    def check(self, label: Label | None, field: str = "class") -> None:
        """Refuse a label that the network cannot be asked for, or a class that is missing.

        Args:
            label: see `sample`.
            field: what the setting is called.

        Raises:
            ConfigError: naming the setting.
        """
        if label is None and self.size and self.vectors is None:
            last = self.size - 1
            raise ConfigError.of(field, f"this network needs a class, 0 to {last}, or {ANY}.")
        self.parse(label, field)

    def sample(self, label: Label | None, rngs: Sequence[np.random.Generator]) -> Floats:
        """Return a label for each image, [N, size].

        Args:
            label: a class by its number or name; all numbers of a label, or the name of a file of
                them; some of a vector's entries by their names, such as hair=long,glasses=none,
                of which the rest is drawn; None or "any", and all is drawn.
            rngs: one for each image; each is asked for one number, whatever is told.

        Raises:
            ConfigError: if the network has no such label.
            DataError: if a file of numbers cannot be read.
        """
        values, fixed = self.parse(label)
        # Sampled even where all is given: what a generator gives next is then the same with any
        # label, and so is the image but for what the label changes.
        sampled = [self._sample(rng) for rng in rngs] if self.size else []
        return np.where(
            fixed, values, np.array(sampled, np.float32).reshape(len(sampled), self.size)
        )

    def key(self, label: Label | None) -> str | None:
        """Return what tells the labels of images from any others; see `sample`."""
        if not self.size:
            return None
        values, fixed = self.parse(label)
        source = self.counts if self.vectors is None else self.vectors
        # What labels are drawn from counts only where some of a label is left to draw.
        digest = sha256(values.tobytes() + fixed.tobytes())
        if not fixed.all() and source is not None:
            digest.update(source.tobytes())
        return digest.hexdigest()

    def parse(self, label: Label | None, field: str = "class") -> PartialLabel:
        """Return the numbers that are asked for, and which of them are; see `sample`.

        Raises:
            ConfigError: naming the setting, if the network has no such label.
            DataError: if a file of numbers cannot be read.
        """
        nothing = np.zeros(self.size, np.float32), np.zeros(self.size, bool)
        if label is None:
            return nothing
        if not self.size:
            raise ConfigError.of(field, f"{label} is not allowed; this network has no classes.")
        if label == ANY:
            return nothing
        try:
            if isinstance(label, str):
                return self._parse_text(label.strip())
            return self._parse_class(label) if isinstance(label, int) else self._parse_vector(label)
        except _RefusedError as error:
            raise ConfigError.of(field, f"{label!s:.60} {error}") from None

    def _parse_text(self, text: str) -> PartialLabel:
        """Return what is typed."""
        if text.endswith(ENDINGS):
            return self._parse_vector(_read_numbers(Path(text)))
        if self.vectors is None and text in self.names:
            return self._parse_class(self.names.index(text))
        try:
            numbers = parse_numbers(text)
        except ValueError:
            return self._parse_entries(text)
        if self.vectors is None and len(numbers) == 1:
            return self._parse_class(numbers[0])
        return self._parse_vector(numbers)

    def _parse_class(self, place: float) -> PartialLabel:
        if not (0 <= place < self.size and float(place).is_integer()):
            raise _RefusedError(f"is out of range: {self._describe_allowed()}.")
        return self._one_hot(int(place)), np.ones(self.size, bool)

    def _parse_vector(self, numbers: Sequence[float]) -> PartialLabel:
        if len(numbers) != self.size or not all(map(math.isfinite, numbers)):
            raise _RefusedError(f"is not allowed: {self._describe_allowed()}.")
        return np.array(numbers, np.float32), np.ones(self.size, bool)

    def _parse_entries(self, text: str) -> PartialLabel:
        """Return some entries of a vector: hair=long sets all of hair=…, and smile=0.5 one."""
        values, fixed = np.zeros(self.size, np.float32), np.zeros(self.size, bool)
        for part in map(str.strip, text.split(",")):
            name, value = (part, 1.0) if part in self.names else _parse_assignment(part)
            if name not in self.names or self.vectors is None:
                raise _RefusedError(f"is not allowed: {self._suggest(part)}")
            group = name.rpartition("=")[0] if name == part else ""
            for place, other in enumerate(self.names):
                if other != name and (not group or other.rpartition("=")[0] != group):
                    continue
                if fixed[place]:  # of its group another value was typed before
                    raise _RefusedError(f"is not allowed: {group or name} is there twice.")
                fixed[place] = True
            values[self.names.index(name)] = value
        return values, fixed

    def _suggest(self, part: str) -> str:
        """Return a sentence of what may be asked for in the place of what may not."""
        group = f"{part.rpartition('=')[0]}="
        values = [name.removeprefix(group) for name in self.names if name.startswith(group)]
        if values and self.vectors is not None:
            return f"{group[:-1]} takes {', '.join(values)}."
        return f"{self._describe_allowed()}.{did_you_mean(part, self.names)}"

    def _describe_allowed(self) -> str:
        """Return in words what may be asked for."""
        if self.vectors is None:
            words = f"a name such as {self.names[0]}, " if self.names else ""
            return f"0 to {self.size - 1} are allowed, {words}or {ANY}"
        groups = list(dict.fromkeys(name.rpartition("=")[0] or name for name in self.names))
        more = ", …" if len(groups) > MOST else ""
        words = f"{', '.join(groups[:MOST])}{more} as in {self.names[0]}; " if groups else ""
        files = f"a {' or '.join(ENDINGS)} file of them"
        return f"it takes {words}{self.size} numbers; {files}; or {ANY}"

    def _sample(self, rng: np.random.Generator) -> Floats:
        if self.vectors is not None:
            row: Floats = self.vectors[rng.integers(len(self.vectors))]
            return row
        if self.counts is None:
            return self._one_hot(int(rng.integers(self.size)))
        # In whole numbers: probabilities would have to sum to 1 exactly, which fractions do not.
        ends = np.cumsum(self.counts)
        return self._one_hot(int(np.searchsorted(ends, rng.integers(ends[-1]), "right")))

    def _one_hot(self, place: int) -> Floats:
        values = np.zeros(self.size, np.float32)
        values[place] = 1
        return values


def _check_names(names: Sequence[str], size: int) -> tuple[str, ...]:
    return tuple(names) if len(names) == size else ()


class _RefusedError(Exception):
    """What is asked for is not allowed; the reason follows it in a sentence."""


def parse_numbers(text: str) -> tuple[float, ...]:
    """Return numbers with commas or spaces between them.

    Raises:
        ValueError: if they are none.
    """
    parts = text.strip("[] \n").replace(",", " ").split() or [text]
    if not all(map(is_number, parts)):  # float() also takes 1_000, nan and Arabic digits
        raise ValueError(text)
    return tuple(map(float, parts))


def _parse_assignment(part: str) -> tuple[str, float]:
    """Return the name and the number of `smile=0.5`; no name if it is no such thing."""
    name, _, number = part.rpartition("=")
    value = float(number) if is_number(number) else math.nan
    return (name, value) if math.isfinite(value) else ("", 0.0)


def _read_numbers(path: Path) -> tuple[float, ...]:
    """Return the numbers of a file.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        return parse_numbers(read_regular(path, MAX_TEXT_FILE_BYTES).decode("utf-8-sig"))
    except DataError:
        raise
    except ValueError:
        raise DataError(f"{path} cannot be read: it is no list of numbers.") from None
