"""What installed packages bring to Epoque through entry points, found by name.

A package that brings a lab says so in its `pyproject.toml`:

```toml
[project.entry-points."epoque.labs"]
line = "line_lab:LAB"
```

What ships with Epoque itself is declared in the same way.
"""

from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from typing import Any

from .errors import MissingExtraError, UnknownNameError, UsageError, first_line

__all__ = [
    "LABS",
    "find_entry_points",
    "has_extra",
    "load_plugin",
    "plugin_folder",
    "plugin_names",
    "plugin_package",
]


LABS = "epoque.labs"
"""The group of the entry points by which packages bring labs."""


def plugin_names(group: str) -> tuple[str, ...]:
    """Return the names that installed packages bring in a group, in alphabetical order."""
    return tuple(find_entry_points(group))


def load_plugin(group: str, kind: str, name: str) -> Any:
    """Import what an entry point names, and return it.

    Args:
        group: of the entry points, for instance `epoque.labs`.
        kind: what is asked for, in words, for the error: "lab".
        name: of the entry point.

    Raises:
        UnknownNameError: if no installed package brings it, with the nearest names.
        UsageError: if two packages bring it, or it cannot be imported.
        MissingExtraError: if it needs an extra that is not installed; the entry point says so,
            `mlflow = "epoque.bench.sinks.mlflow:MlflowSink [mlflow]"`.
    """
    point = _point(group, kind, name)
    for extra in point.extras:
        if point.dist is not None and not has_extra(point.dist.name, extra):
            raise MissingExtraError(f"The {kind} {name}", extra, point.dist.name)
    try:
        return point.load()
    except UsageError:
        raise
    except Exception as error:  # whatever the code of a stranger raises
        package = point.dist.name if point.dist else point.value
        message = f"The {kind} {name!r} of the package {package} cannot be loaded"
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise UsageError(f"{message}: {reason}.") from error


def has_extra(package: str, extra: str) -> bool:
    """Return whether what an extra of an installed package brings is installed, too."""
    from packaging.requirements import Requirement  # here, since `epoque --help` needs no extra

    needed = map(Requirement, distribution(package).requires or ())
    own = [r.name for r in needed if r.marker and r.marker.evaluate({"extra": extra})
           and not r.marker.evaluate({"extra": ""})]  # fmt: skip
    return all(map(_is_installed, own))


def _is_installed(package: str) -> bool:
    """Return whether a package is installed, and the modules that it names can be found."""
    try:
        modules = (distribution(package).read_text("top_level.txt") or "").split()
    except PackageNotFoundError:
        return False
    return all(find_spec(module) is not None for module in modules)


def plugin_folder(group: str, kind: str, name: str) -> Traversable | None:
    """Return the folder of the package that defines what an entry point names.

    Of `line_lab:LAB` that is the folder of `line_lab`, of `epoque.neuron.lab:LAB` the one of
    `epoque.neuron`. None if it is a module without a package, beside which no files are installed,
    or the package cannot be imported.

    Raises:
        UnknownNameError: if no installed package brings it, with the nearest names.
        UsageError: if two packages bring it.
    """
    module = _point(group, kind, name).module
    try:
        spec = find_spec(module)
        if spec is None:
            return None
        package = module if spec.submodule_search_locations is not None else spec.parent
        return files(package) if package else None
    except Exception:  # whatever a stranger's package raises that is imported on the way
        return None


def plugin_package(group: str, kind: str, name: str) -> str | None:
    """Return the name of the installed package that brings an entry point, as pip knows it.

    Raises:
        UnknownNameError: if no installed package brings it, with the nearest names.
        UsageError: if two packages bring it.
    """
    dist = _point(group, kind, name).dist
    return dist.name if dist else None


def _point(group: str, kind: str, name: str) -> EntryPoint:
    points = find_entry_points(group)
    if name not in points:
        raise UnknownNameError(kind, name, points)
    first, *others = points[name]
    if others:
        packages = " and ".join(p.dist.name if p.dist else p.value for p in points[name])
        raise UsageError(
            f"Two packages bring a {kind} {name!r}: {packages}; uninstall one of them."
        )
    return first


@cache
def find_entry_points(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Return name to the entry points of that name: one, unless two packages have chosen it."""
    points: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, {})[point.value] = point
    return {name: tuple(points[name].values()) for name in sorted(points)}
