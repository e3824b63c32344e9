"""A process that draws one figure of a run: the order as JSON on standard input, the bytes out.

A figure takes matplotlib seconds in which a server could answer nobody, so a process draws it. It
ends when standard input does: its server is gone, or does not want the figure any more.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

__all__ = ["draw_figure", "main"]


def draw_figure(path: Path, name: str, kind: str, language: str, theme: str) -> bytes:
    """Return a figure of a run.

    Args:
        path: the run's folder.
        name: of the figure.
        kind: `svg` or `png`.
        language: `en` or `fr`.
        theme: `light` or `dark`.

    Raises:
        UnknownNameError: if the run has no such figure.
        DamagedRunError: if what it is drawn from cannot be read.
    """
    from epoque.bench.errors import UnknownNameError
    from epoque.bench.figures.plot import encode_png, encode_svg, figure_style
    from epoque.bench.lab import lab_of
    from epoque.bench.runs.run import Run

    run = Run(path)
    with figure_style("dark" if theme == "dark" else "light"):
        figures = lab_of(run).figures(run, language)
        if name not in figures:
            raise UnknownNameError(f"figure of {run.id} named", name, figures)
        figure = figures[name]()
        return encode_svg(figure) if kind == "svg" else encode_png(figure)


def main() -> None:
    """Draw what the first line of standard input orders; one sentence on errors, exit code 1."""
    from epoque.bench.errors import EpoqueError, first_line

    order: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        data = draw_figure(Path(order.pop("path")), **order)
    except EpoqueError as error:
        sys.stderr.write(str(error))
        sys.exit(1)
    except Exception as error:  # a lab's own code draws
        sys.stderr.write(f"It could not be drawn: {type(error).__name__}: {first_line(error)}.")
        sys.exit(1)
    sys.stdout.buffer.write(data)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(2)


if __name__ == "__main__":
    main()
