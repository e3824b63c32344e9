"""The claims of a lab: its file `chapter/claims.yaml`, loaded and checked.

```yaml
- id: "1.1"
  statement: {en: "The error falls to 0.01.", fr: "L’erreur descend à 0,01."}
  runs: [neuron/and]            # as the chapter's needs.yaml calls them
  sweeps: [and]
  lines:
    - rule: number              # or together, statement, share, effect, apart, fact, unmeasured
      id: final-error           # may be left out: by it a report claims a number of the quantity
      quantity: {en: final error, fr: erreur finale}
      reported: "0.01"          # a number with the digits it was given with, or a text
      measure:
        column: {sweep: and, name: final_error, at: {iterations: 400}}
      refuted_by:               # what would have to be measured for the line to fail: two cases
        {sweep: and, at: {iterations: 400}, set: {final_error: [0.004, 0.016]}}
    - rule: unmeasured          # what nothing here decides
      quantity: {en: …, fr: …}
      reported: {en: …, fr: …}
      reason: {en: "No judges were asked.", fr: "…"}
```

A text that is the same in both languages may stand alone. A measure is its name with its arguments:
by their names, or in their order as a list. The names are those of `epoque.report.claims.measures`
and of the lab's own (`Lab.claim_measures`). What each rule means, and which bounds it takes, is in
`epoque.report.claims.rules`. `together` has instead of
`reported` and `measure` its `numbers`, each with a quantity, a `reported` number and a `measure`.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.evidence import Comparison, Evidence, Measure, Values
from epoque.bench.lab import find_lab
from epoque.report.checked_yaml import YamlChecker, YamlPath
from epoque.report.needs import chapter_folder, chapter_names, chapter_needs, check_chapter

from .measures import MEASURES
from .refutations import parse_refutations
from .rules import (
    Apart,
    Claim,
    Effect,
    Fact,
    Line,
    Number,
    Share,
    Statement,
    Together,
    Unmeasured,
)

__all__ = ["claims_of", "find_claim", "parse_claims"]

FILE = "claims.yaml"
RULES: Mapping[str, tuple[type[Line], Any, tuple[str, ...], tuple[str, ...]]] = {
    "number": (Number, Values, (), ("about",)),
    "statement": (Statement, Values, (), ("above", "below")),
    "share": (Share, Values, ("above",), ()),
    "effect": (Effect, Values, (), ()),
    "apart": (Apart, Comparison, (), ()),
    "fact": (Fact, bool, ("if_true", "if_false"), ()),
    "together": (Together, None, ("numbers",), ()),
    "unmeasured": (Unmeasured, None, ("reason",), ()),
}
"""Rule to its class, what its measure returns if it has one, and its further keys: required,
optional."""
KINDS = {Values: "one number a seed", Comparison: "two intervals", bool: "true or false"}
ID = re.compile(r"[\w.-]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?( to -?\d+(\.\d+)?)?")
_NUMBERS = {"about": YamlChecker.truth, "above": YamlChecker.number, "below": YamlChecker.number}


def claims_of(lab: str) -> tuple[Claim, ...]:
    """Return the claims of a lab's chapter, in their order; none if it makes none.

    Raises:
        UnknownNameError: if there is no chapter of that name.
        UsageError: with every problem of the file of claims.
    """
    check_chapter(lab)
    return _load(lab)


@cache
def _load(lab: str) -> tuple[Claim, ...]:
    folder = chapter_folder(lab)
    assert folder is not None, lab
    if not (folder / FILE).is_file():
        return ()
    needs = chapter_needs(lab)
    return parse_claims(
        (folder / FILE).read_text("utf-8"),
        f"{lab}/chapter/{FILE}",
        {**MEASURES, **find_lab(lab).claim_measures()},
        runs=[need.name for need in needs if not need.axes],
        sweeps=[need.name for need in needs if need.axes],
    )


def find_claim(name: str, others: Iterable[str] = ()) -> Claim:
    """Return a claim of the lab book by its number, for instance "1.1".

    Args:
        name: its number.
        others: what other claims there are, to be named where this one is not.

    Raises:
        UnknownNameError: if there is none.
        UsageError: if the chapters of two labs have one of that number.
    """
    claims = {lab: {claim.id: claim for claim in claims_of(lab)} for lab in chapter_names()}
    labs = [lab for lab, own in claims.items() if name in own]
    if not labs:
        names = [*others, *(key for own in claims.values() for key in own)]
        raise UnknownNameError("claim", name, names)
    if len(labs) > 1:
        raise UsageError(f"The chapters of {' and '.join(labs)} have each a claim {name!r}.")
    return claims[labs[0]][name]


def parse_claims(
    text: str,
    source: str,
    measures: Mapping[str, Measure],
    *,
    runs: Sequence[str],
    sweeps: Sequence[str],
    declared_in: str = "in needs.yaml ",
) -> tuple[Claim, ...]:
    """Return the claims of a file.

    Args:
        text: its content.
        source: what errors call it.
        measures: name to measure.
        runs: the names of the runs that the chapter reads.
        sweeps: the names of the sweeps that it reads.
        declared_in: where these names stand, for a sentence; "" if in no one place.

    Raises:
        UsageError: with one sentence for each problem.
    """
    file = YamlChecker(text, source, "claim")
    return _Parser(file, measures, runs, sweeps, declared_in).claims()


class _Parser:
    def __init__(
        self,
        file: YamlChecker,
        measures: Mapping[str, Measure],
        runs: Sequence[str],
        sweeps: Sequence[str],
        declared_in: str,
    ) -> None:
        self._file, self._measures = file, measures
        self._known, self._declared_in = {"runs": runs, "sweeps": sweeps}, declared_in
        self._sources: list[str] = []
        self._declared: dict[str, tuple[str, ...]] = {}

    def claims(self) -> tuple[Claim, ...]:
        """Return the claims, or raise every problem."""
        claims = tuple(
            self._claim(item, at) for at, item in self._file.items(self._file.content, ())
        )
        self._check_ids(claims)
        self._file.raise_problems()
        return claims

    def _check_ids(self, claims: Sequence[Claim]) -> None:
        """Check that no two claims, and no two quantities, have one name."""
        names: set[str] = set()
        for index, claim in enumerate(claims):
            if claim.id in names:
                self._file.report((index, "id"), f"there is a claim {claim.id!r} before this one.")
            names.add(claim.id)
        for index, claim in enumerate(claims):
            for line in claim.quantities():
                if line.id and line.id in names:
                    self._file.report((index, "lines"), f"{line.id!r} names something else too.")
                names.add(line.id)

    def _claim(self, value: Any, at: YamlPath) -> Claim:
        file = self._file
        keys = file.mapping(value, at, ("id", "statement", "lines"), ("runs", "sweeps"))
        self._declared = {
            kind: self._names(keys.get(kind, []), (*at, kind), kind) for kind in self._known
        }
        lines = file.items(keys.get("lines", []), (*at, "lines"))
        if keys and not lines:
            file.report((*at, "lines"), "a claim has at least one line.")
        return Claim(
            id=self._id(keys.get("id", "-"), (*at, "id")),
            statement=file.local_text(keys.get("statement", _NONE), (*at, "statement")),
            lines=tuple(filter(None, (self._line(item, path) for path, item in lines))),
            **self._declared,
        )

    def _names(self, value: Any, at: YamlPath, kind: str) -> tuple[str, ...]:
        """Return names of runs or sweeps that the chapter reads."""
        known = self._known[kind]
        names = (self._file.name(item, path, f"{kind[:-1]} {self._declared_in}named", known)
                 for path, item in self._file.items(value, at))  # fmt: skip
        return tuple(filter(None, names))

    def _id(self, value: Any, at: YamlPath) -> str:
        name = self._file.text(value, at)
        if name and not ID.fullmatch(name):
            allowed = "letters, digits, dots, hyphens and underscores"
            self._file.report(at, f"{name!r:.60} is not allowed; it takes {allowed}.")
        return name

    def _line(self, value: Any, at: YamlPath) -> Line | None:
        file = self._file
        rule = value.get("rule") if isinstance(value, dict) else None
        if rule is None or file.name(rule, (*at, "rule"), "rule", RULES) is None:
            if rule is None:
                file.report(at, f"a line has a rule: {', '.join(RULES)}.")
            return None
        line, kind, own, optional = RULES[rule]
        required = ["rule", "quantity", *(() if rule == "together" else ("reported",)), *own]
        required += [] if kind is None else ["measure"]
        keys = file.mapping(value, at, required, ("id", "refuted_by", *optional))
        if not set(required) <= set(keys):
            return None
        own_sources = len(self._sources)
        arguments = {name: self._argument(rule, name, keys[name], (*at, name))
                     for name in keys if name not in ("rule", "measure", "refuted_by")}  # fmt: skip
        if kind is not None:
            arguments["measure"] = self._measure(keys["measure"], (*at, "measure"), kind)
        elif rule == "together":
            arguments["measure"] = _join([n.measure for n in arguments["numbers"]])
        arguments["refuted_by"] = parse_refutations(
            file, keys.get("refuted_by", []), (*at, "refuted_by"), self._declared
        )
        arguments["sources"] = tuple(dict.fromkeys(self._sources[own_sources:]))
        return line(**arguments)

    def _numbers(self, value: Any, at: YamlPath) -> tuple[Number, ...]:
        """Return the numbers that were read off one run."""
        numbers = [
            self._line({"rule": "number", **self._file.plain(item, path)}, path)
            for path, item in self._file.items(value, at)
        ]
        return tuple(number for number in numbers if isinstance(number, Number))

    def _argument(self, rule: str, name: str, value: Any, at: YamlPath) -> Any:
        if name == "numbers":
            return self._numbers(value, at)
        if name == "id":
            return self._id(value, at)
        if name in _NUMBERS:
            return _NUMBERS[name](self._file, value, at)
        if name == "reported" and rule == "number":
            text = self._file.text(value, at)
            if text and not NUMBER.fullmatch(text):
                self._file.report(at, f'{text!r} is neither a number, "0.01", nor two, "20 to 25".')
            return text
        return self._file.local_text(value, at)

    # Measures

    def _measure(self, value: Any, at: YamlPath, kind: Any) -> Callable[[Evidence], Any]:
        """Return what measures, of the wanted kind, given evidence."""
        names = list(value) if isinstance(value, dict) else []
        if len(names) != 1:
            self._file.report(at, "a measure is one name with its arguments.")
            return _measure_nothing
        path = (*at, names[0])
        name = self._file.name(names[0], path, "measure", self._measures)
        if name is None:
            return _measure_nothing
        function = self._measures[name]
        signature = inspect.signature(function)
        if signature.return_annotation is not kind:
            problem = f"it gives {KINDS[signature.return_annotation]}, not {KINDS[kind]}."
            self._file.report(path, problem)
        parameters = {n: p for n, p in signature.parameters.items() if n != "evidence"}
        arguments = self._arguments(value[name], path, parameters)
        return partial(_evaluate, function, "evidence" in signature.parameters, arguments)

    def _arguments(
        self, value: Any, at: YamlPath, parameters: Mapping[str, inspect.Parameter]
    ) -> dict[str, Any]:
        """Return the arguments of a measure, those that are measures themselves as such."""
        if isinstance(value, list):
            if len(value) > len(parameters):
                self._file.report(at, f"it takes {', '.join(parameters)}.")
            places = dict(zip(parameters, range(len(value)), strict=False))
            value = {name: value[index] for name, index in places.items()}
            paths: dict[str, YamlPath] = {name: (*at, index) for name, index in places.items()}
        else:
            paths = {name: (*at, name) for name in parameters}
        required = [n for n, p in parameters.items() if p.default is p.empty]
        optional = [n for n in parameters if n not in required]
        keys = self._file.mapping(value, at, required, optional)
        return {n: self._value(parameters[n].annotation, n, v, paths[n]) for n, v in keys.items()}

    def _value(self, annotation: Any, name: str, value: Any, at: YamlPath) -> Any:
        file = self._file
        if annotation is Values:
            return self._measure(value, at, Values)
        if annotation == Sequence[Values]:
            return [self._measure(item, path, Values) for path, item in file.items(value, at)]
        if name in ("run", "sweep"):
            self._check_declared(value, at, f"{name}s")
        if name in ("runs", "sweeps"):
            for path, item in file.items(value, at):
                self._check_declared(item, path, name)
        elif annotation is str:
            return file.text(value, at)
        elif annotation is int:
            return file.whole_number(value, at)
        elif annotation in (float, float | None):
            return file.number(value, at)
        elif annotation == Mapping[str, Any]:
            return file.plain(value, at)
        return value

    def _check_declared(self, value: Any, at: YamlPath, kind: str) -> None:
        """Check that a measure reads what its claim says it rests on."""
        name = self._file.name(value, at, f"{kind[:-1]} of this claim named", self._declared[kind])
        self._sources += [name] if name is not None else []


_NONE = {"en": "-", "fr": "-"}


def _measure_nothing(_evidence: Evidence) -> Any:
    raise AssertionError("a file with problems is not measured")


def _join(measures: Sequence[Callable[[Evidence], Any]]) -> Callable[[Evidence], Any]:
    """Return what measures several quantities."""
    return lambda evidence: [measure(evidence) for measure in measures]


def _evaluate(
    function: Measure, takes_evidence: bool, arguments: Mapping[str, Any], evidence: Evidence
) -> Any:
    """Return what a measure gives, with the measures among its arguments evaluated before."""
    values = {name: _evaluate_argument(value, evidence) for name, value in arguments.items()}
    return function(evidence, **values) if takes_evidence else function(**values)


def _evaluate_argument(value: Any, evidence: Evidence) -> Any:
    if isinstance(value, partial):
        return value(evidence)
    if isinstance(value, list):
        return [_evaluate_argument(item, evidence) for item in value]
    return value
