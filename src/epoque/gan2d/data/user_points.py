"""Real points that come from the user: a CSV, an image's silhouette, a drawing.

All three become points [M, 2] from which training draws with replacement, each draw moved by a
little Gaussian noise. No training engine is imported here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.events import Artifact
from epoque.bench.files.csv_table import CsvTable, read_csv
from epoque.bench.files.input_files import read_regular
from epoque.bench.files.json_text import parse_json
from epoque.bench.i18n import environment_language, mark, translator
from epoque.bench.limits import MAX_DRAWING_BYTES

from .silhouette import silhouette

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

    from ..config import Gan2dConfig

__all__ = [
    "POINTS_COPY",
    "SHIPPED",
    "UserPoints",
    "count_outside",
    "find_remarks",
    "load_points",
    "load_run_points",
    "make_artifact",
]

Points = NDArray[np.float32]

POINTS_COPY = "data.csv"
"""The run's own copy of the user's points."""

SHIPPED = "epoque:"
"""`epoque:cat.png` is a file that ships beside the recipes, wherever the package is installed."""

MARGIN = 0.1  # of the square, on each side of what is fitted into it
BRUSH = 0.02  # standard deviation around a stroke, as GAN Lab's
STROKE_STEP = 0.0025  # a pixel of a canvas of 400
DOT_POINTS = 10  # a dot weighs as much as a stroke of one brush width
MAX_STROKE_POINTS = 20_000
COPY_HEADER = ("x", "y", "jitter")
EXAMPLE = '{"strokes": [[[0.1, 0.2], [0.3, 0.4]]]}'
FARTHEST = 1e6  # beyond it squared distances lose all digits of a float32


OUTSIDE = mark(
    "{count} of {total} points lie outside the square from 0 to 1, where the pictures and measures "
    "look; --fit true scales them into it."
)


@dataclass(frozen=True)
class UserPoints:
    """Where real points are drawn from.

    Attributes:
        points: float32 [M, 2], at least two different ones; some may lie outside the square.
        jitter: standard deviation of the noise added to each draw, per axis.
    """

    points: Points
    jitter: float


def load_points(config: "Gan2dConfig") -> UserPoints | None:
    """Return the user's points that `config` asks for, or None where a formula makes them.

    A CSV has two columns, x and y, or three, x, y and jitter, as a run's own copy has. It is taken
    as it is, or with `fit` scaled into the square with its proportions kept. A drawing is JSON,
    `{"strokes": [[[x, y], …], …]}`, x to the right and y up, the square from 0 to 1; `drawing` is
    that text itself or the path of a file with it.
    A path that begins with `SHIPPED` is one of the package's own.

    Raises:
        DataError: if it cannot be read, is empty, or all its points are one.
    """
    match config.data:
        case "csv":
            return _make_csv_points(config, read_csv(_resolve_path(str(config.csv))))
        case "image":
            points, source = silhouette(_resolve_path(str(config.image))), str(config.image)
            return _make_user_points(
                source, _fit_into_square(points), 0.5 * _scale_to_square(points)
            )
        case "drawing":
            source, text = _drawing_text(str(config.drawing))
            return _make_user_points(
                source, _sample_strokes(source, _parse_strokes(source, text)), BRUSH
            )
        case _:
            return None


def _resolve_path(text: str) -> Path:
    name = text.removeprefix(SHIPPED)
    return Path(name) if name == text else Path(str(files("epoque.gan2d") / "recipes" / name))


def find_remarks(config: "Gan2dConfig") -> Iterator[str]:
    """Yield what is odd about the CSV that `config` asks for: how it is read, and where it lies.

    Raises:
        DataError: if it cannot be read or used.
    """
    if config.data != "csv":
        return
    table = read_csv(_resolve_path(str(config.csv)))
    user_points = _make_csv_points(config, table)
    yield from table.remarks()
    away = count_outside(user_points.points)
    if 2 * away > len(user_points.points):
        text = translator(environment_language())(OUTSIDE)
        yield text.format(count=away, total=len(user_points.points))


def load_run_points(run: "Run[Gan2dConfig]") -> UserPoints | None:
    """Return the points a run learned from, out of its folder alone, or None for a formula's.

    Raises:
        DataError: if the run's copy of the points is missing or damaged.
    """
    config: Any = run.config
    if config.data not in ("csv", "image", "drawing"):
        return None
    run.check(POINTS_COPY)
    path = run.path / POINTS_COPY
    table = read_csv(path)
    values = table.values()
    if table.header[:2] != ("x", "y") or len(values) < 2:
        raise DataError(f"{path} is damaged: it holds no points.")
    return UserPoints(values[:, :2].astype(np.float32), float(values[0, 2]))


def make_artifact(user_points: UserPoints) -> Artifact:
    """Return `data.csv`, the run's copy of the points: x, y and, in every row, the jitter."""
    rows = user_points.points.astype(float).tolist()
    lines = (f"{_short(x)},{_short(y)},{user_points.jitter!r}" for x, y in rows)
    return Artifact(POINTS_COPY, ("\n".join([",".join(COPY_HEADER), *lines]) + "\n").encode())


def count_outside(points: NDArray[np.floating]) -> int:
    """Return how many points [N, 2] lie outside the unit square."""
    inside = ((points >= 0) & (points <= 1)).all(axis=1)
    return int(len(points) - inside.sum())


def _short(value: float) -> str:
    """Return the shortest text that gives the same float32."""
    return str(np.float32(value))


def _make_user_points(source: str, points: NDArray[np.float64], jitter: float) -> UserPoints:
    if not bool((np.abs(points) <= FARTHEST).all()):
        raise DataError(f"{_too_far(source, points)}.")
    rounded = points.astype(np.float32)
    if len(rounded) == 0 or bool((rounded == rounded[0]).all()):
        count = "no points" if len(rounded) == 0 else "one point only"
        raise DataError(f"{source} has {count}; it needs at least two different ones.")
    return UserPoints(rounded, jitter)


def _too_far(source: str, points: NDArray[np.float64]) -> str:
    farthest = float(np.abs(points).max())
    return f"{source} has a coordinate of {farthest:.3g}; at most {FARTHEST:,.0f} is taken"


def _scale_to_square(points: NDArray[np.float64]) -> float:
    """Return the factor that makes the longer side of the points' box fill the square."""
    side = float(np.ptp(points, axis=0).max(initial=0.0)) if len(points) else 0.0
    return (1 - 2 * MARGIN) / side if side else 1.0


def _fit_into_square(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move and scale points into the middle of the square; their proportions stay."""
    if not len(points):
        return points
    _, power = np.frexp(np.abs(points).max())  # halved exactly: sums of 1e308 would overflow
    points = np.ldexp(points, -power)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return np.asarray(0.5 + _scale_to_square(points) * (points - middle))


def _make_csv_points(config: "Gan2dConfig", table: CsvTable) -> UserPoints:
    (points, jitter), source = _csv_points(table), str(config.csv)
    if config.fit:
        scale = _scale_to_square(points)
        return _make_user_points(source, _fit_into_square(points), jitter * scale)
    if bool((np.abs(points) > FARTHEST).any()):
        raise DataError(f"{_too_far(source, points)}; --fit true scales them.")
    return _make_user_points(source, points, jitter)


def _csv_points(table: CsvTable) -> tuple[NDArray[np.float64], float]:
    """Return points [M, 2] and the jitter, which only a run's own copy of its points tells."""
    if table.header == COPY_HEADER:
        values = table.values()
        return values[:, :2], _read_jitter(table, values[:, 2])
    if len(table.header) != 2:
        columns = len(table.header)
        raise table.wrong(
            table.header_line, f"{columns} column{'s' * (columns > 1)}; points need two, x and y."
        )
    return table.values(), 0.0


def _read_jitter(table: CsvTable, jitters: NDArray[np.float64]) -> float:
    """Return the jitter of every row, 0 of none."""
    jitter = float(jitters[0]) if len(jitters) else 0.0
    if not 0 <= jitter <= FARTHEST or bool((jitters != jitter).any()):
        why = "jitter must be one number from 0, the same in each row."
        raise table.wrong(table.header_line, why)
    return jitter


# Drawings


def _drawing_text(drawing: str) -> tuple[str, str | bytes]:
    """Return what to call a drawing, and its JSON; a file may be in any of JSON's encodings."""
    if drawing.lstrip().startswith(("{", "[")):
        return "The drawing", drawing
    path = _resolve_path(drawing)
    return str(path), read_regular(path, MAX_DRAWING_BYTES)


def _parse_strokes(source: str, text: str | bytes) -> list[NDArray[np.float64]]:
    """Return the strokes of a drawing, each [points, 2]."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    drawing = parse_json(data, source, MAX_DRAWING_BYTES)
    strokes = drawing.get("strokes") if isinstance(drawing, dict) else None
    if not isinstance(strokes, list):
        raise DataError(f"{source} is no drawing; it must be JSON such as {EXAMPLE}.")
    parsed = [_parse_stroke(source, i, stroke) for i, stroke in enumerate(strokes, 1)]
    return [stroke for stroke in parsed if len(stroke)]


def _parse_stroke(source: str, number: int, stroke: Any) -> NDArray[np.float64]:
    if not isinstance(stroke, list):
        raise DataError(f"{source}, stroke {number}: it is not a list of points.")
    for at, point in enumerate(stroke, 1):
        if not _is_point(point):
            message = f"{source}, stroke {number}, point {at}: it is not two finite numbers."
            raise DataError(message)
    return np.array(stroke, np.float64).reshape(-1, 2)


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(c, int | float) and not isinstance(c, bool) for c in point)
        and all(abs(c) < 1e300 and math.isfinite(c) for c in point)
    )


def _sample_strokes(source: str, strokes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return points evenly along the strokes, however fast the hand moved."""
    if not strokes:
        raise DataError(f"{source} is empty; draw something first.")
    total = sum(float(_lengths(stroke).sum()) for stroke in strokes)
    step = max(STROKE_STEP, total / MAX_STROKE_POINTS)
    return np.concatenate([_resample(stroke, step) for stroke in strokes])


def _lengths(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*np.diff(stroke, axis=0).T))


def _resample(stroke: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    way = np.concatenate([[0.0], np.cumsum(_lengths(stroke))])
    count = max(DOT_POINTS, round(float(way[-1]) / step) + 1)
    places = np.linspace(0.0, way[-1], count)
    return np.stack([np.interp(places, way, stroke[:, axis]) for axis in (0, 1)], axis=1)
