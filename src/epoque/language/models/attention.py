"""Attention: its key-value cache, which token may attend to which, and the fastest way to compute.

Shapes: B sequences, T new tokens, S tokens to attend to (the cache's and the new ones), H heads of
D numbers, W = H · D.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .functional import apply_rotary, rms_norm

__all__ = ["Attention", "AttentionInputs", "KeyValueCache", "prepare_attention"]

PLAIN_LENGTH = 256
"""Keys up to which plain products train faster on a CPU than the fused kernel, as measured."""


class KeyValueCache:
    """Keys and values of the tokens so far, layer by layer.

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
class AttentionInputs:
    """What the layers have in common in one pass: mask, positions and cache.

    Attributes:
        is_causal: every token attends to itself and what stands before it, and `mask` is None.
        mask: None, or [1 or B, 1, T, S] what is added to the attention scores: 0 where a token may
            attend to another, the lowest number where it may not.
        position_ids: [T] or [B, T] whole numbers, the place of each token.
        rotary: None, or cosines and sines of the positions' angles.
        cache: None, or the keys and values to use and extend.
        attentions: None, or the list that collects every layer's probabilities [B, H, T, S].
    """

    is_causal: bool
    mask: Tensor | None
    position_ids: Tensor
    rotary: tuple[Tensor, Tensor] | None = None
    cache: KeyValueCache | None = None
    attentions: list[Tensor] | None = None


def prepare_attention(
    input_ids: Tensor,
    causal: bool,
    attention_mask: Tensor | None,
    cache: KeyValueCache | None = None,
    attentions: list[Tensor] | None = None,
) -> AttentionInputs:
    """Work out positions, and which token may attend to which.

    Args:
        input_ids: [B, T] the new tokens.
        causal: whether a token attends only to what stands before it, and itself.
        attention_mask: None; [B, S] 1 for tokens and 0 for padding; or [B, T, S] true where a token
            (row) may attend to another (column); S counts the cache's tokens too.
        cache: keys and values of the tokens before.
        attentions: a list that is to collect the probabilities.
    """
    past = cache.length if cache else 0
    length = input_ids.shape[1]
    position_ids = torch.arange(past, past + length, device=input_ids.device)
    if attention_mask is not None and attention_mask.dim() == 2 and causal:
        # Padding on the left is no position: the first token is always at 0.
        position_ids = (attention_mask.long().cumsum(1) - 1).clamp_(min=0)[:, past:]
    is_causal = causal and attention_mask is None and past == 0
    mask = None
    if not is_causal:
        mask = _additive_mask(past, length, causal, attention_mask, input_ids.device)
    return AttentionInputs(is_causal, mask, position_ids, cache=cache, attentions=attentions)


def _additive_mask(
    past: int, length: int, causal: bool, mask: Tensor | None, device: torch.device
) -> Tensor | None:
    allowed = None
    if causal and length > 1:
        allowed = torch.ones(1, length, past + length, dtype=torch.bool, device=device).tril(past)
    if mask is not None:
        mask = (mask[:, None, :] if mask.dim() == 2 else mask).bool()
        allowed = mask if allowed is None else allowed & mask
    return None if allowed is None else _to_additive(allowed)[:, None]


def _to_additive(allowed: Tensor) -> Tensor:
    """0 where allowed; elsewhere the lowest number: a row that attends to nothing stays finite."""
    bias = torch.zeros(allowed.shape, device=allowed.device)
    return bias.masked_fill_(~allowed, torch.finfo(bias.dtype).min)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017), one product for queries, keys and values.

    Args:
        width: numbers that stand for a token.
        heads: attention heads.
        bias: whether the two linear maps add a bias.
        dropout: share of the probabilities dropped in training.
        qk_norm: None, or the ε with which queries and keys are brought to unit mean square.
    """

    def __init__(
        self, width: int, heads: int, bias: bool, dropout: float, qk_norm: float | None = None
    ) -> None:
        super().__init__()
        self.heads, self.dropout, self.qk_norm = heads, dropout, qk_norm
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, inputs: AttentionInputs, layer: int) -> Tensor:
        """Return what the tokens gather from one another: [B, T, W] to [B, T, W]."""
        batch, length, width = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = self._add_positions(qkv.permute(2, 0, 3, 1, 4), inputs)
        if inputs.cache is not None:
            key, value = inputs.cache.extend(layer, key, value)
        mixed = self._attend(query, key, value, inputs)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return out

    def _add_positions(self, qkv: Tensor, inputs: AttentionInputs) -> tuple[Tensor, Tensor, Tensor]:
        """Normalise and rotate queries and keys where the architecture does; [3, B, H, T, D]."""
        if inputs.rotary is None:
            return qkv[0], qkv[1], qkv[2]
        # Queries and keys together: one pass over memory for both.
        query_key = qkv[:2] if self.qk_norm is None else rms_norm(qkv[:2], self.qk_norm)
        cosine, sine = (table.to(query_key.dtype) for table in inputs.rotary)
        query_key = apply_rotary(query_key, cosine, sine)
        return query_key[0], query_key[1], qkv[2]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        is_short = torch.is_grad_enabled() and key.shape[2] <= PLAIN_LENGTH
        if inputs.attentions is None and (query.is_cuda or not is_short):
            mask = None if inputs.mask is None else inputs.mask.to(query.dtype)
            return functional.scaled_dot_product_attention(
                query, key, value, mask, dropout, is_causal=inputs.is_causal
            )
        return self._attend_plainly(query, key, value, inputs, dropout)

    def _attend_plainly(
        self, query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs, dropout: float
    ) -> Tensor:
        """Compute softmax(q kᵀ / √D + mask) v by products of our own."""
        shape = batch, heads, length, size = query.shape
        mask = inputs.mask
        if inputs.is_causal:
            ones = torch.ones(length, length, dtype=torch.bool, device=query.device)
            mask = _to_additive(ones.tril_())
        mask = torch.zeros(1, device=query.device) if mask is None else mask
        mask = mask.to(query.dtype).expand(batch, heads, length, key.shape[2]).flatten(0, 1)
        # baddbmm adds the mask within the product: the scores are written once.
        scores = torch.baddbmm(mask, query.flatten(0, 1), key.flatten(0, 1).mT, alpha=size**-0.5)
        probabilities = scores.softmax(-1)
        if inputs.attentions is not None:
            inputs.attentions.append(probabilities.detach().view(batch, heads, length, -1))
        probabilities = functional.dropout(probabilities, dropout, dropout > 0)
        return torch.bmm(probabilities, value.flatten(0, 1)).view(shape)
