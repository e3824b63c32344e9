"""The engine's file: its bytes, their digest, and the machine code that wasmtime makes of them."""

import atexit
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import EpoqueError, MissingExtraError

if TYPE_CHECKING:
    import wasmtime

__all__ = ["EngineInstance", "engine_bytes", "engine_sha256"]

Bytes = NDArray[np.uint8]


@cache
def engine_bytes() -> bytes:
    """Return the compiled engine, as it runs in a browser too."""
    return files(__package__).joinpath("engine.wasm").read_bytes()


@cache
def engine_sha256() -> str:
    """Return the SHA-256 of the compiled engine, hexadecimal: its version."""
    return sha256(engine_bytes()).hexdigest()


@cache
def _compile() -> "tuple[wasmtime.Engine, wasmtime.Module]":
    """Return the engine's machine code: a third of a second, once in a process.

    Raises:
        MissingExtraError: if wasmtime is not installed.
    """
    try:
        import wasmtime
    except ImportError:
        raise MissingExtraError("The live engine", "studio") from None
    settings = wasmtime.Config()
    settings.wasm_relaxed_simd = False  # it may round differently from machine to machine
    engine = wasmtime.Engine(settings)
    atexit.register(_compile.cache_clear)  # wasmtime could not give it back any later
    return engine, wasmtime.Module(engine, engine_bytes())


class EngineInstance:
    """An instance of the engine, which is one session: its exports and its memory.

    Not to be used by two threads at once.
    """

    def __init__(self) -> None:
        """Raises `MissingExtraError` if wasmtime is not installed."""
        engine, module = _compile()
        import wasmtime

        self._store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        words = wasmtime.FuncType([wasmtime.ValType.i32()] * 4, [])
        linker.define_func("env", "abort", words, _abort)
        exports = linker.instantiate(self._store, module).exports(self._store)
        self._exports: dict[str, Any] = dict(exports.items())
        self._memory = self._exports["memory"]

    def function(self, name: str) -> Callable[..., Any]:
        """Return an export as a function of its arguments.

        Raises:
            KeyError: if there is none of that name.
        """
        export, store = self._exports[name], self._store
        return lambda *arguments: export(store, *arguments)

    def view(self, address: int, size: int) -> Bytes:
        """Return bytes of the memory, to be read or written now: a later call may move them."""
        buffer = self._memory.get_buffer_ptr(self._store, size, address)
        return np.frombuffer(buffer, np.uint8)


def _abort(*place: int) -> None:
    """Stop, as the engine asks to: at the address of a message, of a file's name, line, column."""
    raise EpoqueError(f"The live engine stopped at line {place[2]}: it has no memory left.")
