"""Images as the networks make them, and as files hold them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["from_uint8", "to_uint8"]


def from_uint8(levels: Tensor) -> Tensor:
    """Return whole numbers as a network takes them, 0 becoming −1 and 255 becoming 1.

    Args:
        levels: 0 to 255, of any shape.

    Returns:
        float32 of the same shape.
    """
    return levels.float() / 127.5 - 1


def to_uint8(images: Tensor) -> NDArray[np.uint8]:
    """Return images as whole numbers, −1 becoming 0 and 1 becoming 255, the fraction cut off.

    Args:
        images: [N, C, H, W] of any floating type; what lies outside −1 to 1 is clamped.

    Returns:
        [N, H, W, C], 0 to 255.
    """
    levels = (images.detach().float() * 127.5 + 128).clamp(0, 255)
    pixels: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).to(torch.uint8).cpu().numpy()
    return pixels
