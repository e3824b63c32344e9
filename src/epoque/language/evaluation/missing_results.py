"""Why a result of a run has no number: there was nothing to compute it from, or it is too large."""

import math
from collections.abc import Mapping
from typing import Any

from epoque.bench.i18n import mark

__all__ = ["TOO_LARGE", "explain_missing"]

TOO_LARGE = mark("larger than a number can be")
_ONE_BLOCK = mark("a standard error takes two measured blocks or more")
_NO_TARGET = mark("no block it is measured on has a token to predict")

_REASONS = {
    "perplexity_without_unk": mark("every token to predict stands for an unknown word"),
    "perplexity_spread": mark("fewer than two mask seeds mask a token"),
    "unigram_perplexity": mark("the texts are too short to count single tokens"),
    "bigram_perplexity": mark("the texts are too short to count pairs of tokens"),
    "trigram_perplexity": mark("the texts are too short to count triples of tokens"),
    "perplexity_error": _ONE_BLOCK,
    "perplexity_with_counts_error": _ONE_BLOCK,
    "final_valid_loss_error": _ONE_BLOCK,
    "final_test_loss_error": _ONE_BLOCK,
    "in_train_share": mark("the texts are too large to be compared"),
    "perplexity_per_word": mark("the text has no word"),
}


def explain_missing(results: Mapping[str, Any]) -> dict[str, str]:
    """Return, of each result that is no finite number, why; in English, French by the catalogue.

    Args:
        results: name to value, numbers as they were computed: NaN from nothing, infinite where
            that is too large.
    """
    return {
        name: TOO_LARGE if math.isinf(value) else _REASONS.get(_base_name(name), _NO_TARGET)
        for name, value in results.items()
        if isinstance(value, float) and not math.isfinite(value)
    }


def _base_name(name: str) -> str:
    """Return what a result's name says without of which split, and how."""
    return name.removeprefix("test_").removeprefix("valid_").removeprefix("pseudo_")
