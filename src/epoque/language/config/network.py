"""What network a language model is: its architecture, its shape, and what it starts from."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import LocalPath, setting
from epoque.bench.errors import Problem

from ..labels import ARCHITECTURE_CHOICES, EMBEDDING_CHOICES
from ..model_config import Architecture, find_shape_problems
from .objective import ObjectiveSettings

__all__ = ["FirstEmbedding", "NetworkSettings"]

FirstEmbedding = Literal["random", "counted"]


class NetworkSettings(ObjectiveSettings):
    """The shape of the transformer, and its first weights."""

    start_from: LocalPath | None = setting(
        None,
        "Start from",
        "A run's folder, a saved folder or a model of the Hub, of the same shape: its weights and "
        "its tokenizer; none starts from nothing.",
        group="Network",
        file=(),
    )
    architecture: Architecture = setting(
        "modern",
        "Architecture",
        "GPT-2's, BERT's, or a modern one: rotary positions, RMSNorm, squared ReLU.",
        group="Network",
        choices=ARCHITECTURE_CHOICES,
    )
    layers: int = setting(
        4, "Layers", "Transformer layers.", unit="layers", ge=1, le=1000, group="Network", step=1
    )
    width: int = setting(
        256,
        "Width",
        "Numbers that stand for a token.",
        ge=2,
        le=65_536,
        group="Network",
        scale="log",
    )
    heads: int = setting(
        4, "Heads", "Attention heads in each layer.", ge=1, le=1024, group="Network", step=1
    )
    feed_forward: int | None = setting(
        None,
        "Feed-forward width",
        "Neurons in each layer; none: four times the width, and 8/3 where modern is masked.",
        ge=1,
        le=1_000_000,
        group="Network",
        scale="log",
    )
    dropout: float = setting(
        0.0, "Dropout", "Share of activations dropped.", ge=0, lt=1, group="Network", step=0.01
    )
    tie_embeddings: bool = setting(
        True, "Tied embeddings", "The output layer uses the embedding's weights.", group="Network"
    )

    first_embedding: FirstEmbedding = setting(
        "random",
        "First embedding",
        "Random; or counted: made from which token follows which in the training text.",
        group="Network",
        only={"start_from": (None,)},
        choices=EMBEDDING_CHOICES,
    )

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward part has a gate, hence three matrices (SwiGLU)."""
        return self.architecture == "modern" and self.objective == "masked"

    @property
    def feed_forward_width(self) -> int:
        """Neurons in each layer's feed-forward part.

        Four times the width; with a gate 8/3, as many parameters, in whole 64s (Shazeer 2020).
        """
        if self.feed_forward is not None:
            return self.feed_forward
        gated = self.is_gated and self.width >= 64
        return -(-8 * self.width // 3 // 64) * 64 if gated else 4 * self.width

    @property
    def layer_parameter_count(self) -> int:
        """About how many parameters all layers have together: those of their matrices."""
        feed_forward = (3 if self.is_gated else 2) * self.width * self.feed_forward_width
        return self.layers * (4 * self.width**2 + feed_forward)

    def _shape_conflicts(self) -> Iterator[Problem]:
        yield from find_shape_problems(self.architecture, self.objective, self.width, self.heads)
