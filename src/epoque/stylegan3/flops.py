"""How much there is to compute, and with how many threads."""

from epoque.bench.events import Checkpoint
from epoque.bench.torch.threads import choose_thread_count, saved_thread_count

from .config import StyleGan3Config
from .networks import GeneratorSpec, StyleGan3Spec
from .networks.bands import signal_bands

__all__ = ["TRAINING_FACTOR", "choose_threads", "generator_flops"]

TRAINING_FACTOR = 12
"""Times the operations of an image's generator that training takes for it: forward and backward of
the generator's turn and of the discriminator's, each through a network of about its size."""


def generator_flops(spec: GeneratorSpec) -> float:
    """Return about how many operations an image takes: those of its 3 × 3 convolutions."""
    if isinstance(spec, StyleGan3Spec):
        return float(18 * sum(band.channels**2 * band.size**2 for band in signal_bands(spec)))
    sizes = [2**power for power in range(2, spec.img_resolution.bit_length())]
    widths = (min(spec.channel_base // size, spec.channel_max) for size in sizes)
    return 36.0 * float(sum(width**2 * size**2 for width, size in zip(widths, sizes, strict=True)))


def choose_threads(
    config: StyleGan3Config, spec: GeneratorSpec, images: int, resume: Checkpoint | None = None
) -> int:
    """Return how many threads a run computes with: a checkpoint's, or what suits its size.

    Args:
        config: may say it.
        spec: of the generator.
        images: what a step computes, in images that a generator makes.
        resume: the checkpoint.
    """
    state = resume.state if resume else {}
    return saved_thread_count(state) or choose_thread_count(
        config.threads, images * generator_flops(spec)
    )
