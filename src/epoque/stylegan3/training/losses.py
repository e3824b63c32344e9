"""What the two networks are trained for, each number by image."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from .. import ops

__all__ = [
    "blur",
    "fake_loss",
    "hinge_fake_loss",
    "hinge_generator_loss",
    "hinge_real_loss",
    "path_lengths",
    "r1_penalty",
    "real_loss",
    "relativistic_loss",
]


def real_loss(logits: Tensor) -> Tensor:
    """Return −log σ(logits): how far they are from "real".

    For the discriminator's answers to real images, and for the generator to its own
    (non-saturating, Goodfellow et al. 2014).
    """
    return functional.softplus(-logits)


def fake_loss(logits: Tensor) -> Tensor:
    """Return −log(1 − σ(logits)): how far they are from "generated"."""
    return functional.softplus(logits)


def hinge_real_loss(logits: Tensor) -> Tensor:
    """Return max(0, 1 − D(x)): a real image is far enough on its side from 1 on.

    Lim and Ye 2017, "Geometric GAN"; Miyato et al. 2018, "Spectral Normalization …", equation 16.
    """
    return functional.relu(1 - logits)


def hinge_fake_loss(logits: Tensor) -> Tensor:
    """Return max(0, 1 + D(G(z))): a generated image is far enough on its side from −1 on."""
    return functional.relu(1 + logits)


def hinge_generator_loss(logits: Tensor) -> Tensor:
    """Return −D(G(z)), what the generator makes small (Miyato et al. 2018, equation 17)."""
    return -logits


def relativistic_loss(logits: Tensor, others: Tensor) -> Tensor:
    """Return −log σ(D(a) − D(b)): how far images are from being told more real than others.

    Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN", equation 2, in
    pairs of a real and a generated image (Jolicoeur-Martineau 2019): the discriminator takes a from
    the real ones, the generator from its own. With R1 and R2, the penalty at real and at generated
    images, it is R3GAN's.

    Args:
        logits: [N, 1] of images that shall be the more real ones.
        others: [N, 1] of those that they are paired with.
    """
    return functional.softplus(others - logits)


def r1_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Return the squared length of the answers' gradient at real images, [N].

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", equation 9
    without its factor γ/2. It can be differentiated with regard to the weights. At generated images
    it is R2 (equation 10 there).

    Args:
        logits: [N, 1] the answers.
        images: [N, C, H, W] what they were computed from.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum([1, 2, 3])


def path_lengths(images: Tensor, ws: Tensor, rng: torch.Generator | None = None) -> Tensor:
    """Return how far a random direction of the image is from a style, [N].

    The length of Jᵀy for normal y, of which the regularisation wants the same everywhere (Karras
    et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equation 4); the mean
    square over layers, as there each has its style.

    Args:
        images: [N, C, H, W].
        ws: [N, L, w_dim] the styles they were computed from.
        rng: what y is drawn from; None is PyTorch's global one.
    """
    device = images.device if rng is None else rng.device
    noise = torch.randn(images.shape, generator=rng, device=device).to(images)
    noise = noise / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * noise).sum(), ws, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()


def blur(images: Tensor, sigma: float) -> Tensor:
    """Blur images, so that the discriminator first looks at the large.

    Karras et al. 2021, appendix F.2, where config R needs it at first.

    Args:
        images: [N, C, H, W].
        sigma: the distance at which a neighbour counts half, in pixels; below 1/3 nothing happens.
    """
    reach = int(sigma * 3)
    if not reach:
        return images
    distance = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    kernel = (-(distance / sigma).square()).exp2()
    return ops.filter2d(images, kernel / kernel.sum())
