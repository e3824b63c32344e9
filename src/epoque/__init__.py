"""Epoque: an executable lab book for neural networks.

```python
import epoque

run = epoque.run("neuron/and", learning_rate=0.5)
print(run.results["final_weights"])
run.metrics["error"].plot()
```

`epoque.labs()` and `epoque.recipes()` say what there is. What one lab alone can do are functions
of its package: `epoque.gan2d.film("last")`, `epoque.language.generate("last", prompt="Once")`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .bench.lazy import lazy_module

if TYPE_CHECKING:
    from .api import labs as labs
    from .api import recipes as recipes
    from .api import resume as resume
    from .api import run as run
    from .api import search as search
    from .api import sweep as sweep
    from .bench.config import Config as Config
    from .bench.errors import AxesError as AxesError
    from .bench.errors import ClusterError as ClusterError
    from .bench.errors import ConfigError as ConfigError
    from .bench.errors import DamagedRunError as DamagedRunError
    from .bench.errors import DataError as DataError
    from .bench.errors import DivergenceError as DivergenceError
    from .bench.errors import EpoqueError as EpoqueError
    from .bench.errors import FetchError as FetchError
    from .bench.errors import HubError as HubError
    from .bench.errors import MissingExtraError as MissingExtraError
    from .bench.errors import NameTakenError as NameTakenError
    from .bench.errors import NotRecordedError as NotRecordedError
    from .bench.errors import Problem as Problem
    from .bench.errors import RunError as RunError
    from .bench.errors import RunFormatError as RunFormatError
    from .bench.errors import RunLockedError as RunLockedError
    from .bench.errors import RunWriteError as RunWriteError
    from .bench.errors import UnknownNameError as UnknownNameError
    from .bench.errors import UsageError as UsageError
    from .bench.lab import Lab as Lab
    from .bench.progress import Progress as Progress
    from .bench.recipes import Recipe as Recipe
    from .bench.runs.run import Run as Run
    from .bench.runs.run import Runs as Runs
    from .bench.sweeps.search import Search as Search
    from .bench.sweeps.search import Searches as Searches
    from .bench.sweeps.sweep import Sweep as Sweep
    from .bench.sweeps.sweep import Sweeps as Sweeps

__version__ = "0.1.0"

_NAMES = {
    ".api": ("labs", "recipes", "resume", "run", "search", "sweep"),
    ".bench.config": ("Config",),
    ".bench.errors": (
        "AxesError",
        "ClusterError",
        "ConfigError",
        "DamagedRunError",
        "DataError",
        "DivergenceError",
        "EpoqueError",
        "FetchError",
        "HubError",
        "MissingExtraError",
        "NameTakenError",
        "NotRecordedError",
        "Problem",
        "RunError",
        "RunFormatError",
        "RunLockedError",
        "RunWriteError",
        "UnknownNameError",
        "UsageError",
    ),
    ".bench.lab": ("Lab",),
    ".bench.progress": ("Progress",),
    ".bench.recipes": ("Recipe",),
    ".bench.runs.run": ("Run", "Runs"),
    ".bench.sweeps.search": ("Search", "Searches"),
    ".bench.sweeps.sweep": ("Sweep", "Sweeps"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "AxesError",
    "ClusterError",
    "Config",
    "ConfigError",
    "DamagedRunError",
    "DataError",
    "DivergenceError",
    "EpoqueError",
    "FetchError",
    "HubError",
    "Lab",
    "MissingExtraError",
    "NameTakenError",
    "NotRecordedError",
    "Problem",
    "Progress",
    "Recipe",
    "Run",
    "RunError",
    "RunFormatError",
    "RunLockedError",
    "RunWriteError",
    "Runs",
    "Search",
    "Searches",
    "Sweep",
    "Sweeps",
    "UnknownNameError",
    "UsageError",
    "__version__",
    "labs",
    "recipes",
    "resume",
    "run",
    "search",
    "sweep",
]

_get, _names = lazy_module(__name__, _HOMES, ("__version__",))


def __getattr__(name: str) -> Any:
    """Import a public name, or the package of a lab, when it is first used.

    So `epoque --help` answers at once.
    """
    if name not in _HOMES and not name.startswith("_"):
        from .bench.lab import find_lab, lab_names

        if name in lab_names():
            module = type(find_lab(name)).__module__
            return import_module(module.rpartition(".")[0] or module)
    return _get(name)


def __dir__() -> list[str]:
    """Return the public names, and those of the labs."""
    from .bench.lab import lab_names

    return sorted([*_names(), *lab_names()])
