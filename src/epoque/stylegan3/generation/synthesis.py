"""Images from styles: one at a time the same bytes whatever else is asked for with them.

A batch of several images may be computed in another order than one of a single image, which moves
last bits; so each image is a batch of its own unless several at a time are asked for.
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

from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.seeds import numpy_rng, torch_generator

from ..conditioning import Label
from ..images import to_uint8
from ..latents import sample_latents
from ..networks import Generator, Noise
from ..networks.alias_free import AliasFreeSynthesis
from ..networks.fourier import FourierInput
from ..networks.generator import Synthesis
from ..networks.stylegan2 import StyleGan2Synthesis
from . import layer_noise

__all__ = [
    "DEFAULT_MAPPING",
    "MappingOptions",
    "check_transformable",
    "deterministic_mode",
    "label_rngs",
    "map_seeds",
    "sample_labels",
    "synthesize",
    "synthesize_image",
    "synthesize_pixels",
    "to_rgb",
    "transform_input",
]

NOISES: tuple[Noise, ...] = ("const", "random", "none")


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """How styles are made from seeds.

    Attributes:
        psi: truncation; 1 is none, 0 the mean image, beyond 1 and below 0 are allowed.
        cutoff: how many of the first styles are truncated; None for all.
        label: the class, for a network that has some, or another label; see `conditioning`.
    """

    psi: float = 1.0
    cutoff: int | None = None
    label: Label | None = None

    def check(self, generator: Generator, label_option: str = "class") -> None:
        """Refuse what the network cannot do.

        Args:
            generator: the network.
            label_option: where the label is typed.

        Raises:
            UsageError: if a value is not allowed, or the class is missing.
        """
        if not isfinite(self.psi):
            raise ConfigError.of("truncation", f"{self.psi} is not allowed; it is a finite number.")
        most = generator.num_ws
        if self.cutoff is not None and not 0 <= self.cutoff <= most:
            raise ConfigError.of("cutoff", f"{self.cutoff} is not allowed; it takes 0 to {most}.")
        generator.labels.check(self.label, label_option)


DEFAULT_MAPPING = MappingOptions()


def sample_labels(
    generator: Generator, label: Label | None, rngs: Sequence[np.random.Generator]
) -> Tensor | None:
    """Return a label for each image, [N, c_dim], where the network is; None if it takes none.

    Args:
        generator: the network.
        label: what is asked for; the rest is drawn (see `Conditioning.sample`).
        rngs: one for each image.

    Raises:
        UsageError: if the network has no such label.
    """
    rows = generator.labels.sample(label, rngs)
    return torch.from_numpy(rows).to(next(generator.parameters()).device) if rows.size else None


def label_rngs(generator: Generator, seeds: Sequence[int]) -> list[np.random.Generator]:
    """Return what labels are drawn from, for `sample_labels`: of a seed always the same label."""
    return [numpy_rng(seed, "class") for seed in seeds] if generator.spec.c_dim else []


@torch.no_grad()
def map_seeds(
    generator: Generator, seeds: Sequence[int], options: MappingOptions = DEFAULT_MAPPING
) -> Tensor:
    """Return the styles of seeds, [N, num_ws, w_dim], each row the same whatever is beside it.

    Raises:
        UsageError: if a seed, a class or a setting is not allowed.
    """
    options.check(generator)
    where = next(generator.parameters()).device
    z = torch.from_numpy(sample_latents(seeds, generator.spec.z_dim)).to(where)
    labels = sample_labels(generator, options.label, label_rngs(generator, seeds))
    mapping, psi, cutoff = generator.mapping, options.psi, options.cutoff
    with deterministic_mode():
        rows = [
            mapping(row[None], None if labels is None else labels[i, None], psi=psi, cutoff=cutoff)
            for i, row in enumerate(z)
        ]
    return torch.cat(rows) if rows else z.new_zeros(0, generator.num_ws, generator.spec.w_dim)


@torch.no_grad()
def synthesize_image(
    generator: Generator,
    ws: Tensor,
    *,
    noise: Noise = "const",
    seed: int = 0,
    low_precision_dtype: torch.dtype | None = None,
) -> NDArray[np.uint8]:
    """Return the image of styles [num_ws, w_dim] as colours, [H, W, 3]; see `synthesize_pixels`."""
    image: NDArray[np.uint8] = synthesize_pixels(
        generator, ws[None], [seed], noise=noise, low_precision_dtype=low_precision_dtype
    )[0]
    return image


@torch.no_grad()
def synthesize_pixels(
    generator: Generator,
    ws: Tensor,
    seeds: Sequence[int],
    *,
    noise: Noise = "const",
    low_precision_dtype: torch.dtype | None = None,
) -> NDArray[np.uint8]:
    """Return the images of styles [N, num_ws, w_dim] as colours, [N, H, W, 3]; grey ones too.

    Args:
        generator: makes them, all at once.
        ws: their styles.
        seeds: of the noise of each, where it is drawn anew.
        noise: of StyleGAN2's layers; see `networks.generator.Synthesis`.
        low_precision_dtype: likewise.

    Raises:
        UsageError: if there is no such noise.
    """
    return to_rgb(
        to_uint8(
            synthesize(generator, ws, seeds, noise=noise, low_precision_dtype=low_precision_dtype)
        )
    )


@torch.no_grad()
def synthesize(
    generator: Generator,
    ws: Tensor,
    seeds: Sequence[int],
    *,
    noise: Noise = "const",
    low_precision_dtype: torch.dtype | None = None,
) -> Tensor:
    """Return images of styles as the network makes them, [N, C, H, W]; see `synthesize_pixels`."""
    if noise not in NOISES:
        raise ConfigError.of("noise", f"{noise} is not allowed; it takes {', '.join(NOISES)}.")
    maps = _sample_noise(generator, seeds) if noise == "random" else {}
    layer_noise_kind: Noise = "none" if noise == "none" else "const"
    with deterministic_mode(), layer_noise.replace_noise(generator, maps):
        images: Tensor = generator.synthesis(
            ws, noise=layer_noise_kind, low_precision_dtype=low_precision_dtype
        )
    return images


def _sample_noise(generator: Generator, seeds: Sequence[int]) -> dict[str, Tensor]:
    """Return new noise maps by layer, [N, 1, H, W]: of a seed the same whatever is beside it."""
    maps: dict[str, list[Tensor]] = {}
    for seed in seeds:
        rng = torch_generator(seed, "noise of an image")
        for name, const in layer_noise.noise_maps(generator).items():
            new = torch.randn((1, *const.shape), generator=rng)
            maps.setdefault(name, []).append(new.to(const))
    return {name: torch.stack(each) for name, each in maps.items()}


def to_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return […, H, W, C] with three channels: grey is repeated, what is beyond three left out."""
    if image.shape[-1] < 3:
        return np.repeat(image[..., :1], 3, axis=-1)
    return np.ascontiguousarray(image[..., :3])


@contextmanager
def deterministic_mode() -> Iterator[None]:
    """Compute the same bits each time inside: no other algorithms by trial, no TF32."""
    cudnn: Any = torch.backends.cudnn
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)


def check_transformable(generator: Generator) -> FourierInput:
    """Return the part of a generator whose window can be moved.

    Raises:
        UsageError: if it has none, as StyleGAN2 with its constant.
    """
    window = _find_window(generator.synthesis)
    if window is None:
        message = "StyleGAN2 draws on a fixed grid"
        raise UsageError(f"This network cannot translate or rotate what it makes: {message}.")
    return window


def _find_window(synthesis: Synthesis) -> FourierInput | None:
    if isinstance(synthesis, AliasFreeSynthesis):
        return synthesis.input
    return synthesis.fourier_input if isinstance(synthesis, StyleGan2Synthesis) else None


@contextmanager
def transform_input(generator: Generator, matrix: NDArray[np.float64]) -> Iterator[None]:
    """Make images elsewhere inside.

    StyleGAN2 has no window to move, unless it begins with Fourier features. What its image begins
    with, a learned constant of 4 × 4 places, is moved instead, in straight lines between the places
    and continued at the edges: that blurs it where the shift is not a whole number of places.
    Whether the image follows is another question; where it must, ask `check_transformable` first.

    Args:
        generator: any.
        matrix: [3, 3], or [N, 3, 3] for each image of a batch; see `transforms.transform_matrix`.
    """
    window = _find_window(generator.synthesis)
    if window is None:
        with _transform_constant(generator.synthesis, torch.from_numpy(matrix)):
            yield
        return
    before = window.transform
    window.transform = torch.from_numpy(matrix).to(before)
    try:
        yield
    finally:
        window.transform = before


@contextmanager
def _transform_constant(synthesis: Synthesis, matrix: Tensor) -> Iterator[None]:
    """Move StyleGAN2's constant inside, on its way into the first layer."""
    theta = matrix[..., :2, :].clone()
    theta[..., 2] *= 2  # an image is 2 wide to PyTorch

    def move(_layer: torch.nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *others = arguments
        grid = affine_grid(theta.to(x).expand(len(x), 2, 3), list(x.shape), align_corners=False)
        return grid_sample(x, grid, padding_mode="border", align_corners=False), *others

    handle = synthesis.get_submodule("b4.conv1").register_forward_pre_hook(move)
    try:
        yield
    finally:
        handle.remove()
