"""Sets of claims: those of a lab's chapter, and those of a reader's own book.

A book's folder may hold, as a chapter's does, `claims.yaml`, `needs.yaml` and `verdicts.yaml`:

```yaml
"1.1": holds      # what was recorded for each claim, by `epoque claims check FOLDER --record`
"1.2": partly
```
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from epoque.bench.errors import EpoqueError, UnknownNameError, UsageError
from epoque.bench.files.atomic import write_atomic
from epoque.bench.files.input_files import read_text
from epoque.bench.lab import find_lab
from epoque.bench.limits import MAX_YAML_BYTES
from epoque.bench.recipes import recipe_names
from epoque.bench.runs.run import Runs
from epoque.report.checked_yaml import YamlChecker
from epoque.report.library import Library
from epoque.report.model import ClaimRow, Verdict
from epoque.report.needs import (
    Need,
    book_needs,
    chapter_folder,
    chapter_names,
    finished_sweeps,
    parse_needs,
)

from .load import FILE, claims_of, parse_claims
from .measures import MEASURES
from .rules import Claim
from .tables import claim_row

__all__ = [
    "CheckedClaim",
    "ClaimSet",
    "check_claims",
    "find_in_sets",
    "has_claims",
    "measure_claim",
    "read_chapter_claims",
    "read_own_claims",
    "record_verdicts",
]

NEEDS, VERDICTS = "needs.yaml", "verdicts.yaml"


@dataclass(frozen=True)
class ClaimSet:
    """Claims that one file makes, and what they are measured on.

    Attributes:
        name: of the lab, or the path of the file, as a sentence names it.
        claims: in their order.
        verdicts: claim's id to the verdict that was recorded.
        library: what they are measured on.
        prefix: what the ids of their quantities begin with: `neuron/`, or "".
    """

    name: str
    claims: tuple[Claim, ...]
    verdicts: Mapping[str, Verdict]
    library: Library
    prefix: str = ""


def has_claims(folder: Path) -> bool:
    """Return whether a folder holds claims of a reader's own."""
    return (folder / FILE).is_file()


def read_chapter_claims(runs: Path) -> list[ClaimSet]:
    """Return the claims of the lab book, a set for each chapter that makes any.

    Args:
        runs: the folder of runs, beside which what ships with the labs is read.

    Raises:
        UsageError: with every problem of a file.
    """
    library = Library(runs, tuple(book_needs()))
    sets = []
    for lab in chapter_names():
        folder, claims = chapter_folder(lab), claims_of(lab)
        assert folder is not None, lab
        recorded = folder / VERDICTS
        text = recorded.read_text("utf-8") if recorded.is_file() else ""
        verdicts = _parse_verdicts(text, f"{lab}/chapter/{VERDICTS}", claims)
        sets.append(ClaimSet(lab, claims, verdicts, library, f"{lab}/"))
    return [each for each in sets if each.claims]


def read_own_claims(folder: Path, runs: Path) -> ClaimSet:
    """Return the claims of a reader's own book.

    They may read what `needs.yaml` beside them declares, the newest run or the one sweep of a
    recipe, and any run or sweep by its id.

    Args:
        folder: of the book.
        runs: the folder of runs.

    Raises:
        UsageError: with every problem of its files.
    """
    needs = _own_needs(folder / NEEDS)
    sweeps = finished_sweeps(runs)
    own_sweeps = (name for s in sweeps for name in (s.recipe, s.id))
    path = folder / FILE
    claims = parse_claims(
        read_text(path, MAX_YAML_BYTES),
        str(path),
        _measures_of_all_labs(),
        runs=[*(n.name for n in needs if not n.axes), *recipe_names(), *Runs(runs).ids()],
        sweeps=list(dict.fromkeys([*(n.name for n in needs if n.axes), *own_sweeps])),
        declared_in="",
    )
    recorded = folder / VERDICTS
    text = read_text(recorded, MAX_YAML_BYTES) if recorded.is_file() else ""
    verdicts = _parse_verdicts(text, str(recorded), claims)
    return ClaimSet(str(path), claims, verdicts, Library(runs, needs))


def _own_needs(path: Path) -> tuple[Need, ...]:
    """Return what a reader's own book declares; what a chapter declares alike stays the chapter's.

    So the claims of a chapter's own folder find what ships measured with it.
    """
    if not path.is_file():
        return ()
    chapters = {need.name: need for need in book_needs()}
    _, own = parse_needs(read_text(path, MAX_YAML_BYTES), str(path), "")
    return tuple(_find_alike(need, chapters.get(need.name)) for need in own)


def _find_alike(need: Need, chapters: Need | None) -> Need:
    is_alike = chapters is not None and replace(chapters, chapter="") == need
    return chapters if chapters is not None and is_alike else need


def _measures_of_all_labs() -> dict[str, Any]:
    own = {n: m for lab in chapter_names() for n, m in find_lab(lab).claim_measures().items()}
    return {**MEASURES, **own}


def _parse_verdicts(text: str, source: str, claims: Iterable[Claim]) -> dict[str, Verdict]:
    """Return the recorded verdicts, id to verdict.

    Raises:
        UsageError: with one sentence for each problem.
    """
    file = YamlChecker(text, source)
    if file.content is None:
        return {}
    ids, verdicts = [claim.id for claim in claims], {}
    for name, verdict in file.plain(file.content, ()).items():
        file.name(name, (name,), "claim", ids)
        verdicts[name] = file.name(verdict, (name,), "verdict", get_args(Verdict))
    file.raise_problems()
    return verdicts  # type: ignore[return-value]  # those that are none were problems


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, measured.

    Attributes:
        claim: as its file makes it.
        row: with what was measured, in the words of a language.
        recorded: the verdict that was recorded, None of a claim that has none yet.
    """

    claim: Claim
    row: ClaimRow
    recorded: Verdict | None

    @property
    def is_changed(self) -> bool:
        """Whether the verdict is another than the recorded one."""
        return self.recorded not in (None, self.row.verdict)


def check_claims(
    claims: ClaimSet, language: str = "en", only: Iterable[Claim] | None = None
) -> list[CheckedClaim]:
    """Measure the claims of a set.

    Args:
        claims: the set.
        language: of the words: "en" or "fr".
        only: these of them; None for all.

    Raises:
        UsageError: with a sentence for each claim that cannot be measured.
    """
    checked, problems = [], []
    for claim in claims.claims if only is None else only:
        try:
            row = measure_claim(claim, claims.library, language)
        except EpoqueError as error:
            problems.append(f"{claims.name}, claim {claim.id}: {error}")
        else:
            checked.append(CheckedClaim(claim, row, claims.verdicts.get(claim.id)))
    if problems:
        raise UsageError("\n".join(problems))
    return checked


def measure_claim(claim: Claim, library: Library, language: str) -> ClaimRow:
    """Return a claim with what was measured for it.

    Raises:
        EpoqueError: in one sentence, if it cannot be measured.
    """
    try:
        return claim_row(claim, library, language)
    except EpoqueError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # A measure was given what is no number, or no runs to compare.
        raise UsageError(f"it cannot be measured: {str(error).rstrip('.')}.") from error


def find_in_sets(sets: Iterable[ClaimSet], name: str) -> tuple[ClaimSet, Claim]:
    """Return the claim that is called so, or whose quantity is, and its set.

    Raises:
        UnknownNameError: if there is none.
    """
    ids: list[str] = []
    quantities: list[str] = []
    for each in sets:
        for claim in each.claims:
            own = [f"{each.prefix}{line.id}" for line in claim.quantities() if line.id]
            if name == claim.id or name in own:
                return each, claim
            ids.append(claim.id)
            quantities += own
    raise UnknownNameError("claim", name, [*ids, *quantities])


def record_verdicts(folder: Path, checked: Iterable[CheckedClaim]) -> Path:
    """Write the verdicts of a book's claims as those to be compared with from now on.

    Raises:
        RunWriteError: if the system refuses.
    """
    path = folder / VERDICTS
    lines = [f'"{one.claim.id}": {one.row.verdict}\n' for one in checked]
    write_atomic(path, "".join(lines).encode())
    return path
