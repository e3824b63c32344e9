"""Measure speed and memory, and write docs/benchmarks.md.

Each module named in `MODULES` has `rows()`, a list of dictionaries with the keys `name`,
`baseline`, `measured`, `ratio` and `target`, all texts.
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

MODULES = (
    "neuron",
    "small_runs",
    "logging",
    "commands",
    "runs_index",
    "sweeps",
    "studio",
    "pages",
    "gan2d",
    "live_engine",
    "language",
    "language_equal",
    "busy",
    "stylegan3",
    "stylegan3_gpu",
)
COLUMNS = ("name", "baseline", "measured", "ratio", "target")
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Measured on {date} by `make bench` on {machine}, Python {python}, JAX {jax}, NumPy {numpy},
PyTorch {torch}. Each row is the median of several repetitions; a ratio compares with a baseline
measured in the same run, because machines are noisy and differ. What takes minutes is run once.
"""


def main(arguments: list[str]) -> None:
    """Measure all modules, or only the named ones (printed, not written)."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure speed and memory, and write docs/benchmarks.md.",
        epilog=f"The names: {', '.join(MODULES)}.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help="measure only this, and print it; without a name all, written to the page",
    )  # fmt: skip
    names: list[str] = parser.parse_args(arguments).names
    for name in names:
        if name not in MODULES:
            parser.error(f"there is no {name!r}; there are {', '.join(MODULES)}")
    page = _head()
    print(page)
    for name in names or MODULES:
        for line in _table(name):
            print(line, flush=True)  # at once: a later row or module may fail
            page += f"\n{line}"
        print()
        page += "\n"
    if not names:
        PAGE.parent.mkdir(exist_ok=True)
        draft = PAGE.with_suffix(".tmp")
        draft.write_text(page, encoding="utf-8")
        draft.replace(PAGE)


def _head() -> str:
    return HEAD.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{_processor()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        jax=version("jax"),
        numpy=version("numpy"),
        torch=version("torch"),
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _table(name: str) -> Iterator[str]:
    """Yield the lines of a module's table, each row as soon as it is measured."""
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    module = import_module(f"benchmarks.{name}")
    title = (module.__doc__ or name).splitlines()[0].rstrip(".")
    yield from (f"## {title}", "", " | ".join(["what", *COLUMNS[1:]]), " | ".join(["---"] * 5))
    for row in module.rows():
        yield " | ".join(str(row[column]) for column in COLUMNS)


if __name__ == "__main__":
    main(sys.argv[1:])
