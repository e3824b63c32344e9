"""A number that is none is null in results, with a reason, and a dash where it is shown."""

import json
from math import inf, nan

from epoque.bench.terminal import format_number, format_result
from epoque.bench.undefined import explain_undefined_results, replace_undefined


def test_results_hold_no_nan_and_say_why() -> None:
    told = {"a": 1.5, "b": nan, "c": inf, "d": None, "e": {"f": [nan, 1]}, "n": 0}
    found = explain_undefined_results(told | {"not_measured": {"b": "there was none"}})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["e"] == {"f": [None, 1]}
    assert [found[name] for name in "abcdn"] == [1.5, None, None, None, 0]
    assert found["not_measured"]["b"] == "there was none"
    assert "nothing to compute it from" in found["not_measured"]["c"]
    assert set(found["not_measured"]) == {"b", "c"}
    assert explain_undefined_results({"a": 1.0}) == {"a": 1.0}
    assert replace_undefined((nan, 2)) == [None, 2]


def test_a_dash_stands_for_no_number() -> None:
    results = {"a": 0.5, "b": None, "c": None, "not_measured": {"b": "no target"}}
    assert [format_result(name, results) for name in "abcz"] == ["0.5", "– (no target)", "–", "–"]
    assert (format_number(nan), format_number(None), format_number(0.0)) == ("–", "", "0")
