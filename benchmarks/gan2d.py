"""The 2-D GAN: GAN Lab's ring (G 2-10-10-2, D 2-9-9-9-1, batch 150, three D steps, one G step)."""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from epoque.bench.events import Snapshot
from epoque.bench.recipes import find_recipe
from epoque.bench.system.processes import count_cores
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.training import engine, evaluation, sweep
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig
from epoque.gan2d.training.train import train

from .gan_numpy import NumpyGan
from .gan_torch import CompiledTorchGan, TorchGan

RING = Gan2dConfig.parse(find_recipe("gan2d/ganlab-ring").config)
ROUNDS = 7
SECONDS_LIVE = 5.0
FRAMES = 30
GANS = 256
TOGETHER = 20
"""Iterations of each of them."""
_widths = count(11)


def rows() -> list[dict[str, str]]:
    """Measure the engine against its baselines, live, in a sweep, and against the arithmetic."""
    speeds = _speeds()
    return [
        _against("eager PyTorch", speeds, "torch", "at least 5×"),
        _against("torch.compile", speeds, "torch.compile", "none"),
        _against("hand-fused NumPy", speeds, "numpy", "at least 2×"),
        _live(),
        *_together(),
        _measuring(),
        _arithmetic(statistics.median(speeds["engine"])),
        _compiling(),
    ]


def _repeat(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def _speeds() -> dict[str, list[float]]:
    """Return iterations per CPU second, measured in turn in each round.

    What else the machine does then touches all alike.
    """
    numpy_gan, torch_gan, advance = NumpyGan(), TorchGan(), _advance(RING)
    compiled_gan = CompiledTorchGan()
    work: dict[str, tuple[Callable[[], Any], float]] = {
        "engine": (advance, engine.BLOCK),
        "numpy": (partial(_repeat, numpy_gan.iterate, 150), 150),
        "torch": (partial(_repeat, torch_gan.iterate, 30), 30),
        "torch.compile": (partial(_repeat, compiled_gan.iterate, 30), 30),
    }
    speeds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS + 1):
        for name, (task, amount) in work.items():
            speeds[name].append(_rate(task, amount, time.process_time))
    return {name: each[1:] for name, each in speeds.items()}  # the first round warms up


def _advance(config: Gan2dConfig) -> Callable[[], Any]:
    """Return what does the first block of iterations; the first call compiles."""
    static = StaticConfig.from_config(config)
    hyper = jax.device_put(Hyperparameters.from_config(config))
    state = engine.init_state(static, hyper)
    span = np.int32(0), np.int32(engine.BLOCK)
    return lambda: jax.block_until_ready(engine.run_iterations(static, hyper, state, *span))


def _peak() -> float:
    """Return the FLOP per CPU second of a large float32 matrix product."""
    a = np.random.default_rng(0).random((768, 768), np.float32)
    rates = [_rate(lambda: a @ a, 2 * 768**3, time.process_time) for _ in range(ROUNDS)]
    return statistics.median(rates)


def _against(
    baseline: str, speeds: dict[str, list[float]], name: str, target: str
) -> dict[str, str]:
    ratios = [ours / theirs for ours, theirs in zip(speeds["engine"], speeds[name], strict=True)]
    return {
        "name": f"iterations a CPU second, against {baseline}",
        "baseline": f"{statistics.median(speeds[name]):,.0f}/s",
        "measured": f"{statistics.median(speeds['engine']):,.0f}/s",
        "ratio": f"{statistics.median(ratios):.1f}×",
        "target": target,
    }


def _live() -> dict[str, str]:
    """Train as a live page does, with a snapshot every thirtieth of a second."""
    quiet = RING.replace(iterations=10**7, snapshot_every=10**7, evaluate_every=10**7)
    without, _ = _watched(quiet)
    with_frames, frames = _watched(quiet.replace(snapshot_every=int(without / FRAMES)))
    return {
        "name": f"iterations a second with {frames:.0f} snapshots a second, wall time",
        "baseline": f"{without:,.0f}/s without snapshots",
        "measured": f"{with_frames:,.0f}/s",
        "ratio": f"{with_frames / without:.2f}×",
        "target": "at least 1,500/s, and 0.9×",
    }


def _watched(config: Gan2dConfig) -> tuple[float, float]:
    """Pull events for some seconds; return the iterations and the snapshots a second."""
    training = train(config)
    for _ in zip(range(40), training, strict=False):  # compiles
        pass
    start, before, frames = time.perf_counter(), training.step, 0
    for event in training:
        frames += isinstance(event, Snapshot)
        seconds = time.perf_counter() - start
        if seconds > SECONDS_LIVE:
            break
    return (training.step - before) / seconds, frames / seconds


def _together() -> Iterator[dict[str, str]]:
    """Measure many GANs side by side, as a sweep runs them, against one alone."""
    alone, together = _advance(RING), _many(RING)
    work = {"alone": (alone, engine.BLOCK), "together": (together, GANS * TOGETHER)}
    clocks = {"wall": time.perf_counter, "CPU": time.process_time}
    for task in (alone, together):
        task()  # compiles
    rates: dict[str, dict[str, list[float]]]
    rates = {clock: {name: [] for name in work} for clock in clocks}
    for _ in range(ROUNDS):
        for clock, now in clocks.items():
            for name, (task, amount) in work.items():
                rates[clock][name].append(_rate(task, amount, now))
    for clock, each in rates.items():
        ratios = [b / a for a, b in zip(each["alone"], each["together"], strict=True)]
        yield {
            "name": f"{GANS} GANs at once, all their iterations a {clock} second",
            "baseline": f"{statistics.median(each['alone']):,.0f}/s alone",
            "measured": f"{statistics.median(each['together']):,.0f}/s",
            "ratio": f"{statistics.median(ratios):.2f}×",
            "target": "at least 1×",
        }


def _many(config: Gan2dConfig) -> Callable[[], Any]:
    """Return what does the first iterations of many seeds, on all cores."""
    lanes = sweep._make_lanes([config.replace(seed=seed) for seed in range(GANS)])
    static, hyper = lanes[0].static, [lane.hyper for lane in lanes]
    axes, size = sweep._find_axes(hyper), sweep.RUNS_AT_ONCE
    chunks = [sweep._stack(hyper[i : i + size], axes) for i in range(0, GANS, size)]
    states = [engine.init_state(static, chunk) for chunk in chunks]
    span = np.array([0, TOGETHER], np.int32)

    def advance(hyper: Hyperparameters, state: engine.TrainState) -> None:
        jax.block_until_ready(sweep._advance(static, axes, hyper, state, span))

    pool = ThreadPoolExecutor(count_cores())
    return lambda: list(pool.map(advance, chunks, states))


def _measuring() -> dict[str, str]:
    """Measure an evaluation of one of many runs, on real points that others have looked at."""
    seeds = jnp.arange(sweep.RUNS_AT_ONCE, dtype=jnp.uint32)
    static = StaticConfig.from_config(RING)
    state = engine.init_state(static, Hyperparameters.from_config(RING)._replace(seed=seeds))

    def evaluate() -> None:
        evaluation.evaluate_state(static, None, seeds, 1, state)

    evaluate()  # compiles
    rates = [_rate(evaluate, len(seeds), time.process_time) for _ in range(ROUNDS)]
    return {
        "name": "a measurement of one run in a sweep, 16 measures of 10,000 points, CPU time",
        "baseline": "",
        "measured": f"{1e3 / statistics.median(rates):.1f} ms",
        "ratio": "",
        "target": "",
    }


def _rate(task: Callable[[], Any], amount: float, clock: Callable[[], float]) -> float:
    before = clock()
    task()
    return amount / (clock() - before)


def _arithmetic(speed: float) -> dict[str, str]:
    flops, peak = RING.iteration_flops, _peak()
    return {
        "name": f"arithmetic, {flops / 1e6:.2f} MFLOP an iteration, against a large product",
        "baseline": f"{peak / 1e9:.0f} GFLOP/s; alone it would do {peak / flops:,.0f}/s",
        "measured": f"{speed * flops / 1e9:.1f} GFLOP/s",
        "ratio": f"{speed * flops / peak:.1%} of the peak",
        "target": "",
    }


def _compiling() -> dict[str, str]:
    """Measure the first iterations of architectures that no program exists for yet."""
    wall, cpu = [], []
    for width in (next(_widths) for _ in range(3)):
        config = RING.replace(generator={"layers": (width, width)})
        before = time.perf_counter(), time.process_time()
        _advance(config)()
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    return {
        "name": "from another architecture to its first 256 iterations, wall time",
        "baseline": "",
        "measured": f"{statistics.median(wall):.1f} s ({statistics.median(cpu):.1f} s of CPU)",
        "ratio": "",
        "target": "under 2 s",
    }
