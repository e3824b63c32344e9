"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = ["FIGURE_CAPTIONS", "RESULT_LABELS"]

FIGURE_CAPTIONS: Mapping[str, str] = {
    "loss": mark("the loss over the iterations"),
    "perplexity": mark("the perplexity, beside what counting reaches"),
    "attention": mark("where the heads look"),
    "attention_map": mark("where one head looks"),
    "examples": mark("what it makes of examples"),
    "neighbours": mark("words used alike"),
    "frequency": mark("the loss on rare and frequent tokens"),
}
"""Figure to its caption in a reader's new book."""

RESULT_LABELS: Mapping[str, str] = {
    "accuracy": mark("Accuracy"),
    "bits_per_byte": mark("Bits a byte"),
    "final_train_loss": mark("Final training loss, nats a token"),
    "final_valid_loss": mark("Final validation loss, nats a token"),
    "perplexity": mark("Validation perplexity"),
    "perplexity_per_word": mark("Validation perplexity per word"),
    "valid_perplexity": mark("Validation perplexity"),
}
"""Result to its label; without one, a sweep's figure makes words of the name."""
