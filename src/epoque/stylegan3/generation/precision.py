"""Images made with shorter numbers, and how far they are from those of float32."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from epoque.bench.errors import ConfigError

from ..images import to_uint8
from ..networks import Generator, Noise
from .synthesis import synthesize

__all__ = ["Difference", "Precision", "measure_difference", "precision_dtype"]

Precision = Literal["float32", "bfloat16", "float16"]

_LOW_PRECISION_DTYPES: dict[Precision, torch.dtype | None] = {
    "float32": None,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def precision_dtype(precision: Precision) -> torch.dtype | None:
    """Return the type of the highest resolutions (see `networks.generator.Synthesis`).

    Raises:
        UsageError: if there is no such precision.
    """
    if precision not in _LOW_PRECISION_DTYPES:
        raise ConfigError.of(
            "precision", f"{precision} is not allowed; it takes {', '.join(_LOW_PRECISION_DTYPES)}."
        )
    return _LOW_PRECISION_DTYPES[precision]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far an image is from the same one in float32.

    Attributes:
        precision: of the image.
        largest: of the differences between bytes, 0 to 255.
        mean: of the differences between bytes.
        relative: of the numbers before they become bytes: root mean square of the differences, as
            a share of that of the image.
    """

    precision: Precision
    largest: int
    mean: float
    relative: float

    def __str__(self) -> str:
        """Tell it in a sentence."""
        levels = f"at most {self.largest} of 255 levels, {self.mean:.2g} on average"
        text = f"{levels}; relative {self.relative:.1e}"
        return f"{self.precision} against float32, in the first image: {text}."

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


def measure_difference(
    generator: Generator,
    ws: Tensor,
    precision: Precision,
    *,
    noise: Noise = "const",
    seed: int = 0,
) -> Difference:
    """Make an image twice, and compare.

    Args:
        generator: makes it.
        ws: [num_ws, w_dim] its styles.
        precision: what is compared with float32.
        noise: of StyleGAN2's layers.
        seed: of the noise, where it is drawn anew.

    Raises:
        UsageError: if there is no such precision.
    """
    short, full = (
        synthesize(
            generator, ws[None], [seed], noise=noise, low_precision_dtype=low_precision_dtype
        )
        for low_precision_dtype in (precision_dtype(precision), None)
    )
    levels = np.abs(to_uint8(short).astype(np.int64) - to_uint8(full))
    power = full.square().mean().sqrt().clamp(min=1e-30)
    relative = float((short - full).square().mean().sqrt() / power)
    return Difference(precision, int(levels.max()), float(levels.mean()), relative)
