"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = [
    "ACTIVATION_CHOICES",
    "DATA_CHOICES",
    "DECAY_CHOICES",
    "DISCRIMINATOR_OUTPUT_CHOICES",
    "FIGURE_CAPTIONS",
    "INIT_CHOICES",
    "LOSS_CHOICES",
    "NOISE_CHOICES",
    "NORM_CHOICES",
    "OPTIMIZER_CHOICES",
    "OUTPUT_CHOICES",
    "RESULT_LABELS",
    "SMOOTHING_CHOICES",
]

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
    "accuracy_fake": mark("Discriminator's accuracy on generated points"),
    "accuracy_real": mark("Discriminator's accuracy on real points"),
    "answers_per_point": mark("Discriminator's answers for one point"),
    "best_js": mark("Best Jensen-Shannon divergence, bits"),
    "best_sliced_w1": mark("Best sliced Wasserstein distance, widths"),
    "best_step": mark("Iteration of the best distance"),
    "collapsed": mark("Collapsed to one place"),
    "converged_at": mark("Converged at"),
    "coverage": mark("Coverage"),
    "data_outside": mark("Own points outside the square"),
    "data_points": mark("Own points"),
    "dimension": mark("Dimensions of the noise in use"),
    "diverged": mark("Diverged"),
    "energy": mark("Energy distance, widths"),
    "final_accuracy_fake": mark("Discriminator's final accuracy on generated points"),
    "final_accuracy_real": mark("Discriminator's final accuracy on real points"),
    "final_coverage": mark("Final coverage"),
    "final_dimension": mark("Final dimensions of the noise in use"),
    "final_energy": mark("Final energy distance, widths"),
    "final_exact_w1": mark("Final exact Wasserstein distance, widths"),
    "final_folded": mark("Final share that is folded over"),
    "final_grad_norm_d": mark("Final length of the discriminator's gradient"),
    "final_grad_norm_g": mark("Final length of the generator's gradient"),
    "final_high_quality": mark("Final share of good points"),
    "final_intrinsic_dimension": mark("Dimension of the generated points"),
    "final_js": mark("Final Jensen-Shannon divergence, bits"),
    "final_js_se": mark("Final standard error of the Jensen-Shannon divergence, bits"),
    "final_kl": mark("Final Kullback-Leibler divergence, bits"),
    "final_kl_se": mark("Final standard error of the Kullback-Leibler divergence, bits"),
    "final_loss_d": mark("Final loss of the discriminator"),
    "final_loss_g": mark("Final loss of the generator"),
    "final_mmd2": mark("Final maximum mean discrepancy, squared"),
    "final_modes_covered": mark("Final modes covered"),
    "final_outside": mark("Final share outside the square"),
    "final_precision": mark("Final precision"),
    "final_saturated": mark("Final share of certain answers"),
    "final_sliced_w1": mark("Final sliced Wasserstein distance, widths"),
    "final_spread": mark("Final spread, 1 as the real points"),
    "final_stretch_max": mark("Final greatest stretch of the noise"),
    "final_stretch_min": mark("Final least stretch of the noise"),
    "first_central": mark("Central share of the first points"),
    "first_noise_central": mark("Central share of the noise"),
    "first_spread": mark("Spread of the first points, 1 as the real ones"),
    "floor_coverage": mark("Coverage between real points"),
    "floor_energy": mark("Energy distance between real points, widths"),
    "floor_exact_w1": mark("Exact Wasserstein distance between real points, widths"),
    "floor_high_quality": mark("Share of good points among the real ones"),
    "floor_intrinsic_dimension": mark("Dimension of the real points"),
    "floor_js": mark("Jensen-Shannon divergence between real points, bits"),
    "floor_js_se": mark(
        "Standard error of the Jensen-Shannon divergence between real points, bits"
    ),
    "floor_kl": mark("Kullback-Leibler divergence between real points, bits"),
    "floor_kl_se": mark(
        "Standard error of the Kullback-Leibler divergence between real points, bits"
    ),
    "floor_mmd2": mark("Maximum mean discrepancy between real points, squared"),
    "floor_modes_covered": mark("Modes that real points cover"),
    "floor_outside": mark("Share of real points outside the square"),
    "floor_precision": mark("Precision between real points"),
    "floor_sliced_w1": mark("Sliced Wasserstein distance between real points, widths"),
    "floor_spread": mark("Spread of other real points, 1 as these"),
    "folded": mark("Share that is folded over"),
    "grad_norm_d": mark("Length of the discriminator's gradient"),
    "grad_norm_g": mark("Length of the generator's gradient"),
    "high_quality": mark("Share of good points"),
    "intrinsic_dimension": mark("Dimension of the generated points"),
    "js": mark("Jensen-Shannon divergence, bits"),
    "js_se": mark("Standard error of the Jensen-Shannon divergence, bits"),
    "kl": mark("Kullback-Leibler divergence, bits"),
    "kl_se": mark("Standard error of the Kullback-Leibler divergence, bits"),
    "late_accuracy_fake": mark("Late accuracy of the discriminator on generated points"),
    "late_accuracy_real": mark("Late accuracy of the discriminator on real points"),
    "late_grad_norm_g": mark("Length of the generator's gradient"),
    "late_js": mark("Late Jensen-Shannon divergence, bits"),
    "late_saturated": mark("Share of certain answers"),
    "late_sliced_w1": mark("Late sliced Wasserstein distance, widths"),
    "late_spread": mark("Late spread, 1 as the real points"),
    "loss_d": mark("Loss of the discriminator"),
    "loss_g": mark("Loss of the generator"),
    "mmd2": mark("Maximum mean discrepancy, squared"),
    "modes_covered": mark("Modes covered"),
    "outside": mark("Share outside the square"),
    "precision": mark("Precision"),
    "saturated": mark("Share of certain answers"),
    "sliced_w1": mark("Sliced Wasserstein distance, widths"),
    "spread": mark("Spread, 1 as the real points"),
    "stretch_max": mark("Greatest stretch of the noise"),
    "stretch_min": mark("Least stretch of the noise"),
    "swing_js": mark("Swing of the Jensen-Shannon divergence, bits"),
    "swing_sliced_w1": mark("Swing of the sliced Wasserstein distance, widths"),
}
"""Metric or result to its label (see `epoque.bench.result_labels`)."""

# A form shows the values of settings that choose in these words.

DATA_CHOICES: Mapping[str, str] = {
    "line": mark("line"),
    "gaussians": mark("two Gaussians"),
    "ring": mark("ring"),
    "disjoint": mark("three Gaussians apart"),
    "grid": mark("grid of 25 Gaussians"),
    "circle": mark("eight Gaussians"),
    "moons": mark("two moons"),
    "spiral": mark("spiral"),
    "checkerboard": mark("checkerboard"),
    "pinwheel": mark("pinwheel"),
    "image": mark("an image"),
    "csv": mark("my own points"),
    "drawing": mark("a drawing"),
}

NOISE_CHOICES: Mapping[str, str] = {
    "uniform": mark("uniform"),
    "gaussian": mark("Gaussian, cut"),
    "normal": mark("normal"),
}

ACTIVATION_CHOICES: Mapping[str, str] = {
    "relu": "ReLU",
    "leaky_relu": mark("leaky ReLU"),
    "elu": "ELU",
    "silu": "SiLU",
    "tanh": "tanh",
    "sigmoid": mark("sigmoid"),
    "sine": mark("sine"),
    "linear": mark("linear"),
}

INIT_CHOICES: Mapping[str, str] = {
    "ganlab": "GAN Lab",
    "lecun_normal": mark("LeCun, normal"),
    "glorot_uniform": mark("Glorot, uniform"),
    "glorot_normal": mark("Glorot, normal"),
    "he_uniform": mark("He, uniform"),
    "he_normal": mark("He, normal"),
    "torch": "PyTorch",
    "orthogonal": mark("orthogonal"),
    "zeros": mark("zeros"),
}

NORM_CHOICES: Mapping[str, str] = {
    "none": mark("none"),
    "batch": mark("batch"),
    "layer": mark("layer"),
}

OPTIMIZER_CHOICES: Mapping[str, str] = {
    "sgd": "SGD",
    "momentum": mark("momentum"),
    "rmsprop": "RMSProp",
    "adam": "Adam",
}

OUTPUT_CHOICES: Mapping[str, str] = {
    "tanh": "tanh",
    "sigmoid": mark("sigmoid"),
    "linear": mark("linear"),
}

DISCRIMINATOR_OUTPUT_CHOICES: Mapping[str, str] = {
    "auto": mark("as the loss needs"),
    "sigmoid": mark("sigmoid"),
    "linear": mark("linear"),
}

LOSS_CHOICES: Mapping[str, str] = {
    "log": mark("non-saturating"),
    "minimax": "minimax",
    "least_squares": mark("least squares"),
    "hinge": mark("hinge"),
    "wasserstein": "Wasserstein",
    "relativistic": mark("relativistic"),
}

SMOOTHING_CHOICES: Mapping[str, str] = {
    "one_sided": mark("one-sided"),
    "weight": mark("as a weight"),
}

DECAY_CHOICES: Mapping[str, str] = {
    "none": mark("none"),
    "linear": mark("linear"),
    "cosine": mark("cosine"),
    "exponential": mark("exponential"),
}
