"""What a trained generator is analyzed by."""

from typing import Annotated

from pydantic import Field

from epoque.bench.config import PathOrHttps, SettingsGroup, setting

from .task import ANALYZE, NETWORK_FILES

__all__ = ["AnalysisSettings"]

ImageSeed = Annotated[int, Field(ge=0, le=2**32 - 1)]


class AnalysisSettings(SettingsGroup):
    """The networks to look at, and the images they are looked at by."""

    network: PathOrHttps = setting(
        "avatars-t",
        "Network",
        "To analyze: a short name, a network's file, a run's folder or an official snapshot.",
        min_length=1,
        max_length=4096,
        group="Analysis",
        only=ANALYZE,
        file=NETWORK_FILES,
    )
    against: PathOrHttps | None = setting(
        "avatars-stylegan2",
        "Network beside it",
        "Measured in the same way, to compare with; none: the network alone.",
        min_length=1,
        max_length=4096,
        group="Analysis",
        only=ANALYZE,
        file=NETWORK_FILES,
    )
    seeds: tuple[ImageSeed, ...] = setting(
        (2, 674, 1024),
        "Seeds of images",
        "Each makes one image, looked at closely.",
        min_length=1,
        max_length=12,
        group="Analysis",
        only=ANALYZE,
    )
    truncation: float = setting(
        1.0,
        "Truncation",
        "How far from the mean image: 1 as drawn, 0 the mean.",
        ge=-4,
        le=4,
        group="Analysis",
        step=0.1,
        only=ANALYZE,
    )
    label: str | None = setting(
        None,
        "Class",
        "Of networks that have some: a number, a name or any; or attributes, as in "
        "hair=long,glasses=none, of which the rest is drawn.",
        min_length=1,
        max_length=100_000,
        group="Analysis",
        only=ANALYZE,
    )
    equivariance_images: int = setting(
        64,
        "Images moved",
        "How many are moved to measure how well they follow.",
        unit="images",
        ge=2,
        le=100_000,
        group="Analysis",
        scale="log",
        only=ANALYZE,
    )
