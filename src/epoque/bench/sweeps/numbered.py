"""Where the numbered files and folders of a study lie: a thousand together, so that none is full.

```
runs/0012/point-0012345
parts/0012/part-0012345.parquet
```
"""

from pathlib import Path

__all__ = ["TOGETHER", "number_path"]

TOGETHER = 1_000
"""How many lie in one folder."""


def number_path(folder: Path, stem: str, number: int, ending: str = "") -> Path:
    """Return where one of a number is, or will be.

    Args:
        folder: of all of them.
        stem: what its name begins with.
        number: from 0.
        ending: of its name.
    """
    return folder / f"{number // TOGETHER:04d}" / f"{stem}-{number:07d}{ending}"
