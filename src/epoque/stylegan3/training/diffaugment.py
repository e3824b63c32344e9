"""DiffAugment: what the discriminator sees is changed by chance, always, real and generated alike.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3.2: colour
(brightness, saturation, contrast), translation by up to an eighth of the size, and a square hole of
half the size. Each can be differentiated, so that the generator learns through it.
"""

import torch
from torch import Tensor

__all__ = ["diff_augment"]


def diff_augment(images: Tensor, rng: torch.Generator) -> Tensor:
    """Return images with other colours, elsewhere, and with a hole.

    Args:
        images: [N, C, H, W], −1 to 1.
        rng: draws, on the CPU, how each image is changed.
    """
    images = _change_colors(images, torch.rand(3, len(images), 1, 1, 1, generator=rng))
    images = _translate(images, torch.rand(2, len(images), generator=rng))
    return _cut_out(images, torch.rand(2, len(images), generator=rng))


def _change_colors(images: Tensor, uniform: Tensor) -> Tensor:
    """Change brightness by −0.5 to 0.5, saturation by 0 to 2 times, contrast by 0.5 to 1.5 times.

    Args:
        images: [N, C, H, W].
        uniform: [3, N, 1, 1, 1] numbers of 0 to 1 that say by how much.
    """
    brightness, saturation, contrast = uniform.to(images)
    images = images + (brightness - 0.5)
    gray = images.mean(1, keepdim=True)
    images = gray + (images - gray) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    contrasted: Tensor = mean + (images - mean) * (contrast + 0.5)
    return contrasted


def _translate(images: Tensor, uniform: Tensor, ratio: float = 1 / 8) -> Tensor:
    """Shift by whole pixels, up to a share of the size each way; what comes in is 0.

    Args:
        images: [N, C, H, W].
        uniform: [2, N] numbers of 0 to 1 that say how far down and to the right.
        ratio: the share.
    """
    height, width = images.shape[2:]
    reach = torch.tensor([[round(height * ratio)], [round(width * ratio)]])
    down, right = (uniform * (2 * reach + 1)).floor().long().minimum(2 * reach) - reach
    y = torch.arange(height) - down[:, None]  # the line that each line is taken from
    x = torch.arange(width) - right[:, None]
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    rows = torch.arange(len(images))[:, None, None]
    y, x = y.clamp(0, height - 1)[:, :, None], x.clamp(0, width - 1)[:, None]
    moved: Tensor = images.permute(0, 2, 3, 1)[rows, y, x].permute(0, 3, 1, 2)
    return moved.mul(inside[:, None].to(images))


def _cut_out(images: Tensor, uniform: Tensor, ratio: float = 1 / 2) -> Tensor:
    """Set a rectangle of a share of each side to 0; parts of it may lie outside.

    Args:
        images: [N, C, H, W].
        uniform: [2, N] numbers of 0 to 1 that say where its middle is.
        ratio: the share.
    """
    masks = []
    for size, middle in zip(images.shape[2:], uniform, strict=True):
        start = (middle * (size + 1)).floor().minimum(torch.tensor(size)) - round(size * ratio) // 2
        place = torch.arange(size)[None] - start[:, None]
        masks.append((place >= 0) & (place < round(size * ratio)))
    hole = masks[0][:, :, None] & masks[1][:, None]
    return images.mul((~hole)[:, None].to(images))
