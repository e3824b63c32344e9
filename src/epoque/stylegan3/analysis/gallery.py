"""The pictures of an analysis, as arrays to draw."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import quantiles
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import StyleGan3Config
from ..generation.style_mixing import mix_styles
from ..generation.synthesis import MappingOptions, map_seeds, synthesize_image, transform_input
from ..generation.transforms import transform_matrix
from ..loading import LoadedGenerator
from ..measures.slices import space_time
from .layout import FRAMES, GUESTS, MIXED, MOVES, PSIS, ROW, SAMPLES, STEPS
from .reproducibility import make_mapping_options, render_seeds

__all__ = ["render_gallery"]

Arrays = dict[str, NDArray[Any]]


def render_gallery(
    networks: Sequence[LoadedGenerator], config: StyleGan3Config
) -> tuple[Arrays, list[dict[str, float]]]:
    """Make the pictures.

    Args:
        networks: the one analyzed, and the one beside it if there is one.
        config: says the seeds and the truncation.

    Returns:
        The arrays, images as [H, W, 3] of whole numbers: `seeds` [K, …]; `truncation` [≤ 3, ψ, …]
        (`layout.PSIS`); `mix` [1 + rows, 1 + columns, …] (see
        `generation.style_mixing.mix_styles`);
        `walk` [steps, …] from each seed to the next; and for each network, with its number i:
        `samples_i` [N, …] of the seeds 0, 1, …, `moves_i` [moves, …] (`layout.MOVES`), and
        `shift_i` and `walk_i` [frames, W, 4] (see `measures.slices.Slice.pixels`). And for each
        network the seconds that an image takes: `median`, `low` and `high` (quartiles).
    """
    first = networks[0]
    few, options = config.seeds[:MIXED], make_mapping_options(config, first)
    sweep = [render_seeds(first, few, replace(options, psi=psi)) for psi in PSIS]
    half = range((first.generator.num_ws + 1) // 2)
    arrays = {
        "seeds": render_seeds(first, config.seeds, options),
        "truncation": np.stack(sweep, 1),
        "mix": np.array(mix_styles(first, few, GUESTS, half, options=options)),
        "walk": _render_walk(first, few, options),
    }
    samples, seconds = _render_samples(networks, config)
    for i, network in enumerate(networks):
        options = make_mapping_options(config, network)
        arrays[f"samples_{i}"] = samples[i]
        arrays[f"moves_{i}"] = _render_moves(network, config.seeds[0], options)
        for motion in ("shift", "walk"):
            slices = space_time(
                network, config.seeds[0], motion=motion, frames=FRAMES, row=ROW, styling=options
            )
            arrays[f"{motion}_{i}"] = slices.pixels
    return arrays, seconds


def _render_samples(
    networks: Sequence[LoadedGenerator], config: StyleGan3Config
) -> tuple[list[NDArray[np.uint8]], list[dict[str, float]]]:
    """Return each network's images of the first seeds, and the seconds that one takes.

    The networks take turns, so that other work of the machine weighs on all of them alike; the
    first image of each, which prepares the others, is not counted.
    """
    styles = [
        map_seeds(network.generator, range(SAMPLES), make_mapping_options(config, network))
        for network in networks
    ]
    images: list[list[NDArray[np.uint8]]] = [[] for _ in networks]
    times: list[list[float]] = [[] for _ in networks]
    for place in range(SAMPLES):
        for i, network in enumerate(networks):
            start = perf_counter()
            images[i].append(synthesize_image(network.generator, styles[i][place]))
            times[i].append(perf_counter() - start)
    names = ("low", "median", "high")
    seconds = [dict(zip(names, quantiles(row[1:], n=4), strict=True)) for row in times]
    return list(map(np.stack, images)), seconds


def _render_walk(
    network: LoadedGenerator, seeds: Sequence[int], options: MappingOptions
) -> NDArray[np.uint8]:
    """Return images on the straight lines from each seed's style to the next one's."""
    ws = map_seeds(network.generator, seeds, options)
    rows = []
    for start, end in zip(ws, [*ws[1:], ws[0]], strict=True):
        rows += [torch.lerp(start, end, step / STEPS) for step in range(STEPS)]
    return np.stack([synthesize_image(network.generator, row) for row in (*rows, ws[0])])


def _render_moves(
    network: LoadedGenerator, seed: int, options: MappingOptions
) -> NDArray[np.uint8]:
    """Return an image made after its input was moved in each way."""
    ws = map_seeds(network.generator, [seed], options)[0]
    images = []
    for x, degrees in MOVES:
        with transform_input(network.generator, transform_matrix(x, 0.0, degrees)):
            images.append(synthesize_image(network.generator, ws))
    return np.stack(images)
