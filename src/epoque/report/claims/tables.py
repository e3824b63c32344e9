"""Claims as rows ready to print, in the words and digits of a language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from epoque.bench.errors import NotRecordedError
from epoque.bench.i18n import LocalText, mark, translator
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.aggregate import median_confidence_interval, wilson_interval
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
    Proportion,
    Share,
    Statement,
    Together,
    Unmeasured,
    all_whole,
    central_interval,
    combine_verdicts,
    measure_share,
    to_percent,
)

__all__ = ["SIGNS", "VERDICTS", "claim_row", "count_verdicts"]

VERDICTS: Mapping[Verdict, str] = {
    "holds": mark("holds"),
    "partly": mark("partly"),
    "fails": mark("does not hold"),
    "unmeasured": mark("not measured"),
}
SIGNS: Mapping[Verdict, str] = {"holds": "✓", "partly": "◐", "fails": "✗", "unmeasured": "○"}
"""What tells verdicts apart without colour."""
_COUNTED: Mapping[str, tuple[str, str]] = {
    "holds": (mark("{count} holds"), mark("{count} hold")),
    "partly": (mark("{count} holds partly"), mark("{count} hold partly")),
    "fails": (mark("{count} does not hold"), mark("{count} do not hold")),
    "unmeasured": (mark("{count} is not measured"), mark("{count} are not measured")),
}
"""Verdict to how many claims it is said of: one, and several."""


def count_verdicts(verdicts: Sequence[Verdict], language: str) -> str:
    """Return how many have each verdict: "9 hold, 1 holds partly"."""
    _, counts = translator(language), {verdict: verdicts.count(verdict) for verdict in VERDICTS}
    return ", ".join(
        _(_COUNTED[verdict][count > 1]).format(count=format_number(count, language))
        for verdict, count in counts.items()
        if count
    )


def claim_row(claim: Claim, library: Library, language: str) -> ClaimRow:
    """Return a claim with what was measured for it."""
    records: list[Run | Sweep] = []
    commands: list[str] = []
    for find, names in ((library.run, claim.runs), (library.sweep, claim.sweeps)):
        for name in names:
            try:
                records.append(find(name))
            except NotRecordedError:
                commands.append(library.command_of(name))
    lines = tuple(_line(line, library, language) for line in claim.lines)
    return ClaimRow(
        id=claim.id,
        statement=_words(claim.statement, language),
        lines=lines,
        verdict=combine_verdicts([line.verdict for line in lines]),
        runs=tuple(record.id for record in records),
        commands=(*map(command_to_repeat, records), *filter(None, commands)),
    )


def _words(text: LocalText, language: str) -> tuple[Text, ...]:
    """Return a text in a language; its numbers are written that language's way already."""
    return (Text(set_spaces(text.translate(language), language)),)


def _line(line: Line, library: Library, language: str) -> ClaimLine:
    measured = line.find_measured(library)
    reported, show = _WRITERS[type(line)]
    if measured is None and not isinstance(line, Unmeasured):
        value, seeds = translator(language)("no run is recorded"), "–"
    else:
        value, seeds = show(line, measured, language)
    quantity = _words(line.quantity, language)
    return ClaimLine(quantity, reported(line, language), value, seeds, line.verdict(measured))


# What was reported


def _reported_words(line: Any, language: str) -> str:
    words: LocalText = line.reported
    return words.translate(language)


def _reported_number(line: Number, language: str) -> str:
    ends = line.reported.split(" to ")
    numbers = [format_number(float(end), language, decimals=_digits(line)) for end in ends]
    return _join_ends(line, numbers, language)


def _join_ends(line: Number, numbers: Sequence[str], language: str) -> str:
    """Return a reported number, or the two that it was said to lie between."""
    _ = translator(language)
    words = {1: "{0}", 2: _("{0} to {1}")}[len(numbers)].format(*numbers)
    return _("about {number}").format(number=words) if line.about else words


def _reported_percent(line: Proportion, language: str) -> str:
    ends = [100 * float(end) for end in line.reported.split(" to ")]
    decimals = max(_digits(line) - 2, 0)
    numbers = [format_number(end, language, decimals=decimals) for end in ends]
    return _join_ends(line, numbers, language) + "\u202f%"


def _reported_numbers(line: Together, language: str) -> str:
    return " · ".join(_reported_number(number, language) for number in line.numbers)


def _digits(line: Number) -> int:
    return len(line.reported.partition(" to ")[0].partition(".")[2])


# What was measured, and of how many seeds


def _count_seeds(count: int, language: str) -> str:
    """Return a number of seeds; what a single one says is said of one run."""
    return format_number(count, language) if count != 1 else translator(language)("one run")


def _number(line: Number, measured: Any, language: str) -> tuple[str, str]:
    interval = central_interval(measured)
    digits = _digits(line)
    decimals = digits if all_whole(measured) else max(digits, decimals_for(*interval[1:]))
    value = format_interval(interval, language, decimals)
    if len(measured) > 1:
        value = f"{value} · {_position(line.position(measured), language)}"
    return value, _count_seeds(len(measured), language)


def _position(position: tuple[float, float, float], language: str) -> str:
    """Return where a reported number lies among ours: which share is below, at and above it."""
    _ = translator(language)
    words = (_("{share} below"), _("{share} at it"), _("{share} above"))
    shares = zip(words, position, strict=True)
    return ", ".join(w.format(share=_percent(share, language)) for w, share in shares if share)


def _percent(share: float, language: str) -> str:
    return f"{format_number(100 * share, language, decimals=1)}\u202f%"


def _together(line: Together, measured: Any, language: str) -> tuple[str, str]:
    _ = translator(language)
    count, seeds = line.count_runs(measured)
    percent = to_percent(wilson_interval(count, seeds))
    alone = " · ".join(
        _percent(number.position(values)[1], language)
        for number, values in zip(line.numbers, measured, strict=True)
    )
    words = _("{share} show all together; each alone: {shares}")
    share = f"{format_interval(percent, language, 1)}\u202f%"
    return words.format(share=share, shares=alone), _count_seeds(seeds, language)


def _statement(line: Statement, measured: Any, language: str) -> tuple[str, str]:
    _ = translator(language)
    decimals = 0 if all_whole(measured) else None
    value = format_interval(central_interval(measured), language, decimals)
    true, all_seeds = line.true_for(measured), len(measured)
    if all_seeds in {true, 1}:
        return value, _count_seeds(all_seeds, language)
    words = _("true for {count} of {total}")
    count, total = (format_number(number, language) for number in (true, all_seeds))
    return value, words.format(count=count, total=total)


def _share(_line: Line, measured: Any, language: str) -> tuple[str, str]:
    interval, trials = measure_share(measured)
    value = f"{format_interval(to_percent(interval), language, 1)}\u202f%" if trials else "–"
    return value, _count_seeds(trials, language)


def _effect(line: Effect, measured: Any, language: str) -> tuple[str, str]:
    differences = line.count_missing(measured)
    decimals = 0 if all_whole(measured) else None
    size = format_interval(median_confidence_interval(differences), language, decimals)
    delta = format_interval(cliffs_delta(differences), language, 2)
    return f"{size} · δ = {delta}", _count_seeds(len(measured), language)


def _apart(_line: Apart, measured: Any, language: str) -> tuple[str, str]:
    *numbers, count = measured
    decimals = 0 if all(map(all_whole, numbers)) else 1
    intervals = (format_interval(interval, language, decimals) for interval in numbers)
    return " · ".join(intervals), _count_seeds(count, language)


def _fact(line: Fact, measured: Any, language: str) -> tuple[str, str]:
    return (line.if_true if measured else line.if_false).translate(language), "–"


def _write_unmeasured(line: Unmeasured, _measured: Any, language: str) -> tuple[str, str]:
    return line.reason.translate(language), "–"


_WRITERS: Mapping[
    type[Line], tuple[Callable[[Any, str], str], Callable[[Any, Any, str], tuple[str, str]]]
] = {
    Number: (_reported_number, _number),
    Proportion: (_reported_percent, _share),
    Together: (_reported_numbers, _together),
    Statement: (_reported_words, _statement),
    Share: (_reported_words, _share),
    Effect: (_reported_words, _effect),
    Apart: (_reported_words, _apart),
    Fact: (_reported_words, _fact),
    Unmeasured: (_reported_words, _write_unmeasured),
}
