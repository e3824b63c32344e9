"""The noise of StyleGAN2's layers as something that is looked for, like the styles.

Karras et al. 2020, appendix D: the noise maps are searched together with the style, and kept from
carrying the picture themselves: a penalty on what neighbours have in common, at all scales, and
after each step every map is brought back to mean 0 and variance 1.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from ..networks import Generator

__all__ = ["noise_maps", "noise_regularization", "normalize_noise", "replace_noise"]

SMALLEST = 8  # of a side: coarser scales are not looked at
_NAME = "noise_const"


def noise_maps(generator: Generator) -> dict[str, Tensor]:
    """Return the noise maps of a generator, [size, size] each, by layer; none of StyleGAN3."""
    buffers = dict(generator.synthesis.named_buffers())
    ending = f".{_NAME}"
    return {name.removesuffix(ending): v for name, v in buffers.items() if name.endswith(ending)}


def noise_regularization(noise: Iterable[Tensor]) -> Tensor:
    """Return how much neighbours have in common, squared and summed over maps and scales.

    Each scale has half the size of that before; white noise is still white noise there.
    """
    return torch.stack([_autocorrelation(one[None, None]) for one in noise]).sum()


def _autocorrelation(noise: Tensor) -> Tensor:
    parts = []
    while True:
        parts += [(noise * noise.roll(1, axis)).mean().square() for axis in (2, 3)]
        if noise.shape[-1] <= SMALLEST:
            return torch.stack(parts).sum()
        noise = 2 * functional.avg_pool2d(noise, 2)


def normalize_noise(noise: Tensor) -> Tensor:
    """Return a map of mean 0 and variance 1."""
    noise = noise - noise.mean()
    return noise * noise.square().mean().rsqrt()


@contextmanager
def replace_noise(generator: Generator, noise: Mapping[str, Tensor]) -> Iterator[None]:
    """Let layers have other noise maps inside.

    Args:
        generator: of StyleGAN2, where there is any noise.
        noise: maps by layer, as of `noise_maps`.
    """
    layers = {name: generator.synthesis.get_submodule(name) for name in noise}
    before = {name: getattr(layer, _NAME) for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            setattr(layer, _NAME, noise[name])
        yield
    finally:
        for name, layer in layers.items():
            setattr(layer, _NAME, before[name])
