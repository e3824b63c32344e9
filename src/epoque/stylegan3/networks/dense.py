"""Fully connected layers and the mapping network, the same in all networks."""

from abc import abstractmethod
from math import sqrt

import torch
from torch import Tensor, nn

from epoque.bench.errors import UsageError
from epoque.stylegan3 import ops
from epoque.stylegan3.ops import Activation

__all__ = ["Dense", "InitModule", "MappingNetwork", "normalize_power"]

_EPSILON = 1e-8


class InitModule(nn.Module):
    """A module with weights of its own."""

    @abstractmethod
    def reset_parameters(self, rng: torch.Generator) -> None:
        """Draw the first weights in place; those of the modules in it are drawn already."""


class Dense(InitModule):
    """A linear map whose weights have unit variance; the scale stands outside (Karras et al. 2018).

    Args:
        inputs: numbers in.
        outputs: numbers out.
        activation: after it.
        lr_multiplier: how much slower or faster it learns than the rest.
        bias: the first bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Activation = "linear",
        *,
        lr_multiplier: float = 1.0,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        self.activation, self.lr_multiplier = activation, lr_multiplier
        self.first_bias = bias
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.scale = lr_multiplier / sqrt(inputs)

    def reset_parameters(self, rng: torch.Generator) -> None:
        """Draw the weights; set the bias."""
        self.weight.normal_(0, 1 / self.lr_multiplier, generator=rng)
        self.bias.fill_(self.first_bias / self.lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs] to [N, outputs]."""
        y = x @ (self.weight * self.scale).T
        return ops.bias_act(y, self.bias * self.lr_multiplier, self.activation)


def normalize_power(x: Tensor) -> Tensor:
    """Scale each row of [N, D] to a mean square of 1."""
    return x * (x.square().mean(1, keepdim=True) + _EPSILON).rsqrt()


class MappingNetwork(InitModule):
    """From random numbers and a label to styles (Karras et al. 2019).

    Args:
        z_dim: random numbers; 0 for a network that maps labels only.
        c_dim: length of a label; 0 for none.
        w_dim: numbers of a style.
        layers: how many.
        lr_multiplier: how much slower they learn than the rest.
        num_ws: None for one style an image; else it is repeated so often, once a layer.
        w_avg_beta: None, or the decay of the running mean of styles, for truncation.

    Attributes:
        w_avg: [w_dim] that mean.
    """

    w_avg: Tensor | None

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        layers: int,
        lr_multiplier: float,
        *,
        num_ws: int | None = None,
        w_avg_beta: float | None = None,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.num_ws, self.w_avg_beta = z_dim, c_dim, num_ws, w_avg_beta
        if c_dim:
            self.embed = Dense(c_dim, w_dim)
        width = z_dim + (w_dim if c_dim else 0)
        for index in range(layers):
            inputs = width if index == 0 else w_dim
            layer = Dense(inputs, w_dim, "lrelu", lr_multiplier=lr_multiplier)
            self.add_module(f"fc{index}", layer)
        self.layers = layers
        self.register_buffer("w_avg", None if w_avg_beta is None else torch.empty(w_dim))

    def reset_parameters(self, rng: torch.Generator) -> None:
        """Begin the mean at zero."""
        if self.w_avg is not None:
            self.w_avg.zero_()

    def forward(
        self,
        z: Tensor | None,
        c: Tensor | None = None,
        *,
        psi: float = 1.0,
        cutoff: int | None = None,
        update_emas: bool = False,
    ) -> Tensor:
        """Return styles.

        Args:
            z: [N, z_dim], or None where z_dim is 0.
            c: [N, c_dim]; read only where c_dim is not 0.
            psi: truncation: how far from the mean style, 1 for where it is, 0 for the mean.
            cutoff: None, or how many of the first styles are truncated.
            update_emas: whether to update the mean style.

        Returns:
            [N, num_ws, w_dim], or [N, w_dim] where num_ws is None.

        Raises:
            UsageError: if the label is missing or of another length.
        """
        x = self._embed_inputs(z, c)
        for index in range(self.layers):
            x = getattr(self, f"fc{index}")(x)
        if update_emas:
            self._update_w_avg(x)
        if self.num_ws is None:
            return x
        return self._truncate(x[:, None].expand(-1, self.num_ws, -1), psi, cutoff)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return next(self.parameters()).dtype

    def _embed_inputs(self, z: Tensor | None, c: Tensor | None) -> Tensor:
        parts = []
        if z is not None:
            parts.append(normalize_power(z.to(self.dtype)))
        if self.c_dim:
            if c is None or c.dim() != 2 or c.shape[1] != self.c_dim:
                message = "none was given" if c is None else f"its shape is {list(c.shape)}"
                raise UsageError(
                    f"This network needs a label of {self.c_dim} numbers for each image; {message}."
                )
            parts.append(normalize_power(self.embed(c.to(self.dtype))))
        return torch.cat(parts, 1)

    @torch.no_grad()
    def _update_w_avg(self, w: Tensor) -> None:
        if self.w_avg is not None and self.w_avg_beta is not None:
            self.w_avg.copy_(w.mean(0).lerp(self.w_avg, self.w_avg_beta))

    def _truncate(self, ws: Tensor, psi: float, cutoff: int | None) -> Tensor:
        if psi == 1 or self.w_avg is None:
            return ws
        near = self.w_avg.lerp(ws[:, :cutoff], psi)
        return near if cutoff is None else torch.cat((near, ws[:, cutoff:]), 1)
