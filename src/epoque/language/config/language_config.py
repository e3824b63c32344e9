"""What may be set in the language lab, all of it, and what follows from it."""

from collections.abc import Iterator

from epoque.bench.config import Config
from epoque.bench.errors import Problem

from ..model_config import ModelConfig
from .evaluation import EvaluationSettings
from .loss import LossSettings
from .machine import MachineSettings
from .network import NetworkSettings
from .objective import ObjectiveSettings
from .optimizer import OptimizerSettings
from .schedule import ScheduleSettings
from .text import TextSettings
from .tokens import TokenSettings

__all__ = ["MAX_BYTES", "MAX_PARAMETERS", "LanguageConfig"]

MAX_PARAMETERS = 20 * 10**9
MAX_BYTES = 2**40
"""What no single machine that this is made for has."""


# The last base comes first (see `SettingsGroup`): doors show settings from ObjectiveSettings up.
class LanguageConfig(
    EvaluationSettings,
    MachineSettings,
    ScheduleSettings,
    OptimizerSettings,
    LossSettings,
    NetworkSettings,
    TokenSettings,
    TextSettings,
    ObjectiveSettings,
    Config,
):
    """A language model trained from scratch: its text, tokens, network and training."""

    @property
    def parameter_count(self) -> int:
        """About how many parameters a model has: those of its matrices, 99 % of them.

        Where the tokenizer is loaded, `vocabulary` stands for its unknown size.
        """
        embeddings = self.vocabulary_rows * self.width * (1 if self.tie_embeddings else 2)
        return embeddings + self.layer_parameter_count

    @property
    def step_bytes(self) -> float:
        """About how many bytes a training step holds at once.

        Four float32 numbers a parameter (weight, gradient, two of the optimiser), two more with
        averaging and patience; what the layers keep for the backward pass; the logits and their
        gradient.
        """
        copies = 4 + (self.ema > 0) + (self.patience > 0)
        tokens = self.batch_size // self.accumulate * self.block_size
        layer = 16 * self.width + 4 * self.feed_forward_width + 2 * self.heads * self.block_size
        logits = {
            "full": self.model_vocabulary or self.vocabulary,
            "chunked": 0,
            "sampled": self.negatives,
        }
        held = copies * self.parameter_count + tokens * (self.layers * layer)
        return 4.0 * held + 12.0 * tokens * logits[self.head]

    @property
    def step_flops(self) -> float:
        """About how many operations a step takes, forward and backward: 6 N D (Kaplan 2020)."""
        return 6.0 * self.parameter_count * self.batch_size * self.block_size

    def to_model_config(self, vocabulary: int) -> ModelConfig:
        """Return the shape of the model for a tokenizer of so many tokens.

        Raises:
            ConfigError: if the architecture does not go with the objective or the heads do not
                divide the width.
        """
        return ModelConfig(
            architecture=self.architecture,
            objective=self.objective,
            vocabulary=vocabulary,
            layers=self.layers,
            width=self.width,
            heads=self.heads,
            feed_forward=self.feed_forward_width,
            context=self.positions or self.block_size,
            dropout=self.dropout,
            tied=self.tie_embeddings,
            epsilon={"gpt2": 1e-5, "bert": 1e-12, "modern": 1e-6}[self.architecture],
        )

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        yield from self._shape_conflicts()
        yield from self._token_conflicts()
        yield from self._batch_conflicts()
        yield from self._text_conflicts()
        yield from self._size_conflicts()

    def _size_conflicts(self) -> Iterator[Problem]:
        """Refuse a model or a batch that no machine could hold."""
        count, needed = self.parameter_count, self.step_bytes
        if count > MAX_PARAMETERS:
            size = f"{self.width:,} with {self.layers:,} layers makes about {count / 1e9:,.0f}"
            message = f"{size} billion parameters; at most {MAX_PARAMETERS // 10**9}."
            yield Problem("width", message)
        elif needed > MAX_BYTES:
            size = f"{self.batch_size:,} blocks of {self.block_size:,} tokens need about"
            much = f"{needed / 2**30:,.0f} GiB; at most {MAX_BYTES // 2**30:,}"
            yield Problem("batch_size", f"{size} {much}. More accumulate or a smaller one helps.")
