"""Cards: what a notebook shows of a run, a sweep, a search, a config or a claim.

A card is HTML without scripts, links or images: a title, tables of names and values, a curve as
inline SVG, and the command that repeats what it shows. Its colours are those of the notebook, dark
or light, and every text in it is escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, isnan
from typing import Any

from .i18n import mark, translator

__all__ = ["Card", "Curve", "Rows", "curve_svg", "finite_points", "format_value"]

Rows = Sequence[tuple[str, Any]]
"""Names and values, one a line."""

ACCENT = "#4c82d8"
"""A blue that is read on white and on black."""
WIDTH, HEIGHT = 320, 120  # of a curve, in pixels
POINTS = 200
"""More of a curve would not be seen."""

STATES = {
    "running": mark("running"),
    "finished": mark("finished"),
    "failed": mark("failed"),
    "interrupted": mark("interrupted"),
    "damaged": mark("damaged"),
}
SETTINGS, RESULTS = mark("Settings that differ"), mark("Results")
AXES, COMMAND = mark("Axes"), mark("Command")
CLAIMED, MEASURED_BY = mark("Claimed"), mark("Measured by")
_CELL = "padding:1px 12px 1px 0;text-align:left;border:none;background:none;vertical-align:top"
_HEAD = "font-weight:600;margin:8px 0 2px;opacity:.75"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of a card.

    Attributes:
        title: what goes up and down.
        x: what goes to the right, in words.
        points: x and y, ascending in x, all finite.
        ends: what stands below the first and the last point; by default their x.
    """

    title: str
    x: str
    points: Sequence[tuple[float, float]]
    ends: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a notebook shows.

    Attributes:
        title: the first line.
        subtitle: beside it, such as the recipe.
        state: one of `STATES`, or "" where there is none.
        note: a sentence below, such as why a run failed.
        sections: heading to rows.
        curve: the main curve.
        command: what repeats it.
    """

    title: str
    subtitle: str = ""
    state: str = ""
    note: str = ""
    sections: Sequence[tuple[str, Rows]] = ()
    curve: Curve | None = None
    command: str = ""

    def html(self, language: str = "en") -> str:
        """Return the card; its headings are translated, all else is as it was given."""
        _ = translator(language)
        state = f" · {_(STATES[self.state])}" if self.state else ""
        subtitle = f" {escape(self.subtitle)}" if self.subtitle else ""
        parts = [f"<div><b>{escape(self.title)}</b>{subtitle}{escape(state)}</div>"]
        if self.note:
            parts.append(f"<div>{escape(self.note)}</div>")
        tables = [
            f'<div style="margin-right:24px">{_heading(_(name))}{_table(rows)}</div>'
            for name, rows in self.sections
        ]
        if self.curve is not None and len(self.curve.points) > 1:
            tables.append(f"<div>{curve_svg(self.curve)}</div>")
        parts.append(f'<div style="display:flex;flex-wrap:wrap">{"".join(tables)}</div>')
        if self.command:
            code = f'<code style="white-space:pre-wrap">{escape(self.command)}</code>'
            parts.append(_heading(_(COMMAND)) + code)
        box = (
            "border:1px solid rgba(127,127,127,.4);border-radius:6px;padding:8px 12px;"
            "margin:2px;font:13px/1.45 system-ui,sans-serif;display:inline-block;max-width:60em"
        )
        return f'<div style="{box}">{"".join(parts)}</div>'


def _heading(text: str) -> str:
    return f'<div style="{_HEAD}">{escape(text)}</div>'


def _table(rows: Rows) -> str:
    cells = "".join(
        f'<tr style="background:none"><td style="{_CELL}">{escape(name)}</td>'
        f'<td style="{_CELL};font-variant-numeric:tabular-nums">{escape(format_value(value))}'
        "</td></tr>"
        for name, value in rows
    )
    return f'<table style="border:none;border-collapse:collapse;margin:0">{cells}</table>'


def format_value(value: Any) -> str:
    """Return a value as a card shows it: four significant digits, a dash for what is undefined."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        text = ", ".join(map(format_value, value[:6]))
        return f"{text}, …" if len(value) > 6 else text
    text = str(value)
    return f"{text[:80]}…" if len(text) > 80 else text


def finite_points(pairs: Sequence[tuple[Any, Any]]) -> list[tuple[float, float]]:
    """Return the points of which both numbers are finite, at most 200 of them, the ends too."""
    numbers = [(x, y) for x, y in pairs if _is_number(x) and _is_number(y)]
    if len(numbers) <= POINTS:
        return numbers
    last = len(numbers) - 1
    return [numbers[round(i * last / (POINTS - 1))] for i in range(POINTS)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def curve_svg(curve: Curve) -> str:
    """Return a curve as SVG, in the colour of the text around it."""
    xs, ys = zip(*curve.points, strict=True)
    low, high, first, last = min(ys), max(ys), min(xs), max(xs)
    # Halves, since the difference of two numbers near the largest is infinite.
    height, width = (high / 2 - low / 2) or 1.0, (last / 2 - first / 2) or 1.0
    top, bottom, left = 20, HEIGHT - 18, 4
    path = " ".join(
        f"{left + (x / 2 - first / 2) / width * (WIDTH - 2 * left):.1f},"
        f"{bottom - (y / 2 - low / 2) / height * (bottom - top):.1f}"
        for x, y in curve.points
    )
    label = 'fill="currentColor" font-size="11" font-family="system-ui,sans-serif"'
    title = escape(f"{curve.title}: {format_value(float(low))} … {format_value(float(high))}")
    ends = curve.ends or (format_value(first), format_value(last))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f'<text x="{left}" y="12" {label}>{title}</text>'
        f'<line x1="{left}" x2="{WIDTH - left}" y1="{bottom}" y2="{bottom}" '
        'stroke="currentColor" stroke-opacity=".35"/>'
        f'<polyline points="{path}" fill="none" stroke="{ACCENT}" stroke-width="1.6" '
        'stroke-linejoin="round"/>'
        f'<text x="{left}" y="{HEIGHT - 4}" {label} opacity=".7">{escape(ends[0])}</text>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" {label} opacity=".7" text-anchor="middle">'
        f"{escape(curve.x)}</text>"
        f'<text x="{WIDTH - left}" y="{HEIGHT - 4}" {label} opacity=".7" text-anchor="end">'
        f"{escape(ends[1])}</text></svg>"
    )
