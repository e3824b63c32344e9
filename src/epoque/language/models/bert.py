"""BERT: norms after each part, learned positions, two token types (Devlin et al. 2019)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..model_config import ModelConfig
from .attention import Attention, AttentionInputs
from .base import Model

__all__ = ["Bert"]


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, inner = config.width, config.feed_forward
        self.attention = Attention(width, config.heads, True, config.dropout)
        self.attention_norm = nn.LayerNorm(width, config.epsilon)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.feed_norm = nn.LayerNorm(width, config.epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, inputs: AttentionInputs, layer: int) -> Tensor:
        x = self.attention_norm(x + self.dropout(self.attention(x, inputs, layer)))
        activations = functional.gelu(self.up(x))
        y: Tensor = self.feed_norm(x + self.dropout(self.down(activations)))
        return y


class Bert(Model):
    """BERT of any size with its masked-language-model head, numerically that of transformers."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.positions = nn.Embedding(config.context, config.width)
        self.types = nn.Embedding(2, config.width)
        self.embedding_norm = nn.LayerNorm(config.width, config.epsilon)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.transform = nn.Linear(config.width, config.width)
        self.transform_norm = nn.LayerNorm(config.width, config.epsilon)
        self.bias = nn.Parameter(torch.empty(config.vocabulary))
        self.dropout = nn.Dropout(config.dropout)

    @property
    def output_bias(self) -> Tensor:
        """The output layer's bias [V]."""
        return self.bias

    def apply_head_transform(self, hidden: Tensor) -> Tensor:
        """Return the head's transform of hidden states, [.., W] to [.., W]."""
        read: Tensor = self.transform_norm(functional.gelu(self.transform(hidden)))
        return read

    def _embed(
        self, input_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        types = self.types.weight[0] if token_type_ids is None else self.types(token_type_ids)
        x = self._embed_tokens(input_ids) + types + self.positions(position_ids)
        embedded: Tensor = self.dropout(self.embedding_norm(x))
        return embedded

    def _final_norm(self, x: Tensor) -> Tensor:
        return x
