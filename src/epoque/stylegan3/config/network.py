"""How large both networks are, and what they begin with."""

from epoque.bench.config import PathOrHttps, setting

from .architecture import ArchitectureSettings
from .task import NETWORK_FILES, TRAIN

__all__ = ["NetworkSettings"]


class NetworkSettings(ArchitectureSettings):
    """The shapes of generator and discriminator, and their first weights."""

    cbase: int = setting(
        32_768,
        "Channels times resolution",
        "Width of the networks; config r's generator has twice as much.",
        ge=16,
        le=2**20,
        group="Network",
        scale="log",
        only=TRAIN,
    )
    cmax: int = setting(
        512,
        "Most channels",
        "Of a layer; config r's generator has twice as many.",
        ge=4,
        le=4096,
        group="Network",
        scale="log",
        only=TRAIN,
    )
    layers: int = setting(
        14,
        "Layers",
        "Of an alias-free generator, beside the one that makes the image.",
        ge=4,
        le=32,
        group="Network",
        step=1,
        only={**TRAIN, "cfg": ("t", "r")},
    )
    first_cutoff: float = setting(
        2.0,
        "First cutoff",
        "Of an alias-free generator: the frequency up to which its first layer's signal reaches. A "
        "few layers place small things sooner if they begin at 4.",
        unit="cycles over the image",
        gt=0,
        lt=8,
        group="Network",
        step=0.5,
        only={**TRAIN, "cfg": ("t", "r")},
    )
    z_dim: int = setting(
        512,
        "Random numbers",
        "Random numbers that an image is made from.",
        ge=1,
        le=4096,
        group="Network",
        scale="log",
        only=TRAIN,
    )
    w_dim: int = setting(
        512,
        "Style",
        "Numbers of a style.",
        ge=4,
        le=4096,
        group="Network",
        scale="log",
        only=TRAIN,
    )
    map_depth: int | None = setting(
        None,
        "Mapping layers",
        "From random numbers to a style; none: 2, and 8 of StyleGAN2.",
        ge=1,
        le=32,
        group="Network",
        step=1,
        only=TRAIN,
    )
    mbstd_group: int = setting(
        4,
        "Images compared",
        "How many images the discriminator compares with one another.",
        unit="images",
        ge=1,
        le=256,
        group="Network",
        step=1,
        only=TRAIN,
    )
    freezed: int = setting(
        0, "Frozen layers", "First layers of the discriminator that stay as they are.",
        unit="layers", ge=0, le=64, group="Network", step=1, only=TRAIN,
    )  # fmt: skip
    resume_from: PathOrHttps | None = setting(
        None,
        "First networks",
        "Begin with the weights of another training: a run's folder, a network's file, an official "
        "snapshot, its https address or short name (officially --resume).",
        min_length=1,
        max_length=4096,
        group="Network",
        only=TRAIN,
        file=NETWORK_FILES,
    )
