"""Reading a set of images for training and measuring: random access, from any process."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError, UsageError
from epoque.bench.seeds import numpy_rng

from .files import open_files
from .labels import LabelTable, build_table, read_labels, spare_labels, unused_classes
from .preprocess import PictureError, decode, is_picture, to_array
from .sources import describe_left_out, describe_no_pictures

__all__ = ["ImageSet"]


class ImageSet:
    """A zip or folder of equal square pictures. Picklable; many processes may read at once.

    Attributes:
        path: of the zip or folder.
        name: for people: the file's name without its ending.
        names: of the pictures, sorted; the order of the indices.
        channels: 3 for colour, 1 for grey.
        resolution: pixels of a side.
        label_names: of the classes or of the labels' entries, if they are told.
        labels: of all pictures, without the mirror images.
        remarks: sentences on what is left out, and what is unusual about the labels.
    """

    labels: LabelTable

    def __init__(
        self,
        path: Path | str,
        *,
        labels: bool = True,
        mirror: bool = False,
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        """Open a set of images.

        Args:
            path: of the zip or folder.
            labels: whether to read its labels.
            mirror: whether to add each picture's mirror image; they follow the pictures.
            limit: how many pictures to use, chosen with the seed; None for all.
            seed: chooses them.

        Raises:
            DataError: if it cannot be read, is empty, or the first picture is not square.
            UsageError: if `limit` is not positive.
        """
        self.path = Path(path)
        self.name = self.path.stem
        self._files = open_files(self.path)
        every = [name for name in self._files.names if is_picture(name)]
        if not every:
            raise describe_no_pictures(self._files)
        label_values = read_labels(self._files) if labels else None
        table = build_table(label_values, every, str(self.path))
        rows = _select_rows(len(every), limit, seed)
        self.names = tuple(every[i] for i in rows)
        self.label_names = label_values.names if label_values else ()
        self.labels = table.select(rows)
        self.remarks = (
            *describe_left_out(self._files.names),
            *(spare_labels(label_values, every) if label_values else ()),
            *unused_classes(table.counts()),
        )
        self._mirror = mirror
        self._shape: tuple[int, ...] = self._first()
        self.channels, self.resolution = self._shape[0], self._shape[1]

    def __len__(self) -> int:
        return len(self.names) * (2 if self._mirror else 1)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return a picture and its label; see `image` and `label`."""
        return self.image(index), self.label(index)

    @property
    def label_dim(self) -> int:
        """Length of a label; 0 without labels."""
        return self.labels.size

    def stamps(self) -> list[str]:
        """Return what changes when a picture does, of each, without reading it.

        Raises:
            DataError: if one is not there any more.
        """
        return [self._files.stamp(name) for name in self.names]

    def image(self, index: int) -> NDArray[np.uint8]:
        """Return a picture, [channels, resolution, resolution], 0 to 255.

        Raises:
            IndexError: if there is none of that index.
            DataError: if it is damaged, or of another size than the first.
        """
        plain, mirrored = self._at(index)
        levels = self._read(self.names[plain])
        if levels.shape != self._shape:
            shape, first = _format_shape(levels.shape), _format_shape(self._shape)
            message = f"{self.names[plain]} is {shape}, the first {first}"
            raise DataError(f"{self.path}: the pictures are not all alike: {message}.")
        return np.ascontiguousarray(levels[:, :, ::-1]) if mirrored else levels

    def label(self, index: int) -> NDArray[np.float32]:
        """Return a picture's label, [label_dim]; a class is a 1 at its place."""
        row: NDArray[np.float32] = self.labels.vectors(np.array([self._at(index)[0]]))[0]
        return row

    def _at(self, index: int) -> tuple[int, bool]:
        """Return which picture an index means, and whether mirrored."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"There are {len(self)} images; {index} is none of them.")
        mirrored, plain = divmod(index % len(self), len(self.names))
        return plain, bool(mirrored)

    def _first(self) -> tuple[int, ...]:
        shape = self._read(self.names[0]).shape
        if shape[1] != shape[2]:
            message = f"{self.names[0]} is {_format_shape(shape)}, not square"
            raise DataError(f"{self.path}: {message}; `dataset make` brings pictures into shape.")
        return shape

    def _read(self, name: str) -> NDArray[np.uint8]:
        try:
            return to_array(decode(self._files.read(name)))
        except PictureError as error:
            raise DataError(f"{self.path}: {name} {error}.") from None


def _select_rows(count: int, limit: int | None, seed: int) -> NDArray[Any]:
    """Return the indices of the pictures to use, in order."""
    if limit is None or limit >= count:
        return np.arange(count)
    if limit < 1:
        raise UsageError(f"limit: {limit} is not allowed; at least one picture is needed.")
    return np.sort(numpy_rng(seed, "subset of the images").permutation(count)[:limit])


def _format_shape(shape: tuple[int, ...]) -> str:
    return f"{shape[2]}×{shape[1]} in {'grey' if shape[0] == 1 else 'colour'}"
