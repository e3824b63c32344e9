"""What the generators have in common: styles from random numbers, an image from styles."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from ..conditioning import Conditioning
from .dense import MappingNetwork
from .spec import GeneratorSpec

__all__ = ["Generator", "Noise", "Synthesis"]

Noise = Literal["const", "random", "none"]


class Synthesis(nn.Module):
    """From styles to an image.

    Attributes:
        num_ws: styles an image is made from.
    """

    num_ws: int

    @abstractmethod
    def forward(
        self,
        ws: Tensor,
        *,
        noise: Noise = "const",
        rng: torch.Generator | None = None,
        update_emas: bool = False,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return images.

        Args:
            ws: [N, num_ws, w_dim].
            noise: of StyleGAN2's layers: each layer's own, drawn anew, or none. An alias-free
                generator has no noise.
            rng: what noise is drawn from; None is PyTorch's global one.
            update_emas: whether to update the running means.
            low_precision_dtype: the type of the highest resolutions, such as float16; None
                is the weights' own.

        Returns:
            [N, C, H, W], about −1 to 1.
        """


class Generator(nn.Module):
    """From random numbers to an image.

    Args:
        spec: what it is made of.
        synthesis: its second half.

    Attributes:
        mapping: random numbers and labels to styles.
        synthesis: styles to images.
        labels: what its labels mean, as far as it is known.
    """

    synthesis: Synthesis

    def __init__(self, spec: GeneratorSpec, synthesis: Synthesis) -> None:
        super().__init__()
        self.spec = spec
        self.synthesis = synthesis
        self.labels = Conditioning(spec.c_dim)
        self.mapping = MappingNetwork(
            spec.z_dim,
            spec.c_dim,
            spec.w_dim,
            spec.mapping_layers,
            spec.mapping_lr_multiplier,
            num_ws=synthesis.num_ws,
            w_avg_beta=spec.w_avg_beta,
        )

    @property
    def num_ws(self) -> int:
        """Styles an image is made from."""
        return self.synthesis.num_ws

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        psi: float = 1.0,
        cutoff: int | None = None,
        noise: Noise = "const",
        rng: torch.Generator | None = None,
        update_emas: bool = False,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return images [N, C, H, W], about −1 to 1.

        Args:
            z: [N, z_dim] random numbers of unit variance.
            c: [N, c_dim] labels, where the network has any.
            psi: truncation, see `MappingNetwork`.
            cutoff: how many of the first styles are truncated; None for all.
            noise: see `Synthesis`.
            rng: likewise.
            update_emas: likewise.
            low_precision_dtype: likewise.

        Raises:
            UsageError: if the label is missing or of another length.
        """
        ws = self.mapping(z, c, psi=psi, cutoff=cutoff, update_emas=update_emas)
        images: Tensor = self.synthesis(
            ws,
            noise=noise,
            rng=rng,
            update_emas=update_emas,
            low_precision_dtype=low_precision_dtype,
        )
        return images
