"""How a text becomes tokens, and how many of them a model sees at once."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import LocalPath, setting
from epoque.bench.errors import Problem

from ..labels import TOKENIZER_CHOICES
from .objective import ObjectiveSettings

__all__ = ["TokenSettings", "TokenizerKind"]

TokenizerKind = Literal["bpe", "wordpiece"]


class TokenSettings(ObjectiveSettings):
    """The tokenizer, its vocabulary, and the blocks that its tokens are cut into."""

    tokenizer: LocalPath | None = setting(
        None,
        "Tokenizer",
        "A folder or a name on the Hub; none trains one on the training text.",
        group="Tokens",
        file=(),
        only={"start_from": (None,)},
    )
    tokenizer_kind: TokenizerKind | None = setting(
        None,
        "Kind of tokenizer",
        "To train: byte-level BPE or WordPiece; none: BPE for causal, WordPiece for masked.",
        group="Tokens",
        only={"tokenizer": (None,)},
        choices=TOKENIZER_CHOICES,
    )
    vocabulary: int = setting(
        25_000,
        "Vocabulary",
        "Size of the tokenizer to train.",
        unit="tokens",
        ge=64,
        le=1_000_000,
        group="Tokens",
        scale="log",
        only={"tokenizer": (None,)},
    )
    lowercase: bool = setting(
        False,
        "Lower case",
        "The tokenizer to train turns capitals into small letters.",
        group="Tokens",
        only={"tokenizer": (None,)},
    )
    frame_lines: bool = setting(
        False,
        "Lines framed",
        "For masked: [CLS] and [SEP] around every line, empty ones too, as the notebook does.",
        group="Tokens",
        only={"objective": ("masked",)},
    )
    model_vocabulary: int | None = setting(
        None,
        "Vocabulary of the model",
        "Rows of its embedding; none: as many as the tokenizer has tokens.",
        unit="tokens",
        ge=2,
        le=2_000_000,
        group="Tokens",
        scale="log",
    )
    block_size: int = setting(
        128,
        "Block size",
        "Tokens the model sees at once.",
        unit="tokens",
        ge=2,
        le=65_536,
        group="Tokens",
        scale="log",
    )
    positions: int | None = setting(
        None,
        "Positions",
        "For learned positions: most tokens the model can ever see; none: the block size.",
        unit="tokens",
        ge=2,
        le=1_000_000,
        group="Network",
        scale="log",
        only={"architecture": ("gpt2", "bert")},
    )
    documents_apart: bool = setting(
        False,
        "Documents apart",
        "No block holds tokens that can see another document's.",
        group="Tokens",
    )

    @property
    def new_tokenizer_kind(self) -> TokenizerKind:
        """The kind of tokenizer to train: by the objective, if nothing is said."""
        return self.tokenizer_kind or ("bpe" if self.objective == "causal" else "wordpiece")

    @property
    def vocabulary_rows(self) -> int:
        """Rows of the embedding; where the tokenizer is loaded, `vocabulary` stands for them."""
        return self.model_vocabulary or self.vocabulary

    def _token_conflicts(self) -> Iterator[Problem]:
        if self.positions is not None and self.positions < self.block_size:
            message = f"{self.positions:,} is fewer than the block size {self.block_size:,}."
            yield Problem("positions", message)
        if self.tokenizer is None and (self.model_vocabulary or self.vocabulary) < self.vocabulary:
            message = (
                f"{self.model_vocabulary:,} is fewer than the vocabulary of {self.vocabulary:,}."
            )
            yield Problem("model_vocabulary", message)
