"""A file of claims is read whole: every problem at once, each with its line."""

import pytest

from epoque.bench.errors import UsageError
from epoque.report.claims.load import parse_claims
from epoque.report.claims.measures import MEASURES
from epoque.report.claims.rules import Claim
from epoque.report.needs import parse_needs

GOOD = """\
- id: "1.1"
  statement: {en: It falls., fr: Elle baisse.}
  runs: [line/fit]
  sweeps: [fits]
  lines:
    - rule: statement
      quantity: {en: fall, fr: baisse}
      reported: {en: falls, fr: baisse}
      above: 0
      measure:
        difference:
          - column: {sweep: fits, name: first}
          - result: {run: line/fit, name: last}
"""


def parse(text: str) -> tuple[Claim, ...]:
    return parse_claims(text, "claims.yaml", MEASURES, runs=["line/fit"], sweeps=["fits"])


def test_what_is_written_is_what_is_read() -> None:
    (claim,) = parse(GOOD)
    assert (claim.id, claim.statement.fr, claim.sweeps) == ("1.1", "Elle baisse.", ("fits",))
    assert parse("[]") == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id:", "ids:", "line 1: ids: there is no such key. Did you mean id?"),
        ('id: "1.1"', "id: 1.1", "line 1: id: 1.1 is no text."),
        (", fr: baisse}\n      rep", "}\n      rep", "line 7: quantity: the key fr is missing."),
        ("[fits]", "[fit]", "line 4: sweeps: there is no sweep in needs.yaml named 'fit'."),
        ("  runs: [line/fit]\n", "", "line 12: run: there is no run of this claim named"),
        ("statement\n", "statment\n", "line 6: rule: there is no rule 'statment'. Did you mean"),
        ("above: 0", "above: much", "line 9: above: 'much' is no number."),
        ("column:", "colum:", "line 12: colum: there is no measure 'colum'. Did you mean column?"),
        ("name: first}", "nam: first}", "line 12: nam: there is no such key. Did you mean name?"),
        (
            "difference:",
            "is_true:",
            "line 11: is_true: it gives true or false, not one number",
        ),
        ("          - result: {run: line/fit, name: last}\n", "", "the key second is missing."),
        ("    - rule", "    - 3\n    - rule", "line 6: lines: a line has a rule: number, "),
        ("- id", "  id", "line 1: a list stands here."),
        ("{en: fall, fr: baisse}", "{en: fall", "line 8: expected ',' or '}'"),
        ("rule: statement", "rule: number", "line 8: reported: {'en': 'falls', 'fr': 'baisse'} is"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as raised:
        parse(GOOD.replace(old, new, 1))
    assert problem in str(raised.value).replace(", claim 1.1:", ":")
    assert str(raised.value).startswith("claims.yaml, line ")


def test_what_is_wrong_is_told_with_its_claim() -> None:
    with pytest.raises(UsageError, match=r"^claims\.yaml, line 9, claim 1\.1: above: 'much' is no"):
        parse(GOOD.replace("above: 0", "above: much"))


def test_all_problems_are_told_at_once() -> None:
    wrong = GOOD.replace("above: 0", "abov: 0").replace("name: last", "name: 3")
    with pytest.raises(UsageError) as raised:
        parse(wrong.replace("It falls.", "''") + GOOD)
    lines = str(raised.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"claims.yaml, line {number}, claim 1.1" for number in (2, 9, 13, 14)
    ]


def test_one_text_alone_is_the_same_in_both_languages() -> None:
    (claim,) = parse(GOOD.replace("{en: fall, fr: baisse}", "Loss"))
    assert (claim.lines[0].quantity.en, claim.lines[0].quantity.fr) == ("Loss", "Loss")


def test_a_line_knows_its_name_and_what_it_reads() -> None:
    (claim,) = parse(GOOD.replace("rule: statement", "rule: statement\n      id: fall-of-it"))
    (line,) = claim.quantities()
    assert (line.id, line.sources) == ("fall-of-it", ("fits", "line/fit"))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "a b",
            "id: 'a b' is not allowed; it takes letters, digits, dots, hyphens and under",
        ),
        ('"1.1"', "'1.1' names something else too."),
    ],
)
def test_a_name_of_a_line_is_one_word_and_its_own(name: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(GOOD.replace("rule: statement", f"rule: statement\n      id: {name}"))
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("runs: [line/fit]\nordr: 3", "line 2: ordr: there is no such key. Did you mean order?"),
        ("order: first", "line 1: order: 'first' is no whole number."),
        ("runs: line/fit", "line 1: runs: a list stands here."),
        ("runs:\n  - {name: fit}", "line 2: runs: the key recipe is missing."),
        ("sweeps:\n  a: {recipe: line/fit}", "line 2: a: the key axes is missing."),
        ("sweeps:\n  a: {recipe: line/fit, axes: {seed: 3}}", "line 2: seed: 3 is no text."),
        ("runs:\n  - {recipe: line/fit, recorded: 1}", "recorded: 1 is neither true nor false."),
    ],
)
def test_what_a_chapter_reads_is_checked_likewise(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_needs(text, "needs.yaml", "line")
    assert problem in str(raised.value)


def test_what_a_chapter_reads() -> None:
    text = "order: 5\nruns: [line/fit]\nsweeps:\n  fits: {recipe: line/fit, axes: {seed: '0:3'}}"
    order, (run, sweep) = parse_needs(text, "needs.yaml", "line")
    assert (order, run.name, run.axes, run.chapter) == (5, "line/fit", {}, "line")
    assert (sweep.name, sweep.axes, sweep.recorded) == ("fits", {"seed": "0:3"}, False)
