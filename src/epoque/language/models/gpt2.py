"""GPT-2: norms before each part, learned positions, GELU (Radford et al. 2019)."""

from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention, Sight
from .base import Model
from .spec import Spec

__all__ = ["Gpt2"]


class _Block(nn.Module):
    def __init__(self, spec: Spec) -> None:
        super().__init__()
        width, inner = spec.width, spec.feed_forward
        self.attention_norm = nn.LayerNorm(width, spec.epsilon)
        self.attention = Attention(width, spec.heads, True, spec.dropout)
        self.feed_norm = nn.LayerNorm(width, spec.epsilon)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x: Tensor, seen: Sight, layer: int) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), seen, layer))
        inner = functional.gelu(self.up(self.feed_norm(x)), approximate="tanh")
        y: Tensor = x + self.dropout(self.down(inner))
        return y


class Gpt2(Model):
    """GPT-2 of any size, numerically that of transformers."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.positions = nn.Embedding(spec.context, spec.width)
        self.blocks = nn.ModuleList(_Block(spec) for _ in range(spec.layers))
        self.norm = nn.LayerNorm(spec.width, spec.epsilon)
        self.dropout = nn.Dropout(spec.dropout)

    def _embedded(self, ids: Tensor, seen: Sight, token_types: Tensor | None) -> Tensor:
        embedded: Tensor = self.dropout(self._looked_up(ids) + self.positions(seen.positions))
        return embedded

    def _last(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x)
        return normed

    def _deviation(self, name: str, parameter: nn.Parameter) -> float:
        """0.02; what is added to the residual stream is smaller the more layers add to it."""
        last = name.endswith(("attention.out.weight", "down.weight"))
        return 0.02 / (2 * self.layers) ** 0.5 if last else 0.02
