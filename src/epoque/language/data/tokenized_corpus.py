"""A corpus made ready for a model: its tokenizer, and its texts as blocks of tokens."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.limits import MAX_CHECKED_TEXT_BYTES
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng

from ..config import LanguageConfig
from ..purposes import Purpose
from .blocks import Blocks
from .corpus import Splits, load_splits
from .target_check import check_targets
from .token_cache import load_blocks
from .tokenizer import prepare_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = [
    "TokenizedCorpus",
    "check_corpus",
    "count_tokens",
    "load_corpus",
    "sample_blocks",
    "sample_more_rows",
    "sample_rows",
]

_COUNTED_BLOCKS = 50_000


@dataclass(frozen=True)
class TokenizedCorpus:
    """A corpus as blocks of tokens.

    Attributes:
        tokenizer: what made the tokens.
        train: what is learned from: the first `train_share` of the training text.
        valid: what is measured on.
        test: what is measured once at the end, or None.
        source: for the model card: the text's name, where it is from, its licence, and whether
            its end was held out to measure on.
    """

    tokenizer: "PreTrainedTokenizerFast"
    train: Blocks
    valid: Blocks
    test: Blocks | None
    source: dict[str, str | bool | None]


def check_corpus(config: LanguageConfig) -> "PreTrainedTokenizerFast | None":
    """Check that a config's text and tokenizer can be used; a large text is only opened.

    Returns:
        The tokenizer that the config names, prepared; None of one that is trained.

    Raises:
        DataError: if they cannot; of a small text of one's own, for all the reasons of
            `load_corpus`.
        UsageError: if the Hub or a file is out of reach.
    """
    texts = load_splits(config)
    _check_test(config, texts)
    tokenizer = None
    if config.tokenizer is not None or config.start_from is not None:
        tokenizer = prepare_tokenizer(config, texts.train)
    splits = (texts.train, texts.valid, texts.test)
    size = sum(documents.size for documents in splits if documents is not None)
    if config.train_files and size <= MAX_CHECKED_TEXT_BYTES:
        load_corpus(config, tokenizer)
    return tokenizer


def _check_test(config: LanguageConfig, texts: Splits) -> None:
    if config.measures_test and texts.test is None:
        raise DataError(f"{texts.train.name} has no test split; evaluate_test needs one.")


def load_corpus(
    config: LanguageConfig,
    tokenizer: "PreTrainedTokenizerFast | None" = None,
    progress: Progress | None = None,
) -> TokenizedCorpus:
    """Return the blocks of a config; what was made before is opened from the cache.

    Args:
        config: which text, tokenizer and block size.
        tokenizer: one that exists already, used instead of the config's.
        progress: receives how much is made, where it was not made before.

    Raises:
        DataError: if the text cannot be used, gives not even one block, or has no token to predict.
        UsageError: if the Hub or a file is out of reach.
    """
    texts = load_splits(config)
    _check_test(config, texts)
    if tokenizer is None:
        tokenizer = prepare_tokenizer(config, texts.train, progress)
    splits = {"training": texts.train, "validation": texts.valid}
    if config.measures_test:
        assert texts.test is not None  # by _check_test
        splits["test"] = texts.test
    blocks = {name: load_blocks(config, tokenizer, text, progress) for name, text in splits.items()}
    for name, text in splits.items():
        check_targets(config, tokenizer, text.name, blocks[name], training=name == "training")
    blocks["training"] = blocks["training"].take_share(config.train_share)
    source: dict[str, str | bool | None] = {
        "name": ", ".join(Path(path).name for path in config.train_files) or config.corpus,
        "held_out": texts.valid.first > 0,
        "licence": texts.train.license,
        "source": texts.train.source,
    }
    return TokenizedCorpus(
        tokenizer, blocks["training"], blocks["validation"], blocks.get("test"), source
    )


def sample_rows(count: int, of: int, seed: int, purpose: Purpose) -> NDArray[np.int64]:
    """Return `count` different numbers below `of` in ascending order; all of them if it is few."""
    if count >= of:
        return np.arange(of)
    return np.sort(numpy_rng(seed, purpose).choice(of, count, replace=False))


def sample_more_rows(rows: NDArray[np.int64], count: int, of: int, seed: int) -> NDArray[np.int64]:
    """Return other numbers below `of`, in ascending order, so that there are `count` with `rows`.

    With rows that were drawn evenly, all of them together are, too.
    """
    others = np.setdiff1d(np.arange(of), rows)
    picks = sample_rows(count - len(rows), len(others), seed, Purpose.MORE_EVALUATION_BLOCKS)
    return others[picks]


def sample_blocks(blocks: Blocks) -> NDArray[np.int64]:
    """Return at most 50,000 of the blocks, [N, block_size], to count in: the same for all seeds."""
    return blocks[sample_rows(_COUNTED_BLOCKS, len(blocks), 0, Purpose.TOKEN_COUNTS)]


def count_tokens(blocks: Blocks, vocabulary: int) -> NDArray[np.int64]:
    """Return how often each token occurs in at most 50,000 of the blocks, [vocabulary]."""
    return np.bincount(sample_blocks(blocks).ravel(), minlength=vocabulary)
