"""Images or training steps on one path in a process of its own, as JSON.

`python -m benchmarks.stylegan3_work image t|r RESOLUTION PATH REPETITIONS FILE` makes an image so
often and saves it, of the official widths; `… shipped REPETITIONS` makes one of the package's own
network; `… train PATH STEPS` does steps of a training of 64 × 64 pixels; `… winograd RESOLUTION
REPETITIONS LANES` makes images of config T with and without Winograd's convolutions in turn, these
with vectors of so many samples. The first of
several is not counted: it compiles, or reads what was compiled.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.nn import functional

from epoque.bench.seeds import torch_generator
from epoque.stylegan3 import networks
from epoque.stylegan3.bundled import DEFAULT_NETWORK
from epoque.stylegan3.latents import sample_latents
from epoque.stylegan3.loading import load_generator
from epoque.stylegan3.networks import DiscriminatorSpec, StyleGan3Spec
from epoque.stylegan3.ops.dispatch import Backend, use_backend
from epoque.stylegan3.training.gan import Gan, Losses, Microbatch, train_only

BATCH, PENALTY_EVERY = 8, 16
SMALL = {"img_resolution": 64, "channel_base": 4096, "channel_max": 64}
KINDS: dict[str, dict[str, Any]] = {
    "t": {},
    "r": {"conv_kernel": 1, "channel_max": 1024, "use_radial_filters": True},
}


def main(what: str, *arguments: str) -> None:
    """Print the seconds of each repetition and the most bytes of memory held."""
    if what == "winograd":
        print(json.dumps(winograd(*arguments)))
        return
    works: dict[str, Callable[..., list[float]]] = {
        "image": image, "shipped": shipped, "train": train
    }  # fmt: skip
    seconds = works[what](*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


def image(kind: str, resolution: str, path: Backend, repetitions: str, file: str) -> list[float]:
    """Make an image with random weights."""
    size = int(resolution)
    base = (32_768 if size > 256 else 16_384) * (2 if kind == "r" else 1)
    sizes = {"img_resolution": size, "channel_base": base} | KINDS[kind]
    generator = networks.init_generator(StyleGan3Spec(**sizes)).eval().requires_grad_(False)
    z = torch.from_numpy(sample_latents([2], generator.spec.z_dim))
    with use_backend(path), torch.no_grad():
        return _timed(lambda: np.save(file, generator(z).numpy()), int(repetitions))


def winograd(resolution: str, repetitions: str, lanes: str) -> dict[str, list[float]]:
    """Return CPU seconds of an image with Winograd's convolutions, and with PyTorch's instead.

    On one thread: others that wait for work would count as work.
    """
    from epoque.stylegan3.ops import lanes as lanes_module

    lanes_module.LANES = int(lanes)  # before the loops that are compiled with it are imported

    torch.set_num_threads(1)

    def plain(x: torch.Tensor, weight: torch.Tensor, padding: int) -> torch.Tensor:
        return functional.conv2d(x, weight, padding=padding)

    spec = StyleGan3Spec(img_resolution=int(resolution), channel_base=16_384)
    generator = networks.init_generator(spec).eval().requires_grad_(False)
    z = torch.from_numpy(sample_latents([2], generator.spec.z_dim))
    seconds: dict[str, list[float]] = {"with": [], "without": []}
    with torch.no_grad():
        generator(z)
        for _ in range(int(repetitions)):  # in turn: both meet the same machine
            seconds["with"].append(_cpu_seconds(lambda: generator(z)))
            with mock.patch("epoque.stylegan3.ops.winograd.conv3x3", plain):
                seconds["without"].append(_cpu_seconds(lambda: generator(z)))
    return seconds


def _cpu_seconds(task: Callable[[], Any]) -> float:
    """Return the CPU time of all threads, which other processes do not lengthen."""
    start = time.process_time()
    task()
    return time.process_time() - start


def shipped(repetitions: str) -> list[float]:
    """Make an image with the network that comes with the package."""
    generator = load_generator(DEFAULT_NETWORK, "cpu").generator
    z = torch.from_numpy(sample_latents([2], generator.spec.z_dim))
    with torch.no_grad():
        return _timed(lambda: generator(z), int(repetitions))


def train(path: Backend, steps: str) -> list[float]:
    """Do steps of a training, with the share of the penalty that each step has."""
    spec = StyleGan3Spec(**SMALL, z_dim=64, w_dim=64)
    gan = Gan(
        networks.init_generator(spec).requires_grad_(False),
        networks.init_discriminator(DiscriminatorSpec(**SMALL)).requires_grad_(False),
        r1_gamma=1.0,
    )
    images = torch.randn(BATCH, 3, 64, 64, generator=torch_generator(0, "images"))
    none = torch.zeros(BATCH, 0)
    batch = Microbatch(images, none, none, 1.0, lambda what, _: torch_generator(0, what))

    def backward(network: torch.nn.Module, losses: Losses, gain: float = 1.0) -> None:
        with train_only(network, gan):
            for loss, _ in losses:
                (loss.mean() * gain).backward()

    def step() -> None:
        backward(gan.generator, gan.generator_loss(batch))
        backward(gan.discriminator, gan.discriminator_losses(batch))

    def penalty_step() -> None:
        backward(gan.discriminator, gan.gradient_penalties(batch), PENALTY_EVERY)

    with use_backend(path):
        plain = _timed(step, int(steps))
        penalty = _timed(penalty_step, int(steps))
    return [a + b / PENALTY_EVERY for a, b in zip(plain, penalty, strict=True)]


def _timed(task: Callable[[], Any], count: int) -> list[float]:
    """Return the wall time of each repetition; the first warms up where there are several."""
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return seconds[count > 1 :]


if __name__ == "__main__":
    main(*sys.argv[1:])
