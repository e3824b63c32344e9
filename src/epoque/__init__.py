"""Epoque: an executable lab book for neural networks.

```python
import epoque

run = epoque.run("neuron/and", learning_rate=0.5)
print(run.results["final_weights"])
run.metrics["error"].plot()
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run as Run
    from epoque.bench.runs.run import Runs as Runs
    from epoque.bench.sweeps.sweep import Sweep as Sweep
    from epoque.bench.sweeps.sweep import Sweeps as Sweeps

    from .api import resume as resume
    from .api import run as run
    from .api import search as search
    from .api import sweep as sweep

__version__ = "0.1.0"

_HOMES = {
    "run": ".api",
    "resume": ".api",
    "search": ".api",
    "sweep": ".api",
    "Run": ".bench.runs.run",
    "Runs": ".bench.runs.run",
    "Sweep": ".bench.sweeps.sweep",
    "Sweeps": ".bench.sweeps.sweep",
}
__all__ = ["Run", "Runs", "Sweep", "Sweeps", "__version__", "resume", "run", "search", "sweep"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `epoque --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'epoque' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
