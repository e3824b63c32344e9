"""What only the claims on transformers are measured by: distances of losses, what was saved."""

from collections.abc import Sequence

from epoque.bench.evidence import Evidence, Values

__all__ = ["deviation", "log_deviation", "saved_all_files"]

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")
"""What a push of a model must send."""


def deviation(of: Values, reported: float) -> Values:
    """Measure how far a quantity is from the reported number, whichever is the larger."""
    return (of - reported).abs()


def log_deviation(of: Values, reported: float) -> Values:
    """Measure the same of their logarithms: of perplexities the distance of their losses, nats."""
    import numpy as np

    return np.log(of / reported).abs()


def saved_all_files(evidence: Evidence, runs: Sequence[str]) -> bool:
    """Return whether each run's push would send the model, the tokenizer and the card."""
    return all(set(FILES) <= set(evidence.results(run).get("saved_files") or ()) for run in runs)
