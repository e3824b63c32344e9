"""Claims as rows ready to print, in the words and digits of a language."""

from collections.abc import Callable, Mapping
from typing import Any

from epoque.bench.i18n import LocalText, mark, translator
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.aggregate import median_confidence_interval
from epoque.bench.sweeps.sweep import Sweep
from epoque.report.library import Library, command_to_repeat
from epoque.report.model import ClaimLine, ClaimRow, Text, Verdict
from epoque.report.numbers import decimals_for, format_interval, format_number
from epoque.report.typography import set_spaces

from .effects import cliffs_delta
from .rules import (
    Apart,
    Claim,
    Effect,
    Fact,
    Line,
    Number,
    Share,
    Statement,
    all_whole,
    central_interval,
    combine_verdicts,
    to_percent,
)

__all__ = ["SIGNS", "VERDICTS", "claim_row"]

VERDICTS: Mapping[Verdict, str] = {
    "holds": mark("holds"),
    "partly": mark("partly"),
    "fails": mark("does not hold"),
    "unmeasured": mark("not measured"),
}
SIGNS: Mapping[Verdict, str] = {"holds": "✓", "partly": "◐", "fails": "✗", "unmeasured": "–"}
"""What tells verdicts apart without colour."""


def claim_row(claim: Claim, library: Library, language: str) -> ClaimRow:
    """Return a claim with what was measured for it."""
    records: list[Run | Sweep] = [*map(library.run, claim.runs)]
    records += map(library.sweep, claim.sweeps)
    lines = tuple(_line(line, library, language) for line in claim.lines)
    return ClaimRow(
        id=claim.id,
        statement=_words(claim.statement, language),
        lines=lines,
        verdict=combine_verdicts([line.verdict for line in lines]),
        runs=tuple(record.id for record in records),
        commands=tuple(map(command_to_repeat, records)),
    )


def _words(text: LocalText, language: str) -> tuple[Text, ...]:
    """Return a text in a language; its numbers are written that language's way already."""
    return (Text(set_spaces(text.translate(language), language)),)


def _line(line: Line, library: Library, language: str) -> ClaimLine:
    measured = line.measure(library)
    write = _WRITERS[type(line)]
    reported, value, seeds = write(line, measured, language)
    quantity = _words(line.quantity, language)
    return ClaimLine(quantity, reported, value, seeds, line.judge(measured))


def _number(line: Number, measured: Any, language: str) -> tuple[str, str, str]:
    _ = translator(language)
    ends = line.reported.split(" to ")
    digits = len(ends[0].partition(".")[2])
    numbers = [format_number(float(end), language, decimals=digits) for end in ends]
    words = {1: "{0}", 2: _("{0} to {1}")}[len(numbers)].format(*numbers)
    reported = _("about {number}").format(number=words) if line.about else words
    interval = central_interval(measured)
    decimals = max(digits, decimals_for(*interval[1:]))
    value = format_interval(interval, language, decimals)
    return reported, value, format_number(len(measured), language)


def _statement(line: Statement, measured: Any, language: str) -> tuple[str, str, str]:
    _ = translator(language)
    decimals = 0 if all_whole(measured) else None
    value = format_interval(central_interval(measured), language, decimals)
    true, all_seeds = line.true_for(measured), len(measured)
    seeds = format_number(all_seeds, language)
    if true < all_seeds:
        words = _("true for {count} of {total}")
        seeds = words.format(count=format_number(true, language), total=seeds)
    return line.reported.translate(language), value, seeds


def _share(line: Share, measured: Any, language: str) -> tuple[str, str, str]:
    interval, trials = line.share(measured)
    percent = to_percent(interval)
    value = f"{format_interval(percent, language, 1)}\u202f%" if trials else "–"
    return line.reported.translate(language), value, format_number(trials, language)


def _effect(line: Effect, measured: Any, language: str) -> tuple[str, str, str]:
    decimals = 0 if all_whole(measured) else None
    size = format_interval(median_confidence_interval(measured), language, decimals)
    delta = format_interval(cliffs_delta(measured), language, 2)
    value = f"{size} · δ = {delta}"
    return line.reported.translate(language), value, format_number(len(measured), language)


def _apart(line: Apart, measured: Any, language: str) -> tuple[str, str, str]:
    *numbers, count = measured
    intervals = (format_interval(interval, language, 1) for interval in numbers)
    return line.reported.translate(language), " · ".join(intervals), format_number(count, language)


def _fact(line: Fact, measured: Any, language: str) -> tuple[str, str, str]:
    text = line.if_true if measured else line.if_false
    return line.reported.translate(language), text.translate(language), "–"


_WRITERS: Mapping[type[Line], Callable[[Any, Any, str], tuple[str, str, str]]] = {
    Number: _number,
    Statement: _statement,
    Share: _share,
    Effect: _effect,
    Apart: _apart,
    Fact: _fact,
}
