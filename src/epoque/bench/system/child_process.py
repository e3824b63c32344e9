"""Processes that live for this one: spawned, without its program, and never its orphans."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any

__all__ = ["end_with_parent", "start_child"]


def start_child(
    serve: Callable[..., None], *arguments: object
) -> "tuple[SpawnProcess, Connection[Any, Any]]":
    """Start a process, and return it with this end of a pipe to it, which ends when it does.

    It does not import the program that runs here, so a script needs no `if __name__ ==
    "__main__":`.

    Args:
        serve: a function of a module; it receives the other end of the pipe, then the arguments.
        arguments: plain values.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, *arguments), daemon=True)
    with _hide_main():
        process.start()
    there.close()  # so that the pipe ends when the process does
    return process, here


def end_with_parent() -> None:
    """Have this process end when its parent does, even where that was killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _hide_main() -> Iterator[None]:
    """Have processes that start inside the block not import this one's main module.

    A spawned process runs the script again, up to its guard: without one it would sweep again
    itself, and of a program from standard input there is no file to run.
    """
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # without a file or a spec to start from
        try:
            yield
        finally:
            sys.modules["__main__"] = main


_main_lock = threading.Lock()
