"""Which images are learned."""

from epoque.bench.config import LocalPath, SettingsGroup, setting

from .task import TRAIN

__all__ = ["DatasetSettings"]


class DatasetSettings(SettingsGroup):
    """The set of images, or the portraits that are drawn in its place."""

    data: LocalPath | None = setting(
        None,
        "Images",
        "A zip or folder made by `epoque stylegan3 dataset`; none: drawn cartoon portraits.",
        min_length=1,
        max_length=4096,
        group="Images",
        only=TRAIN,
        file=("zip",),
    )
    avatars: int = setting(
        10_000,
        "Portraits",
        "Without images of your own: how many cartoon portraits are drawn.",
        unit="images",
        ge=16,
        le=1_000_000,
        group="Images",
        scale="log",
        only={**TRAIN, "data": (None,)},
    )
    resolution: int = setting(
        64,
        "Resolution",
        "Without images of your own: width and height of the portraits.",
        unit="pixels",
        ge=16,
        le=1024,
        group="Images",
        scale="log",
        only={**TRAIN, "data": (None,)},
    )
    max_images: int | None = setting(
        None,
        "Most images",
        "Use only so many, chosen with the seed; none: all.",
        ge=1,
        group="Images",
        scale="log",
        only=TRAIN,
    )
    cond: bool = setting(
        False,
        "Conditional",
        "Learn the images' labels, to generate by label.",
        group="Images",
        only=TRAIN,
    )
    mirror: bool = setting(
        False,
        "Mirror images",
        "Add each image's mirror image to the set.",
        group="Images",
        only=TRAIN,
    )
