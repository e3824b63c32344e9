"""The tables at a chapter's end: what it has read, how to repeat that, and where it ran."""

from collections import Counter
from collections.abc import Callable, Mapping

from epoque.bench.i18n import mark, translator

from .library import Record, command_to_repeat
from .model import Align, Code, Inlines, Table, Text
from .numbers import format_number

__all__ = ["environments_table", "records_table"]

PACKAGES = ("epoque", "jax", "numpy", "numba", "torch", "transformers")
"""Of which versions are shown."""
RECORDS = (mark("Run or sweep"), mark("Seconds"), mark("Command"))
ENVIRONMENTS = (
    mark("Records"), mark("Platform"), mark("Device"), mark("Versions"), mark("Commit"),
)  # fmt: skip


def records_table(
    records: Mapping[str, Record], language: str, caption: Inlines, label: str
) -> Table:
    """Return a table of runs and sweeps, the seconds they took, and how to repeat them.

    Args:
        records: id to run or sweep.
        language: "en" or "fr".
        caption: of the table.
        label: of the table.
    """
    rows = tuple(
        (
            (Code(name),),
            (Text(format_number(record.status.seconds, language, decimals=1)),),
            (Code(command_to_repeat(record)),),
        )
        for name, record in records.items()
    )
    align: tuple[Align, ...] = ("left", "right", "left")
    return Table(_header(RECORDS, language), rows, align, caption, label)


def environments_table(
    records: Mapping[str, Record], language: str, caption: Inlines, label: str
) -> Table:
    """Return a table of where runs and sweeps ran: each environment once, with how many ran there.

    The arguments are those of `records_table`.
    """
    _ = translator(language)
    counts = Counter(_environment(record, _) for record in records.values())
    rows = tuple(
        tuple((Text(cell),) for cell in (format_number(count, language), *environment))
        for environment, count in counts.items()
    )
    align: tuple[Align, ...] = ("right", "left", "left", "left", "left")
    return Table(_header(ENVIRONMENTS, language), rows, align, caption, label)


def _header(words: tuple[str, ...], language: str) -> tuple[Inlines, ...]:
    _ = translator(language)
    return tuple((Text(_(word)),) for word in words)


def _environment(record: Record, _: Callable[[str], str]) -> tuple[str, ...]:
    environment = record.environment
    packages = environment.get("packages", {})
    versions = [f"{name} {packages[name]}" for name in PACKAGES if name in packages]
    cores = _("{count} cores").format(count=environment.get("cores", "–"))
    system = str(environment.get("platform", "–")).partition("-with-")[0]
    python = f"Python {environment.get('python', '–')}"
    return (
        f"{system}, {cores}",
        str(environment.get("device", "–")),
        ", ".join([python, *versions]),
        str(environment.get("commit") or "–"),
    )
