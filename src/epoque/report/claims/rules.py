"""When does a measurement bear a reported claim out?

A claim is one or more lines, each a quantity measured once for every seed.

- *A number* was read off one run, so it holds if some of our runs could have shown it: if the
  central 95 % of the measurements meet the reported number with the tolerance of its digits. That
  is half a unit of its last digit, or a whole unit where the report says "about".
- *Numbers together* were read off the same run: they hold if one of our runs shows all of them,
  each within its tolerance, and do not if none does.
- *A statement* ("falls", "still rising") says something about every run. How many of the seeds it
  is true for is given with Wilson's 95 % interval: it holds if all of that is above nine tenths,
  does not hold if all of it is below one tenth, and holds partly in between. Fewer than 35 seeds
  cannot show so much, even if it is true for all: then it is about those runs alone, and holds if
  it is true for all of them, does not hold if it is true for none.
- *A share* of the seeds for which something succeeds is given with Wilson's 95 % interval; it
  holds if all of that interval is above the bound, does not hold if all of it is below.
- *An effect* says that one setting gives more of something than another. Both are run from the
  same seeds; the size is the median of the differences with its own interval, and Cliff's delta
  for pairs tells how often they go that way: +1 always, −1 never (`epoque.report.claims.effects`,
  where the sources are). It holds if all of the delta's 95 % interval is above 0.147, up to which
  an effect is called negligible (Romano et al. 2006, "Appropriate statistics for ordinal level
  data"), does not hold if all of it is below, and holds partly in between.
- *Two numbers apart*: one was said to be higher than another, and each is known with a 95 %
  interval. It holds if the one's interval is above the other's, does not hold if it is below, and
  holds partly if they meet.
- *A fact* is decided once, by a proof or by one run.
- *Not measured* is what nothing here decides; the line says why.

A seed without a number counts against the claim: it is not at a reported number, true for no
statement, a failure of a share, and a difference of the wrong sign. A line other than a statement
(for which an event that never came is a no) of which no seed has a number is not measured, and
neither is one whose run or sweep was never recorded.

A claim holds if all its lines hold, and is not measured if none is. Else it holds partly if any of
its lines holds or holds partly, and does not hold if none does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import NotRecordedError
from epoque.bench.evidence import Evidence
from epoque.bench.i18n import LocalText
from epoque.bench.sweeps.aggregate import wilson_interval
from epoque.report.model import Verdict

from .effects import cliffs_delta

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FEW_SEEDS",
    "NEGLIGIBLE",
    "Apart",
    "Claim",
    "Effect",
    "Fact",
    "Line",
    "Number",
    "Proportion",
    "Refutation",
    "Share",
    "Statement",
    "Together",
    "Unmeasured",
    "all_whole",
    "central_interval",
    "combine_verdicts",
    "measure_share",
    "to_percent",
]

NEARLY_ALL, NEARLY_NONE = 0.9, 0.1
FEW_SEEDS = 35
"""From so many seeds on Wilson's interval of all of them lies above `NEARLY_ALL`."""
TAIL = 0.025
NEGLIGIBLE = 0.147


def central_interval(values: "Sequence[float] | pd.Series") -> tuple[float, float, float]:
    """Return the median and the ends of the central 95 % of some numbers, without the NaNs."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    numbers = numbers[~np.isnan(numbers)]
    if not numbers.size:
        return float("nan"), float("nan"), float("nan")
    low, middle, high = np.quantile(numbers, [0.025, 0.5, 0.975])
    return float(middle), float(low), float(high)


def all_whole(values: "Sequence[float] | pd.Series") -> bool:
    """Return whether numbers only count something, NaNs left out."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    return bool(np.all(np.isnan(numbers) | (numbers == np.round(numbers))))


@dataclass(frozen=True, kw_only=True)
class Refutation:
    """A measurement that would refute a line (see `epoque.report.claims.refutations`).

    Attributes:
        source: the sweep or run that would have measured it, as the chapter calls it.
        values: name to what would have been measured, for every seed.
        at: the axes of the sweep where it would have been; at every value of those not named.
    """

    source: str
    values: Mapping[str, Any]
    at: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Line(ABC):
    """One quantity of a claim.

    Attributes:
        quantity: what is measured.
        measure: evidence to its value for every seed, or to a single value.
        refuted_by: what would have to be measured for the line to fail, one case each.
        id: the quantity's own name, by which a report may claim a number of it; or "".
        sources: the runs and sweeps that the measure reads, as the chapter calls them.
    """

    quantity: LocalText
    measure: Callable[[Evidence], Any]
    refuted_by: tuple[Refutation, ...] = ()
    id: str = ""
    sources: tuple[str, ...] = ()

    def find_measured(self, evidence: Evidence) -> Any:
        """Return what `measure` gives, None where what it reads was never recorded."""
        try:
            return self.measure(evidence)
        except NotRecordedError:
            return None

    def verdict(self, measured: Any) -> Verdict:
        """Return the verdict on what `find_measured` gave."""
        return "unmeasured" if measured is None else self.judge(measured)

    @abstractmethod
    def judge(self, measured: Any) -> Verdict:
        """Return the verdict on what `measure` gave."""


@dataclass(frozen=True, kw_only=True)
class Number(Line):
    """A number was reported.

    Attributes:
        reported: the number with the digits it was given with, or two with " to " between them.
        about: whether the report calls it approximate.
    """

    reported: str
    about: bool = False

    def range(self) -> tuple[float, float]:
        """Return the least and greatest number that the reported one may stand for."""
        ends = [Decimal(end) for end in self.reported.split(" to ")]
        unit = Decimal(1).scaleb(int(ends[0].as_tuple().exponent))
        tolerance = unit if self.about else unit / 2
        return float(ends[0] - tolerance), float(ends[-1] + tolerance)

    def includes(self, measured: "Sequence[float] | pd.Series") -> Any:
        """Return for each seed whether its number is in the range; one without a number is not."""
        import numpy as np

        values, (least, greatest) = np.asarray(measured, dtype=float), self.range()
        return (values >= least) & (values <= greatest)

    def position(self, measured: "Sequence[float] | pd.Series") -> tuple[float, float, float]:
        """Return which share of all seeds lies below the range, in it, and above it."""
        import numpy as np

        values, (least, greatest) = np.asarray(measured, dtype=float), self.range()
        parts = (values < least, self.includes(values), values > greatest)
        below, within, above = (float(part.mean()) for part in parts)
        return below, within, above

    def judge(self, measured: Any) -> Verdict:
        """Return whether the central 95 % of the seeds meet the reported range."""
        if isnan(central_interval(measured)[0]):
            return "unmeasured"
        below, within, above = self.position(measured)
        return "holds" if min(below, above) + within >= TAIL else "fails"


@dataclass(frozen=True, kw_only=True)
class Together(Line):
    """Several numbers were read off one run.

    Attributes:
        numbers: each with its own quantity.
        measure: evidence to the values of each.
    """

    numbers: tuple[Number, ...]

    @property
    def reported(self) -> str:
        """The numbers as they were reported."""
        return " · ".join(number.reported for number in self.numbers)

    def count_runs(self, measured: "Sequence[pd.Series]") -> tuple[int, int]:
        """Return how many seeds show all numbers, each within its tolerance, and of how many."""
        import pandas as pd

        values = pd.concat(measured, axis=1)
        hits = [n.includes(values.iloc[:, i]) for i, n in enumerate(self.numbers)]
        return int(sum(map(all, zip(*hits, strict=True)))), len(values)

    def judge(self, measured: Any) -> Verdict:
        """Return whether one of the runs shows all of them."""
        if all(values.isna().all() for values in measured):
            return "unmeasured"
        return "holds" if self.count_runs(measured)[0] else "fails"


@dataclass(frozen=True, kw_only=True)
class Statement(Line):
    """Something was said of every run: that the quantity is above or below a bound.

    Attributes:
        reported: what was said.
        above: the quantity is greater than this.
        below: the quantity is less than this.
    """

    reported: LocalText
    above: float = float("-inf")
    below: float = float("inf")

    def true_for(self, measured: "pd.Series") -> int:
        """Return for how many seeds it is true; a NaN, an event that never came, is no."""
        return int(((measured > self.above) & (measured < self.below)).sum())

    def judge(self, measured: Any) -> Verdict:
        """Return whether it is true for nearly all seeds, some, or nearly none."""
        true, seeds = self.true_for(measured), len(measured)
        if seeds < FEW_SEEDS:
            return "holds" if true == seeds else "partly" if true else "fails"
        _, low, high = wilson_interval(true, seeds)
        return "holds" if low > NEARLY_ALL else "fails" if high < NEARLY_NONE else "partly"


@dataclass(frozen=True, kw_only=True)
class Share(Line):
    """Something was said to succeed: measured as a share of the seeds.

    Attributes:
        reported: what was said.
        above: the share of the seeds that it takes.
    """

    reported: LocalText
    above: float

    def judge(self, measured: Any) -> Verdict:
        """Return whether the share's 95 % interval is above, around or below `above`."""
        (_, low, high), trials = measure_share(measured)
        if not trials:
            return "unmeasured"
        return "holds" if low > self.above else "fails" if high < self.above else "partly"


@dataclass(frozen=True, kw_only=True)
class Proportion(Number):
    """The share of the seeds for which something succeeds was reported as a number, 0 to 1."""

    def judge(self, measured: Any) -> Verdict:
        """Return whether the share's 95 % interval meets the reported range."""
        (_, low, high), trials = measure_share(measured)
        if not trials:
            return "unmeasured"
        least, greatest = self.range()
        return "holds" if low <= greatest and high >= least else "fails"


def measure_share(measured: "pd.Series") -> tuple[tuple[float, float, float], int]:
    """Return the share of the seeds that succeed with its interval, and of how many seeds.

    A seed without a number is no success; where none has one there is no share, of 0 seeds.
    """
    if measured.isna().all():
        return (nan, nan, nan), 0
    return wilson_interval(int(measured.sum()), len(measured)), len(measured)


def to_percent(interval: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a share and its interval times a hundred."""
    share, low, high = interval
    return 100 * share, 100 * low, 100 * high


@dataclass(frozen=True, kw_only=True)
class Effect(Line):
    """One setting was said to give more of something than another.

    Attributes:
        reported: what was said.
        measure: evidence to the difference for every seed, said to be positive; it may be infinite.
    """

    reported: LocalText

    @staticmethod
    def count_missing(measured: "pd.Series") -> "pd.Series":
        """Return the differences; where one is missing it is of the wrong sign, if any is there."""
        return measured if measured.isna().all() else measured.fillna(float("-inf"))

    def judge(self, measured: Any) -> Verdict:
        """Return whether the 95 % interval of Cliff's delta is above, around or below a trifle."""
        _, low, high = cliffs_delta(self.count_missing(measured))
        if isnan(low):
            return "unmeasured"
        return "holds" if low > NEGLIGIBLE else "fails" if high < NEGLIGIBLE else "partly"


@dataclass(frozen=True, kw_only=True)
class Apart(Line):
    """One number was said to be higher than another.

    Attributes:
        reported: what was said.
        measure: evidence to the two, the one said to be higher first, each with the ends of its
            95 % interval, and from how many measurements they are.
    """

    reported: LocalText

    def judge(self, measured: Any) -> Verdict:
        """Return whether the first interval is above, around or below the second."""
        (_, low, high), (_, other_low, other_high), _count = measured
        if any(map(isnan, (low, high, other_low, other_high))):
            return "unmeasured"
        return "holds" if low > other_high else "fails" if high < other_low else "partly"


@dataclass(frozen=True, kw_only=True)
class Fact(Line):
    """Something was said that is true or false once and for all.

    Attributes:
        reported: what was said.
        if_true: what to print if it is true.
        if_false: what to print if it is false.
    """

    reported: LocalText
    if_true: LocalText
    if_false: LocalText

    def judge(self, measured: Any) -> Verdict:
        """Return whether it is true."""
        return "holds" if measured else "fails"


def _measure_nothing(_evidence: Evidence) -> None:
    """Return None, which stands for nothing measured."""


@dataclass(frozen=True, kw_only=True)
class Unmeasured(Line):
    """Something was said that nothing here decides.

    Attributes:
        reported: what was said.
        reason: why it is not measured.
    """

    reported: LocalText
    reason: LocalText
    measure: Callable[[Evidence], Any] = _measure_nothing

    def judge(self, measured: Any) -> Verdict:
        """Return that it is not measured, whatever was."""
        return "unmeasured"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What the report claims.

    Attributes:
        id: its number in the report, "1.1".
        statement: what is claimed.
        lines: its quantities.
        runs: the recipes of the runs that show it.
        sweeps: the names of the sweeps that measure it.
    """

    id: str
    statement: LocalText
    lines: tuple[Line, ...]
    runs: tuple[str, ...] = ()
    sweeps: tuple[str, ...] = ()

    def quantities(self) -> Iterator[Line]:
        """Yield its lines, in the place of numbers together each of them."""
        for line in self.lines:
            yield from line.numbers if isinstance(line, Together) else (line,)

    def _repr_html_(self) -> str:
        from epoque.bench.cards import CLAIMED, MEASURED_BY, Card
        from epoque.bench.i18n import environment_language

        language = environment_language()
        lines = [
            (line.quantity.translate(language), _format_reported(line, language))
            for line in self.lines
        ]
        sources = [("epoque run", name) for name in self.runs]
        sources += [("epoque sweep", name) for name in self.sweeps]
        sections = [(CLAIMED, lines), *([(MEASURED_BY, sources)] if sources else [])]
        note = self.statement.translate(language)
        return Card(self.id, note=note, sections=sections).html(language)

    def judge(self, evidence: Evidence) -> Verdict:
        """Return the verdict on all its lines together."""
        return combine_verdicts([line.verdict(line.find_measured(evidence)) for line in self.lines])


def _format_reported(line: Line, language: str) -> str:
    reported = getattr(line, "reported", "")
    return reported.translate(language) if isinstance(reported, LocalText) else str(reported)


def combine_verdicts(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that all share, else "partly" if any of it holds, "fails" if none."""
    first = verdicts[0]
    if all(verdict == first for verdict in verdicts):
        return first
    return "partly" if {"holds", "partly"} & set(verdicts) else "fails"
