"""The baseline: one neuron as a student's plain NumPy script, its constants edited by hand.

The rule is the lab book's: inputs in the order 00, 01, 10, 11, a bias input of −1, a correction of
coeff · input · (desired − output) after each pattern. Nothing here is slowed down on purpose.
"""

import numpy as np

INPUTS = np.array([[-1.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [-1.0, 1.0, 0.0], [-1.0, 1.0, 1.0]])


def sigmoid(y: float) -> float:
    """Return 1 / (1 + e^−y)."""
    return 1.0 / (1.0 + np.exp(-y))


def train(
    desired: tuple[float, ...], coeff: float, iterations: int, weights: np.ndarray
) -> tuple[list[float], list[np.ndarray]]:
    """Return the error of the last pattern and the weights after each iteration."""
    errors, history = [], [weights]
    for _ in range(iterations):
        for pattern, wanted in zip(INPUTS, desired, strict=True):
            error = wanted - sigmoid(np.dot(weights, pattern))
            weights = weights + coeff * pattern * error
        errors.append(abs(error))
        history.append(weights)
    return errors, history


def main() -> None:
    """Learn AND and print the final weights."""
    weights = np.random.default_rng(0).uniform(-2.0, 0.0, 3)
    errors, history = train((0, 0, 0, 1), 0.7, 1000, weights)
    print("final weights:", *history[-1], "  final error:", errors[-1])


if __name__ == "__main__":
    main()
