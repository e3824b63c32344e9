"""The live engine of the two small labs: one WebAssembly file, in the browser and here.

`engine.wasm` is compiled of `web/engine`; its bytes are its version (`engine_sha256`). Its memory
is read and written by the lists in `engine.json`, here and in the browser:

- `settings`: the slots that a training is begun with, float64, in order. Of `kind` `number`,
  `boolean`, `choice` (its place among `choices`), `optional number` (NaN for none), `list` (its
  length, then `max` slots), or `digits` (a text of digits, or one of the `names` for such a text,
  as a list).
- `points`: the columns of the user's own points, and the `data` that needs them.
- `metrics`: the columns of the rows of metrics.
- `snapshot`, each of the `phases`, `weights`: their arrays. Where a name says `{layer}` there is
  one array for each layer. A size that is a text depends on the settings: the engine tells it.
- `failures`: what `what()` numbers.
- `covers`: what the engine computes: the value of `path` must be `is`, or (each of a list's values)
  `at_most`, with `max_length` values; else `reason` says why it does not.
- `numbers`: the type of the numbers in each of these.

The exports of the module begin with the lab's name and an underscore; `training` calls them.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .coverage import find_uncovered
    from .manifest import read_manifest
    from .module import engine_sha256
    from .training import EnginePhase, EngineTraining

__all__ = [
    "EnginePhase",
    "EngineTraining",
    "engine_sha256",
    "find_uncovered",
    "read_manifest",
]

__getattr__, __dir__ = lazy_module(
    __name__,
    {
        "EnginePhase": ".training",
        "EngineTraining": ".training",
        "engine_sha256": ".module",
        "find_uncovered": ".coverage",
        "read_manifest": ".manifest",
    },
)
