"""StyleGAN3 on a graphics processor: the fused kernel against the plain path.

Without CUDA nothing is measured. Half precision, as training and generating on CUDA use it.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from epoque.stylegan3 import networks, ops
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.networks import StyleGan3Spec
from epoque.stylegan3.networks.bands import layer_plans
from epoque.stylegan3.ops.dispatch import use_backend

SPECS = {
    "T": StyleGan3Spec(img_resolution=1024),
    "R": StyleGan3Spec(
        img_resolution=1024,
        channel_base=65_536,
        channel_max=1024,
        conv_kernel=1,
        use_radial_filters=True,
    ),
}
TARGET = "≥ 5×"


def rows() -> list[dict[str, str]]:
    """Return the measurements."""
    if not torch.cuda.is_available():
        reason = "not measured: this machine has no CUDA device"
        return [{"name": "All", "baseline": "", "measured": reason, "ratio": "", "target": TARGET}]
    with torch.no_grad():
        images = [row for name in SPECS for row in _images(name)]
        images += [row for name in SPECS for row in _layers(name)]
    return [*images, _training()]


def _seconds(work: Callable[[], object], times: int = 10) -> float:
    """Return the median time on the device, after warming up."""
    work()
    work()
    seconds = []
    for _ in range(times):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        seconds.append(begin.elapsed_time(end) / 1000)
    return median(seconds)


def _images(name: str) -> Iterator[dict[str, str]]:
    """Yield whole images from styles."""
    generator = networks.init_generator(SPECS[name]).cuda().eval().requires_grad_(False)
    for batch in (1, 8):
        ws = torch.randn(batch, generator.num_ws, 512, device="cuda")

        def make(ws: torch.Tensor = ws) -> torch.Tensor:
            image: torch.Tensor = generator.synthesis(ws, low_precision_dtype=torch.float16)
            return image

        fast = _seconds(make)
        with use_backend("reference"):
            plain = _seconds(make, times=3)
        yield {
            "name": f"{name} at 1024 × 1024, batch {batch}, float16",
            "baseline": f"plain path: {plain * 1000 / batch:.1f} ms an image",
            "measured": f"{fast * 1000 / batch:.1f} ms an image",
            "ratio": f"{plain / fast:.1f}×",
            "target": TARGET,
        }


def _layers(name: str) -> Iterator[dict[str, str]]:
    """Yield the share of the memory bandwidth that the largest filtered activation reaches."""
    plan = max(layer_plans(SPECS[name])[:-1], key=lambda p: p.after.channels * p.after.size**2)
    up = ops.lowpass(plan.up_taps, plan.before.cutoff, 2 * plan.before.half_width, plan.rate)
    down = ops.lowpass(
        plan.down_taps,
        plan.after.cutoff,
        2 * plan.after.half_width,
        plan.rate,
        radial=plan.radial,
    )
    size = plan.before.size + plan.kernel - 1
    x = torch.randn(8, plan.after.channels, size, size, device="cuda", dtype=torch.float16)
    bias = torch.zeros(plan.after.channels, device="cuda")
    filters = [None if each is None else each.cuda() for each in (up, down)]
    arguments = {"up": plan.up, "down": plan.down, "padding": plan.padding, "clamp": 256.0}

    def work() -> torch.Tensor:
        return ops.filtered_lrelu(x, *filters, bias, **arguments)

    copy = torch.empty_like(x)
    bandwidth = 2 * x.nbytes / _seconds(lambda: copy.copy_(x))
    moved = x.nbytes + work().nbytes
    fast = _seconds(work)
    with use_backend("reference"):
        plain = _seconds(work, times=3)
    for what, seconds in (("plain path", plain), ("fused", fast)):
        share = moved / seconds / bandwidth
        yield {
            "name": f"{name}, filtered activation of {plan.name}, batch 8: {what}",
            "baseline": f"copying: {bandwidth / 1e9:,.0f} GB/s",
            "measured": f"{moved / seconds / 1e9:,.0f} GB/s, {share:.0%} of it",
            "ratio": f"{plain / seconds:.1f}×",
            "target": "",
        }


def _training() -> dict[str, str]:
    """Return images a second of training config T at 256 × 256."""
    speeds = {}
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        for number in range(64):
            pixels = rng.integers(0, 256, (256, 256, 3), np.uint8)
            Image.fromarray(pixels).save(Path(folder) / f"{number:03d}.png")
        config = StyleGan3Config(data=folder, cfg="t", batch=32, batch_gpu=16, kimg=1)
        for path in ("auto", "reference"):
            with use_backend(path):
                speeds[path] = config.batch / _seconds(_step_of(config), times=3)
            torch.cuda.empty_cache()
    return {
        "name": "Training T at 256 × 256, batch 32",
        "baseline": f"plain path: {speeds['reference']:.1f} images/s",
        "measured": f"{speeds['auto']:.1f} images/s",
        "ratio": f"{speeds['auto'] / speeds['reference']:.1f}×",
        "target": "",
    }


def _step_of(config: StyleGan3Config) -> Callable[[], None]:
    from epoque.stylegan3.training.data import load_images
    from epoque.stylegan3.training.distributed import DistributedContext
    from epoque.stylegan3.training.trainer import Trainer

    return Trainer(config, DistributedContext(config.device), load_images(config)).step
