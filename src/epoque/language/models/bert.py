"""BERT: norms after each part, learned positions, two token types (Devlin et al. 2019)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention, Sight
from .base import Model
from .spec import Spec

__all__ = ["Bert"]


class _Block(nn.Module):
    def __init__(self, spec: Spec) -> None:
        super().__init__()
        width, inner = spec.width, spec.feed_forward
        self.attention = Attention(width, spec.heads, True, spec.dropout)
        self.attention_norm = nn.LayerNorm(width, spec.epsilon)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.feed_norm = nn.LayerNorm(width, spec.epsilon)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x: Tensor, seen: Sight, layer: int) -> Tensor:
        x = self.attention_norm(x + self.dropout(self.attention(x, seen, layer)))
        inner = functional.gelu(self.up(x))
        y: Tensor = self.feed_norm(x + self.dropout(self.down(inner)))
        return y


class Bert(Model):
    """BERT of any size with its masked-language-model head, numerically that of transformers."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.positions = nn.Embedding(spec.context, spec.width)
        self.types = nn.Embedding(2, spec.width)
        self.embedding_norm = nn.LayerNorm(spec.width, spec.epsilon)
        self.blocks = nn.ModuleList(_Block(spec) for _ in range(spec.layers))
        self.transform = nn.Linear(spec.width, spec.width)
        self.transform_norm = nn.LayerNorm(spec.width, spec.epsilon)
        self.bias = nn.Parameter(torch.empty(spec.vocabulary))
        self.dropout = nn.Dropout(spec.dropout)

    @property
    def output_bias(self) -> Tensor:
        """The output layer's bias [V]."""
        return self.bias

    def readout(self, hidden: Tensor) -> Tensor:
        """Return the head's transform of hidden numbers, [.., W] to [.., W]."""
        read: Tensor = self.transform_norm(functional.gelu(self.transform(hidden)))
        return read

    def _embedded(self, ids: Tensor, seen: Sight, token_types: Tensor | None) -> Tensor:
        kinds = self.types.weight[0] if token_types is None else self.types(token_types)
        x = self._looked_up(ids) + kinds + self.positions(seen.positions)
        embedded: Tensor = self.dropout(self.embedding_norm(x))
        return embedded

    def _last(self, x: Tensor) -> Tensor:
        return x
