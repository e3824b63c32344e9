"""The precision of the products: float32, faster and rougher float32, or bfloat16; measured.

Weights, gradients and optimiser stay float32; only the products inside the model change.
"""

import json
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from .config import LanguageConfig

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KINDS", "Chosen", "chosen", "computing", "fastest", "measured", "of_optimizer"]

KINDS = ("float32", "medium", "bfloat16")
"""From the finest to the roughest."""

_WORTH = 0.9
"""A rougher precision must save a tenth of the time: less is within the noise."""
_REPETITIONS = 5


@contextmanager
def computing(kind: str, device: torch.device) -> Iterator[None]:
    """Compute the products of the block in one precision; the global setting comes back after it.

    Args:
        kind: one of `KINDS`. Medium lets float32 products be computed by bfloat16 parts (on a GPU:
            TensorFloat-32), where the processor can.
        device: where the products run.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium" if kind == "medium" else "highest")
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=kind == "bfloat16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@dataclass(frozen=True)
class Chosen:
    """Which precision a training computes in, and why.

    Attributes:
        kind: one of `KINDS`.
        seconds: what was measured, each kind's; empty where the config says the kind.
    """

    kind: str
    seconds: Mapping[str, float] = field(default_factory=dict)

    def told(self) -> bytes:
        """Return it as JSON."""
        return f"{json.dumps(asdict(self), indent=2)}\n".encode()


def chosen(config: LanguageConfig, device: torch.device) -> Chosen:
    """Return the config's precision, or the fastest where it leaves that open."""
    if config.precision != "auto":
        return Chosen(config.precision)
    seconds = measured(config, device)
    return Chosen(fastest(seconds), seconds)


def of_optimizer(kind: str) -> str:
    """Return what an optimiser's products are computed in: its numbers stay float32."""
    return "float32" if kind == "float32" else "medium"


def measured(config: LanguageConfig, device: torch.device) -> dict[str, float]:
    """Return the seconds that a layer's products take in each precision, there and back.

    The medians of a few repetitions at the config's own width and tokens a step (at most 2,048),
    measured in turn, so that what else the machine does touches all alike.
    """
    tokens = min(config.batch_size // config.accumulate * config.block_size, 2048)
    generator = torch.Generator().manual_seed(0)
    sizes = ((config.inner, config.width), (config.width, config.inner))
    weights = [torch.randn(*size, generator=generator).to(device) for size in sizes]
    x = torch.randn(tokens, config.width, generator=generator).to(device)
    for weight in weights:
        weight.requires_grad_()
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(_REPETITIONS + 1):
        for kind in KINDS:
            seconds[kind].append(_timed(kind, x, weights))
    return {kind: statistics.median(each[1:]) for kind, each in seconds.items()}


def fastest(seconds: Mapping[str, float]) -> str:
    """Return the fastest precision; a rougher one only if it is worth it."""
    best = KINDS[0]
    for kind in KINDS[1:]:
        if seconds[kind] < _WORTH * seconds[best]:
            best = kind
    return best


def _timed(kind: str, x: "Tensor", weights: "list[Tensor]") -> float:
    """Return the seconds of two products, forward and backward."""
    start = time.perf_counter()
    with computing(kind, x.device):
        out = functional.linear(functional.relu(functional.linear(x, weights[0])), weights[1])
    grads = torch.autograd.grad(out.float().square().sum(), weights)
    float(grads[0][0, 0])  # waits for a GPU
    return time.perf_counter() - start
