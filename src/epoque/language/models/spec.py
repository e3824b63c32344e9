"""What a model is made of, and how many parameters that is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epoque.bench.errors import ConfigError, Problem

if TYPE_CHECKING:
    from epoque.language.config import Architecture, LanguageConfig, Objective

__all__ = ["Spec", "parameters_of", "spec_of"]

_ROTARY_BASE = 10_000.0


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape of one model.

    Attributes:
        architecture: gpt2 (causal only), bert (masked only) or modern.
        objective: causal or masked.
        vocabulary: rows of the embedding.
        layers: transformer layers.
        width: numbers that stand for a token.
        heads: attention heads in each layer; they divide the width.
        feed_forward: neurons in the feed-forward part of each layer.
        context: positions at most; of the learned ones of gpt2 and bert there are as many.
        dropout: share of activations dropped in training.
        tied: whether the output layer uses the embedding's weights.
        epsilon: what the norms add to the variance.
        rotary_base: base of the rotary frequencies, in the modern architecture.
    """

    architecture: "Architecture"
    objective: "Objective"
    vocabulary: int
    layers: int
    width: int
    heads: int
    feed_forward: int
    context: int
    dropout: float = 0.0
    tied: bool = True
    epsilon: float = 1e-5
    rotary_base: float = _ROTARY_BASE

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ConfigError(problems)

    def _problems(self) -> "list[Problem]":
        found = []
        wrong = {"gpt2": "masked", "bert": "causal"}.get(self.architecture)
        if self.objective == wrong:
            told = f"{self.architecture} does not go with objective {wrong}; modern does."
            found.append(Problem("architecture", told))
        if self.width % self.heads:
            found.append(Problem("heads", f"{self.heads} do not divide the width {self.width}."))
        elif self.architecture == "modern" and self.width // self.heads % 2:
            told = f"{self.heads} leave {self.width // self.heads} numbers to each; rotary"
            found.append(Problem("heads", f"{told} positions need an even number."))
        return found

    @property
    def gated(self) -> bool:
        """Whether the feed-forward part has a gate, hence three matrices (SwiGLU)."""
        return self.architecture == "modern" and self.objective == "masked"

    @property
    def parameters(self) -> int:
        """How many parameters the model has."""
        return self._embeddings() + self.layers * self._layer() + self._rest()

    def _embeddings(self) -> int:
        rows = self.vocabulary * (1 if self.tied else 2)
        if self.architecture != "modern":
            rows += self.context
        if self.architecture == "bert":
            rows += 2
        return rows * self.width

    def _layer(self) -> int:
        width, inner = self.width, self.feed_forward
        matrices = 4 * width**2 + (3 if self.gated else 2) * width * inner
        if self.architecture == "modern":
            return matrices + (2 * width if self.gated else 0)
        return matrices + 4 * width + inner + width + 4 * width

    def _rest(self) -> int:
        if self.architecture == "modern":
            return self.width if self.gated else 0
        if self.architecture == "gpt2":
            return 2 * self.width
        return 2 * self.width + self.width**2 + 3 * self.width + self.vocabulary


def spec_of(config: "LanguageConfig", vocabulary: int) -> Spec:
    """Return what a config asks for.

    Args:
        config: the settings.
        vocabulary: how many tokens the tokenizer has.

    Raises:
        ConfigError: if the architecture does not go with the objective or the heads do not divide
            the width.
    """
    return Spec(
        architecture=config.architecture,
        objective=config.objective,
        vocabulary=vocabulary,
        layers=config.layers,
        width=config.width,
        heads=config.heads,
        feed_forward=config.inner,
        context=config.positions or config.block_size,
        dropout=config.dropout,
        tied=config.tie_embeddings,
        epsilon={"gpt2": 1e-5, "bert": 1e-12, "modern": 1e-6}[config.architecture],
    )


def parameters_of(config: "LanguageConfig", vocabulary: int) -> int:
    """Return how many parameters the model of a config has, without building it."""
    return spec_of(config, vocabulary).parameters
