"""Programs that JAX compiled are kept in the cache folder, so that the next process has them.

Compiling takes most of the time of a short run. A kept program is the same one: the numbers are the
same to the last bit with and without it. What another kind of processor compiled is never taken.
"""

import platform
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..files.cache import cache_folder, cache_key
from ..limits import MAX_COMPILED_BYTES
from .environment import installed_version

__all__ = ["keep_compiled"]


@cache
def keep_compiled() -> None:
    """Let JAX keep compiled programs from now on; called before a lab computes with it.

    A folder that the user chose (JAX_COMPILATION_CACHE_DIR) stays; where the cache folder cannot be
    written, nothing is kept. JAX_ENABLE_COMPILATION_CACHE=false turns it off.
    """
    import jax

    config: Any = jax.config
    if config.jax_compilation_cache_dir or not config.jax_enable_compilation_cache:
        return
    place = (
        cache_folder()
        / "compiled"
        / cache_key(jax=installed_version("jaxlib"), machine=_processor())
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
        _remove_halves(place)
    except OSError:
        return
    config.update("jax_compilation_cache_dir", str(place))
    config.update("jax_compilation_cache_max_size", MAX_COMPILED_BYTES)
    config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
    # A full disk makes it slower and is no reason to frighten anybody.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def _remove_halves(place: Path) -> None:
    """Remove what a process left that was killed while it wrote: JAX writes the time last."""
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(place / ".lockfile", timeout=1):  # JAX's own lock
        for path in place.glob("*-cache"):
            if not path.with_name(path.name.removesuffix("-cache") + "-atime").is_file():
                path.unlink(missing_ok=True)


def _processor() -> str:
    """Return what the processor is and can do, as far as the system tells."""
    lines: set[str] = set()
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        lines = {
            line
            for line in text.splitlines()
            if line.startswith(("flags", "Features", "model name"))
        }
    return "\n".join([platform.machine(), platform.processor(), *sorted(lines)])
