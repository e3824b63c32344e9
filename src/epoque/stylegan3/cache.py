"""The folder for what is fetched once: EPOQUE_CACHE, or the platform's place for caches."""

import os
import sys
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Return the cache folder; it need not be there yet."""
    if told := os.environ.get("EPOQUE_CACHE"):
        return Path(told).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "epoque"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/epoque"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "epoque"
