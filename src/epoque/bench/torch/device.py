"""What PyTorch computes on, as a command or a call asks for it; imports PyTorch when asked."""

from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    import torch

__all__ = ["choose_device"]


def choose_device(device: str = "auto") -> "torch.device":
    """Return a device: `cpu`, `cuda`, `cuda:1`, or `auto`, which is CUDA where it is there.

    Raises:
        UsageError: if it is unknown, or asks for CUDA where there is none.
    """
    import torch

    there = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if there else "cpu")
    kind, _, index = device.partition(":")
    if kind not in ("cpu", "cuda") or not (index.isdigit() or device == kind):
        raise UsageError(f"--device: {device} is not allowed; it takes auto, cpu or cuda.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        reason = f"{device} is not there" if there else "this machine has no CUDA device"
        raise UsageError(f"--device: {reason}; cpu works everywhere.")
    return torch.device(device)
