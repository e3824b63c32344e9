"""Processes that start in milliseconds: forked from one that has imported what they need.

A new Python spends seconds on imports before it does anything; a test run starts hundreds.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

from waiting import PATIENCE

PRELOADED = [
    "epoque.cli",
    "epoque.api",
    "epoque.bench.figures.plot",
    "epoque.bench.runs.execute",
    "jax",
    "matplotlib.figure",
    "optax",
    "pandas",
    "scipy.optimize",
    "torch",
    "transformers",
]
"""Modules that start no thread that would be lost in a fork, and set nothing up that is asked of
the environment later."""


@cache
def server() -> ForkServerContext:
    """Return what starts the processes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def child(body: Callable[..., Any], *args: Any, daemon: bool = True) -> ForkServerProcess:
    """Start a function of an importable module in a process of its own.

    One that is a daemon may have no children itself, and ends with the process that started it.
    """
    process = server().Process(target=body, args=args, daemon=daemon)
    process.start()
    return process


def finish(body: Callable[..., Any], *args: Any) -> None:
    """Run a function in a process of its own, to its end, which must be a good one."""
    process = child(body, *args)
    process.join(PATIENCE)
    assert process.exitcode == 0, f"exit code {process.exitcode}"


def epoque(
    *words: str,
    cwd: Path,
    without: tuple[str, ...] = (),
    patience: float = PATIENCE,
    **env: str,
) -> "CompletedProcess[str]":
    """Run one command line as a process of its own in a folder and return what it printed.

    Args:
        words: of the command line.
        cwd: the folder.
        without: modules that are there and must seem not to be installed.
        patience: seconds after which it is killed.
        env: variables beside those of this process.
    """
    with TemporaryDirectory() as folder:
        printed = [Path(folder, name) for name in ("stdout", "stderr")]
        told = {**os.environ, "COLUMNS": "120", **env}
        paths = [str(path) for path in printed]
        process = child(_command, words, str(cwd), told, paths, without, daemon=False)
        process.join(patience)
        if process.exitcode is None:
            process.kill()
        texts = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in printed]
        return CompletedProcess(words, process.exitcode, *texts)


def _command(
    words: list[str], cwd: str, env: dict[str, str], printed: list[str], without: tuple[str, ...]
) -> None:
    for descriptor, path in enumerate(printed, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["epoque", *words]
    sys.modules.update(dict.fromkeys(without))  # an import of what is None fails
    from epoque.cli import main

    main()
