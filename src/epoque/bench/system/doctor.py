"""What is installed, which device computes, what is missing and how to get it."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import requires
from typing import Literal

from packaging.requirements import Requirement

from ..errors import MissingExtraError, UsageError
from ..files.output_paths import runs_folder
from ..lab import find_lab, lab_names
from .environment import installed_version

__all__ = ["Check", "check_installation"]

_CUDA_KERNELS = "compared with the plain path by Triton's interpreter; never run on a card yet"
"""Of the image operations: to be changed once they have been."""


@dataclass(frozen=True)
class Check:
    """One thing examined.

    Attributes:
        name: what was looked at.
        state: ok; missing, where only an extra is not installed; bad, where something is broken.
        result: what was found.
        advice: the command that mends it, or "".
    """

    name: str
    state: Literal["ok", "missing", "bad"]
    result: str
    advice: str = ""


def check_installation() -> list[Check]:
    """Return all checks: Python, machine, device, packages, extras, labs, the folder of runs."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    python = Check("Python", "ok", platform.python_version())
    return [python, Check("machine", "ok", machine), *_devices(), *_packages(), *_labs(), _runs()]


def _devices() -> list[Check]:
    engines = {"jax": ("JAX", _jax_devices), "torch": ("PyTorch", _torch_devices)}
    checks = [
        _device(package, title, devices)
        for package, (title, devices) in engines.items()
        if installed_version(package) is not None
    ]
    if installed_version("torch") is not None:
        checks.append(Check("CUDA kernels", "ok", _CUDA_KERNELS))
    return checks


def _device(package: str, title: str, devices: Callable[[], str]) -> Check:
    try:
        return Check(f"{title} device", "ok", devices())
    except Exception as error:  # whatever a broken installation raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Check(f"{title} device", "bad", reason, f"pip install -U {package}")


def _jax_devices() -> str:
    import jax

    return ", ".join(str(device) for device in jax.devices())


def _torch_devices() -> str:
    import torch

    count = torch.cuda.device_count()
    return ", ".join(torch.cuda.get_device_name(i) for i in range(count)) or "cpu"


def _packages() -> list[Check]:
    checks = []
    for text in requires("epoque") or ():
        needed = Requirement(text)
        extra = _extra(needed)
        if needed.name == "epoque" or extra in ("all", "dev"):
            continue
        checks.append(_package(needed, extra))
    return checks


def _extra(needed: Requirement) -> str:
    """Return the extra that asks for this requirement, "" if it is always needed."""
    if needed.marker is None:
        return ""
    _, _, extra = str(needed.marker).rpartition("extra ==")
    return extra.strip(" '\"")


def _package(needed: Requirement, extra: str) -> Check:
    name = f"{needed.name} [{extra}]" if extra else needed.name
    version = installed_version(needed.name)
    advice = f"pip install 'epoque[{extra}]'" if extra else f"pip install '{needed}'"
    if version is None:
        return Check(name, "missing" if extra else "bad", "not installed", advice)
    if version not in needed.specifier:
        return Check(name, "bad", f"{version}, but {needed.specifier} is needed", advice)
    return Check(name, "ok", version)


def _labs() -> list[Check]:
    return [_lab(name) for name in lab_names()]


def _lab(name: str) -> Check:
    try:
        lab = find_lab(name)
        lab.check_installed()
    except MissingExtraError as error:
        return Check(f"lab {name}", "missing", str(error))
    except UsageError as error:
        return Check(f"lab {name}", "bad", str(error))
    return Check(f"lab {name}", "ok", lab.title)


def _runs() -> Check:
    try:
        folder = runs_folder().absolute()
    except UsageError as error:
        return Check("folder of runs", "bad", str(error), "set EPOQUE_RUNS")
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Check("folder of runs", "ok", str(folder))
    return Check("folder of runs", "bad", f"{folder} cannot be written", "set EPOQUE_RUNS")
