"""How loops are compiled: kept between runs where that is possible, told where it takes long."""

import sys
import threading
from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["bind_compiled", "jit_inline", "jit_loop"]

# Products may be fused with sums; nothing else is allowed that strict arithmetic forbids: what is
# not a number must stay so.
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
_UNCALLED: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_PATIENCE = 2.0
"""Seconds after which a user should know what is going on; reading what was kept takes less."""

_compiling = threading.Lock()


def jit_loop(function: Callable[..., Any]) -> Any:
    """Compile a function, when it is first called, for arguments as they then are.

    The code is kept where Numba keeps it: in `NUMBA_CACHE_DIR`, in `__pycache__` beside the source,
    or in the user's cache folder; if none can be written, in memory.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder can be written
        return njit(**_OPTIONS)(function)


def jit_inline(function: Callable[..., Any]) -> Any:
    """Compile a function that only compiled ones call: it is part of them, and kept with them."""
    return njit(**_OPTIONS, **_UNCALLED)(function)


def bind_compiled(function: Any, *arguments: Any) -> Callable[[int, int], None]:
    """Return a loop over a range with all its other arguments given, compiled.

    If compiling takes seconds, a terminal is told.
    """
    if not function.signatures:
        with _compiling:
            notice = threading.Timer(_PATIENCE, _announce)
            notice.daemon = True
            notice.start()
            try:
                function(*arguments, 0, 0)
            finally:
                notice.cancel()
    return lambda first, last: function(*arguments, first, last)


def _announce() -> None:
    if sys.stderr.isatty():
        message = (
            "Compiling the image operations for this machine, once; this takes a few seconds …"
        )
        print(message, file=sys.stderr, flush=True)  # noqa: T201
