"""What `epoque stylegan3 metrics` compares with, and the labels that it asks a network for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from epoque.bench.progress import Progress

from .options import refuse

if TYPE_CHECKING:
    from ..loading import LoadedGenerator
    from ..measures.image_sources import ImageSource, SetImages

__all__ = ["draw_labels", "find_real_path", "load_real_images"]


def find_real_path(data: Path | None, opened: "LoadedGenerator | None") -> Path | None:
    """Return where the real images are: as typed, or as the network's card tells, if they are."""
    training_data = _find_training_data(opened)
    is_there = training_data is not None and training_data.exists()
    return data or (training_data if is_there else None)


def load_real_images(
    path: Path | None,
    opened: "LoadedGenerator | None",
    images: "ImageSource",
    *,
    reals: int | None,
    mirror: bool,
    seed: int,
    progress: Progress,
) -> "SetImages":
    """Return the real images, drawn portraits if it was those that the network learned from.

    Args:
        path: of `find_real_path`.
        opened: the network, if it is one that is measured.
        images: what is measured.
        reals: how many; None for all, of portraits as many as are measured if it learned so many.
        mirror: whether their mirror images are used too.
        seed: chooses them.
        progress: shows the drawing of portraits.

    Raises:
        ConfigError: if it is not known where they are.
        DataError: if they cannot be read.
        MissingExtraError: if portraits are to be drawn without the extra `avatars`.
    """
    from ..measures.image_sources import SetImages

    if path is not None:
        return SetImages(path, limit=reals, mirror=mirror, seed=seed)
    if opened is None or not opened.portrait_count:
        raise refuse("data", _missing(opened))
    from ..training.data import draw_avatars

    path = draw_avatars(reals or min(images.count, opened.portrait_count), images.size, progress)
    portraits = SetImages(path, mirror=mirror)
    portraits.name = "drawn portraits"
    return portraits


def draw_labels(opened: "LoadedGenerator", path: Path | None) -> str:
    """Let a network be asked for labels as they are in its real images; return where from.

    Args:
        opened: the network.
        path: of the real images, if they are there.

    Returns:
        "" of a network without labels.

    Raises:
        DataError: if the labels cannot be read.
    """
    from ..conditioning import Conditioning
    from ..dataset.image_set import ImageSet

    generator = opened.generator
    if not generator.spec.c_dim:
        return ""
    image_set = None if path is None else ImageSet(path)
    if image_set is not None and image_set.label_dim == generator.spec.c_dim:
        names = image_set.label_names or generator.labels.names
        generator.labels = Conditioning.from_labels(image_set.labels, names)
        return image_set.name
    if generator.labels.vectors is None and generator.labels.counts is None:
        return "all classes alike"
    return "the network's training"


def _find_training_data(opened: "LoadedGenerator | None") -> Path | None:
    """Return the images that a network's card says it learned from."""
    training = opened.card.get("training") if opened else None
    path = training.get("data") if isinstance(training, Mapping) else None
    return Path(path) if isinstance(path, str) else None


def _missing(opened: "LoadedGenerator | None") -> str:
    if opened is None:
        return "name the real images to compare with."
    if (path := _find_training_data(opened)) is not None:
        return f"{path}, which {opened.name} learned from, is not there; name real images."
    unknown = f"the file of {opened.name} does not tell where the images are that it learned from"
    return f"{unknown}; name real images."
