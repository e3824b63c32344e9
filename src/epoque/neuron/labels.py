"""A learner's words for what this lab measures and draws."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = [
    "ACTIVATION_CHOICES",
    "DATA_CHOICES",
    "FEATURE_CHOICES",
    "FIGURE_CAPTIONS",
    "INIT_CHOICES",
    "LOSS_CHOICES",
    "MODEL_CHOICES",
    "OPTIMIZER_CHOICES",
    "RESULT_LABELS",
    "RULE_CHOICES",
    "SCALE_CHOICES",
    "UPDATE_CHOICES",
]

FIGURE_CAPTIONS: Mapping[str, str] = {
    "error": mark("the error over the iterations"),
    "weights": mark("the weights over the iterations"),
    "weights-by-pattern": mark("the weights after each pattern"),
    "loss": mark("the loss over the iterations"),
    "regions": mark("where it says 1"),
    "hidden": mark("what each hidden neuron answers"),
}
"""Figure to its caption in a reader's new book."""

RESULT_LABELS: Mapping[str, str] = {
    "accuracy": mark("Accuracy"),
    "certificate": mark("Proof that no line separates"),
    "converged_at": mark("Converged at"),
    "cross_entropy": mark("Cross entropy"),
    "diverged": mark("Diverged"),
    "error": mark("Error of the last pattern"),
    "error_max": mark("Largest error"),
    "error_mean": mark("Mean error of the patterns"),
    "error_rms": mark("Root mean square error"),
    "final_cross_entropy": mark("Final cross entropy"),
    "final_error": mark("Final error"),
    "final_error_max": mark("Final error max"),
    "final_error_mean": mark("Final error mean"),
    "final_error_rms": mark("Final error rms"),
    "final_loss": mark("Final loss"),
    "final_test_loss": mark("Final test loss"),
    "final_weights": mark("Final weights"),
    "hidden_lines": mark("Lines of the hidden neurons"),
    "initial_weights": mark("Initial weights"),
    "loss": mark("Loss"),
    "mean_error": mark("Mean error"),
    "mistake_bound": mark("Most corrections there can be"),
    "mistakes": mark("Corrections made"),
    "outputs": mark("Outputs"),
    "parameters": mark("Weights and biases"),
    "peak_error": mark("Peak error"),
    "peak_iteration": mark("Peak iteration"),
    "scaling": mark("Scaling of the inputs"),
    "separable": mark("Separable"),
    "separating_line": mark("Line that separates"),
    "separating_margin": mark("Margin of the line that separates"),
    "solved": mark("Solved"),
    "test_accuracy": mark("Test accuracy"),
    "test_loss": mark("Test loss"),
    "w0": mark("Threshold w0"),
    "w0_over_w1": mark("W0 over w1"),
    "w{n}": mark("Weight w{n}"),
    "y": mark("Weighted sums"),
}
"""Metric or result to its label (see `epoque.bench.result_labels`)."""

# A form shows the values of settings that choose in these words.

MODEL_CHOICES: Mapping[str, str] = {"perceptron": mark("perceptron"), "mlp": "MLP"}

DATA_CHOICES: Mapping[str, str] = {
    "truth_table": mark("truth table"),
    "circle": mark("circle"),
    "exclusive_or": mark("exclusive or"),
    "gaussian": mark("two Gaussians"),
    "spiral": mark("spiral"),
    "csv": mark("my own points"),
}

SCALE_CHOICES: Mapping[str, str] = {
    "none": mark("as they are"),
    "standard": mark("standardized"),
    "minmax": mark("0 to 1"),
}

RULE_CHOICES: Mapping[str, str] = {
    "delta": mark("delta"),
    "squared_error": mark("squared error"),
    "step": mark("step function"),
}

UPDATE_CHOICES: Mapping[str, str] = {
    "online": mark("each pattern"),
    "batch": mark("once a pass"),
}

INIT_CHOICES: Mapping[str, str] = {
    "uniform": mark("uniform"),
    "normal": mark("normal"),
    "zeros": mark("zeros"),
    "glorot_uniform": mark("Glorot, uniform"),
    "glorot_normal": mark("Glorot, normal"),
    "he_uniform": mark("He, uniform"),
    "he_normal": mark("He, normal"),
}

FEATURE_CHOICES: Mapping[str, str] = {
    "x1_squared": "x1²",
    "x2_squared": "x2²",
    "x1_x2": "x1 · x2",
    "sin_x1": "sin x1",
    "sin_x2": "sin x2",
}

ACTIVATION_CHOICES: Mapping[str, str] = {
    "relu": "ReLU",
    "tanh": "tanh",
    "sigmoid": mark("sigmoid"),
    "linear": mark("linear"),
}

LOSS_CHOICES: Mapping[str, str] = {
    "cross_entropy": mark("cross entropy"),
    "squared_error": mark("squared error"),
    "hinge": mark("hinge"),
}

OPTIMIZER_CHOICES: Mapping[str, str] = {
    "sgd": "SGD",
    "momentum": mark("momentum"),
    "adam": "Adam",
}
