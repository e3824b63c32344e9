"""The multi-layer perceptron: layers of neurons, and one sigmoid neuron at the end.

For an input x the network computes, layer by layer,

    a_0 = x,  a_k = f(a_{k-1} · w_k + b_k) for the hidden layers,  z = a_{n-1} · w_n + b_n,

and answers o = 1 / (1 + exp(−z)). The formulas are written once and compute with the module that
their arrays come from (the array API's `__array_namespace__`): `jax.numpy` in training, NumPy to
evaluate and draw. Importing this module loads no JAX.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import jax

__all__ = [
    "Params",
    "activate",
    "hidden_activations",
    "layers_to_arrays",
    "logits",
    "outputs",
    "params_from_arrays",
    "penalty",
    "point_losses",
    "sigmoid",
]

Floats = NDArray[np.float64]
Array = TypeVar("Array", "jax.Array", Floats)
Params = Sequence[Mapping[str, Array]]
"""Layer after layer its weights `w` [inputs, neurons] and biases `b` [neurons]: a pytree."""


def logits(params: Params[Array], x: Array, activation: str) -> Array:
    """Return the output neuron's sum z for each point: the forward pass.

    Args:
        params: the layers.
        x: inputs [N, F].
        activation: of the hidden neurons: `relu`, `tanh`, `sigmoid` or `linear`.

    Returns:
        z [N].
    """
    *hidden, last = params
    for layer in hidden:
        x = activate(x @ layer["w"] + layer["b"], activation)
    return (x @ last["w"] + last["b"])[:, 0]


def hidden_activations(params: Params[Array], x: Array, activation: str) -> list[Array]:
    """Return what the neurons of each hidden layer answer, [N, H1], [N, H2], … (see `logits`)."""
    answers = []
    for layer in params[:-1]:
        x = activate(x @ layer["w"] + layer["b"], activation)
        answers.append(x)
    return answers


def activate(z: Array, activation: str) -> Array:
    """Apply a hidden neuron's activation to its sum, elementwise."""
    xp = z.__array_namespace__()
    a: Array = z  # linear
    match activation:
        case "relu":
            a = xp.where(z > 0, z, 0.0)  # not maximum: its gradient at 0 would be ½
        case "tanh":
            a = xp.tanh(z)
        case "sigmoid":
            a = sigmoid(z)
    return a


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + exp(−z)), written so that neither it nor its gradient can overflow."""
    o: Array = 0.5 + 0.5 * z.__array_namespace__().tanh(0.5 * z)
    return o


def outputs(params: Params[Array], x: Array, activation: str) -> Array:
    """Return the network's answer o [N] in (0, 1) for inputs [N, F]."""
    return sigmoid(logits(params, x, activation))


def point_losses(z: Array, d: Array, loss: str) -> Array:
    """Return each point's loss.

    Args:
        z: the output neuron's sums [N].
        d: desired outputs [N], 0 or 1.
        loss: `cross_entropy`: −log of the probability given to the right class, from the sum
            itself, so that it stays exact where the sigmoid saturates; `squared_error`:
            ½ (d − o)², through the sigmoid; `hinge`: max(0, 1 − s·z) with s = 2d − 1.

    Returns:
        Losses [N].
    """
    sign = 2.0 * d - 1.0
    losses: Array
    match loss:
        case "cross_entropy":
            losses = z.__array_namespace__().logaddexp(0.0, -sign * z)
        case "squared_error":
            losses = 0.5 * (d - sigmoid(z)) ** 2
        case _:
            losses = activate(1.0 - sign * z, "relu")
    return losses


def penalty(params: Params[Array], l1: Array, l2: Array) -> Array:
    """Return l1 · Σ|w| + ½ l2 · Σw² over the weights; the biases go free."""
    weights = [layer["w"] for layer in params]
    return reduce(add, [l1 * abs(w).sum() + 0.5 * l2 * (w * w).sum() for w in weights])


def layers_to_arrays(params: Params[Array]) -> dict[str, Array]:
    """Return the layers' arrays by the names in files: `w1` [F, H1], `b1` [H1], `w2`, …"""
    return {f"{kind}{i}": layer[kind] for i, layer in enumerate(params, 1) for kind in ("w", "b")}


def params_from_arrays(arrays: Mapping[str, Array], layers: int) -> list[dict[str, Array]]:
    """Return the layers out of arrays with the names in files.

    Raises:
        KeyError: with the name of the first array that is missing.
    """
    return [{kind: arrays[f"{kind}{i}"] for kind in ("w", "b")} for i in range(1, layers + 1)]
