"""The analysis of a generator, as events pulled one at a time: an experiment like any other."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from math import isfinite
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot, Timings
from epoque.bench.progress import Progress
from epoque.bench.torch.threads import run_with_threads

from ..config import StyleGan3Config
from ..flops import choose_threads
from ..generation.generate import encode_image
from ..generation.synthesis import MappingOptions
from ..loading import LoadedGenerator, fetch_generator, is_local, load_generator
from ..measures.equivariance import (
    EQUIVARIANCE_METRICS,
    compute_psnr,
    measure_still_psnr,
    sum_squared_errors,
)
from ..measures.features import card
from ..measures.image_sources import network_digest
from ..memory import check_memory
from ..networks import StyleGan3Spec
from ..out_of_memory import explain_out_of_memory
from .attributes import agreement, pass_rate, read_portraits
from .gallery import render_gallery
from .layout import PANEL
from .reproducibility import check_reproducibility, digests, make_mapping_options, render_seeds

__all__ = ["BATCH", "RESULT_FILE", "analyze", "fetch_networks"]

Floats = NDArray[np.float64]

BATCH = 4  # images moved between two `Metrics`
RESULT_FILE = "analysis.json"
"""The artifact that tells what is no picture."""


def check_networks(config: StyleGan3Config) -> None:
    """Check that the networks are there, and of those that need not be fetched the settings, too.

    Raises:
        UnknownNameError: if there is no such network.
        DataError: if one cannot be read.
        UsageError: if a setting is not allowed for the network.
    """
    names = [name for name in (config.network, config.against) if name is not None]
    here = [is_local(name) for name in names]  # all, so that each wrong name is told
    if all(here):
        _load_networks(config)


def _load_networks(config: StyleGan3Config) -> list[LoadedGenerator]:
    """Open the networks, and check the settings that depend on them."""
    names = [name for name in (config.network, config.against) if name is not None]
    networks = [load_generator(name, config.device) for name in names]
    conditional = [network for network in networks if network.generator.spec.c_dim]
    (conditional or networks)[0].generator.labels.check(config.label, "label")
    for network in networks:
        make_mapping_options(config, network).check(network.generator, "label")
    return networks


def fetch_networks(config: StyleGan3Config, progress: Progress) -> None:
    """Fetch the networks that are not there yet.

    Args:
        config: what is to be analyzed.
        progress: receives how far it is.

    Raises:
        UnknownNameError: if there is no such network.
        FetchError: if one cannot be fetched.
    """
    for name in (config.network, config.against):
        if name is not None:
            fetch_generator(name, progress)


def analyze(config: StyleGan3Config, resume: Checkpoint | None = None) -> Iterator[Event]:
    """Yield the events of an analysis.

    First a `Snapshot` of pictures (see `gallery.render_gallery`), the images of the seeds as PNG
    files, `Timings` with the `seconds_per_image` of each network (`median`, and the quartiles `low`
    and `high`), and `analysis.json`: networks, digests, what is seen. Then, every few images moved,
    `Metrics`: `eq_t`, `eq_t_frac` and `eq_r` of the images so far in decibels, and the same with
    `against_` of the network beside it. The last `Checkpoint` holds each image's squared errors,
    `sums_0` and `sums_1` [N, 3, 2].

    Args:
        config: what to analyze.
        resume: a checkpoint of the same config to go on from.

    Raises:
        UnknownNameError: if there is no such network.
        DataError: if a network cannot be read.
        DamagedRunError: if a network is no longer the one that it was.
        UsageError: if a setting is not allowed for the network, or memory is too small.
    """
    with explain_out_of_memory():
        networks = _load_networks(config)
        for network in networks:
            check_memory(network.generator, network.device, images=BATCH)
        count = choose_threads(config, networks[0].generator.spec, BATCH, resume)
        yield from run_with_threads(count, _events(config, networks, resume))


def _events(
    config: StyleGan3Config, networks: Sequence[LoadedGenerator], resume: Checkpoint | None
) -> Generator[Event, None, None]:
    if resume is None:
        resume = yield from _analyze_images(config, networks)
        yield resume
    _check_same(networks, resume)
    yield from _measure_equivariance(config, networks, resume)


def _analyze_images(
    config: StyleGan3Config, networks: Sequence[LoadedGenerator]
) -> Generator[Event, None, Checkpoint]:
    """Make the pictures; return the checkpoint before the first image is moved."""
    first, *_others = networks
    arrays, seconds = render_gallery(networks, config)
    images = arrays["seeds"]
    yield Snapshot(0, arrays)
    for seed, image in zip(config.seeds, images, strict=True):
        yield Artifact(f"seed{seed:04d}.png", encode_image(image), once=True)
    panels = [_panel(network, make_mapping_options(config, network)) for network in networks]
    result = {
        "networks": [
            _describe_network(network) | {"passing": pass_rate(read)}
            for network, read in zip(networks, panels, strict=True)
        ],
        "panel": PANEL,
        "agreement": agreement(*panels) if len(panels) == 2 else None,
        "sha256": dict(zip(map(str, config.seeds), digests(images), strict=True)),
        "repeated": check_reproducibility(first, config, images),
        "reader_accuracy": fmean(card()["accuracy"].values()),
        "still": measure_still_psnr(arrays["samples_0"], config.seed),
        "seen": dict(zip(map(str, config.seeds), read_portraits(first, images), strict=True)),
    }
    beside = dict(zip(("network", "against"), seconds, strict=False))
    yield Timings(0, measured={"seconds_per_image": beside})
    data = json.dumps(result, indent=2, ensure_ascii=False).encode()
    yield Artifact(RESULT_FILE, data, once=True)
    sums = {f"sums_{i}": np.zeros((0, len(EQUIVARIANCE_METRICS), 2)) for i in range(len(networks))}
    return Checkpoint(0, sums, _state(list(map(network_digest, networks))))


def _panel(network: LoadedGenerator, options: MappingOptions) -> list[dict[str, Any]]:
    """Return what is seen in the images of the first seeds; nothing where they are not read."""
    if not network.portrait_count:
        return []
    images = render_seeds(network, range(PANEL), options)
    return [one for one in read_portraits(network, images) if one is not None]


def _measure_equivariance(
    config: StyleGan3Config, networks: Sequence[LoadedGenerator], begin: Checkpoint
) -> Iterator[Event]:
    """Move the images that are left."""
    sums: list[Floats] = [begin.arrays[f"sums_{i}"] for i in range(len(networks))]
    for first in range(begin.step, config.equivariance_images, BATCH):
        numbers = range(first, min(first + BATCH, config.equivariance_images))
        for i, network in enumerate(networks):
            options = make_mapping_options(config, network)
            errors = sum_squared_errors(
                network, numbers, seed=config.seed, psi=options.psi, label=options.label
            )
            sums[i] = np.concatenate((sums[i], errors))
        yield Metrics(numbers.stop, _current_metrics(sums))
        every, count = config.checkpoint_every, numbers.stop
        due = count // every > first // every or count == config.equivariance_images
        if due or stopping.is_stop_requested():
            arrays = {f"sums_{i}": of for i, of in enumerate(sums)}
            yield Checkpoint(count, arrays, _state(begin.state["digests"]), scheduled=due)
            stopping.raise_if_stop_requested()


def _state(digests: Sequence[str]) -> dict[str, Any]:
    return {"digests": digests, "threads": torch.get_num_threads()}


def _current_metrics(sums: Sequence[Floats]) -> dict[str, float]:
    names = ((start, i) for i, start in enumerate(("", "against_")[: len(sums)]))
    metrics = {
        f"{start}{name}": compute_psnr(sums[i][:, place])
        for start, i in names
        for place, name in enumerate(EQUIVARIANCE_METRICS)
    }
    return {name: value for name, value in metrics.items() if isfinite(value)}


def _check_same(networks: Sequence[LoadedGenerator], checkpoint: Checkpoint) -> None:
    for network, expected in zip(networks, checkpoint.state["digests"], strict=True):
        if network_digest(network) != expected:
            message = f"The network {network.name} is not the one that this run began with"
            raise DamagedRunError(f"{message}; start a new run.")


def _describe_network(network: LoadedGenerator) -> dict[str, Any]:
    """Return what a network is and what its card tells of its training."""
    spec = network.generator.spec
    kind, layers = "stylegan2", network.generator.num_ws
    if isinstance(spec, StyleGan3Spec):
        kind, layers = "r" if spec.use_radial_filters else "t", spec.num_layers + 1
    facts = {name: network.card.get(name) for name in CARD}
    return facts | {
        **{name: _card_metric(network.card, name) for name in MEASURED},
        "name": network.name,
        "config": kind,
        "resolution": spec.img_resolution,
        "z_dim": spec.z_dim,
        "layers": layers,
        "parameters": sum(part.numel() for part in network.generator.parameters()),
    }


def _card_metric(card: Mapping[str, Any], name: str) -> float | None:
    """Return a measure that a card tells, as a number or as `metrics --json` does."""
    value = (card.get("metrics") or {}).get(name)
    return value.get("value") if isinstance(value, Mapping) else value


MEASURED = (
    *("pfd", "pprecision", "precall", "efd", "ekd", "eprecision", "erecall"),
    *("octaves", "edges", "shares"),
)
CARD = ("images", "kimg", "training_seconds", "device", "licence")
"""What is taken over from a card, None where it says nothing."""
