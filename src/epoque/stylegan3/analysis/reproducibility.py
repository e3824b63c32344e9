"""Whether a seed makes the same image: again, alone, and in another process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import DataError

from ..bundled import bundled_paths
from ..config import StyleGan3Config
from ..generation.generate import encode_image
from ..generation.synthesis import MappingOptions, map_seeds, synthesize_image
from ..loading import LoadedGenerator

__all__ = ["check_reproducibility", "digests", "make_mapping_options", "render_seeds"]

Pixels = NDArray[np.uint8]


def make_mapping_options(config: StyleGan3Config, network: LoadedGenerator) -> MappingOptions:
    """Return how a network's styles are made; a label is of the networks that have some."""
    return MappingOptions(
        config.truncation, label=config.label if network.generator.spec.c_dim else None
    )


def render_seeds(network: LoadedGenerator, seeds: Sequence[int], options: MappingOptions) -> Pixels:
    """Return the image of each seed, [N, H, W, 3]."""
    ws = map_seeds(network.generator, seeds, options)
    return np.stack([synthesize_image(network.generator, row) for row in ws])


def digests(images: Pixels) -> list[str]:
    """Return the SHA-256 of each image as a PNG file: what `generate` tells."""
    return [sha256(encode_image(image)).hexdigest() for image in images]


def check_reproducibility(
    network: LoadedGenerator, config: StyleGan3Config, images: Pixels
) -> dict[str, bool]:
    """Make images once more in three ways, and tell whether the bytes are the same.

    Args:
        network: the network of the config.
        config: names it, the seeds and the truncation.
        images: what the seeds gave, [N, H, W, 3].

    Returns:
        `again` (all in one go), `alone` (each for itself, the last first), `elsewhere` (by the
        command `generate` in a new process), and `distinct`: different seeds, different images.

    Raises:
        DataError: if the other process fails.
    """
    before, options, seeds = digests(images), make_mapping_options(config, network), config.seeds
    alone = [digests(render_seeds(network, [seed], options))[0] for seed in reversed(seeds)]
    return {
        "again": digests(render_seeds(network, seeds, options)) == before,
        "alone": alone[::-1] == before,
        "elsewhere": _digests_of_subprocess(config.replace(label=options.label)) == before,
        "distinct": len(set(before)) == len(set(seeds)),
    }


def _digests_of_subprocess(config: StyleGan3Config) -> list[str]:
    """Return the digests that a process of its own tells."""
    path = bundled_paths().get(config.network, config.network)
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "epoque", "stylegan3", "generate", "--json", "--quiet"]
        words += ["--network", str(path), "--seeds", ",".join(map(str, config.seeds))]
        words += [f"--truncation={config.truncation}", "--device", config.device, "--out", folder]
        words += [] if config.label is None else [f"--class={config.label}"]
        count = str(torch.get_num_threads())  # the last digits depend on it
        env = {**os.environ, "OMP_NUM_THREADS": count}
        process = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no reason told"])[-1]
        raise DataError(f"Another process could not make the images: {reason}")
    return [row["sha256"] for row in json.loads(process.stdout)]
