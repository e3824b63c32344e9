"""Images from seeds, one at a time: the same bytes whatever else is asked for with them.

A batch of several images may be computed in another order than one of a single image, which moves
last bits; so each image is a batch of its own here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from epoque.bench.errors import UsageError
from epoque.bench.seeds import torch_generator

from ..images import to_bytes
from ..latents import latents
from ..networks import Generator, Noise
from ..networks.alias_free import AliasFreeSynthesis
from ..networks.generator import Synthesis

__all__ = [
    "PLAIN",
    "Styling",
    "check_movable",
    "exact",
    "in_colour",
    "label_of",
    "moved",
    "paint",
    "styles",
]

NOISES: tuple[Noise, ...] = ("const", "random", "none")


@dataclass(frozen=True, slots=True)
class Styling:
    """How styles are made from seeds.

    Attributes:
        psi: truncation; 1 is none, 0 the mean image, beyond 1 and below 0 are allowed.
        cutoff: how many of the first styles are truncated; None for all.
        label: the class, for a network that has some.
    """

    psi: float = 1.0
    cutoff: int | None = None
    label: int | None = None

    def check(self, generator: Generator) -> None:
        """Refuse what the network cannot do.

        Raises:
            UsageError: if a value is not allowed, or the class is missing.
        """
        if not isfinite(self.psi):
            raise UsageError(f"--truncation: {self.psi} is not allowed; it is a finite number.")
        most = generator.num_ws
        if self.cutoff is not None and not 0 <= self.cutoff <= most:
            raise UsageError(f"--cutoff: {self.cutoff} is not allowed; it takes 0 to {most}.")
        label_of(generator, self.label)


PLAIN = Styling()


def label_of(generator: Generator, label: int | None) -> Tensor | None:
    """Return a class as the network takes it, [1, c_dim]; None for a network without classes.

    Raises:
        UsageError: if it is missing, out of range, or asked of a network without classes.
    """
    classes = generator.spec.c_dim
    if not classes:
        if label is not None:
            raise UsageError(f"--class: {label} is not allowed; this network has no classes.")
        return None
    if label is None:
        raise UsageError(f"--class: this network needs a class, 0 to {classes - 1}.")
    if not 0 <= label < classes:
        raise UsageError(f"--class: {label} is out of range: 0 to {classes - 1} are allowed.")
    return torch.nn.functional.one_hot(torch.tensor([label]), classes)


@torch.no_grad()
def styles(generator: Generator, seeds: Sequence[int], styling: Styling = PLAIN) -> Tensor:
    """Return the styles of seeds, [N, num_ws, w_dim], each row the same whatever is beside it.

    Raises:
        UsageError: if a seed, a class or a setting is not allowed.
    """
    styling.check(generator)
    where = next(generator.parameters()).device
    label = label_of(generator, styling.label)
    label = None if label is None else label.to(where)
    z = torch.from_numpy(latents(seeds, generator.spec.z_dim)).to(where)
    mapping, psi, cutoff = generator.mapping, styling.psi, styling.cutoff
    with exact():
        rows = [mapping(row[None], label, psi=psi, cutoff=cutoff) for row in z]
    return torch.cat(rows) if rows else z.new_zeros(0, generator.num_ws, generator.spec.w_dim)


@torch.no_grad()
def paint(
    generator: Generator, ws: Tensor, *, noise: Noise = "const", seed: int = 0
) -> NDArray[np.uint8]:
    """Return the image of styles [num_ws, w_dim] as colours, [H, W, 3]; grey ones too.

    Args:
        generator: makes it.
        ws: its styles.
        noise: of StyleGAN2's layers; see `networks.generator.Synthesis`.
        seed: of the noise, where it is drawn anew.

    Raises:
        UsageError: if there is no such noise.
    """
    if noise not in NOISES:
        raise UsageError(f"--noise: {noise} is not allowed; it takes {', '.join(NOISES)}.")
    rng = torch_generator(seed, "noise of an image") if noise == "random" else None
    with exact():
        image = generator.synthesis(ws[None], noise=noise, rng=rng)
    return in_colour(to_bytes(image)[0])


def in_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return [H, W, C] with three channels: grey is repeated, what is beyond three left out."""
    if image.shape[2] < 3:
        return np.repeat(image[..., :1], 3, axis=2)
    return np.ascontiguousarray(image[..., :3])


@contextmanager
def exact() -> Iterator[None]:
    """Compute the same bits each time inside: no other algorithms by trial, no TF32."""
    cudnn: Any = torch.backends.cudnn
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)


def check_movable(generator: Generator) -> AliasFreeSynthesis:
    """Return the part of a generator whose window can be moved.

    Raises:
        UsageError: if it has none, as StyleGAN2.
    """
    if not isinstance(generator.synthesis, AliasFreeSynthesis):
        told = "StyleGAN2 draws on a fixed grid"
        raise UsageError(f"This network cannot translate or rotate what it makes: {told}.")
    return generator.synthesis


@contextmanager
def moved(generator: Generator, matrix: NDArray[np.float64]) -> Iterator[None]:
    """Make images elsewhere inside.

    StyleGAN2 has no window to move. What its image begins with, a learned constant of 4 × 4
    places, is moved instead, in straight lines between the places and continued at the edges.
    Whether the image follows is another question; where it must, ask `check_movable` first.

    Args:
        generator: any.
        matrix: [3, 3], or [N, 3, 3] for each image of a batch; see `transforms.input_transform`.
    """
    synthesis = generator.synthesis
    if not isinstance(synthesis, AliasFreeSynthesis):
        with _constant_moved(synthesis, torch.from_numpy(matrix)):
            yield
        return
    window = synthesis.input
    before = window.transform
    window.transform = torch.from_numpy(matrix).to(before)
    try:
        yield
    finally:
        window.transform = before


@contextmanager
def _constant_moved(synthesis: Synthesis, matrix: Tensor) -> Iterator[None]:
    """Move StyleGAN2's constant inside, on its way into the first layer."""
    theta = matrix[..., :2, :].clone()
    theta[..., 2] *= 2  # an image is 2 wide to PyTorch

    def move(_layer: torch.nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *others = given
        grid = affine_grid(theta.to(x).expand(len(x), 2, 3), list(x.shape), align_corners=False)
        return grid_sample(x, grid, padding_mode="border", align_corners=False), *others

    handle = synthesis.get_submodule("b4.conv1").register_forward_pre_hook(move)
    try:
        yield
    finally:
        handle.remove()
