"""What a live page draws of a neuron, or of a network of them."""

from epoque.bench.i18n import mark
from epoque.bench.views import Curves, Network, Plane, Points, View

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    Plane(
        mark("Points"),
        (
            Points("x", mark("learned from"), classes="d"),
            Points("x_test", mark("tested with"), classes="d_test"),
        ),
        corner=None,
    ),
    Network(mark("Weights"), "w", None),
    Network(mark("Weights"), "w{layer}", "b{layer}"),
    Curves(mark("Loss"), {"loss": mark("training"), "test_loss": mark("test")}),
    Curves(mark("Accuracy"), {"accuracy": mark("training"), "test_accuracy": mark("test")}),
    Curves(
        mark("Error"),
        {
            "error": mark("last pattern"),
            "error_max": mark("largest"),
            "error_mean": mark("mean"),
            "error_rms": mark("root mean square"),
        },
    ),
)
"""Of a perceptron and of an MLP: what one of them does not measure or keep is left out."""
