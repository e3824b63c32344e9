"""What works here, where it runs, and what is missing and how to get it."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import requires
from importlib.resources import files
from typing import Literal

from packaging.requirements import Requirement

from ..errors import MissingExtraError, UsageError
from ..files.output_paths import runs_folder
from ..i18n import mark, translator
from ..lab import find_lab, lab_names
from .environment import installed_version

__all__ = ["EXTRAS", "FOR_DEVELOPERS", "GROUPS", "Check", "Group", "check_installation"]

Group = Literal["feature", "system", "package"]
State = Literal["ok", "missing", "bad"]
Translate = Callable[[str], str]

GROUPS: dict[Group, str] = {
    "feature": mark("What works here"),
    "system": mark("Where it runs"),
    "package": mark("Packages"),
}
"""What is examined, in the order in which it is told."""

EXTRAS = {
    "pdf": mark("the lab book as PDF"),
    "studio": mark("the live page in the browser"),
    "video": mark("films as MP4"),
    "export": mark("networks as ONNX"),
    "avatars": mark("drawn portraits to train on"),
    "features": mark("distances of pictures in EfficientNet's features"),
    "search": mark("searches for the best settings"),
    "ray": mark("sweeps on many machines"),
    "sklearn": mark("estimators for scikit-learn"),
    "tensorboard": mark("curves in TensorBoard"),
    "mlflow": mark("runs in MLflow"),
    "trackio": mark("runs in trackio"),
    "wandb": mark("runs in Weights & Biases"),
}
"""What each extra brings; those of a lab are told with their lab."""

FOR_DEVELOPERS = ("all", "client", "dev", "docs")
"""Extras that bring no feature of their own."""

_CUDA_KERNELS = mark(
    "compared with the plain path by Triton's interpreter; never run on a card yet"
)
"""Of the image operations: to be changed once they have been."""


@dataclass(frozen=True)
class Check:
    """One thing examined.

    Attributes:
        name: what was looked at, the same in each language.
        state: ok; missing, where only an extra is not installed; bad, where something is broken.
        result: what is there, in the reader's language.
        advice: the command that mends it, or "".
        group: one of `GROUPS`.
        title: the name as the reader's language has it.
    """

    name: str
    state: State
    result: str
    advice: str = ""
    group: Group = "system"
    title: str = ""


def check_installation(language: str = "en") -> list[Check]:
    """Return all checks: labs and extras, machine and devices, each package.

    Args:
        language: of the titles and results, "en" or "fr".

    Raises:
        UsageError: if there is no such language.
    """
    _ = translator(language)
    packages = list(_packages(_))
    return [*_labs(_), *_extras(_, packages), *_system(_), *packages]


# What works


def _labs(_: Translate) -> Iterator[Check]:
    for name in lab_names():
        key, title = f"lab {name}", _("lab {name}").format(name=name)
        try:
            lab = find_lab(name)
            lab.check_installed()
        except MissingExtraError as error:
            advice = str(error).partition(": ")[2]
            yield Check(key, "missing", _("not installed"), advice, "feature", title)
        except UsageError as error:
            yield Check(key, "bad", str(error), "", "feature", title)
        else:
            yield Check(key, "ok", _(lab.title), "", "feature", title)


def _extras(_: Translate, packages: list[Check]) -> Iterator[Check]:
    """Yield a check for each extra that brings a feature: it is as good as its packages are."""
    for extra, feature in EXTRAS.items():
        needed = [check for check in packages if check.name.endswith(f" [{extra}]")]
        states = {check.state for check in needed}
        state: State = "bad" if "bad" in states else "missing" if "missing" in states else "ok"
        advice = "" if state == "ok" else _install(extra)
        yield Check(extra, state, _(feature), advice, "feature", extra)
    yield _page(_)


def _install(extra: str) -> str:
    return f"pip install 'epoque[{extra}]'"


def _page(_: Translate) -> Check:
    """Return whether the studio's page is built; what serves it is among the extras."""
    page, title = files("epoque").joinpath("studio", "client", "index.html"), _("studio's page")
    if page.is_file():
        return Check("studio's page", "ok", _("built"), "", "feature", title)
    advice = _("make client, or install the wheel")
    return Check("studio's page", "missing", _("not built here"), advice, "feature", title)


# Where it runs


def _system(_: Translate) -> Iterator[Check]:
    yield Check("Python", "ok", platform.python_version(), title="Python")
    machine = _("{system} {machine}, {count} cores").format(
        system=platform.system(), machine=platform.machine(), count=os.cpu_count()
    )
    yield Check("machine", "ok", machine, title=_("machine"))
    yield from _devices(_)
    yield _runs(_)


def _devices(_: Translate) -> Iterator[Check]:
    engines = {"jax": ("JAX", _jax_devices), "torch": ("PyTorch", _torch_devices)}
    for package, (engine, devices) in engines.items():
        if installed_version(package) is not None:
            title = _("{engine} computes on").format(engine=engine)
            yield _device(package, f"{engine} device", title, devices)
    if installed_version("torch") is not None:
        yield Check("CUDA kernels", "ok", _(_CUDA_KERNELS), title=_("CUDA kernels"))


def _device(package: str, name: str, title: str, devices: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", devices(), title=title)
    except Exception as error:  # whatever a broken installation raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Check(name, "bad", reason, f"pip install -U {package}", title=title)


def _jax_devices() -> str:
    import jax

    return ", ".join(str(device) for device in jax.devices())


def _torch_devices() -> str:
    import torch

    count = torch.cuda.device_count()
    return ", ".join(torch.cuda.get_device_name(i) for i in range(count)) or "cpu"


def _runs(_: Translate) -> Check:
    name, title, advice = "folder of runs", _("folder of runs"), _("set EPOQUE_RUNS")
    try:
        folder = runs_folder().absolute()
    except UsageError as error:
        return Check(name, "bad", str(error), advice, title=title)
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Check(name, "ok", str(folder), title=title)
    reason = _("{folder} cannot be written").format(folder=folder)
    return Check(name, "bad", reason, advice, title=title)


# Packages


def _packages(_: Translate) -> Iterator[Check]:
    for text in requires("epoque") or ():
        needed = Requirement(text)
        extra = _extra(needed)
        if needed.name != "epoque" and extra not in FOR_DEVELOPERS:
            yield _package(_, needed, extra)


def _extra(needed: Requirement) -> str:
    """Return the extra that asks for this requirement, "" if it is always needed."""
    if needed.marker is None:
        return ""
    _, _, extra = str(needed.marker).rpartition("extra ==")
    return extra.strip(" '\"")


def _package(_: Translate, needed: Requirement, extra: str) -> Check:
    name = f"{needed.name} [{extra}]" if extra else needed.name
    version = installed_version(needed.name)
    advice = _install(extra) if extra else f"pip install '{needed}'"
    if version is None:
        state: State = "missing" if extra else "bad"
        return Check(name, state, _("not installed"), advice, "package", name)
    if version not in needed.specifier:
        reason = _("{version}, but {range} is needed").format(
            version=version, range=needed.specifier
        )
        return Check(name, "bad", reason, advice, "package", name)
    return Check(name, "ok", version, "", "package", name)
