"""The networks of StyleGAN3 and StyleGAN2; their weights have the official names."""

from typing import TypeVar, overload

import torch
from torch import nn

from epoque.bench.seeds import torch_generator

from .alias_free import AliasFreeGenerator
from .dense import InitModule
from .discriminator import Discriminator
from .generator import Generator, Noise
from .spec import (
    DiscriminatorSpec,
    GeneratorSpec,
    NetworkSpec,
    StyleGan2Spec,
    StyleGan3Spec,
    parse_generator_spec,
    parse_official_generator,
)
from .stylegan2 import StyleGan2Generator

__all__ = [
    "Discriminator",
    "DiscriminatorSpec",
    "Generator",
    "GeneratorSpec",
    "NetworkSpec",
    "Noise",
    "StyleGan2Spec",
    "StyleGan3Spec",
    "build_network",
    "init_discriminator",
    "init_generator",
    "parse_generator_spec",
    "parse_official_generator",
]

_N = TypeVar("_N", bound=nn.Module)


def init_generator(spec: GeneratorSpec, seed: int = 0) -> Generator:
    """Return a generator with first weights drawn from a seed: float32, on the CPU."""
    return _init_weights(build_network(spec), seed, "generator weights")


def init_discriminator(spec: DiscriminatorSpec, seed: int = 0) -> Discriminator:
    """Return a discriminator with first weights drawn from a seed: float32, on the CPU."""
    return _init_weights(build_network(spec), seed, "discriminator weights")


@overload
def build_network(spec: GeneratorSpec) -> Generator: ...


@overload
def build_network(spec: DiscriminatorSpec) -> Discriminator: ...


def build_network(spec: NetworkSpec) -> Generator | Discriminator:
    """Return a network whose weights are yet to be filled, its filters excepted."""
    if isinstance(spec, StyleGan3Spec):
        return AliasFreeGenerator(spec)
    return StyleGan2Generator(spec) if isinstance(spec, StyleGan2Spec) else Discriminator(spec)


@torch.no_grad()
def _init_weights(network: _N, seed: int, purpose: str) -> _N:
    """Draw the weights of the parts first, then of what they are in."""
    rng = torch_generator(seed, purpose)
    for module in reversed(list(network.modules())):
        if isinstance(module, InitModule):
            module.reset_parameters(rng)
    return network
