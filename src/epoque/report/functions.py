"""The functions that a template calls (listed in `epoque.report.template`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.i18n import mark, translator
from epoque.bench.lab import lab_of
from epoque.bench.limits import MAX_TABLE_COLUMNS
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.history import first_below, value_at
from epoque.bench.runs.run import Run
from epoque.bench.setting_paths import flatten
from epoque.bench.sweeps.aggregate import median_confidence_interval, wilson_interval
from epoque.bench.sweeps.sweep import Sweep

from .appendix import environments_table, records_table
from .arguments import check_arguments
from .bibliography import Citations
from .charts import ranking_figure, timeline_figure
from .claims.claim_sets import ClaimSet, measure_claim
from .claims.effects import paired_differences
from .claims.load import claims_of, find_claim
from .claims.rules import Claim, Line, Number, all_whole, central_interval, to_percent
from .claims.tables import SIGNS, VERDICTS, count_verdicts
from .film_pictures import FilmPicture
from .library import Library, Record, command_to_repeat, find_figure_value, find_value
from .model import Align, ClaimRow, Claims, Code, Figure, Inlines, Reference, Table, Text
from .numbers import choose_plural, format_interval, format_number
from .parse import Parser
from .pictures import Chart, Drawing
from .placeholders import Placeholder, Placeholders
from .sources import (
    Source,
    find_setting,
    require_record,
    require_run,
    require_sweep,
    to_number,
)
from .text_tables import choose_side, to_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Functions"]

CLOCKS = ("iteration", "epoch", "seconds", "tokens")
CHARTS: Mapping[str, Callable[..., Any]] = {"timeline": timeline_figure, "ranking": ranking_figure}
LEFT_OUT = mark("Not read, because it is no longer what was saved: {files}.")
OTHER_FORMAT = mark("Not read, because another version of Epoque wrote it: {records}.")


def _single_number(line: Line) -> float | None:
    """Return the number that was reported, if it is one alone."""
    is_single = isinstance(line, Number) and " to " not in line.reported
    return float(line.reported) if isinstance(line, Number) and is_single else None


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim as a template sees it: prints its verdict."""

    verdict: str
    mark: str

    def __str__(self) -> str:
        return self.mark


class Functions:
    """What the templates of one book call.

    A reader's own book reads the newest runs (`library`), and so do its `own` claims; those of the
    lab book are always measured on the runs and sweeps that it declares (`evidence`).

    Attributes:
        citations: the works that the templates have cited so far.
    """

    def __init__(
        self,
        library: Library,
        evidence: Library,
        placeholders: Placeholders,
        parser: Parser,
        language: str,
        *,
        own: ClaimSet | None = None,
    ) -> None:
        self._library, self._evidence = library, evidence
        self._own = own
        self._own_claims = {claim.id: claim for claim in own.claims} if own else {}
        self._placeholders, self._parser = placeholders, parser
        self._language, self.citations = language, Citations(language)
        self._translate = translator(language)
        self._labels: dict[str, int] = {}
        self._rows: dict[tuple[str, bool], ClaimRow] = {}

    def all(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        names = [name for name in vars(type(self)) if not name.startswith("_") and name != "all"]
        return {name: check_arguments(getattr(self, name)) for name in names}

    # Sources

    def run(self, name: str) -> Source:
        """Return a run."""
        run = self._library.run(name)
        return Source(run.id, run.recipe, run)

    def sweep(self, name: str) -> Source:
        """Return a sweep."""
        sweep = self._library.sweep(name)
        return Source(sweep.id, sweep.recipe, sweep)

    def is_recorded(self, name: str) -> bool:
        """Return whether there is what the chapter declares as optional by a name."""
        return not self._evidence.is_unrecorded(name)

    # Numbers

    def value(self, source: Source, name: str, *, digits: int = 3, decimals: int | None = None,
              **at: Any) -> Placeholder:  # fmt: skip
        """Print a number of a run, or the median over a sweep's seeds; a dash if there is none.

        Where the run says why it has none, so does the book.
        """
        record, exact = require_record(source), False
        if isinstance(record, Sweep):
            column = self._column(source, name, at)
            number: Any = central_interval(column)[0]
            if all_whole(column) and number == round(number):  # a count
                number = round(number)
        else:
            number = find_value(record, name)
            exact = name in flatten(record.metadata["config"])  # a setting is what was typed
            if number is None and (reason := self._why_none(record, name)):
                return self._placeholders.add_text(f"– ({reason})", None)
        return self.number(number, digits=None if exact else digits, decimals=decimals)

    def figure_value(self, source: Source, name: str, *, digits: int = 3,
                     decimals: int | None = None) -> Placeholder:  # fmt: skip
        """Print a number or a word that a run's lab reads off what its figures draw."""
        run = require_run(source)
        number = find_figure_value(run, name)
        return self.number(number, digits=digits, decimals=decimals)

    def setting(self, recipe: str, name: str, *, digits: int | None = None) -> Placeholder:
        """Print a setting of a recipe, or a number that its lab derives from the settings."""
        return self.number(find_setting(recipe, name), digits=digits)

    def minutes(self, recipe: str) -> Placeholder:
        """Print how many minutes a recipe takes on two cores, by its own account."""
        return self.number(find_recipe(recipe).minutes, digits=None)

    def _why_none(self, run: Run, name: str) -> str:
        reason = run.results.get("not_measured", {}).get(name, "")
        return self._translate(reason) if reason else ""

    def spread(self, source: Source, name: str, *, decimals: int | None = None,
               **at: Any) -> Placeholder:  # fmt: skip
        """Print the median over a sweep's seeds with the central 95 %."""
        return self._interval(self._column(source, name, at), decimals)

    def ratio(self, source: Source, first: str, second: str, *, decimals: int | None = None,
              **at: Any) -> Placeholder:  # fmt: skip
        """Print the quotient of two results of a sweep, seed by seed, like `spread`."""
        top, bottom = (self._column(source, name, at) for name in (first, second))
        return self._interval(top / bottom, decimals)

    def share(self, source: Source, name: str, **at: Any) -> Placeholder:
        """Print for which share of a sweep's seeds a result is 1, with Wilson's 95 % interval.

        Seeds without the result are left out; a dash if none has it.
        """
        values = self._column(source, name, at).dropna()
        if values.empty:
            return self.number(None)
        percent = to_percent(wilson_interval(int((values == 1).sum()), len(values)))
        text = f"{format_interval(percent, self._language, 1)}\u202f%"
        return self._placeholders.add_text(text, percent[0] / 100)

    def tally(self, source: Source, ranges: Mapping[str, Sequence[float | None]],
              **at: Any) -> Placeholder:  # fmt: skip
        """Print for how many of a sweep's seeds results lie in ranges, all at once.

        A range is its least value and the value that it stays below; `none` for no bound.
        """
        inside = None
        for name, (least, below) in ranges.items():
            values = self._column(source, name, at)
            is_in = values.notna()
            is_in &= True if least is None else values >= least
            is_in &= True if below is None else values < below
            inside = is_in if inside is None else inside & is_in
        return self.number(0 if inside is None else int(inside.sum()))

    def lowest(self, source: Source, name: str, *, digits: int = 3, **at: Any) -> Placeholder:
        """Print the lowest median over the seeds of all settings of a sweep."""
        return self.number(float(self._medians(source, name, at).min()), digits=digits)

    def count_settings(self, source: Source, name: str, below: float, **at: Any) -> Placeholder:
        """Print for how many settings of a sweep the median over the seeds is below a bound."""
        return self.number(int((self._medians(source, name, at) < below).sum()))

    def effect(self, source: Source, name: str, first: Mapping[str, Any],
               second: Mapping[str, Any], *, decimals: int | None = None, **at: Any,
               ) -> Placeholder:  # fmt: skip
        """Print by how much a result changes from one setting to another.

        It is the median over the seeds of the second less the first, with the median's own 95 %
        interval: if that leaves out 0, the difference is not chance.
        """
        before, after = (self._column(source, name, {**at, **to}) for to in (first, second))
        changes = paired_differences(after, before)
        if decimals is None and all_whole(changes):
            decimals = 0
        interval = median_confidence_interval(changes)
        text = format_interval(interval, self._language, decimals)
        return self._placeholders.add_text(text, interval[0])

    def metric(self, source: Source, name: str, *, digits: int = 3, decimals: int | None = None,
                 **moment: float) -> Placeholder:  # fmt: skip
        """Print a metric of a run as it was last measured by a moment, a dash if it ended before.

        The moment is `iteration=100`, `epoch=3`, `seconds=60` or `tokens=100000`.
        """
        if len(moment) != 1 or not set(moment) <= set(CLOCKS):
            raise UsageError(f"metric takes one moment: {', '.join(CLOCKS)}.")
        ((clock, when),) = moment.items()
        metrics = require_run(source).timed_metrics
        number = value_at(metrics.assign(iteration=metrics.index), name, clock, when)
        return self.number(number, digits=digits, decimals=decimals)

    def until(self, source: Source, name: str, below: Any, *, clock: str = "seconds",
              decimals: int = 0) -> Placeholder:  # fmt: skip
        """Print when a metric of a run was first measured below a bound; a dash if it never was."""
        bound = to_number(below)
        metrics = require_run(source).timed_metrics
        number = first_below(metrics.assign(iteration=metrics.index), name, bound, clock)
        return self.number(number, decimals=decimals)

    def number(
        self, value: Any, *, digits: int | None = 3, decimals: int | None = None
    ) -> Placeholder:
        """Print a number as the language writes it."""
        if isinstance(value, Placeholder):
            value = value.number
        text = format_number(value, self._language, digits=digits, decimals=decimals)
        behind = value if isinstance(value, int | float) else None
        return self._placeholders.add_text(text, behind)

    def plural(self, value: Any, singular: str, plural: str) -> str:
        """Return a word as it goes with a number: `plural(n, "does not", "do not")`.

        A number that is not known takes the plural.
        """
        number = to_number(value)
        return choose_plural(2 if isnan(number) else number, self._language, singular, plural)

    def seeds(self, source: Source) -> Placeholder:
        """Print over how many seeds a sweep goes."""
        record = require_record(source)
        axes = record.axes if isinstance(record, Sweep) else {}
        return self.number(len(axes.get("seed", (0,))))

    def command(self, source: Source) -> Placeholder:
        """Print the shell command that repeats a run or sweep."""
        return self._placeholders.add((Code(command_to_repeat(require_record(source))),))

    # Blocks

    def figure(self, source: Source, name: str, caption: str = "", alt: str = "",
               label: str = "", *, column: str = "", **at: Any) -> Placeholder:  # fmt: skip
        """Print a figure; it must stand in a paragraph of its own.

        Of a sweep, `column` says which result is drawn, and `at` holds axes at one value.
        """
        record = require_record(source)
        label = label or self._free_label(f"{source.recipe.replace('/', '-')}-{name}")
        picture = Drawing.of(record, name, self._language, label, column, **at)
        words = self._inline(caption) or (Text(f"{source.recipe}: {name}"),)
        commands = (command_to_repeat(record),)
        return self._placeholders.add(Figure(picture, words, alt, label, commands=commands))

    def film(self, source: Source, name: str, caption: str = "", alt: str = "",
             label: str = "") -> Placeholder:  # fmt: skip
        """Print a film that the lab of a run makes of it; on paper some frames stand in a row."""
        run = require_run(source)
        label = label or self._free_label(f"{source.recipe.replace('/', '-')}-{name}-film")
        picture = FilmPicture.of(run, name, self._language, label)
        words = self._inline(caption) or (Text(f"{source.recipe}: {name}"),)
        commands = (command_to_repeat(run),)
        return self._placeholders.add(Figure(picture, words, alt, label, commands=commands))

    def timeline(self, sources: Sequence[Source], column: str, names: Sequence[str], *,
                 levels: Mapping[str, Any] | None = None, caption: str = "", alt: str = "",
                 label: str = "") -> Placeholder:  # fmt: skip
        """Print a figure of a metric of several runs over the seconds of training.

        `levels` are numbers to compare with, each with its name.
        """
        runs = tuple(map(require_run, sources))
        words = (column, tuple(names), self._levels(levels))
        return self._chart("timeline", runs, words, caption=caption, alt=alt, label=label)

    def ranking(self, source: Source, column: str, names: Mapping[str, str] | None = None, *,
                levels: Mapping[str, Any] | None = None, caption: str = "", alt: str = "",
                label: str = "") -> Placeholder:  # fmt: skip
        """Print a figure of a result of every setting of a sweep, the best on top.

        `names` says what to call the values of its axes.
        """
        sweep = require_sweep(source, "a ranking is of a sweep")
        words = (column, tuple((names or {}).items()), self._levels(levels))
        return self._chart("ranking", (sweep,), words, caption=caption, alt=alt, label=label)

    def lab_table(self, source: Source, name: str, caption: str = "", label: str = "", *,
                  rows: int = 4) -> Placeholder:  # fmt: skip
        """Print a table that the lab of a run makes of it, up to so many rows."""
        run = require_run(source)
        tables = lab_of(run).tables(run, self._language)
        if name not in tables:
            raise UnknownNameError(f"table of {run.id} named", name, tables)
        label = label or (self._free_label(name) if caption else "")
        return self._placeholders.add(to_table(tables[name](), rows, self._inline(caption), label))

    def table(self, sources: "Source | Sequence[Source]", names: Sequence[str], caption: str = "",
              label: str = "", *, digits: int = 3) -> Placeholder:  # fmt: skip
        """Print a table with a row for each name and a column for each run or sweep."""
        several = [sources] if isinstance(sources, Source) else list(sources)
        header = ["", *(f"`{s.recipe}`" for s in several)]
        rows = [
            [self._label(several[0], n), *(self.value(s, n, digits=digits) for s in several)]
            for n in names
        ]
        return self.grid(header, rows, caption, label)

    def grid(self, header: Sequence[Any], rows: Sequence[Sequence[Any]], caption: str = "",
             label: str = "") -> Placeholder:  # fmt: skip
        """Print a table; text in its cells is Markdown.

        Columns after the first stand to the right, as numbers do, unless a cell holds a sentence.
        """
        if len(header) > MAX_TABLE_COLUMNS:
            count = f"{len(header):,} columns; at most {MAX_TABLE_COLUMNS} are set"
            raise UsageError(f"a table has {count}.")
        for row in rows:
            if len(row) != len(header):
                raise UsageError(f"a row has {len(row)} cells and the header {len(header)}.")
        label = label or (self._free_label("table") if caption else "")
        cells = tuple(tuple(map(self._cell, row)) for row in rows)
        others: list[Align] = ["right"] * (len(header) - 1)
        if cells:
            others = [choose_side(column) for column in zip(*cells, strict=True)][1:]
        words = self._inline(caption)
        return self._placeholders.add(
            Table(tuple(map(self._cell, header)), cells, ("left", *others), words, label)
        )

    def ref(self, label: str) -> Placeholder:
        """Print a reference to a figure, table or formula, for instance "figure 3"."""
        return self._placeholders.add((Reference(label),))

    def cite(self, key: str) -> Placeholder:
        """Print a reference to a work, "Wilson 1927", which the book then lists at its end."""
        return self._placeholders.add((Reference(self.citations.cite(key)),))

    # Claims

    def claim(self, name: str) -> ClaimVerdict:
        """Print the verdict on a claim."""
        verdict = self._row(self._find_claim(name)).verdict
        word = self._placeholders.add_text(self._translate(VERDICTS[verdict]))
        return ClaimVerdict(verdict, str(word))

    def claims(self, name: str = "", caption: str = "", label: str = "") -> Placeholder:
        """Print every claim of a lab's chapter, or of the book itself, with what was measured."""
        rows = tuple(self._claim_rows(name))
        label = label or f"claims-{name or 'own'}"
        return self._placeholders.add(Claims(rows, self._inline(caption), label))

    def reported(self, name: str, line: int = 1) -> Placeholder:
        """Print what the report says of a line of a claim, counted from 1."""
        claim = self._find_claim(name)
        lines = self._row(claim).lines
        if not 1 <= line <= len(lines):
            raise UsageError(f"claim {name} has lines 1 to {len(lines)}, not {line}.")
        text = lines[line - 1].reported
        return self._placeholders.add_text(text, _single_number(claim.lines[line - 1]))

    def verdicts(self, name: str = "", caption: str = "", label: str = "") -> Placeholder:
        """Print every claim of a lab's chapter, or of the book itself, with its verdict alone."""
        _ = self._translate
        rows = self._claim_rows(name)
        header = tuple((Text(_(word)),) for word in (mark("No."), mark("Claim"), mark("Verdict")))
        verdicts = (
            f"{SIGNS[row.verdict]} {_(VERDICTS[row.verdict])}".replace(" ", "\u00a0")
            for row in rows
        )
        cells = tuple(
            ((Text(row.id),), row.statement, (Text(verdict),))
            for row, verdict in zip(rows, verdicts, strict=True)
        )
        words, label = self._inline(caption), label or f"verdicts-{name or 'own'}"
        return self._placeholders.add(Table(header, cells, ("left", "left", "left"), words, label))

    def count(self, name: str, verdict: str) -> Placeholder:
        """Print how many claims of a lab's chapter have a verdict, of those of `VERDICTS`."""
        if verdict not in VERDICTS:
            raise UnknownNameError("verdict", verdict, VERDICTS)
        return self.number(sum(row.verdict == verdict for row in self._claim_rows(name)))

    def verdict_counts(self, name: str = "") -> Placeholder:
        """Print how many claims of a lab's chapter have each verdict: "9 hold, 1 holds partly"."""
        verdicts = [row.verdict for row in self._claim_rows(name)]
        return self._placeholders.add_text(count_verdicts(verdicts, self._language))

    # The appendix

    def records(self, caption: str = "", label: str = "records") -> Placeholder:
        """Print the runs and sweeps that the book has read so far, and how to repeat them."""
        words = self._inline(f"{caption} {self._describe_left_out()}".strip())
        table = records_table(self._library.used, self._language, words, label)
        return self._placeholders.add(table)

    def _describe_left_out(self) -> str:
        """Say which runs and sweeps are not read: damaged ones, and those in other formats."""
        left_out = self._library.left_out
        files = ", ".join(f"`{name}/{file}`" for name, file in left_out.damaged.items())
        records = ", ".join(f"`{name}`" for name in left_out.other_formats)
        sentences = [self._translate(LEFT_OUT).format(files=files)] if files else []
        if records:
            sentences.append(self._translate(OTHER_FORMAT).format(records=records))
        return " ".join(sentences)

    def environments(self, caption: str = "", label: str = "environments") -> Placeholder:
        """Print where the runs ran: each different environment once, with how many ran there."""
        words = self._inline(caption)
        table = environments_table(self._library.used, self._language, words, label)
        return self._placeholders.add(table)

    # Within

    def _chart(self, name: str, records: tuple[Record, ...], words: tuple[Any, ...], *,
               caption: str, alt: str, label: str) -> Placeholder:  # fmt: skip
        label = label or self._free_label(name)
        folders = tuple(record.path.resolve() for record in records)
        picture = Chart(label, folders, CHARTS[name], self._language, words, records)
        words_below = self._inline(caption) or (Text(name),)
        commands = tuple(dict.fromkeys(map(command_to_repeat, records)))
        return self._placeholders.add(Figure(picture, words_below, alt, label, commands=commands))

    @staticmethod
    def _levels(levels: Mapping[str, Any] | None) -> tuple[tuple[str, float], ...]:
        """Return numbers to compare with, also those that a template has printed."""
        levels_shown = ((name, to_number(value)) for name, value in (levels or {}).items())
        return tuple((name, value) for name, value in levels_shown if not isnan(value))

    def _interval(self, values: "pd.Series", decimals: int | None) -> Placeholder:
        if decimals is None and all_whole(values):
            decimals = 0
        interval = central_interval(values)
        text = format_interval(interval, self._language, decimals)
        return self._placeholders.add_text(text, interval[0])

    def _column(self, source: Source, name: str, at: dict[str, Any]) -> "pd.Series":
        sweep = require_sweep(source, "a sweep over seeds is wanted here")
        return self._library.column(sweep, name, at)

    def _medians(self, source: Source, name: str, at: Mapping[str, Any]) -> "pd.Series":
        """Return the median over the seeds for each setting of the axes that `at` leaves free.

        A seed without a number counts as one above all others.
        """
        sweep = require_sweep(source, "a sweep over seeds is wanted here")
        axes = [axis for axis in sweep.axes if axis != "seed" and axis not in at]
        rows = sweep.rows(at)
        if name not in rows or not axes:
            raise UnknownNameError(f"result of {sweep.id} named", name, rows.columns)
        return rows.assign(**{name: rows[name].fillna(inf)}).groupby(axes)[name].median()

    def _claim_rows(self, name: str) -> list[ClaimRow]:
        """Return the claims of a lab's chapter, or with "" those of the book itself."""
        if name:
            return list(map(self._row, claims_of(name)))
        if not self._own_claims:
            raise UsageError("the book has no claims of its own: no claims.yaml is beside it.")
        return list(map(self._row, self._own_claims.values()))

    def _find_claim(self, name: str) -> Claim:
        """Return a claim of the book itself, else of the lab book."""
        return self._own_claims.get(name) or find_claim(name, self._own_claims)

    def _row(self, claim: Claim) -> ClaimRow:
        is_own = self._own_claims.get(claim.id) is claim
        key = claim.id, is_own
        if key not in self._rows:
            if is_own and self._own is not None:
                evidence = self._own.library
            else:
                (evidence := self._evidence).check()
            self._rows[key] = measure_claim(claim, evidence, self._language)
        return self._rows[key]

    def _inline(self, markdown: Any) -> Inlines:
        return self._parser.inline(str(markdown)) if str(markdown) else ()

    def _cell(self, value: Any) -> Inlines:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = self.number(value)
        return self._inline(value)

    def _label(self, source: Source, name: str) -> Placeholder:
        """Return a learner's word for a setting or a result."""
        lab = lab_of(require_record(source))
        settings = lab.config_class.settings()
        if name in settings:
            words: Inlines = (Text(settings[name].label(self._language)),)
        elif name in lab.result_labels:
            words = (Text(self._translate(lab.result_labels[name])),)
        else:
            words = (Code(name),)
        return self._placeholders.add(words)

    def _free_label(self, label: str) -> str:
        self._labels[label] = self._labels.get(label, 0) + 1
        return label if self._labels[label] == 1 else f"{label}-{self._labels[label]}"
