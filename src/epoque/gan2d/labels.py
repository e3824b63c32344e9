"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = ["FIGURE_CAPTIONS", "RESULT_LABELS"]

FIGURE_CAPTIONS: Mapping[str, str] = {
    "points": mark("real and generated points at the end"),
    "manifold": mark("where the generator puts the lattice of noise"),
    "history": mark("from the first iteration to the last"),
    "losses": mark("the losses"),
    "discriminator": mark("the discriminator's answers"),
    "gradients": mark("the length of the gradients"),
    "divergence": mark("the distance from the real points"),
    "modes": mark("the modes covered"),
}
"""Figure to its caption in a reader's new book."""

RESULT_LABELS: Mapping[str, str] = {
    "collapsed": mark("Collapsed to one place"),
    "converged_at": mark("Converged at"),
    "diverged": mark("Diverged"),
    "final_intrinsic_dimension": mark("Dimension of the generated points"),
    "final_js": mark("Final Jensen-Shannon divergence, bits"),
    "final_sliced_w1": mark("Final sliced Wasserstein distance, widths"),
    "first_central": mark("Central share of the first points"),
    "late_grad_norm_g": mark("Length of the generator's gradient"),
    "late_js": mark("Late Jensen-Shannon divergence, bits"),
    "late_saturated": mark("Share of certain answers"),
    "late_sliced_w1": mark("Late sliced Wasserstein distance, widths"),
    "swing_js": mark("Swing of the Jensen-Shannon divergence, bits"),
    "swing_sliced_w1": mark("Swing of the sliced Wasserstein distance, widths"),
}
"""Result to its label; without one, a sweep's figure makes words of the name."""
