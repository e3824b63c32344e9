"""What may be set for each of the two networks of the 2-D GAN lab, and for its optimiser."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from epoque.bench.config import Settings, setting, sub_config

from .labels import (
    ACTIVATION_CHOICES,
    DISCRIMINATOR_OUTPUT_CHOICES,
    INIT_CHOICES,
    NORM_CHOICES,
    OPTIMIZER_CHOICES,
    OUTPUT_CHOICES,
)

__all__ = [
    "Activation",
    "DiscriminatorConfig",
    "GeneratorConfig",
    "Init",
    "LayerCost",
    "NetworkConfig",
    "Norm",
    "OptimizerConfig",
    "OptimizerName",
]

Width = Annotated[int, Field(ge=1, le=4096)]
Activation = Literal["relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid", "sine", "linear"]
Init = Literal[
    "ganlab",
    "lecun_normal",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "torch",
    "orthogonal",
    "zeros",
]
Norm = Literal["none", "batch", "layer"]
OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam"]

_LAYERS = "Neurons in each hidden layer, for instance 10,10; an empty list is a linear network."
_OPTIMIZER = "How the gradient becomes a step."


class OptimizerConfig(Settings):
    """How one network's gradient becomes a step."""

    name: OptimizerName = setting(
        "sgd", "Optimiser", _OPTIMIZER, live=True, choices=OPTIMIZER_CHOICES
    )
    learning_rate: float = setting(
        0.03, "Learning rate", "How far each step goes.", gt=0, le=1000, scale="log", live=True
    )
    momentum: float = setting(
        0.9,
        "Momentum",
        "For momentum: the share of the last step kept.",
        ge=0,
        lt=1,
        step=0.01,
        live=True,
        only={"name": ("momentum",)},
    )
    beta1: float = setting(
        0.9,
        "Beta 1",
        "For Adam: memory of the mean gradient.",
        ge=0,
        lt=1,
        step=0.01,
        live=True,
        only={"name": ("adam",)},
    )
    beta2: float = setting(
        0.999,
        "Beta 2",
        "For Adam: memory of the squared gradient.",
        ge=0,
        lt=1,
        step=0.001,
        live=True,
        only={"name": ("adam",)},
    )
    alpha: float = setting(
        0.99,
        "Alpha",
        "For RMSProp: memory of the squared gradient.",
        ge=0,
        lt=1,
        step=0.01,
        live=True,
        only={"name": ("rmsprop",)},
    )


@dataclass(frozen=True, slots=True)
class LayerCost:
    """What a network's matrix products cost at one point.

    Attributes:
        forward: operations of a forward pass, 2 a weight.
        training: of a forward and a backward pass: one more product for the weights, and one for
            the layer before, but for the first layer, before which nothing is trained.
        first: of the product that the first layer is left.
        neurons: of all layers, its inputs and outputs among them.
        parameters: its weights and biases.
    """

    forward: int
    training: int
    first: int
    neurons: int
    parameters: int


class NetworkConfig(Settings):
    """What the two networks have in common."""

    layers: tuple[Width, ...] = setting((10, 10), "Layers", _LAYERS, max_length=16)
    activation: Activation = setting(
        "relu", "Activation", "What each hidden neuron does to its sum.", choices=ACTIVATION_CHOICES
    )
    init: Init = setting(
        "ganlab",
        "Initialiser",
        "The distribution the first weights are drawn from.",
        choices=INIT_CHOICES,
    )
    norm: Norm = setting(
        "none",
        "Normalisation",
        "What each hidden layer's sums are normalised over.",
        choices=NORM_CHOICES,
    )
    optimizer: OptimizerConfig = sub_config(OptimizerConfig(), "Optimiser", _OPTIMIZER)

    def count_cost(self, inputs: int, outputs: int) -> LayerCost:
        """Return what a point costs, which has so many coordinates before and after."""
        return _count_cost((inputs, *self.layers, outputs))


@lru_cache(maxsize=1024)  # a sweep makes thousands of configs of the same few shapes
def _count_cost(sizes: tuple[int, ...]) -> LayerCost:
    pairs = list(pairwise(sizes))
    first = 2 * pairs[0][0] * pairs[0][1]
    forward = sum(2 * before * after for before, after in pairs)
    parameters = sum((before + 1) * after for before, after in pairs)
    return LayerCost(forward, 3 * forward - first, first, sum(sizes), parameters)


class GeneratorConfig(NetworkConfig):
    """The generator: from noise to points of the plane."""

    output: Literal["tanh", "sigmoid", "linear"] = setting(
        "tanh", "Output", "The activation of the two coordinates.", choices=OUTPUT_CHOICES
    )


class DiscriminatorConfig(NetworkConfig):
    """The discriminator: from points of the plane to one number."""

    layers: tuple[Width, ...] = setting((9, 9, 9), "Layers", _LAYERS, max_length=16)
    optimizer: OptimizerConfig = sub_config(
        OptimizerConfig(learning_rate=0.1), "Optimiser", _OPTIMIZER
    )
    spectral_norm: bool = setting(
        False,
        "Spectral normalisation",
        "Divide each weight matrix by its largest singular value.",
    )
    output: Literal["auto", "sigmoid", "linear"] = setting(
        "auto",
        "Output",
        "Auto: a probability for the log and least-squares losses, a plain number for the others.",
        live=True,
        choices=DISCRIMINATOR_OUTPUT_CHOICES,
    )
