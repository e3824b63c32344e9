"""Child processes that start in milliseconds, for tests that kill many."""

import os
import subprocess
import sys
from pathlib import Path

from waiting import PATIENCE
from warm import child, finish

__all__ = ["child", "finish", "script"]


def script(
    code: str, *argv: str, prefix: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run code in a new Python that can import the tests' lab; what it prints comes back."""
    here = str(Path(__file__).parent)
    return subprocess.run(
        [*prefix, sys.executable, "-c", code, *argv],
        env={**os.environ, "PYTHONPATH": here},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
