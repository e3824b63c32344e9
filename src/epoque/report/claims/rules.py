"""When does a measurement bear a reported claim out?

A claim is one or more lines, each a quantity measured once for every seed.

- *A number* was read off one run, so it holds if some of our runs could have shown it: if the
  central 95 % of the measurements meet the reported number with the tolerance of its digits. That
  is half a unit of its last digit, or a whole unit where the report says "about".
- *A statement* ("falls", "still rising") says something about every run: it holds if it is true
  for at least 95 % of the seeds, does not hold if it is true for less than 5 %, and holds partly
  in between.
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

A line other than a statement (for which an event that never came is a no) of which no seed has a
number is not measured.

A claim holds if all its lines hold, does not hold if none does, is not measured if none is, and
holds partly otherwise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from epoque.bench.evidence import Evidence
from epoque.bench.i18n import LocalText
from epoque.bench.sweeps.aggregate import wilson_interval
from epoque.report.model import Verdict

from .effects import cliffs_delta

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NEGLIGIBLE",
    "Apart",
    "Claim",
    "Effect",
    "Fact",
    "Line",
    "Number",
    "Share",
    "Statement",
    "all_whole",
    "central_interval",
    "combine_verdicts",
    "to_percent",
]

MOST, FEW = 0.95, 0.05
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
class Line(ABC):
    """One quantity of a claim.

    Attributes:
        quantity: what is measured.
        measure: evidence to its value for every seed, or to a single value.
    """

    quantity: LocalText
    measure: Callable[[Evidence], Any]

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

    def judge(self, measured: Any) -> Verdict:
        """Return whether the central 95 % of the seeds meet the reported range."""
        _, low, high = central_interval(measured)
        if isnan(low):
            return "unmeasured"
        least, greatest = self.range()
        return "holds" if low <= greatest and high >= least else "fails"


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
        share = self.true_for(measured) / len(measured)
        return "holds" if share >= MOST else "fails" if share < FEW else "partly"


@dataclass(frozen=True, kw_only=True)
class Share(Line):
    """Something was said to succeed: measured as a share of the seeds.

    Attributes:
        reported: what was said.
        above: the share of the seeds that it takes.
    """

    reported: LocalText
    above: float

    def share(self, measured: "pd.Series") -> tuple[tuple[float, float, float], int]:
        """Return the share with its interval, and of how many seeds: those that were measured."""
        values = measured.dropna()
        if values.empty:
            return (nan, nan, nan), 0
        return wilson_interval(int(values.sum()), len(values)), len(values)

    def judge(self, measured: Any) -> Verdict:
        """Return whether the share's 95 % interval is above, around or below `above`."""
        (_, low, high), trials = self.share(measured)
        if not trials:
            return "unmeasured"
        return "holds" if low > self.above else "fails" if high < self.above else "partly"


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

    def judge(self, measured: Any) -> Verdict:
        """Return whether the 95 % interval of Cliff's delta is above, around or below a trifle."""
        _, low, high = cliffs_delta(measured)
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

    def _repr_html_(self) -> str:
        from epoque.bench.cards import CLAIMED, MEASURED_BY, Card
        from epoque.bench.i18n import environment_language

        language = environment_language()
        lines = [
            (line.quantity.translate(language), _reported(line, language)) for line in self.lines
        ]
        sources = [("epoque run", name) for name in self.runs]
        sources += [("epoque sweep", name) for name in self.sweeps]
        sections = [(CLAIMED, lines), *([(MEASURED_BY, sources)] if sources else [])]
        note = self.statement.translate(language)
        return Card(self.id, note=note, sections=sections).html(language)

    def judge(self, evidence: Evidence) -> Verdict:
        """Return the verdict on all its lines together."""
        return combine_verdicts([line.judge(line.measure(evidence)) for line in self.lines])


def _reported(line: Line, language: str) -> str:
    reported = getattr(line, "reported", "")
    return reported.translate(language) if isinstance(reported, LocalText) else str(reported)


def combine_verdicts(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that all share, else "partly"."""
    first = verdicts[0]
    return first if all(v == first for v in verdicts) else "partly"
