"""One seed a run, split by purpose.

Each purpose ("initial weights", "data", "batches") gets its own stream, so that asking for one
more number in one place never shifts another.
"""

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import jax
    import numpy as np
    import torch

__all__ = ["jax_key", "numpy_rng", "torch_generator"]


def numpy_rng(seed: int, purpose: str) -> "np.random.Generator":
    """Return NumPy's generator (PCG64) for one purpose of one seed."""
    import numpy as np

    return np.random.default_rng(np.random.SeedSequence([seed, crc32(purpose.encode())]))


def jax_key(seed: "int | jax.Array", purpose: str) -> "jax.Array":
    """Return JAX's key (threefry) for one purpose of one seed; `seed` may be a traced uint32."""
    import jax

    return jax.random.fold_in(jax.random.key(seed), crc32(purpose.encode()))


def torch_generator(seed: int, purpose: str) -> "torch.Generator":
    """Return PyTorch's generator (on the CPU) for one purpose of one seed."""
    import torch

    return torch.Generator().manual_seed(int(numpy_rng(seed, purpose).integers(2**63)))
