"""GPT-2: norms before each part, learned positions, GELU (Radford et al. 2019)."""

from torch import Tensor, nn
from torch.nn import functional

from ..model_config import ModelConfig
from .attention import Attention, AttentionInputs
from .base import Model

__all__ = ["Gpt2"]


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, inner = config.width, config.feed_forward
        self.attention_norm = nn.LayerNorm(width, config.epsilon)
        self.attention = Attention(width, config.heads, True, config.dropout)
        self.feed_norm = nn.LayerNorm(width, config.epsilon)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, inputs: AttentionInputs, layer: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), inputs, layer))
        activations = functional.gelu(self.up(self.feed_norm(x)), approximate="tanh")
        y: Tensor = x + self.dropout(self.down(activations))
        return y


class Gpt2(Model):
    """GPT-2 of any size, numerically that of transformers."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.positions = nn.Embedding(config.context, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, config.epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def _embed(
        self, input_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        embedded: Tensor = self.dropout(
            self._embed_tokens(input_ids) + self.positions(position_ids)
        )
        return embedded

    def _final_norm(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x)
        return normed

    def _init_std(self, name: str, parameter: nn.Parameter) -> float:
        """0.02; what is added to the residual stream is smaller the more layers add to it."""
        is_residual = name.endswith(("attention.out.weight", "down.weight"))
        return 0.02 / (2 * self.config.layers) ** 0.5 if is_residual else 0.02
