"""The input of an alias-free generator: an endless field of waves, seen through a window."""

from math import pi, sqrt

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from .bands import Band
from .dense import Dense, InitModule

__all__ = ["FourierInput"]


class FourierInput(InitModule):
    """Fourier features, moved and turned by the style (Karras et al. 2021, appendix F).

    Args:
        w_dim: numbers of a style.
        band: the signal to make.

    Attributes:
        transform: [3, 3] the user's own movement of the window (see
            `generation.transforms.transform_matrix`).
        freqs: [C, 2] frequency of each wave along x and y, in cycles over the image.
        phases: [C] in cycles.
    """

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, band: Band) -> None:
        super().__init__()
        self.band = band
        channels = band.channels
        self.weight = nn.Parameter(torch.empty(channels, channels))
        self.affine = Dense(w_dim, 4)
        self.register_buffer("transform", torch.empty(3, 3))
        self.register_buffer("freqs", torch.empty(channels, 2))
        self.register_buffer("phases", torch.empty(channels))

    def reset_parameters(self, rng: torch.Generator) -> None:
        """Draw waves evenly from the disc below the cutoff; no style moves or turns the window."""
        self.weight.normal_(generator=rng)
        self.phases.uniform_(-0.5, 0.5, generator=rng)
        radius, angle = torch.rand(2, len(self.phases), generator=rng)
        radius, angle = self.band.cutoff * radius.sqrt(), 2 * pi * angle
        self.freqs.copy_(torch.stack((radius * angle.cos(), radius * angle.sin()), 1))
        self.transform.copy_(torch.eye(3))
        self.affine.weight.zero_()
        self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, w: Tensor) -> Tensor:
        """Return the field as styles [N, w_dim] see it, [N, C, size, size]."""
        window = self._window(w)
        freqs = self.freqs @ window[:, :2, :2]
        phases = self.phases + (self.freqs @ window[:, :2, 2:]).squeeze(2)
        size, rate = self.band.size, self.band.rate
        steps = torch.arange(size, device=w.device, dtype=w.dtype)
        place = (steps + (1 - size) / 2) / rate
        x, y = (freqs[:, None, :, axis] * place[:, None] for axis in (0, 1))
        waves = (2 * pi * (y[:, :, None] + x[:, None] + phases[:, None, None])).sin()
        waves = waves * self._amplitudes(freqs)[:, None, None]
        return (waves @ (self.weight / sqrt(len(self.weight))).T).permute(0, 3, 1, 2)

    def _window(self, w: Tensor) -> Tensor:
        """The movement of the style after that of the user, [N, 3, 3]."""
        pose = self.affine(w)
        pose = pose / vector_norm(pose[:, :2], dim=1, keepdim=True)
        cosine, sine, x, y = pose.unbind(1)
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, one]
        turn = torch.stack(rows, 1).reshape(-1, 3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], 1)
        return turn @ shift.reshape(-1, 3, 3) @ self.transform

    def _amplitudes(self, freqs: Tensor) -> Tensor:
        """Fade waves out that the window has made too fast for the band, [N, C]."""
        cutoff, nyquist = self.band.cutoff, self.band.rate / 2
        excess = vector_norm(freqs, dim=2) - cutoff
        amplitudes: Tensor = (1 - excess / (nyquist - cutoff)).clamp(0, 1)
        return amplitudes
