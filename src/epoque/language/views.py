"""What a live page draws of a language model's training."""

from epoque.bench.i18n import mark
from epoque.bench.views import Curves, View

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    Curves(
        mark("Loss, nats a token"),
        {
            "loss": mark("training"),
            "sampled_loss": mark("training, sampled"),
            "train_loss": mark("training, exact"),
            "valid_loss": mark("validation"),
        },
    ),
    Curves(mark("Perplexity"), {"valid_perplexity": mark("validation")}, log=True),
    Curves(mark("Learning rate"), {"learning_rate": mark("learning rate")}),
    Curves(mark("Length of the gradient"), {"gradient_norm": mark("before clipping")}, log=True),
)
"""The metrics are those of `epoque.language.training.train`."""
