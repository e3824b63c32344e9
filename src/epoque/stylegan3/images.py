"""Images as the networks make them, and as files hold them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["to_uint8"]


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
