"""PyTorch's random numbers from the run's one seed."""

from typing import TYPE_CHECKING

from epoque.bench.seeds import numpy_rng

if TYPE_CHECKING:
    import torch

__all__ = ["torch_generator"]


def torch_generator(seed: int, purpose: str) -> "torch.Generator":
    """Return PyTorch's generator (on the CPU) for one purpose of one seed."""
    import torch

    return torch.Generator().manual_seed(int(numpy_rng(seed, purpose).integers(2**63)))
