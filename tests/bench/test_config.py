"""One schema, four doors: Python, text, JSON, and the form's schema."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_lab import LineConfig
from pydantic import ValidationError

from epoque.api import configure
from epoque.bench.config import Config, setting
from epoque.bench.errors import ConfigError, Problem, UsageError
from epoque.bench.setting_types import allowed_values
from epoque.neuron.config import NeuronConfig


def problems(kind: type[Config], **values: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        kind.parse(values)
    return {p.field: p.message for p in caught.value.problems}


def test_defaults() -> None:
    config = LineConfig()
    assert (config.seed, config.checkpoint_every, config.layers) == (0, 1000, (4, 2))


def test_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        LineConfig().seed = 1  # type: ignore[misc]
    assert len({LineConfig(), LineConfig(), LineConfig(seed=1)}) == 2


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "7", 7),
        ("seed", " 7 ", 7),
        ("learning_rate", "1e-2", 0.01),
        ("learning_rate", "3", 3.0),
        ("layers", "8", (8,)),
        ("layers", "8, 4,2", (8, 4, 2)),
        ("layers", "", ()),
        ("batch_size", "none", None),
        ("batch_size", "16", 16),
        ("centred", "false", False),
        ("centred", "true", True),
        ("optimizer", "sgd", "sgd"),
        ("note", "none", "none"),
        ("note", "0110", "0110"),
    ],
)
def test_text_is_read_as_the_fields_type(name: str, text: str, value: Any) -> None:
    assert getattr(LineConfig.parse({name: text}), name) == value


NO_RATES = [0, -1, float("nan"), float("inf"), 10**400, None, [1]]
NO_RATES_AS_TEXT = ["0", "-1", "nan", "inf", "1e400", "9" * 400, "ten", "", "0x10"]


@pytest.mark.parametrize("value", NO_RATES + NO_RATES_AS_TEXT, ids=lambda v: repr(v)[:8])
def test_a_learning_rate_that_is_none(value: Any) -> None:
    (message,) = problems(LineConfig, learning_rate=value).values()
    assert message.endswith(
        "is not allowed; it takes a finite number greater than 0 and at most 1,000,000.0."
    )


@pytest.mark.parametrize(
    "value", ["1.5", 1.5, "x", -1, 2**32, "0x10", 10**400, 10**5000], ids=range(8)
)
def test_a_seed_that_is_none(value: Any) -> None:
    (message,) = problems(NeuronConfig, seed=value).values()
    assert "it takes a whole number at least 0 and at most 4,294,967,295." in message


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("011", "011 has 3 symbols; a truth table of n inputs has 2^n: 2, 4, 8, … 1024."),
        ("0", "0 has 1 symbols; a truth table of n inputs has 2^n: 2, 4, 8, … 1024."),
        ("01" * 1024, f"{'01' * 30}… has 2048 symbols;"),
        ("0120", "0120 is neither a gate (and, or, xor, nand, nor, xnor, implication) nor a"),
        ("xro", "Did you mean xor"),
        ("", "(empty) is neither a gate"),
        (6, "6 is not allowed; it takes text."),
    ],
)
def test_a_truth_table_that_is_none(table: Any, told: str) -> None:
    (message,) = problems(NeuronConfig, truth_table=table).values()
    assert told in message


def test_a_truth_table_keeps_its_zeros() -> None:
    assert NeuronConfig.parse({"truth_table": "0110"}).truth_table == "0110"
    assert NeuronConfig.parse({"truth_table": "XOR"}).truth_table == "0110"


def test_all_problems_at_once() -> None:
    told = problems(LineConfig, learning_rat="1", seed="-1", optimizer="sdg", layers="4,x")
    assert told == {
        "learning_rat": "no such setting. Did you mean learning_rate?",
        "seed": "-1 is not allowed; it takes a whole number at least 0 and at most 4,294,967,295.",
        "optimizer": "sdg is not allowed; it takes one of sgd, momentum. Did you mean sgd?",
        "layers": "4,x is not allowed; it takes a list such as 4,2 in which each is a whole"
        " number.",
    }


def test_a_problem_between_fields() -> None:
    told = problems(LineConfig, batch_size=10, iterations=5)
    assert told == {"batch_size": "10 is above iterations."}


def test_the_fields_are_spelt_as_the_door_spells_them() -> None:
    error = ConfigError([Problem("learning_rate", "wrong."), Problem("seed", "bad.")])
    assert str(error) == "learning_rate: wrong.\nseed: bad."
    assert error.describe("--{}") == "--learning-rate: wrong.\n--seed: bad."
    assert isinstance(error, UsageError | ValueError)
    assert error.exit_code == 2


def test_long_values_are_cut_in_messages() -> None:
    for value in ("x" * 10_000, list(range(10_000)), {"a": "b" * 10_000}):
        (message,) = problems(LineConfig, seed=value).values()
        assert len(message) < 200


def test_deep_values() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    (message,) = problems(LineConfig, seed=deep).values()
    assert "whole number" in message


def test_replace() -> None:
    config = LineConfig(layers=(1, 2)).replace(seed="5")
    assert (config.seed, config.layers) == (5, (1, 2))
    with pytest.raises(ConfigError, match="seed: x is not allowed"):
        config.replace(seed="x")


MLP = {"model": "mlp", "hidden_layers": "4,2", "optimizer": "momentum", "momentum": "0.5"}


def test_usual_settings_give_way_to_changes_that_make_them_idle() -> None:
    config = NeuronConfig.with_overrides(MLP, {"optimizer": "adam"})
    assert config == NeuronConfig(model="mlp", hidden_layers=(4, 2), optimizer="adam")
    assert (
        NeuronConfig.with_overrides(MLP, {"model": "perceptron"}) == NeuronConfig()
    )  # one after another
    assert NeuronConfig.with_overrides(MLP, {}) == NeuronConfig.parse(MLP)
    assert NeuronConfig.parse(MLP).replace(model="perceptron") == NeuronConfig()


def test_a_change_that_would_be_idle_is_a_mistake() -> None:
    for changes in ({"model": "perceptron", "loss": "hinge"}, {"optimizer": "sgd", "momentum": 0}):
        with pytest.raises(ConfigError) as caught:
            NeuronConfig.with_overrides(MLP, changes)
        (problem,) = caught.value.problems
        assert problem.field == list(changes)[1]
        assert "would be ignored" in problem.message


def test_usual_settings_that_are_idle_by_themselves_are_a_mistake() -> None:
    idle = {**MLP, "optimizer": "sgd"}
    for changes in ({}, {"seed": 3}):
        with pytest.raises(
            ConfigError, match=r"momentum: 0\.5 would be ignored with optimizer sgd"
        ):
            NeuronConfig.with_overrides(idle, changes)
    assert NeuronConfig.with_overrides(idle, {"optimizer": "momentum"}) == NeuronConfig.parse(MLP)


def test_other_problems_are_told_without_what_gave_way() -> None:
    with pytest.raises(ConfigError) as caught:
        NeuronConfig.with_overrides(MLP, {"model": "perceptron", "init_low": 3})
    assert str(caught.value) == "init_low: 3 is above init_high (0)."


@pytest.mark.parametrize(
    ("recipe", "settings", "given_up"),
    [
        ("neuron/xor-mlp", {"model": "perceptron"}, "hidden_layers"),
        ("stylegan3/tiny", {"data": "set.zip"}, "avatars"),
        ("language/laptop-clm", {"head": "full"}, "negatives"),
    ],
)
def test_a_recipe_gives_way_in_every_lab(
    recipe: str, settings: dict[str, str], given_up: str
) -> None:
    found, lab, config = configure(recipe, settings)
    assert given_up in found.config
    assert getattr(config, given_up) == lab.config_class.model_fields[given_up].default


configs = st.builds(
    LineConfig,
    seed=st.integers(0, 2**32 - 1),
    learning_rate=st.floats(0, 1e6, exclude_min=True),
    optimizer=st.sampled_from(["sgd", "momentum"]),
    layers=st.lists(st.integers(), max_size=8).map(tuple),
    batch_size=st.none() | st.integers(1, 200),
    centred=st.booleans(),
    note=st.text(max_size=100),
)


@given(configs)
def test_parsing_a_dump_is_the_identity(config: LineConfig) -> None:
    assert LineConfig.parse(config.model_dump()) == config
    assert LineConfig.parse(json.loads(config.model_dump_json())) == config
    assert config.replace() == config


@given(configs)
def test_parsing_what_was_typed_is_the_identity(config: LineConfig) -> None:
    def typed(value: Any) -> str:
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

    values = {name: typed(value) for name, value in config.model_dump().items()}
    assert LineConfig.parse(values) == config


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(NeuronConfig.model_fields)) | st.text(), json_values))
def test_anything_else_is_a_config_error(values: dict[str, Any]) -> None:
    told: tuple[Problem, ...] = ()
    try:
        config = NeuronConfig.parse(values)
    except ConfigError as error:
        told = error.problems
        assert told
    else:
        assert NeuronConfig.parse(config.model_dump()) == config
    assert all(p.message.endswith((".", "?")) for p in told)


def test_allowed_values_in_words() -> None:
    fields = NeuronConfig.model_fields
    assert allowed_values(fields["learning_rate"]) == (
        "a finite number greater than 0 and at most 100,000"
    )
    assert allowed_values(fields["batch_size"]) == "a whole number at least 1, or none"
    assert allowed_values(fields["csv"]) == "text, or none"
    assert allowed_values(fields["model"]) == "one of perceptron, mlp"
    assert allowed_values(fields["hidden_layers"]) == (
        "a list such as 4,2 in which each is a whole number at least 1 and at most 1,024"
    )
    assert allowed_values(LineConfig.model_fields["centred"]) == "true or false"


@pytest.mark.parametrize("kind", [LineConfig, NeuronConfig])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_schema_tells_a_form_all_it_needs(kind: type[Config], language: str) -> None:
    schema = kind.json_schema(language)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(kind.model_fields)
    for name, value in schema["properties"].items():
        assert value["title"], name
        assert value["description"].endswith("."), name
        assert "default" in value, name
    assert schema["properties"]["seed"]["minimum"] == 0


WORDS = ("title", "description", "group")


def test_the_schema_is_in_french() -> None:
    english, french = (LineConfig.json_schema(x)["properties"]["seed"] for x in ("en", "fr"))
    assert french["title"] != english["title"]
    assert french["description"] != english["description"]
    assert {k: v for k, v in french.items() if k not in WORDS} == {
        k: v for k, v in english.items() if k not in WORDS
    }
    with pytest.raises(UsageError, match="There is no language 'de'; there are en, fr"):
        LineConfig.json_schema("de")


def test_a_unit_is_in_the_schema() -> None:
    assert LineConfig.json_schema()["properties"]["pause"]["unit"] == "s"
    assert "unit" not in LineConfig.json_schema()["properties"]["seed"]


def test_every_field_of_every_lab_says_what_it_is() -> None:
    for kind in (Config, NeuronConfig):
        for name, field in kind.model_fields.items():
            assert field.title, name
            assert field.description, name


def test_setting_wants_a_label_and_a_description() -> None:
    with pytest.raises(TypeError):
        setting(0)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("kind", "default", "message"),
    [
        (list[float], setting([1.0], "Rates", "Several."), r"use tuple\[float, \.\.\.\]"),
        (list[int] | None, setting(None, "Rates", "Several."), r"use tuple\[int, \.\.\.\]"),
        (float, 0.5, r"'rates' of Odd has no label; declare it with `setting"),
    ],
)
def test_what_no_form_could_show_is_refused_where_it_is_declared(
    kind: Any, default: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        type("Odd", (Config,), {"__annotations__": {"rates": kind}, "rates": default})
