"""What all models have in common: from token ids to hidden states to logits."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..model_config import ModelConfig
from .attention import AttentionInputs, KeyValueCache, prepare_attention

__all__ = ["Model"]


class Model(nn.Module, ABC):
    """A language model; the architectures say how tokens are embedded and what a layer is.

    Attributes:
        config: what it is made of.
        embedding: the table [V, W] of the tokens.
        layers: one after another.
        output: the output layer's own weights [V, W], or None where the embedding's are used.
        sparse_embedding: whether the embedding's gradient holds only the rows that were touched;
            for the sampled head in one process, whose optimiser then steps only these rows.
    """

    layers: nn.ModuleList

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.output = None if config.tied else nn.Parameter(torch.empty_like(self.embedding.weight))
        self.sparse_embedding = False

    @property
    def causal(self) -> bool:
        """Whether a token attends only to what stands before it."""
        return self.config.objective == "causal"

    @property
    def context(self) -> int:
        """How many positions it has at most."""
        return self.config.context

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows, V."""
        return self.config.vocabulary

    @property
    def width(self) -> int:
        """How many numbers stand for a token, W."""
        return self.config.width

    @property
    def heads(self) -> int:
        """How many attention heads each layer has, H."""
        return self.config.heads

    @property
    def embedding_weight(self) -> Tensor:
        """The embedding [V, W]."""
        return self.embedding.weight

    @property
    def output_weight(self) -> Tensor:
        """The output layer's weights [V, W]; the embedding's where they are tied."""
        return self.embedding.weight if self.output is None else self.output

    @property
    def output_bias(self) -> Tensor | None:
        """The output layer's bias [V], or None."""
        return None

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Return the logits [B, T, V] of every token at every position."""
        return self.compute_logits(self.compute_hidden_states(input_ids, attention_mask))

    def compute_hidden_states(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        token_type_ids: Tensor | None = None,
        cache: KeyValueCache | None = None,
        attentions: list[Tensor] | None = None,
        residuals: list[Tensor] | None = None,
    ) -> Tensor:
        """Run the layers.

        Args:
            input_ids: [B, T] tokens, T counted with the cache's at most the context.
            attention_mask: None; [B, S] 1 for tokens and 0 for padding, S = T plus the cache's
                tokens (of a causal model, padding on the left does not count as a position); or
                [B, T, S] true where a token may attend to another.
            token_type_ids: [B, T] 0 or 1, of a BERT; None is all 0.
            cache: keys and values of the tokens before, extended by these; causal models only.
            attentions: a list that collects each layer's probabilities [B, H, T, S].
            residuals: a list that collects the residual stream [B, T, W]: after the embedding, then
                after each layer, before the last norm.

        Returns:
            [B, T, W], after the last norm.
        """
        inputs = prepare_attention(input_ids, self.causal, attention_mask, cache, attentions)
        inputs = self._add_rotary(inputs)
        x = self._embed(input_ids, inputs.position_ids, token_type_ids)
        for index, layer in enumerate(self.layers):
            if residuals is not None:
                residuals.append(x)
            x = layer(x, inputs, index)
        if residuals is not None:
            residuals.append(x)
        if cache is not None:
            cache.length += input_ids.shape[1]
        return self._final_norm(x)

    def apply_head_transform(self, hidden: Tensor) -> Tensor:
        """Return what the output layer's weights are multiplied with, [.., W] to [.., W]."""
        return hidden

    def compute_logits(self, hidden: Tensor) -> Tensor:
        """Return the logits [.., V] of every token; `hidden` is [.., W]."""
        return functional.linear(
            self.apply_head_transform(hidden), self.output_weight, self.output_bias
        )

    def apply_logit_lens(self, residual: Tensor) -> Tensor:
        """Return the logits [.., V] that the residual stream [.., W] of any layer would give."""
        return self.compute_logits(self._final_norm(residual))

    def hidden_matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """Yield the matrices of the layers, each with how many maps stand above one another."""
        for layer in self.layers:
            for name, parameter in layer.named_parameters():
                if parameter.dim() == 2:
                    yield parameter, self._count_maps(name)

    @torch.no_grad()
    def initialize_weights(self, generator: torch.Generator) -> None:
        """Draw the first weights."""
        for name, parameter in self.named_parameters():
            if parameter.dim() == 1:
                parameter.fill_(1.0 if name.endswith("norm.weight") else 0.0)
            else:
                parameter.normal_(0.0, self._init_std(name, parameter), generator=generator)

    def _count_maps(self, name: str) -> int:
        """Queries, keys and values of every head are maps of their own."""
        return 3 * self.heads if name.endswith("qkv.weight") else 1

    def _init_std(self, name: str, parameter: nn.Parameter) -> float:
        """The standard deviation of a matrix's first weights."""
        return 0.02

    def _add_rotary(self, inputs: AttentionInputs) -> AttentionInputs:
        return inputs

    def _embed_tokens(self, input_ids: Tensor) -> Tensor:
        return functional.embedding(input_ids, self.embedding.weight, sparse=self.sparse_embedding)

    @abstractmethod
    def _embed(
        self, input_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> Tensor:
        """Return what enters the first layer, [B, T, W]."""

    @abstractmethod
    def _final_norm(self, x: Tensor) -> Tensor:
        """Apply the last norm."""
