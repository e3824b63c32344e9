"""What a text says of the language lab's figures: numbers read off what they draw."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..config import LanguageConfig
from ..evaluation.example_files import EXAMPLES, PROBE, read_examples, read_probe
from .busiest_head import find_busiest_head

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["RARE", "figure_values"]

Floats = NDArray[np.floating]

RARE = 1_000
"""Occurrences in the training text below which a token counts as rare: the end of a bin."""


def figure_values(run: "Run[LanguageConfig]") -> Mapping[str, Any]:
    """Return what a text says of a run's figures; nothing where the run keeps no examples.

    `attention`: of the head of `attention_map`, its `layer` and `head` counted from 1, and how much
    the tokens after the first give on the average to the `first` token, to their `own`, to the one
    `before`, and at most to a `later` one. `neighbours`: the `nearest` and the `farthest` of the
    words' first neighbours, each with `word`, `neighbour` and `cosine`. `frequency`: of the
    `rarest` and the most `frequent` tokens the `occurrences`, the `loss` and what `counting` has,
    in nats; `gain`, how far the loss is below counting, `low` and `high` over the bins; and of the
    `rare` tokens, which occur `below` so many times, the `share` of all measured and of the `loss`.

    Raises:
        DamagedRunError: if what is needed cannot be read.
    """
    if not (run.path / PROBE).is_file() or not (run.path / EXAMPLES).is_file():
        return {}
    arrays = read_probe(run)
    return {
        "attention": _describe_attention(arrays["attention"]),
        "neighbours": _describe_neighbours(read_examples(run)["neighbours"]),
        "frequency": _describe_frequency(arrays),
    }


def _describe_attention(weights: Floats) -> Mapping[str, Any]:
    layer, head = find_busiest_head(weights)
    chosen = weights[layer, head].astype(float)
    places = np.arange(1, len(chosen))
    later = np.triu(chosen, 1)
    return {
        "layer": layer + 1,
        "head": head + 1,
        "first": _mean(chosen[places, 0]),
        "own": _mean(chosen[places, places]),
        "before": _mean(chosen[places, places - 1]),
        "later": float(later.max()) if later.size else None,
    }


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if values.size else None


def _describe_neighbours(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    pairs = [
        {
            "word": row["word"].strip(),
            "neighbour": row["neighbours"][0]["word"].strip(),
            "cosine": float(row["neighbours"][0]["cosine"]),
        }
        for row in rows
        if row["neighbours"]
    ]
    pairs.sort(key=lambda pair: pair["cosine"])
    none = {"word": None, "neighbour": None, "cosine": None}
    return {"nearest": pairs[-1] if pairs else none, "farthest": pairs[0] if pairs else none}


def _describe_frequency(arrays: Mapping[str, Floats]) -> Mapping[str, Any]:
    """Return what the curves of loss and counting say; bins come rarest first."""
    occurs = arrays["frequency"] > 0
    names = ("frequency", "loss", "counting", "count")
    frequency, loss, counting, count = (arrays[name][occurs] for name in names)
    curves = {"occurrences": frequency, "loss": loss, "counting": counting}
    gain, is_rare = counting - loss, frequency < RARE
    return {
        **{
            end: {name: float(curve[at]) if len(curve) else None for name, curve in curves.items()}
            for end, at in (("rarest", 0), ("frequent", -1))
        },
        "gain": {
            "low": float(gain.min()) if len(gain) else None,
            "high": float(gain.max()) if len(gain) else None,
        },
        "rare": {
            "below": RARE,
            "share": _share(count, is_rare),
            "loss": _share(count * loss, is_rare),
        },
    }


def _share(amounts: Floats, inside: NDArray[np.bool_]) -> float | None:
    """Return how much of all amounts lies inside."""
    total = float(amounts.sum())
    return float(amounts[inside].sum()) / total if total else None
