"""Attention: its memory for decoding, what may see what, and the fastest way to compute it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from .functional import rms_norm, rotate

__all__ = ["Attention", "Cache", "Sight", "sight"]

PLAIN_LENGTH = 256
"""Keys up to which plain products train faster on a CPU than the fused kernel, as measured."""


class Cache:
    """Keys and values of the tokens seen so far, layer by layer.

    Attributes:
        length: tokens held.
    """

    def __init__(self) -> None:
        self.length = 0
        self._layers: list[tuple[Tensor, Tensor]] = []

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append a layer's new keys and values [B, H, T, D]; return all of them."""
        if layer == len(self._layers):
            self._layers.append((key, value))
        else:
            old_key, old_value = self._layers[layer]
            self._layers[layer] = torch.cat((old_key, key), 2), torch.cat((old_value, value), 2)
        return self._layers[layer]

    def reorder(self, index: Tensor) -> None:
        """Keep the sequences of `index` [B'], in its order; a sequence may be taken repeatedly."""
        self._layers = [(k.index_select(0, index), v.index_select(0, index))
                        for k, v in self._layers]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """What one pass of a model through its layers has in common.

    Attributes:
        causal: every token sees itself and what stands before it, and nothing else is said.
        bias: None, or [1 or B, 1, T, S] what is added to the scores: 0 to see, −∞ not to.
        positions: [T] or [B, T] whole numbers, the place of each token.
        rotary: None, or cosines and sines of the positions' angles.
        cache: None, or the memory to use and extend.
        attentions: None, or the list that collects every layer's probabilities [B, H, T, S].
    """

    causal: bool
    bias: Tensor | None
    positions: Tensor
    rotary: tuple[Tensor, Tensor] | None = None
    cache: Cache | None = None
    attentions: list[Tensor] | None = field(default=None)


def sight(
    ids: Tensor,
    causal: bool,
    mask: Tensor | None,
    cache: Cache | None = None,
    attentions: list[Tensor] | None = None,
) -> Sight:
    """Work out what may see what.

    Args:
        ids: [B, T] the new tokens.
        causal: whether a token sees only what stands before it, and itself.
        mask: None; [B, S] 1 for tokens and 0 for padding; or [B, T, S] true where a token (row)
            may see another (column); S counts the cache's tokens too.
        cache: the tokens before.
        attentions: a list that is to collect the probabilities.
    """
    past = cache.length if cache else 0
    length = ids.shape[1]
    positions = torch.arange(past, past + length, device=ids.device)
    if mask is not None and mask.dim() == 2 and causal:
        positions = (mask.long().cumsum(1) - 1).clamp_(min=0)[:, past:]
    plainly = causal and mask is None and past == 0
    bias = None if plainly else _bias(past, length, causal, mask, ids.device)
    return Sight(plainly, bias, positions, cache=cache, attentions=attentions)


def _bias(
    past: int, length: int, causal: bool, mask: Tensor | None, device: torch.device
) -> Tensor | None:
    allowed = None
    if causal and length > 1:
        allowed = torch.ones(1, length, past + length, dtype=torch.bool, device=device).tril(past)
    if mask is not None:
        mask = (mask[:, None, :] if mask.dim() == 2 else mask).bool()
        allowed = mask if allowed is None else allowed & mask
    return None if allowed is None else _additive(allowed)[:, None]


def _additive(allowed: Tensor) -> Tensor:
    """0 where allowed; elsewhere the lowest number: a row that sees nothing stays finite."""
    bias = torch.zeros(allowed.shape, device=allowed.device)
    return bias.masked_fill_(~allowed, torch.finfo(bias.dtype).min)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017), one product for queries, keys and values.

    Args:
        width: numbers that stand for a token.
        heads: attention heads.
        bias: whether the two linear maps add a bias.
        dropout: share of the probabilities dropped in training.
        unit: None, or the ε with which queries and keys are brought to unit mean square.
    """

    def __init__(
        self, width: int, heads: int, bias: bool, dropout: float, unit: float | None = None
    ) -> None:
        super().__init__()
        self.heads, self.dropout, self.unit = heads, dropout, unit
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, seen: Sight, layer: int) -> Tensor:
        """Return what the tokens gather from one another: [B, T, W] to [B, T, W]."""
        batch, length, width = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = self._placed(parts.permute(2, 0, 3, 1, 4), seen)
        if seen.cache is not None:
            key, value = seen.cache.extend(layer, key, value)
        mixed = self._attend(query, key, value, seen)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return out

    def _placed(self, parts: Tensor, seen: Sight) -> tuple[Tensor, Tensor, Tensor]:
        """Normalise and rotate queries and keys where the architecture does; [3, B, H, T, D]."""
        if seen.rotary is None:
            return parts[0], parts[1], parts[2]
        pair = parts[:2] if self.unit is None else rms_norm(parts[:2], self.unit)
        cosine, sine = (table.to(pair.dtype) for table in seen.rotary)
        pair = rotate(pair, cosine, sine)
        return pair[0], pair[1], parts[2]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, seen: Sight) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        short = torch.is_grad_enabled() and key.shape[2] <= PLAIN_LENGTH
        if seen.attentions is None and (query.is_cuda or not short):
            bias = None if seen.bias is None else seen.bias.to(query.dtype)
            return functional.scaled_dot_product_attention(
                query, key, value, bias, dropout, is_causal=seen.causal
            )
        return self._plain(query, key, value, seen, dropout)

    def _plain(
        self, query: Tensor, key: Tensor, value: Tensor, seen: Sight, dropout: float
    ) -> Tensor:
        shape = batch, heads, length, size = query.shape
        bias = seen.bias
        if seen.causal:
            ones = torch.ones(length, length, dtype=torch.bool, device=query.device)
            bias = _additive(ones.tril_())
        bias = torch.zeros(1, device=query.device) if bias is None else bias
        wide = bias.to(query.dtype).expand(batch, heads, length, key.shape[2]).flatten(0, 1)
        scores = torch.baddbmm(wide, query.flatten(0, 1), key.flatten(0, 1).mT, alpha=size**-0.5)
        probabilities = scores.softmax(-1)
        if seen.attentions is not None:
            seen.attentions.append(probabilities.detach().view(batch, heads, length, -1))
        probabilities = functional.dropout(probabilities, dropout, dropout > 0)
        return torch.bmm(probabilities, value.flatten(0, 1)).view(shape)
