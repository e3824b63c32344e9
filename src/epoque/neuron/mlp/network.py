"""The multi-layer perceptron: layers of neurons, and one sigmoid neuron at the end.

For an input x the network computes, layer by layer,

    a_0 = x,  a_k = f(a_{k-1} · w_k + b_k) for the hidden layers,  z = a_{n-1} · w_n + b_n,

and answers o = 1 / (1 + exp(−z)). The formulas are written once and take the array module as
an argument: NumPy to evaluate and draw, `jax.numpy` to train. Importing this module loads no JAX.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = [
    "Weights",
    "depth",
    "logits",
    "objective",
    "outputs",
    "penalty",
    "point_losses",
    "sigmoid",
]

Weights = Mapping[str, Any]
"""The layers' arrays by name: `w1` [F, H1], `b1` [H1], `w2` [H1, H2], `b2` [H2], …"""


def depth(weights: Weights) -> int:
    """Return the number of layers that have weights: the hidden ones and the output."""
    return sum(name.startswith("w") for name in weights)


def activate(z: Any, activation: str, xp: Any = np) -> Any:
    """Apply a hidden neuron's activation to its sum, elementwise."""
    match activation:
        case "relu":
            return xp.where(z > 0, z, 0.0)  # not maximum: its gradient at 0 would be ½
        case "tanh":
            return xp.tanh(z)
        case "sigmoid":
            return sigmoid(z, xp)
        case _:
            return z


def sigmoid(z: Any, xp: Any = np) -> Any:
    """Return 1 / (1 + exp(−z)), written so that neither it nor its gradient can overflow."""
    return 0.5 + 0.5 * xp.tanh(0.5 * z)


def logits(weights: Weights, x: Any, activation: str, xp: Any = np) -> Any:
    """Return the output neuron's sum z for each point.

    Args:
        weights: the layers' arrays.
        x: inputs [N, F].
        activation: `relu`, `tanh`, `sigmoid` or `linear`.
        xp: the array module, NumPy or `jax.numpy`.

    Returns:
        z [N].
    """
    last = depth(weights)
    for layer in range(1, last):
        x = activate(x @ weights[f"w{layer}"] + weights[f"b{layer}"], activation, xp)
    return (x @ weights[f"w{last}"] + weights[f"b{last}"])[:, 0]


def outputs(weights: Weights, x: Any, activation: str) -> Any:
    """Return the network's answer o [N] in (0, 1) for inputs [N, F], by NumPy."""
    return sigmoid(logits(weights, x, activation))


def point_losses(z: Any, d: Any, loss: str, xp: Any = np) -> Any:
    """Return each point's loss.

    Args:
        z: the output neuron's sums [N].
        d: desired outputs [N], 0 or 1.
        loss: `cross_entropy`: −log of the probability given to the right class, from the sum
            itself, so that it stays exact where the sigmoid saturates; `squared_error`:
            ½ (d − o)², through the sigmoid; `hinge`: max(0, 1 − s·z) with s = 2d − 1.
        xp: the array module.

    Returns:
        Losses [N].
    """
    sign = 2.0 * d - 1.0
    match loss:
        case "cross_entropy":
            return xp.logaddexp(0.0, -sign * z)
        case "squared_error":
            return 0.5 * (d - sigmoid(z, xp)) ** 2
        case _:
            return activate(1.0 - sign * z, "relu", xp)


def penalty(weights: Weights, l1: Any, l2: Any) -> Any:
    """Return l1 · Σ|w| + ½ l2 · Σw² over the weights; the biases go free."""
    arrays = [weights[f"w{layer}"] for layer in range(1, depth(weights) + 1)]
    return sum(l1 * abs(w).sum() + 0.5 * l2 * (w * w).sum() for w in arrays)


def objective(weights: Weights, batch: Any, plan: Any, dials: Any, xp: Any = np) -> Any:
    """Return what training makes small: the mean loss of a batch and the penalties.

    Args:
        weights: the layers' arrays.
        batch: inputs [B, F], desired outputs [B], and how much each point counts [B], which adds
            up to 1 (0 where a batch is padded).
        plan: has the `activation` and the `loss`.
        dials: has `l1` and `l2`. A `NeuronConfig` can be both.
        xp: the array module.
    """
    x, d, shares = batch
    losses = point_losses(logits(weights, x, plan.activation, xp), d, plan.loss, xp)
    return (shares * losses).sum() + penalty(weights, dials.l1, dials.l2)
