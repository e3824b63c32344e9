"""The modern variants: rotary positions, RMSNorm, no biases, output projections that start at 0.

Each is one of the architectures of transformers, so that its checkpoints need no code of ours:

- `ModernCausal` is NanoChat's without its soft cap: norms without gain, also of the embedding and
  of queries and keys, and the squared ReLU.
- `ModernMasked` is EuroBERT's: norms with gain, and SwiGLU.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..model_config import ModelConfig
from .attention import Attention, AttentionInputs
from .base import Model
from .functional import rms_norm, squared_relu

__all__ = ["ModernCausal", "ModernMasked"]


class _Modern(Model):
    """What the two share.

    Attributes:
        rotary_sign: the sense in which positions rotate, as the architecture in transformers does.
    """

    rotary_sign = 1.0

    def _add_rotary(self, inputs: AttentionInputs) -> AttentionInputs:
        half = self.width // self.heads // 2
        steps = torch.arange(half, device=inputs.position_ids.device) / half
        frequencies = self.config.rotary_base**-steps
        angles = inputs.position_ids[..., None].float() * frequencies
        if angles.dim() == 3:
            angles = angles[:, None]
        return replace(inputs, rotary=(angles.cos(), angles.sin() * self.rotary_sign))

    def _init_std(self, name: str, parameter: nn.Parameter) -> float:
        if name in ("embedding.weight", "output"):
            return 0.02
        is_residual = name.endswith(("attention.out.weight", "down.weight"))
        return 0.0 if is_residual else parameter.shape[1] ** -0.5


class _CausalLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, self.epsilon = config.width, config.epsilon
        self.attention = Attention(
            width, config.heads, False, config.dropout, qk_norm=config.epsilon
        )
        self.up = nn.Linear(width, config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, inputs: AttentionInputs, layer: int) -> Tensor:
        x = x + self.dropout(self.attention(rms_norm(x, self.epsilon), inputs, layer))
        activations = squared_relu(self.up(rms_norm(x, self.epsilon)))
        y: Tensor = x + self.dropout(self.down(activations))
        return y


class ModernCausal(_Modern):
    """The modern variant of GPT-2."""

    rotary_sign = -1.0

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(_CausalLayer(config) for _ in range(config.layers))
        self.dropout = nn.Dropout(config.dropout)

    def _embed(
        self, input_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        embedded: Tensor = self.dropout(
            rms_norm(self._embed_tokens(input_ids), self.config.epsilon)
        )
        return embedded

    def _final_norm(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.config.epsilon)


class _MaskedLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, inner = config.width, config.feed_forward
        self.attention_norm = nn.RMSNorm(width, config.epsilon)
        self.attention = Attention(width, config.heads, False, config.dropout)
        self.feed_norm = nn.RMSNorm(width, config.epsilon)
        self.up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, inputs: AttentionInputs, layer: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), inputs, layer))
        gate, inner = self.up(self.feed_norm(x)).chunk(2, dim=-1)
        y: Tensor = x + self.dropout(self.down(functional.silu(gate) * inner))
        return y


class ModernMasked(_Modern):
    """The modern variant of BERT."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(_MaskedLayer(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, config.epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def _count_maps(self, name: str) -> int:
        return 2 if name.endswith("up.weight") else super()._count_maps(name)

    def _embed(
        self, input_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        embedded: Tensor = self.dropout(self._embed_tokens(input_ids))
        return embedded

    def _final_norm(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x)
        return normed
