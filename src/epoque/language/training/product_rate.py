"""How fast this machine multiplies matrices, which a step is compared with."""

import time

import torch

__all__ = ["measure_product_rate"]

_SIZE, _TIMES = 768, 5


def measure_product_rate(device: torch.device) -> float:
    """Return the operations a second of the best of some float32 products: a tenth of a second.

    Args:
        device: that computes, with the threads of the moment.
    """
    a, b = (torch.ones(_SIZE, _SIZE, device=device) for _ in range(2))
    best = float("inf")
    for _ in range(_TIMES):
        start = time.perf_counter()
        product = a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
        del product
    return 2.0 * _SIZE**3 / best
