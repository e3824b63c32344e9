"""Adam for two networks, of which each has two losses, one of them computed now and then."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["gradient_norm", "make_lazy_adam", "replace_non_finite"]

_LARGEST = 1e5


def make_lazy_adam(
    network: nn.Module, learning_rate: float, interval: int | None
) -> torch.optim.Adam:
    """Return Adam for a network whose second loss is computed every so many steps.

    Such a step counts twice; learning rate and betas are corrected for that (Karras et al. 2020,
    "Analyzing and Improving the Image Quality of StyleGAN", appendix B, lazy regularization).

    Args:
        network: whose parameters are trained.
        learning_rate: as if there were no second loss.
        interval: of the second loss, in steps; None if there is none.
    """
    correction = 1.0 if interval is None else interval / (interval + 1)
    betas = (0.0, 0.99**correction)
    return torch.optim.Adam(
        network.parameters(), lr=learning_rate * correction, betas=betas, eps=1e-8
    )


@torch.no_grad()
def replace_non_finite(gradients: Sequence[Tensor]) -> None:
    """Set NaN to 0 and infinities to ±10⁵, in place.

    In half precision a number now and then leaves the range; one step without it does no harm.
    """
    for gradient in gradients:
        gradient.nan_to_num_(nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)


@torch.no_grad()
def gradient_norm(gradients: Sequence[Tensor]) -> float:
    """Return the length of all gradients together, not finite if one of them is not."""
    return float(torch.stack(torch._foreach_norm(list(gradients))).norm())
