"""Readers that do what none may do, under the worker's watch: it must tell each of them."""

import os
from pathlib import Path

import worker
from readers import Reader

from epoque.bench.errors import DataError


def _hang(_: Path) -> None:
    while True:
        pass


def _say_nothing(_: Path) -> None:
    raise DataError("")


worker.SECONDS = 1
worker.READERS = tuple(
    Reader(name, "a", lambda: (b"a",), read)
    for name, read in {
        "executes": lambda _: os.system("true"),
        "hangs": _hang,
        "fills the memory": lambda _: bytearray(2**31),
        "fails": lambda _: 1 // 0,
        "leaves a file": lambda path: path.with_name("b").touch(),
        "says nothing": _say_nothing,
        "reads": Path.read_bytes,
    }.items()
)
worker._warm = lambda _: None
worker.main(len(worker.READERS), 0, None)
