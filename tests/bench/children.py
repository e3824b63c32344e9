"""Child processes that start in milliseconds, for tests that kill many."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

PRELOADED = ["line_lab", "matplotlib.figure", "pandas", "epoque.bench.plot", "epoque.bench.runner"]


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    # The preloading runs without this process's sys.path.
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    return context


def child(body: Callable[..., Any], *args: Any) -> ForkServerProcess:
    """Start a function of an importable module in a process of its own."""
    process = _server().Process(target=body, args=args, daemon=True)
    process.start()
    return process


def finish(body: Callable[..., Any], *args: Any) -> None:
    """Run a function in a process of its own, to its end."""
    process = child(body, *args)
    process.join(60)
    assert process.exitcode == 0


def script(
    code: str, *argv: str, prefix: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run code in a new Python that can import the tests' lab; what it prints comes back."""
    here = str(Path(__file__).parent)
    return subprocess.run(
        [*prefix, sys.executable, "-c", code, *argv],
        env={**os.environ, "PYTHONPATH": here},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
