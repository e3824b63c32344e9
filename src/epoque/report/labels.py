"""A learner's words for what runs and sweeps measure."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = ["FIGURES", "RESULTS"]

FIGURES: Mapping[str, str] = {
    "error": mark("the error over the iterations"),
    "weights": mark("the weights over the iterations"),
    "loss": mark("the loss over the iterations"),
    "regions": mark("where it says 1"),
    "points": mark("real and generated points at the end"),
    "manifold": mark("where the generator puts the lattice of noise"),
    "history": mark("from the first iteration to the last"),
    "losses": mark("the losses"),
    "discriminator": mark("the discriminator's answers"),
    "gradients": mark("the length of the gradients"),
    "divergence": mark("the distance from the real points"),
    "modes": mark("the modes covered"),
    "perplexity": mark("the perplexity, beside what counting reaches"),
    "attention": mark("where the heads look"),
    "attention_map": mark("where one head looks"),
    "examples": mark("what it makes of examples"),
    "neighbours": mark("words used alike"),
    "frequency": mark("the loss on rare and frequent tokens"),
}
"""Figure to its caption in a reader's new book."""

RESULTS: Mapping[str, str] = {
    "accuracy": mark("Accuracy"),
    "collapsed": mark("Collapsed to one place"),
    "converged_at": mark("Converged at"),
    "diverged": mark("Diverged"),
    "final_cross_entropy": mark("Final cross entropy"),
    "final_error": mark("Final error"),
    "final_error_max": mark("Final error max"),
    "final_error_mean": mark("Final error mean"),
    "final_error_rms": mark("Final error rms"),
    "final_intrinsic_dimension": mark("Dimension of the generated points"),
    "final_js": mark("Final Jensen-Shannon divergence, bits"),
    "final_loss": mark("Final loss"),
    "final_sliced_w1": mark("Final sliced Wasserstein distance, widths"),
    "final_test_loss": mark("Final test loss"),
    "first_central": mark("Central share of the first points"),
    "late_grad_norm_g": mark("Length of the generator's gradient"),
    "late_js": mark("Late Jensen-Shannon divergence, bits"),
    "late_saturated": mark("Share of certain answers"),
    "late_sliced_w1": mark("Late sliced Wasserstein distance, widths"),
    "final_train_loss": mark("Final training loss, nats a token"),
    "final_valid_loss": mark("Final validation loss, nats a token"),
    "mean_error": mark("Mean error"),
    "bits_per_byte": mark("Bits a byte"),
    "peak_error": mark("Peak error"),
    "perplexity": mark("Validation perplexity"),
    "perplexity_per_word": mark("Validation perplexity per word"),
    "peak_iteration": mark("Peak iteration"),
    "separable": mark("Separable"),
    "solved": mark("Solved"),
    "swing_js": mark("Swing of the Jensen-Shannon divergence, bits"),
    "swing_sliced_w1": mark("Swing of the sliced Wasserstein distance, widths"),
    "test_accuracy": mark("Test accuracy"),
    "valid_perplexity": mark("Validation perplexity"),
    "w0_over_w1": mark("W0 over w1"),
}
"""Result to its label; a sweep's figure makes the same English words from the name alone."""
