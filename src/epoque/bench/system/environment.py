"""Where a run ran: versions, platform, processor, device, commit."""

import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .memory import total_memory
from .processes import world_size

__all__ = ["describe_environment", "installed_version", "jax_device", "torch_device"]

PACKAGES = (
    "epoque",
    "jax",
    "jaxlib",
    "numba",
    "numpy",
    "optax",
    "scipy",
    "torch",
    "transformers",
    "wasmtime",
)


def installed_version(package: str) -> str | None:
    """Return a package's version without importing it, or None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def describe_environment() -> dict[str, Any]:
    """Return what a reader needs to judge or repeat a run, as plain JSON values."""
    here = _installation()
    return {**here, "device": jax_device(), "processes": world_size()}


@cache
def _installation() -> dict[str, Any]:
    """Return what stays the same while this process runs: to ask twenty packages takes long."""
    versions = {name: installed_version(name) for name in PACKAGES}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": total_memory(),
        "device": "cpu",
        "processes": 1,
        "packages": {name: version for name, version in versions.items() if version},
        "commit": _commit(),
    }


def _processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """Name the kind of processor: equal bytes need the same one."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def jax_device() -> str:
    """Name the accelerator that JAX, if already loaded, computes on; never load it for this."""
    jax = sys.modules.get("jax")
    if jax is None:
        return "cpu"
    device = jax.devices()[0]
    return "cpu" if device.platform == "cpu" else str(device.device_kind)


def torch_device(kind: str = "auto") -> str:
    """Name the device that PyTorch, if already loaded, computes on; never load it for this.

    Args:
        kind: as a config asks for it: cpu, cuda, or auto, which is a GPU where there is one.
    """
    torch = sys.modules.get("torch")
    if torch is None or kind == "cpu" or not torch.cuda.is_available():
        return "cpu"
    return str(torch.cuda.get_device_name())


def _commit() -> str | None:
    """Return the commit of the source tree that this package runs from, "+" if changed."""
    import subprocess  # here, since `epoque --help` asks nobody

    here = Path(__file__).resolve().parent
    # Without optional locks: a git that is killed, or too slow, would leave one in the repository.
    git = ["git", "--no-optional-locks", "-C", str(here)]
    commands = (
        ["ls-files", "--error-unmatch", __file__],
        ["rev-parse", "--short=12", "HEAD"],
        ["status", "--porcelain", "--untracked-files=no"],
    )
    try:
        _, head, changed = (
            subprocess.run([*git, *words], capture_output=True, text=True, timeout=5, check=True)
            for words in commands
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{head.stdout.strip()}{'+' * bool(changed.stdout)}"
