"""The networks that a config asks for, for images of a shape."""

from dataclasses import dataclass
from typing import Any

from epoque.bench.events import Checkpoint

from ..config import StyleGan3Config
from ..flops import TRAINING_FACTOR, choose_threads
from ..networks import DiscriminatorSpec, GeneratorSpec, StyleGan2Spec, StyleGan3Spec

__all__ = ["ImageShape", "choose_training_threads", "discriminator_spec", "generator_spec"]


@dataclass(frozen=True, slots=True)
class ImageShape:
    """What the images of a set are like.

    Attributes:
        resolution: pixels of a side.
        channels: 3 for colour, 1 for grey.
        labels: length of a label, 0 for none.
    """

    resolution: int
    channels: int
    labels: int


def generator_spec(config: StyleGan3Config, shape: ImageShape) -> GeneratorSpec:
    """Return what the generator is made of (configs T and R: Karras et al. 2021, appendix F)."""
    common: dict[str, Any] = {
        **_common(config, shape),
        "z_dim": config.z_dim,
        "w_dim": config.w_dim,
    }
    if config.map_depth is not None:
        common["mapping_layers"] = config.map_depth
    if config.cfg == "stylegan2":
        return StyleGan2Spec(**common, fourier_input=config.fourier_input)
    stopband = StyleGan3Spec.model_fields["first_stopband"].default
    usual = StyleGan3Spec.model_fields["first_cutoff"].default
    common |= {
        "num_layers": config.layers,
        "first_cutoff": config.first_cutoff,
        "first_stopband": stopband * config.first_cutoff / usual,
        "magnitude_ema_beta": 0.5 ** (config.batch / 20_000),
    }
    if config.cfg == "t":
        return StyleGan3Spec(**common)
    # 1 × 1 convolutions have few weights: twice the channels make up for it.
    common |= {"channel_base": 2 * config.cbase, "channel_max": 2 * config.cmax}
    return StyleGan3Spec(**common, conv_kernel=1, use_radial_filters=True)


def choose_training_threads(
    config: StyleGan3Config, shape: ImageShape, resume: Checkpoint | None = None
) -> int:
    """Return how many threads a training computes with (see `..flops.choose_threads`)."""
    images = TRAINING_FACTOR * config.batch
    return choose_threads(config, generator_spec(config, shape), images, resume)


def discriminator_spec(config: StyleGan3Config, shape: ImageShape) -> DiscriminatorSpec:
    """Return what the discriminator is made of."""
    return DiscriminatorSpec(
        **_common(config, shape),
        mbstd_group_size=config.mbstd_group,
        freeze_layers=config.freezed,
    )


def _common(config: StyleGan3Config, shape: ImageShape) -> dict[str, Any]:
    return {
        "c_dim": shape.labels,
        "img_resolution": shape.resolution,
        "img_channels": shape.channels,
        "channel_base": config.cbase,
        "channel_max": config.cmax,
    }
