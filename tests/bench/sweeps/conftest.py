import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.lab import find_lab
from epoque.bench.plugins import find_entry_points
from epoque.bench.recipes import recipe_names
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_sweep import run_sweep
from epoque.bench.sweeps.sweep import Sweep

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"  # what the tasks import themselves
sys.path.insert(0, str(HERE))  # for tasks, here and in child processes


@pytest.fixture(autouse=True)
def _the_bowl_is_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the bowl lab for the tests of this folder, and for their child processes."""
    plugins = str(HERE / "plugins")
    monkeypatch.syspath_prepend(plugins)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([plugins, str(HERE), str(SHARED)]))
    _forget_labs()
    yield
    _forget_labs()


def _forget_labs() -> None:
    find_entry_points.cache_clear()
    recipe_names.cache_clear()


@pytest.fixture
def swept(tmp_path: Path) -> Callable[..., Sweep]:
    """Sweep the bowl: axes as typed, base settings by name."""

    def make(*axes: str, root: Path = tmp_path / "runs", **settings: Any) -> Sweep:
        lab = find_lab("bowl")
        options = {"progress": settings.pop("progress", None)}
        names = {field.name for field in fields(Execution)}
        how = {name: settings.pop(name) for name in names & settings.keys()}
        options["execution"] = Execution(**how)
        base = lab.config_class.parse(settings)
        parsed = parse_axes(base, axes)
        return run_sweep(lab, "bowl/test", base, parsed, root, figures=False, **options)

    return make
