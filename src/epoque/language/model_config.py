"""The shape of a model, and how many parameters that is; imports no PyTorch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from epoque.bench.errors import ConfigError, Problem

__all__ = ["Architecture", "ModelConfig", "Objective", "find_shape_problems"]

Objective = Literal["causal", "masked"]
Architecture = Literal["gpt2", "bert", "modern"]

_ROTARY_BASE = 10_000.0


@dataclass(frozen=True, slots=True)
class ModelConfig:
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

    architecture: Architecture
    objective: Objective
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
        shape = self.architecture, self.objective, self.width, self.heads
        if problems := list(find_shape_problems(*shape)):
            raise ConfigError(problems)

    @property
    def is_gated(self) -> bool:
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
        matrices = 4 * width**2 + (3 if self.is_gated else 2) * width * inner
        if self.architecture == "modern":
            return matrices + (2 * width if self.is_gated else 0)
        return matrices + 4 * width + inner + width + 4 * width

    def _rest(self) -> int:
        if self.architecture == "modern":
            return self.width if self.is_gated else 0
        if self.architecture == "gpt2":
            return 2 * self.width
        return 2 * self.width + self.width**2 + 3 * self.width + self.vocabulary


def find_shape_problems(
    architecture: Architecture, objective: Objective, width: int, heads: int
) -> Iterator[Problem]:
    """Yield why an architecture, an objective, a width and heads make no model."""
    wrong = {"gpt2": "masked", "bert": "causal"}.get(architecture)
    if objective == wrong:
        other = {"masked": "bert", "causal": "gpt2"}[wrong]
        message = f"{architecture} does not go with objective {wrong}; {other} or modern do."
        yield Problem("architecture", message)
    if width % heads:
        yield Problem("heads", f"{heads} do not divide the width {width}.")
    elif architecture == "modern" and width // heads % 2:
        message = f"{heads} of {width // heads} numbers; rotary positions need"
        yield Problem("heads", f"{message} an even number in each.")
