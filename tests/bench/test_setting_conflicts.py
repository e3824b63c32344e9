"""Which values do not go together: declared once, refused by the bench, told to a form."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from covering import cover_pairs

from epoque.bench.config import Config, Conflict, Settings, other_than, setting, sub_config
from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.setting_conflicts import find_conflicts

EXPECTED = Path(__file__).parents[2] / "web" / "tests" / "conflicts.json"
"""What web/tests/conflicts.test.ts expects; EPOQUE_WRITE_EXPECTED=1 writes it anew."""


class NetworkConfig(Settings):
    output: Literal["auto", "linear"] = setting("auto", "Output", "Of the last layer.")


class ConflictConfig(Config):
    conflict_rules: ClassVar[tuple[Conflict, ...]] = (
        Conflict(
            "network.output",
            "{network.output} does not go with loss {loss}; auto does.",
            {"network.output": ("linear",), "loss": other_than("hinge")},
        ),
        Conflict("low", "{low} is above high ({high}).", above="high"),
        *(
            Conflict("loss", "{loss} needs a file.", {"loss": ("hinge",), name: (None,)})
            for name in ("csv", "weights")
        ),
    )
    loss: Literal["log", "hinge"] = setting("log", "Loss", "Which.", group="Training")
    low: float = setting(0.0, "Low", "The least.")
    high: float = setting(1.0, "High", "The most.")
    csv: str | None = setting(None, "CSV", "A file.", file=("csv",))
    weights: str | None = setting(None, "Weights", "A file.", file=("pkl",))
    network: NetworkConfig = sub_config(NetworkConfig(), "Network", "Of it.")


def problems_of(kind: type[Config], values: Mapping[str, Any]) -> list[list[str]]:
    """Return field and message of what is wrong between settings, as a record of them is read."""
    try:
        kind.from_record(values)
    except ConfigError as error:
        return [[problem.field, problem.message] for problem in error.problems]
    return []


def test_a_conflict_is_told_at_its_setting_with_the_values() -> None:
    assert problems_of(ConflictConfig, {"network.output": "linear"}) == [
        ["network.output", "linear does not go with loss log; auto does."]
    ]
    assert problems_of(ConflictConfig, {"low": 3, "high": 2.5}) == [
        ["low", "3 is above high (2.5)."]
    ]
    assert problems_of(ConflictConfig, {"low": 1}) == []


def test_the_same_thing_is_told_once() -> None:
    told = [["loss", "hinge needs a file."]]
    assert problems_of(ConflictConfig, {"loss": "hinge"}) == told
    assert problems_of(ConflictConfig, {"loss": "hinge", "csv": "a.csv"}) == told
    assert problems_of(ConflictConfig, {"loss": "hinge", "csv": "a", "weights": "b"}) == []


def test_a_form_is_told_the_rules() -> None:
    rules = ConflictConfig.json_schema()["conflicts"]
    assert rules[:2] == [
        {
            "field": "network.output",
            "message": "{network.output} does not go with loss {loss}; auto does.",
            "where": {"network.output": ["linear"], "loss": {"not": ["hinge"]}},
        },
        {"field": "low", "message": "{low} is above high ({high}).", "where": {}, "above": "high"},
    ]
    assert json.loads(json.dumps(rules)) == rules


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Conflict("lss", "No."), r"at 'lss' of Odd looks at 'lss', no setting\. Did you mean loss"),
        (Conflict("loss", "{lw} no."), "looks at 'lw', no setting"),
        (Conflict("loss", "No.", above="most"), "looks at 'most', no setting"),
        (Conflict("loss", "No.", {"loss": ("hing",)}), "looks at loss 'hing', which takes one of"),
    ],
)
def test_a_rule_that_can_never_hold_is_refused_where_it_is_declared(
    rule: Conflict, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        type("Odd", (ConflictConfig,), {"__annotations__": {}, "conflict_rules": (rule,)})


VALUES: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "neuron": {
        "data": ("truth_table", "csv"),
        "csv": (None, "points.csv"),
        "init_low": (-2.0, -0.5, 0.0, 1.0),
        "init_high": (-1.5, 0.0, 1.0),
    },
    "gan2d": {
        "data": ("ring", "image", "csv", "drawing"),
        "image": (None, "cat.png"),
        "csv": (None, "points.csv"),
        "drawing": (None, '{"strokes": []}'),
        "d_steps": (0, 1),
        "g_steps": (0, 1),
        "discriminator.output": ("auto", "sigmoid", "linear"),
        "loss": ("log", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"),
        "discriminator.norm": ("none", "batch", "layer"),
        "generator.norm": ("none", "batch", "layer"),
        "gradient_penalty": (0.0, 10.0),
        "r1": (0.0, 0.1),
        "r2": (0.0, 0.1),
        "batch_size": (1, 2, 150),
    },
}
"""Lab of the browser to the settings that its rules name, with values that meet and break them."""


def make_cases(lab: str) -> list[dict[str, Any]]:
    """Return rows of settings in which every two values meet, with what Python says of them."""
    kind = find_lab(lab).config_class
    rows = cover_pairs(VALUES[lab], 24)
    return [{"values": row, "problems": problems_of(kind, row)} for row in rows]


@pytest.mark.parametrize("lab", VALUES)
def test_the_client_expects_what_python_says(lab: str) -> None:
    rules = find_lab(lab).config_class.conflict_rules
    assert set(VALUES[lab]) == set[str]().union(*(rule.paths for rule in rules))
    cases = make_cases(lab)
    if os.environ.get("EPOQUE_WRITE_EXPECTED"):
        kept = json.loads(EXPECTED.read_text("utf-8")) if EXPECTED.exists() else {}
        text = json.dumps({**kept, lab: cases}, ensure_ascii=False, indent=1)
        EXPECTED.write_text(f"{text}\n", "utf-8")
    assert json.loads(EXPECTED.read_text("utf-8"))[lab] == cases
    told = {tuple(problem) for case in cases for problem in case["problems"]}
    unvalidated = find_conflicts(find_lab(lab).config_class(), rules)
    assert not list(unvalidated)
    # Every rule was broken by a row, and some rows break none.
    assert len({field for field, _ in told}) == len({rule.field for rule in rules})
    assert any(not case["problems"] for case in cases)
