"""Adam for two networks, of which each has two losses, one of them computed now and then."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["collect_gradients", "lazy_adam", "tame"]

_LARGEST = 1e5


def lazy_adam(network: nn.Module, rate: float, interval: int | None) -> torch.optim.Adam:
    """Return Adam for a network whose second loss is computed every so many steps.

    Such a step counts twice; rate and memory are corrected for that (Karras et al. 2020,
    "Analyzing and Improving the Image Quality of StyleGAN", appendix B, lazy regularisation).

    Args:
        network: whose parameters are trained.
        rate: the learning rate as if there were no second loss.
        interval: of the second loss, in steps; None if there is none.
    """
    share = 1.0 if interval is None else interval / (interval + 1)
    betas = (0.0, 0.99**share)
    return torch.optim.Adam(network.parameters(), lr=rate * share, betas=betas, eps=1e-8)


def collect_gradients(network: nn.Module) -> list[Tensor]:
    """Return the gradients that there are."""
    return [p.grad for p in network.parameters() if p.grad is not None]


@torch.no_grad()
def tame(found: Iterable[Tensor], low: bool) -> float:
    """Return the length of all gradients together, not finite if one of them is not.

    In half precision a number now and then leaves the range: then it is set to 0, or to ±10⁵ where
    it is infinite, in place.
    """
    found = list(found)
    if low:
        for gradient in found:
            gradient.nan_to_num_(nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    return float(torch.stack(torch._foreach_norm(found)).norm())
