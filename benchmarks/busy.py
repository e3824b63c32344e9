"""Threads beside other work: a step of a small model while each core has a busy process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from epoque.bench.system.processes import count_cores

__all__ = ["rows"]

STEPS, WARM = 20, 3
BUSY = "while True: sum(range(10_000))"


def rows() -> Iterator[dict[str, str]]:
    """Measure a step with one thread and with all, waiting threads asleep and spinning."""
    cores = count_cores()
    alone = {count: _measure(count, "PASSIVE") for count in {1, cores}}
    for count, wait in ((1, "PASSIVE"), (cores, "PASSIVE"), (cores, "ACTIVE")):
        with _busy(cores):
            beside = _measure(count, wait)
        # Each of the runnable threads is owed as much: with as many busy ones as cores, cores /
        # (cores + count) of a core, where alone it has a core of its own.
        fair = alone[count]["wall"] * (cores + count) / cores
        threads = f"{count} thread{'s' * (count > 1)}, waiting {wait.lower()}ly"
        own, taken = (times["cpu"] * 1e3 for times in (alone[count], beside))
        yield {
            "name": f"a step beside {cores} busy processes, {threads} (load {_load()})",
            "baseline": f"its fair share: {fair * 1e3:.0f} ms; alone {own:.0f} ms of CPU",
            "measured": f"{beside['wall'] * 1e3:.0f} ms; {taken:.0f} ms of CPU",
            "ratio": f"{beside['wall'] / fair:.2f}×",
            "target": "at most 1.5×" if wait == "PASSIVE" else "none",
        }


def _load() -> str:
    return f"{os.getloadavg()[0]:.0f}"


@contextmanager
def _busy(count: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _measure(threads: int, wait: str) -> dict[str, float]:
    """Return the median seconds of a step, by the wall and of CPU, of a process of its own."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.busy", str(threads)],
        cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True,
        env=os.environ | {"OMP_WAIT_POLICY": wait},
    )  # fmt: skip
    measured: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return measured


def main(threads: int) -> None:
    """Print the seconds of a step of a network of products as small as a small model's."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers = [nn.TransformerEncoderLayer(128, 4, 512, 0.0, batch_first=True) for _ in range(4)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x = torch.randn(8, 128, 128)
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(WARM + STEPS):
        wall, cpu = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(json.dumps({"wall": median(walls[WARM:]), "cpu": median(cpus[WARM:])}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
