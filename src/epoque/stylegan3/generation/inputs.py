"""What an image is made from: a seed, or a style that was written earlier."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from epoque.bench.errors import DataError

from ..networks import Generator
from ..npz import read_npz
from .synthesis import DEFAULT_MAPPING, MappingOptions, map_seeds

__all__ = ["LatentInput", "StoredStyle", "compute_styles", "noise_seed", "read_styles"]


@dataclass(frozen=True, slots=True, eq=False)
class StoredStyle:
    """The styles of one image, as a file has them.

    Attributes:
        name: of the file without its ending; with a number, if it holds those of several images.
        row: that number.
        ws: float32 [num_ws, w_dim].
    """

    name: str
    row: int
    ws: Tensor

    def __str__(self) -> str:
        """Tell its name, as Matplotlib takes it: a dollar sign is one."""
        return self.name.replace("$", r"\$")


LatentInput = int | StoredStyle


def noise_seed(latent_input: LatentInput) -> int:
    """Return what StyleGAN2's noise is drawn from, where it is drawn anew."""
    return latent_input if isinstance(latent_input, int) else latent_input.row


def compute_styles(
    generator: Generator, inputs: Sequence[LatentInput], options: MappingOptions = DEFAULT_MAPPING
) -> Tensor:
    """Return the styles of images, [N, num_ws, w_dim], each the same whatever is beside it.

    Args:
        generator: what is to draw them.
        inputs: at least one.
        options: of the seeds; styles of a file are taken as they are.

    Raises:
        UsageError: if a seed, a class or a setting is not allowed.
    """
    seeds = [latent_input for latent_input in inputs if isinstance(latent_input, int)]
    where = next(generator.parameters()).device
    mapped = iter(map_seeds(generator, seeds, options) if seeds else ())
    return torch.stack([next(mapped) if isinstance(s, int) else s.ws.to(where) for s in inputs])


def read_styles(path: Path, generator: Generator) -> list[StoredStyle]:
    """Read a `.npz`: `w_plus` where it has that, as one of a projection, else `w`.

    Args:
        path: of a file of `generate.write_styles` or `project.write_projected`.
        generator: whose styles they are to be.

    Raises:
        DataError: if the file cannot be read, or holds no styles of such a network.
    """
    what = "it holds no styles: they are an array w [images, layers, numbers]"
    arrays = read_npz(path, ("w",), what, optional=("w_plus",))
    ws = arrays.get("w_plus", arrays["w"])
    shape = (generator.num_ws, generator.spec.w_dim)
    if ws.ndim != 3 or not len(ws) or ws.dtype.kind != "f":
        message = f"its styles have shape [{', '.join(map(str, ws.shape))}] and type {ws.dtype}"
        raise DataError(f"{path}: {message}; they are fractions, [images, layers, numbers].")
    if ws.shape[1:] != shape:
        has, takes = (f"{layers} layers of {size}" for layers, size in (ws.shape[1:], shape))
        raise DataError(f"{path} holds styles of {has} numbers; this network takes {takes}.")
    if not np.isfinite(ws).all():
        raise DataError(f"{path} holds numbers that are not finite.")
    names = [path.stem] if len(ws) == 1 else [f"{path.stem}-{row:04d}" for row in range(len(ws))]
    rows = torch.from_numpy(ws.astype(np.float32))
    return [
        StoredStyle(name, row, one) for row, (name, one) in enumerate(zip(names, rows, strict=True))
    ]
