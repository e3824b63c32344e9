"""What all models have in common: from token ids to hidden numbers to scores of the next token."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..model_config import ModelConfig
from .attention import Cache, Sight, sight

__all__ = ["Model"]


class Model(nn.Module, ABC):
    """A language model; the architectures say how tokens are embedded and what a layer is.

    Attributes:
        config: what it is made of.
        embedding: the table [V, W] of the tokens.
        blocks: the layers.
        output: the output layer's own weights [V, W], or None where the embedding's are used.
        sparse_embedding: whether the embedding's gradient holds only the rows that were touched;
            for the sampled head in one process, whose optimiser then steps only these rows.
    """

    blocks: nn.ModuleList

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.output = None if config.tied else nn.Parameter(torch.empty_like(self.embedding.weight))
        self.sparse_embedding = False

    @property
    def causal(self) -> bool:
        """Whether a token sees only what stands before it."""
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
    def layers(self) -> int:
        """How many layers it has."""
        return self.config.layers

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

    def forward(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Return the scores [B, T, V] of every token at every position; see `hidden`."""
        return self.logits(self.hidden(ids, attention_mask))

    def hidden(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        token_types: Tensor | None = None,
        cache: Cache | None = None,
        attentions: list[Tensor] | None = None,
        states: list[Tensor] | None = None,
    ) -> Tensor:
        """Run the layers.

        Args:
            ids: [B, T] tokens, T counted with the cache's at most the context.
            attention_mask: None; [B, S] 1 for tokens and 0 for padding, S = T plus the cache's
                tokens (of a causal model, padding on the left does not count as a position); or
                [B, T, S] true where a token may see another.
            token_types: [B, T] 0 or 1, of a BERT; None is all 0.
            cache: memory of the tokens before, extended by these; causal models only.
            attentions: a list that collects each layer's probabilities [B, H, T, S].
            states: a list that collects the residual stream [B, T, W]: after the embedding, then
                after each layer, before the last norm.

        Returns:
            [B, T, W], after the last norm.
        """
        seen = self._seen(sight(ids, self.causal, attention_mask, cache, attentions))
        x = self._embedded(ids, seen, token_types)
        for layer, block in enumerate(self.blocks):
            if states is not None:
                states.append(x)
            x = block(x, seen, layer)
        if states is not None:
            states.append(x)
        if cache is not None:
            cache.length += ids.shape[1]
        return self._last(x)

    def readout(self, hidden: Tensor) -> Tensor:
        """Return what the output layer's weights are multiplied with, [.., W] to [.., W]."""
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the scores [.., V] of every token; `hidden` is [.., W]."""
        return functional.linear(self.readout(hidden), self.output_weight, self.output_bias)

    def lens(self, state: Tensor) -> Tensor:
        """Read scores [.., V] off a residual state [.., W] of any layer (the logit lens)."""
        return self.logits(self._last(state))

    def matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """Yield the matrices of the layers, each with how many maps stand above one another."""
        for block in self.blocks:
            for name, parameter in block.named_parameters():
                if parameter.dim() == 2:
                    yield parameter, self._maps(name)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the first weights."""
        for name, parameter in self.named_parameters():
            if parameter.dim() == 1:
                parameter.fill_(1.0 if name.endswith("norm.weight") else 0.0)
            else:
                parameter.normal_(0.0, self._deviation(name, parameter), generator=generator)

    def _maps(self, name: str) -> int:
        """Queries, keys and values of every head are maps of their own."""
        return 3 * self.heads if name.endswith("qkv.weight") else 1

    def _deviation(self, name: str, parameter: nn.Parameter) -> float:
        """The standard deviation of a matrix's first weights."""
        return 0.02

    def _seen(self, seen: Sight) -> Sight:
        return seen

    def _looked_up(self, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.embedding.weight, sparse=self.sparse_embedding)

    @abstractmethod
    def _embedded(self, ids: Tensor, seen: Sight, token_types: Tensor | None) -> Tensor:
        """Return what enters the first layer, [B, T, W]."""

    @abstractmethod
    def _last(self, x: Tensor) -> Tensor:
        """Apply the last norm."""
