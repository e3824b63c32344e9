"""A reader's own claims: what they read, what is wrong with them, and whether a verdict changed."""

import json
import shutil
from pathlib import Path

import pytest

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.runs.run import Runs
from epoque.report.claims.claim_sets import (
    check_claims,
    find_in_sets,
    read_chapter_claims,
    read_own_claims,
    record_verdicts,
)


def verdicts(book: Path, runs: Path) -> dict[str, str]:
    checked = check_claims(read_own_claims(book, runs))
    return {one.claim.id: one.row.verdict for one in checked}


def test_own_claims_read_what_is_declared_and_the_newest_run(
    own_book: Path, own_runs: Path
) -> None:
    assert verdicts(own_book, own_runs) == {
        "mine-1": "holds", "mine-2": "holds", "mine-3": "unmeasured", "mine-4": "holds",
    }  # fmt: skip


def test_what_was_never_run_has_its_command(own_book: Path, own_runs: Path) -> None:
    claims = read_own_claims(own_book, own_runs)
    third = check_claims(claims)[2]
    assert third.row.commands == ("epoque sweep neuron/or seed=0:3",)
    assert third.row.lines[0].measured == "no run is recorded"


def test_without_a_needs_file_a_sweep_is_named_by_its_recipe_or_id(
    own_book: Path, own_runs: Path
) -> None:
    (own_book / "needs.yaml").unlink()
    with pytest.raises(UsageError, match="claim mine-1: sweeps: there is no sweep named 'short'"):
        read_own_claims(own_book, own_runs)
    ids = sorted(path.parent.name for path in own_runs.glob("*/sweep.json"))
    text = (own_book / "claims.yaml").read_text().split("- id: mine-3")[0]
    (own_book / "claims.yaml").write_text(text.replace("short", ids[0]))
    assert verdicts(own_book, own_runs) == {"mine-1": "holds", "mine-2": "holds"}
    (own_book / "claims.yaml").write_text(text.replace("short", "neuron/and"))
    with pytest.raises(UsageError, match=r"claim mine-1: There is no single sweep 'neuron/and'"):
        verdicts(own_book, own_runs)


def test_every_problem_is_told_at_once(own_book: Path, own_runs: Path) -> None:
    path = own_book / "claims.yaml"
    text = path.read_text().replace("above: 0\n      measure", "abov: 0\n      measure")
    path.write_text(text.replace("rule: share", "rule: shar"))
    with pytest.raises(UsageError) as raised:
        read_own_claims(own_book, own_runs)
    first, second = str(raised.value).splitlines()
    assert first == f"{path}, line 9, claim mine-1: abov: there is no such key. Did you mean above?"
    assert second.startswith(f"{path}, line 38, claim mine-4: rule: there is no rule 'shar'.")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name: final_error, at: {iterations: 5}", "name: final_eror, at: {iterations: 5}",
         "claim mine-1: There is no column of the sweep short named 'final_eror'. Did you mean"),
        ("at: {iterations: 5}", "at: {iterations: 6}", "claim mine-1: .* has no iterations 6"),
        ("{run: neuron/and, name: final_error}", "{run: neuron/and, name: y}",
         "claim mine-2: it cannot be measured: float"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_one_sentence_with_its_claim(
    own_book: Path, own_runs: Path, old: str, new: str, problem: str
) -> None:
    path = own_book / "claims.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UsageError, match=problem) as raised:
        verdicts(own_book, own_runs)
    assert len(str(raised.value).splitlines()) == 1


def test_a_claim_whose_run_failed_says_why(own_book: Path, own_runs: Path) -> None:
    runs = own_book.parent / "runs"
    shutil.copytree(own_runs, runs)
    run = next(iter(Runs(runs)))
    for name in ("manifest.json", "results.json"):
        (run.path / name).unlink()
    status = json.loads((run.path / "status.json").read_text())
    failed = {"state": "failed", "reason": "the error is not finite"}
    kept = {key: value for key, value in status.items() if key != "sha256"}
    (run.path / "status.json").write_text(json.dumps(kept | failed))
    path = own_book / "claims.yaml"
    path.write_text(path.read_text().replace("neuron/and]", f"{run.id}]").replace(
        "run: neuron/and", f"run: {run.id}"
    ))  # fmt: skip
    with pytest.raises(UsageError, match=r"mine-2: .* has no results, since it is failed: the"):
        verdicts(own_book, runs)


def test_a_verdict_that_changed_is_seen(own_book: Path, own_runs: Path) -> None:
    claims = read_own_claims(own_book, own_runs)
    checked = check_claims(claims)
    assert {one.recorded for one in checked} == {None}
    assert not any(one.is_changed for one in checked)
    path = record_verdicts(own_book, checked)
    again = read_own_claims(own_book, own_runs)
    assert again.verdicts == {one.claim.id: one.row.verdict for one in checked}
    path.write_text(path.read_text().replace("holds", "fails", 1))
    changed = read_own_claims(own_book, own_runs)
    assert [one.claim.id for one in check_claims(changed) if one.is_changed] == ["mine-1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mine-9: holds", "mine-9: there is no claim 'mine-9'. Did you mean mine-4"),
        ("mine-1: true", "mine-1: there is no verdict True"),
        ("mine-1: hold", "mine-1: there is no verdict 'hold'. Did you mean holds?"),
        ("[1]", "a mapping of names to values stands here."),
    ],
)
def test_recorded_verdicts_are_checked(
    own_book: Path, own_runs: Path, text: str, problem: str
) -> None:
    (own_book / "verdicts.yaml").write_text(text)
    with pytest.raises(UsageError) as raised:
        read_own_claims(own_book, own_runs)
    assert problem in str(raised.value)


def test_the_lab_book_records_a_verdict_for_each_of_its_claims(own_runs: Path) -> None:
    sets = read_chapter_claims(own_runs)
    for each in sets:
        assert list(each.verdicts) == [claim.id for claim in each.claims], each.name
    found = find_in_sets(sets, "neuron/and-error-400")
    assert found == find_in_sets(sets, "1.1")
    with pytest.raises(UnknownNameError, match=r"There is no claim 'x'\. There are 1\.1, 1\.2"):
        find_in_sets(sets, "x")
