"""What a book states of itself: where its numbers come from, what they took, and by which code."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from epoque.bench.i18n import translator

from .demo_log import DemoLog
from .library import Record
from .model import Align, Code, Inlines, Table, Text
from .numbers import format_number
from .typography import set_spaces

__all__ = ["format_duration", "provenance_table"]

FIXED = "\u00a0"
WATT_HOUR = 3600.0  # joules
GIBIBYTE = 2**30

Chapters = Mapping[str, Iterable[Record]]
"""A chapter's name to what it reads."""


def provenance_table(runs: Path, chapters: Chapters, language: str) -> Table:
    """Return what a book states of itself, a line a fact.

    Args:
        runs: the folder of runs that it reads.
        chapters: the chapters' names in words, each with what it reads.
        language: "en" or "fr".
    """
    _ = translator(language)
    log = DemoLog.read(runs)
    records = {record.id: record for chapter in chapters.values() for record in chapter}
    own = {name: r for name, r in records.items() if _is_in(r, runs)}
    facts: list[tuple[str, Inlines]] = []
    if log.profile:
        facts.append((_("Profile"), (Code(f"epoque demo --profile {log.profile}"),)))
    facts.append((_("Epoque"), (Text(_describe_code(own.values(), language)),)))
    facts += [(_("Computer"), (Text(text),)) for text in _describe_machines(own.values(), language)]
    if log.efforts:
        facts.append((_("Wall time"), (Text(format_duration(log.total.seconds)),)))
    facts.append((_("Runs and sweeps"), (Text(_describe_times(chapters, runs, language)),)))
    facts.append((_("Energy"), (Text(_describe_energy(log, language)),)))
    align: tuple[Align, ...] = ("left", "left")
    header: tuple[Inlines, ...] = ((Text(_("Fact")),), (Text(_("Value")),))
    rows = tuple(((Text(name),), _set(value, language)) for name, value in facts)
    return Table(header, rows, align)


def _set(value: Inlines, language: str) -> Inlines:
    return tuple(
        Text(set_spaces(piece.text, language)) if isinstance(piece, Text) else piece
        for piece in value
    )


def _is_in(record: Record, runs: Path) -> bool:
    """Return whether a record was made in the folder of runs, and did not ship measured."""
    return record.path.resolve().parent == runs.resolve()


def _describe_code(records: Iterable[Record], language: str) -> str:
    """Return the version, and the commits that the runs were made with."""
    _ = translator(language)
    commits = [str(record.environment.get("commit") or "") for record in records]
    distinct = ", ".join(dict.fromkeys(filter(None, commits)))
    number = _("version {version}").format(version=version("epoque"))
    return f"{number}, {_('commit {commit}').format(commit=distinct)}" if distinct else number


def _describe_machines(records: Iterable[Record], language: str) -> list[str]:
    """Return each kind of computer that made runs here: processor, cores, memory, device."""
    _ = translator(language)
    machines: dict[str, None] = {}
    for record in records:
        told = record.environment
        parts = [str(told.get("processor") or told.get("machine") or "–")]
        cores = format_number(told.get("cores"), language)
        parts.append(_("{count} cores").format(count=cores))
        if memory := told.get("memory_bytes"):
            size = format_number(memory / GIBIBYTE, language, digits=2)
            parts.append(_("{size} GiB of memory").format(size=size))
        if (device := told.get("device", "cpu")) != "cpu":
            parts.append(str(device))
        machines[", ".join(parts)] = None
    return list(machines)


def _describe_times(chapters: Chapters, runs: Path, language: str) -> str:
    """Return how long the runs of each chapter took here, and those that ship measured."""
    _ = translator(language)
    here: dict[str, float] = {}
    shipped = 0.0
    for name, records in chapters.items():
        for record in records:
            if _is_in(record, runs):
                here[name] = here.get(name, 0.0) + record.status.seconds
            else:
                shipped += record.status.seconds
    parts = [f"{name} {format_duration(seconds)}" for name, seconds in here.items()]
    if shipped:
        text = _("measured beforehand and shipped: {duration}")
        parts.append(text.format(duration=format_duration(shipped)))
    return "; ".join(parts) or "–"


def _describe_energy(log: DemoLog, language: str) -> str:
    """Return the energy that was counted, and by whom, or why none was."""
    _ = translator(language)
    joules = log.total.joules
    if joules is None:
        return _("not measured: no counter of the processors (RAPL) could be read")
    amount = format_number(joules / WATT_HOUR, language, digits=2)
    return _("{amount} Wh of the processors, by their own counters (RAPL)").format(amount=amount)


def format_duration(seconds: float) -> str:
    """Return a time as hours, minutes and seconds, the two that say most: "9 min 40 s"."""
    whole = round(seconds)
    if whole < 1:
        return f"<{FIXED}1{FIXED}s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    amounts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    first = next(place for place, (amount, _unit) in enumerate(amounts) if amount)
    shown = [f"{amount}{FIXED}{unit}" for amount, unit in amounts[first : first + 2] if amount]
    return FIXED.join(shown)
