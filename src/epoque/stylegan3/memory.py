"""How much memory an image takes, told before it runs out."""

import torch

from epoque.bench.errors import UsageError
from epoque.bench.system.memory import free_memory
from epoque.bench.torch.allocation import reserved_memory

from .networks import Generator, StyleGan3Spec
from .networks.bands import signal_bands
from .ops.dispatch import is_fast

__all__ = ["available_memory", "check_memory", "estimate_memory", "format_gib"]

COPIES = 3  # of the largest signal at a time: what goes in, what comes out, what lies between
PLAIN_COPIES = 20  # on the plain path, which writes upsampled signals, measured


def estimate_memory(generator: Generator, images: int = 1, *, plain: bool = False) -> int:
    """Estimate the memory that making images takes beside the weights, in bytes.

    The largest layer decides: its input, its output and one signal between them, float32. What
    the plain path puts between them, the upsampled signals, is larger; the other paths never
    write them.

    Args:
        generator: makes them.
        images: how many at a time.
        plain: whether the plain path does it.
    """
    upsampled = plain and isinstance(generator.spec, StyleGan3Spec)
    return (PLAIN_COPIES if upsampled else COPIES) * 4 * images * _largest_signal(generator)


def available_memory(device: torch.device) -> int | None:
    """Return the free memory of a device in bytes, or None where the system does not tell.

    On the CPU limits of this process and of its container count
    (`bench.system.memory.free_memory`), and what earlier images left for the next ones.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = free_memory()
    return None if free is None else free + reserved_memory()


def check_memory(
    generator: Generator,
    device: torch.device,
    *,
    images: int = 1,
    extra_bytes: int = 0,
    plain: bool = False,
) -> None:
    """Refuse what does not fit, before anything is computed.

    Args:
        generator: what makes the images.
        device: where.
        images: how many at a time.
        extra_bytes: bytes of what is kept beside them, such as the frames of a film.
        plain: whether the plain path makes them, even where there is a faster one.

    Raises:
        UsageError: if the estimate is more than what is free; it says what would fit.
    """
    free, one = (
        available_memory(device),
        estimate_memory(generator, plain=plain or not is_fast(device)),
    )
    if free is None or one * images + extra_bytes <= free:
        return
    total = format_gib(one * images + extra_bytes)
    need = f"About {total} of memory are needed, {format_gib(free)} are free"
    if extra_bytes and one * images <= free:
        raise UsageError(
            f"{need}; {(free - one * images) / extra_bytes:.0%} of the images would fit."
        )
    if images > 1 and one + extra_bytes <= free:
        raise UsageError(
            f"{need}; {max(1, (free - extra_bytes) // one)} images at a time would fit."
        )
    size = generator.spec.img_resolution
    while size > 4 and one * (size / generator.spec.img_resolution) ** 2 > free:
        size //= 2
    raise UsageError(f"{need}; about {size} × {size} pixels would fit.")


def _largest_signal(generator: Generator) -> int:
    """Numbers of the largest signal of one image."""
    spec = generator.spec
    if isinstance(spec, StyleGan3Spec):
        return max(band.channels * band.size**2 for band in signal_bands(spec))
    sizes = (1 << i for i in range(2, spec.img_resolution.bit_length()))
    return max(min(spec.channel_base // size, spec.channel_max) * size**2 for size in sizes)


def format_gib(count: float) -> str:
    """Return bytes as people read them."""
    return f"{count / 2**30:.1f} GiB"
