"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = ["FIGURE_CAPTIONS", "RESULT_LABELS"]

FIGURE_CAPTIONS: Mapping[str, str] = {
    "error": mark("the error over the iterations"),
    "weights": mark("the weights over the iterations"),
    "loss": mark("the loss over the iterations"),
    "regions": mark("where it says 1"),
}
"""Figure to its caption in a reader's new book."""

RESULT_LABELS: Mapping[str, str] = {
    "accuracy": mark("Accuracy"),
    "converged_at": mark("Converged at"),
    "diverged": mark("Diverged"),
    "final_cross_entropy": mark("Final cross entropy"),
    "final_error": mark("Final error"),
    "final_error_max": mark("Final error max"),
    "final_error_mean": mark("Final error mean"),
    "final_error_rms": mark("Final error rms"),
    "final_loss": mark("Final loss"),
    "final_test_loss": mark("Final test loss"),
    "mean_error": mark("Mean error"),
    "peak_error": mark("Peak error"),
    "peak_iteration": mark("Peak iteration"),
    "separable": mark("Separable"),
    "solved": mark("Solved"),
    "test_accuracy": mark("Test accuracy"),
    "w0_over_w1": mark("W0 over w1"),
}
"""Result to its label; without one, a sweep's figure makes words of the name."""
