"""Running averages: of the generator's weights, and of what its layers see."""

import torch
from torch import Tensor

from ..networks import Generator, build_network
from .distributed import DistributedContext, all_reduce_sum_
from .gan import Losses, LossFunction, Microbatch

__all__ = ["GeneratorEma", "RunningMeans"]


class GeneratorEma:
    """The exponential moving average of a generator's weights (Karras et al. 2018).

    Attributes:
        generator: with the averaged weights, and the buffers as they are; never trained.
    """

    def __init__(self, source: Generator) -> None:
        """Begin with a copy."""
        self._source = source
        self.generator = build_network(source.spec).to(next(source.parameters()).device)
        self.generator.load_state_dict(source.state_dict())
        self.generator.labels = source.labels
        self.generator.eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, images: int, half_life: float) -> None:
        """Move towards the weights as they are now.

        Args:
            images: seen since the last time.
            half_life: images after which half of what was is forgotten; 0 forgets all.
        """
        decay = 0.5 ** (images / half_life) if half_life > 0 else 0.0
        mine: list[Tensor] = list(self.generator.parameters())
        theirs: list[Tensor] = list(self._source.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - decay)
        for buffer, value in zip(self.generator.buffers(), self._source.buffers(), strict=True):
            buffer.copy_(value)


class RunningMeans:
    """The generator's own running means, moved by a whole batch that is computed in parts.

    Each part moves them from where they were before the batch; the result is the mean of what the
    parts made of them, which is what the whole batch would have made.
    """

    def __init__(self, generator: Generator, parts: int) -> None:
        """Remember where they are.

        Args:
            generator: whose.
            parts: of the batch, over all processes.
        """
        buffers = generator.named_buffers()
        self._means = [b for name, b in buffers if name.endswith(("magnitude_ema", "w_avg"))]
        self._before = [mean.clone() for mean in self._means]
        self._total = [torch.zeros_like(mean) for mean in self._means]
        self._parts = parts

    def follow(self, compute_losses: LossFunction) -> LossFunction:
        """Return a loss function that moves them as a part of the batch does."""

        def compute_and_follow(batch: Microbatch) -> Losses:
            torch._foreach_copy_(self._means, self._before)
            yield from compute_losses(batch)
            torch._foreach_add_(self._total, self._means, alpha=1 / self._parts)

        return compute_and_follow

    def merge(self, distributed: DistributedContext) -> None:
        """Let them be where the whole batch has moved them."""
        all_reduce_sum_(distributed, self._total)
        torch._foreach_copy_(self._means, self._total)
