"""The precision of the products: float32, faster and rougher float32, or bfloat16.

Weights, gradients and optimiser stay float32; only the products inside the model change.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import torch

from ..config import LanguageConfig

__all__ = ["KINDS", "PrecisionChoice", "autocast", "choose_precision", "optimizer_precision"]

KINDS = ("float32", "medium", "bfloat16")
"""From the finest to the roughest."""

_WORTHWHILE_PRODUCTS = 2**24
"""Products of numbers in a matrix product from which bfloat16 saves more than the conversions cost.

Measured with AMX: half of it (512 tokens, width 64) is a draw, four times as much (1,024 tokens,
width 128) three times as fast.
"""


@contextmanager
def autocast(kind: str, device: torch.device) -> Iterator[None]:
    """Compute the products of the block in one precision (`torch.autocast` and float32's own).

    The global setting comes back after it.

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
class PrecisionChoice:
    """Which precision a training computes in, and why.

    Attributes:
        kind: one of `KINDS`.
        reason: why.
    """

    kind: str
    reason: str = ""

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return f"{json.dumps(asdict(self), indent=2)}\n".encode()


def choose_precision(config: LanguageConfig, device: torch.device) -> PrecisionChoice:
    """Return the config's precision, or what suits the processor where it leaves that open.

    No stopwatch decides: the same run on the same machine computes in the same precision.
    """
    if config.precision != "auto":
        return PrecisionChoice(config.precision, "set")
    instructions = _bfloat16_instructions(device)
    if not instructions:
        return PrecisionChoice(
            "float32", "the processor has no instructions for products of bfloat16"
        )
    if _count_products(config) < _WORTHWHILE_PRODUCTS:
        return PrecisionChoice("float32", "the products are too small for another to pay")
    return PrecisionChoice(
        "bfloat16", f"the processor has {instructions}, and the products are large"
    )


def optimizer_precision(kind: str) -> str:
    """Return what an optimiser's products are computed in: its numbers stay float32."""
    return "float32" if kind == "float32" else "medium"


def _count_products(config: LanguageConfig) -> int:
    """Return how many products of two numbers a matrix of the feed-forward part takes."""
    tokens = config.batch_size // config.accumulate * config.block_size
    return tokens * config.width * config.feed_forward_width


def _bfloat16_instructions(device: torch.device) -> str:
    """Name the instructions with which a device multiplies bfloat16; "" if it has none.

    A processor without them takes ten to twenty times as long in bfloat16 as in float32.
    """
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return f"CUDA capability {major}.{minor}" if major >= 8 else ""
    if device.type != "cpu":
        return ""
    has: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return next((name for name in ("amx_bf16", "avx512_bf16") if has.get(name) is True), "")
