"""How much memory a training takes, told before it runs out: on a CPU the system would end it."""

from dataclasses import dataclass

import torch
from torch import nn

from epoque.bench.errors import UsageError

from .. import memory, networks
from ..config import StyleGan3Config
from ..networks import GeneratorSpec, StyleGan3Spec
from ..networks.bands import layer_plans
from ..ops.dispatch import is_fast
from .specs import ImageShape, discriminator_spec, generator_spec

__all__ = ["MemoryEstimate", "check_training_memory", "estimate_training_memory"]

# Of all signals of one image, measured: what a step keeps for its gradients at least. The plain
# path writes the upsampled signals of alias-free layers too.
_KEPT, _KEPT_PLAIN = 1.5, 15.0


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """The memory of a training, in bytes, an estimate from below.

    Attributes:
        networks: both networks, the average, gradients, and what the optimisers remember.
        image: of each image that is computed at once.
    """

    networks: int
    image: int

    def of(self, images: int) -> int:
        """Return all that so many images at once take."""
        return self.networks + images * self.image


def estimate_training_memory(
    config: StyleGan3Config, shape: ImageShape, device: torch.device
) -> MemoryEstimate:
    """Estimate the memory of a training.

    Args:
        config: what is to be trained.
        shape: of the images.
        device: where.
    """
    spec, other = generator_spec(config, shape), discriminator_spec(config, shape)
    with torch.device("meta"):
        sizes = [
            _count_parameters(networks.build_network(spec)),
            _count_parameters(networks.build_network(other)),
        ]
    # Weights, gradients, two means of Adam; of the generator the average, too.
    numbers = 5 * sizes[0] + 4 * sizes[1]
    upsampled = isinstance(spec, StyleGan3Spec) and not is_fast(device)
    signals = _signal_numbers(spec) * (_KEPT_PLAIN if upsampled else _KEPT)
    signals += 3 * _block_numbers(shape.resolution, config) * _KEPT
    is_half = device.type == "cuda" and config.precision != "float32"
    return MemoryEstimate(4 * numbers, int((2 if is_half else 4) * signals))


def check_training_memory(
    config: StyleGan3Config, shape: ImageShape, device: torch.device, images: int
) -> None:
    """Refuse a training that does not fit, before anything is computed.

    Args:
        config: what is to be trained.
        shape: of the images.
        device: where.
        images: how many are computed at once.

    Raises:
        UsageError: if less is free than it takes; it says what would fit.
    """
    free, need = memory.available_memory(device), estimate_training_memory(config, shape, device)
    if free is None or need.of(images) <= free:
        return
    message = (
        f"Training takes {memory.format_gib(need.of(images))} of memory or more with {images} "
        f"images at once, and {memory.format_gib(free)} are free"
    )
    fits = (free - need.networks) // need.image
    divisors = [count for count in range(1, images) if images % count == 0 and count <= fits]
    if divisors:
        raise UsageError(f"{message}; batch_gpu {divisors[-1]} would fit.")
    raise UsageError(
        f"{message}; a smaller cbase, cmax or resolution would fit: the networks alone take "
        f"{memory.format_gib(need.networks)}, and each image {memory.format_gib(need.image)}."
    )


def _count_parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _signal_numbers(spec: GeneratorSpec) -> int:
    """Numbers of all signals of a generator, of one image."""
    if isinstance(spec, StyleGan3Spec):
        return sum(
            plan.after.channels * ((plan.before.size + plan.kernel - 1) ** 2 + plan.after.size**2)
            for plan in layer_plans(spec)
        )
    sizes = [2**i for i in range(2, spec.img_resolution.bit_length())]
    return sum(4 * min(spec.channel_base // size, spec.channel_max) * size**2 for size in sizes)


def _block_numbers(resolution: int, config: StyleGan3Config) -> int:
    """Numbers of one signal of each block of the discriminator."""
    sizes = [2**i for i in range(2, resolution.bit_length())]
    return sum(min(config.cbase // size, config.cmax) * size**2 for size in sizes)
