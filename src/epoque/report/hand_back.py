"""Reports that are handed in, checked: a page to hand back for each, and one table for all."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from urllib.parse import quote

from epoque.bench.errors import EpoqueError, UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.i18n import LocalText, mark, translator

from .claims.claim_sets import ClaimSet, measure_claim
from .claims.quantities import Quantity, find_quantity
from .claims.reported_values import HandedIn, ReportedValue, read_report
from .claims.rules import Claim, Proportion, central_interval, measure_share
from .claims.tables import count_verdicts
from .model import (
    Align,
    Block,
    ClaimRow,
    Claims,
    Code,
    Document,
    Heading,
    Inlines,
    Items,
    Link,
    Paragraph,
    Place,
    Table,
    Text,
    Verdict,
)
from .numbers import format_number
from .typography import set_spaces
from .writers import html, markdown

__all__ = [
    "CheckedReport",
    "CheckedValue",
    "check_report",
    "find_reports",
    "write_overview",
    "write_page",
]

METHOD = mark(
    "Each value was compared with what the same experiment gives from many seeds. It holds if the "
    "central 95 % of the seeds meet it, to half a unit of its last digit; or to a whole unit, if "
    "it is called approximate. Of a share, its 95 % interval is asked. “Below” and “above” say "
    "which part of the seeds lies on either side of the value."
)
PICTURE = mark(
    "In each picture the gray bar is the interval that was measured, the line in it the median, "
    "and the frame the reported value with its last digit's tolerance."
)
UNMEASURED = mark(
    "Where no run is recorded, nothing was compared; the command beside the value measures it."
)
HEADER = (
    mark("Report"), mark("Author"), mark("Values"), mark("Hold"), mark("Do not hold"),
    mark("Not measured"), mark("Not read"),
)  # fmt: skip
BY_VALUE = (
    mark("Value"), mark("Reports"), mark("Hold"), mark("Do not hold"), mark("Median reported"),
    mark("Measured"),
)  # fmt: skip
COLUMNS = (
    "report", "author", "line", "claim", "reported", "measured", "low", "high", "seeds",
    "verdict", "command", "problem",
)  # fmt: skip


@dataclass(frozen=True)
class CheckedValue:
    """A value of a report with its verdict.

    Attributes:
        value: as the report claims it.
        quantity: that it is a number of.
        claim: what it says, as a claim of one line.
        row: what was measured, in the words and digits of the report's language.
        interval: the number measured and the ends of the interval; NaNs where there is none.
        seeds: of how many seeds it is.
    """

    value: ReportedValue
    quantity: Quantity
    claim: Claim
    row: ClaimRow
    interval: tuple[float, float, float]
    seeds: int

    def row_in(self, language: str) -> ClaimRow:
        """Return what was measured, in the words and digits of any language."""
        return measure_claim(self.claim, self.quantity.claims.library, language)

    @property
    def verdict(self) -> Verdict:
        """Whether the measurement bears the value out."""
        return self.row.verdict


@dataclass(frozen=True)
class CheckedReport:
    """A report, checked.

    Attributes:
        report: as it was read.
        values: those that could be compared.
        problems: a sentence for each that could not: the file, the line, what is allowed.
    """

    report: HandedIn
    values: tuple[CheckedValue, ...]
    problems: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called where several are listed."""
        return self.report.title or self.report.path.name

    def count(self, *verdicts: Verdict) -> int:
        """Return how many values have one of some verdicts."""
        return sum(value.verdict in verdicts for value in self.values)


def find_reports(folder: Path, out: Path | None = None) -> list[Path]:
    """Return the reports in and below a folder, but not what was written into `out`.

    Raises:
        UsageError: if there is none.
    """
    paths = sorted(
        path
        for path in folder.rglob("*.md")
        if path.is_file() and not (out and path.is_relative_to(out))
    )
    if not paths:
        raise UsageError(f"{folder} holds no report: no file in it ends in .md.")
    return paths


def check_report(path: Path, sets: Sequence[ClaimSet], language: str = "en") -> CheckedReport:
    """Compare the values that a report claims with what was measured.

    Args:
        path: the report (see `epoque.report.claims.reported_values`).
        sets: the claims whose quantities it may name.
        language: of a report that does not say its own.

    Raises:
        UsageError: if the file cannot be read.
    """
    report = read_report(path, language)
    problems = list(report.problems)
    values = []
    for number, value in enumerate(report.values, 1):
        try:
            values.append(_check_value(number, value, sets, report.language))
        except EpoqueError as error:
            problems.append((value.line, f"{value.claim:.60}: {error}"))
    if not report.values and not problems:
        problems.append((1, "no value is marked; one is as [0.0249]{claim=neuron/and-error-400}"))
    sentences = (f"{path}, line {n}: {_end(text)}" for n, text in sorted(problems))
    return CheckedReport(report, tuple(values), tuple(sentences))


def _end(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _check_value(
    number: int, value: ReportedValue, sets: Sequence[ClaimSet], language: str
) -> CheckedValue:
    quantity = find_quantity(sets, value.claim)
    line = quantity.with_number(value.number.text, about=value.number.about)
    words = value.sentence or quantity.line.quantity.translate(language)
    where = translator(language)("line {number}").format(number=value.line)
    claim = Claim(
        id=str(number),
        statement=LocalText(*(f"{words} ({where})",) * 2),
        lines=(line,),
        runs=tuple(name for name in quantity.claim.runs if name in line.sources),
        sweeps=tuple(name for name in quantity.claim.sweeps if name in line.sources),
    )
    library = quantity.claims.library
    row = measure_claim(claim, library, language)
    measured = line.find_measured(library)
    if measured is None:
        return CheckedValue(value, quantity, claim, row, (float("nan"),) * 3, 0)
    if isinstance(line, Proportion):
        interval, seeds = measure_share(measured)
    else:
        interval, seeds = central_interval(measured), len(measured)
    shown = tuple(replace(one, place=Place(interval, line.range())) for one in row.lines)
    return CheckedValue(value, quantity, claim, replace(row, lines=shown), interval, seeds)


# A page to hand back


def write_page(checked: CheckedReport, path: Path) -> list[Path]:
    """Write the page to hand back, in the language of the report.

    Args:
        checked: the report.
        path: without its ending, which is added: `.en.html` and `.en.md`.

    Returns:
        The files written.

    Raises:
        RunWriteError: if the system refuses.
    """
    return _write(_page(checked), path)


def _write(document: Document, path: Path) -> list[Path]:
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.with_name(f"{path.name}.{document.language}.{end}") for end in ("html", "md")]
    for file, write in zip(files, (html.write, markdown.write), strict=True):
        write(document, file)
    return files


def _page(checked: CheckedReport) -> Document:
    language = checked.report.language
    _ = translator(language)
    verdicts = [value.verdict for value in checked.values]
    blocks: list[Block] = []
    if verdicts:
        words = _("{count} values: {verdicts}.") if len(verdicts) > 1 else _("1 value: {verdicts}.")
        counted = count_verdicts(verdicts, language)
        count = format_number(len(verdicts), language)
        blocks.append(_say(words.format(count=count, verdicts=counted), language))
        rows = tuple(value.row for value in checked.values)
        blocks.append(Claims(rows, (), "values", folded=False))
    blocks += _list_problems(checked.problems, language)
    blocks.append(_heading(_("How the values were judged"), "method"))
    blocks.append(_say(f"{_(METHOD)} {_(PICTURE)}", language))
    if "unmeasured" in verdicts:
        blocks.append(_say(_(UNMEASURED), language))
    return Document(
        title=checked.name,
        subtitle=_("The values of this report, measured again"),
        author=checked.report.author,
        date="",
        language=language,
        blocks=tuple(blocks),
        is_book=False,
    )


def _list_problems(problems: Sequence[str], language: str) -> Iterator[Block]:
    if problems:
        yield _heading(translator(language)("What could not be read"), "problems")
        yield Items(tuple((Paragraph((Text(problem),)),) for problem in problems))


def _heading(text: str, label: str) -> Heading:
    return Heading(1, (Text(text),), label)


def _say(text: str, language: str) -> Paragraph:
    return Paragraph((Text(set_spaces(text, language)),))


# One table for all


def write_overview(
    reports: Sequence[CheckedReport], pages: Sequence[Path], path: Path, language: str = "en"
) -> list[Path]:
    """Write the table of several reports, and a CSV with a row for each value.

    Args:
        reports: the reports.
        pages: the page of each, which its row leads to.
        path: without its ending, which is added.
        language: "en" or "fr".

    Returns:
        The files written.

    Raises:
        RunWriteError: if the system refuses.
    """
    files = _write(_overview(reports, pages, path.parent, language), path)
    table = path.with_name(f"{path.name}.csv")
    write_atomic(table, to_csv(reports).encode())
    return [*files, table]


def _overview(
    reports: Sequence[CheckedReport], pages: Sequence[Path], folder: Path, language: str
) -> Document:
    _ = translator(language)
    problems = tuple(problem for report in reports for problem in report.problems)
    rows = tuple(
        _report_row(report, page.relative_to(folder).as_posix(), language)
        for report, page in zip(reports, pages, strict=True)
    )
    blocks = [
        _table(HEADER, rows, _("The reports: how many of their values hold."), 1, language),
        _table(BY_VALUE, _value_rows(reports, language),
               _("The values: in how many reports they hold."), 2, language),
        *_list_problems(problems, language),
        _heading(_("How the values were judged"), "method"),
        _say(_(METHOD), language),
    ]  # fmt: skip
    title = _("{count} reports, checked").format(count=format_number(len(reports), language))
    verdicts = [value.verdict for report in reports for value in report.values]
    subtitle = _("{count} values: {verdicts}.").format(
        count=format_number(len(verdicts), language), verdicts=count_verdicts(verdicts, language)
    )
    return Document(
        title=title,
        subtitle=set_spaces(subtitle, language) if verdicts else "",
        author="",
        date="",
        language=language,
        blocks=tuple(blocks),
        is_book=False,
    )


def _table(
    header: Sequence[str], rows: tuple[tuple[Inlines, ...], ...], caption: str, number: int,
    language: str,
) -> Table:  # fmt: skip
    _ = translator(language)
    words = tuple((Text(_(word)),) for word in header)
    left = 2 if header is HEADER else 1
    sides: tuple[Align, ...] = tuple("left" if n < left else "right" for n in range(len(header)))
    return Table(words, rows, sides, (Text(caption),), f"table-{number}", number)


def _report_row(report: CheckedReport, page: str, language: str) -> tuple[Inlines, ...]:
    counts = (
        len(report.values), report.count("holds"), report.count("fails"),
        report.count("unmeasured"), len(report.problems),
    )  # fmt: skip
    numbers = ((Text(format_number(n, language) if n else "–"),) for n in counts)
    return (
        (Link(quote(page), (Text(report.name),)),),
        (Text(report.report.author or "–"),),
        *numbers,
    )


def _value_rows(reports: Iterable[CheckedReport], language: str) -> tuple[tuple[Inlines, ...], ...]:
    by_id: dict[str, list[CheckedValue]] = {}
    for report in reports:
        for value in report.values:
            by_id.setdefault(value.quantity.id, []).append(value)
    return tuple(_value_row(values, language) for values in by_id.values())


def _value_row(values: Sequence[CheckedValue], language: str) -> tuple[Inlines, ...]:
    first = values[0]
    verdicts = [value.verdict for value in values]
    texts = [value.value.number.text for value in values]
    middle = median(map(_middle, texts))
    decimals = max(len(end.partition(".")[2]) for text in texts for end in text.split(" to "))
    measured = first.interval[0]
    quantity = first.quantity.line.quantity.translate(language)
    words = (Text(f"{set_spaces(quantity, language)} "), Code(first.quantity.id))
    counts = (len(values), verdicts.count("holds"), verdicts.count("fails"))
    cells = (*(format_number(n, language) if n else "–" for n in counts),
             format_number(middle, language, decimals=decimals),
             format_number(measured, language, decimals=decimals))  # fmt: skip
    return words, *((Text(cell),) for cell in cells)


def _middle(text: str) -> float:
    """Return a reported number, or the middle of the two it was said to lie between."""
    return median(map(float, text.split(" to ")))


def to_csv(reports: Iterable[CheckedReport]) -> str:
    """Return a table of all values, one a row, for a spreadsheet or a program.

    Numbers have a decimal point; what could not be read has its sentence in the column `problem`.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        about = (str(report.report.path), report.report.author)
        for one in report.values:
            median_, low, high = (f"{n:.6g}" if one.seeds else "" for n in one.interval)
            cells = (median_, low, high, one.seeds or "", one.verdict, "; ".join(one.row.commands))
            row = (*about, one.value.line, one.value.claim, one.value.number.text, *cells, "")
            writer.writerow(map(_guard, row))
        for problem in report.problems:
            blank = ("",) * (len(COLUMNS) - len(about) - 1)
            writer.writerow(map(_guard, (*about, *blank, problem)))
    return file.getvalue()


def _guard(cell: object) -> object:
    """Return a cell that a spreadsheet takes for words, whatever a report put there."""
    is_formula = isinstance(cell, str) and cell[:1] in ("=", "+", "@", "\t", "\r")
    is_formula |= isinstance(cell, str) and cell[:1] == "-" and not cell[1:2].isdigit()
    return f"'{cell}" if is_formula else cell
