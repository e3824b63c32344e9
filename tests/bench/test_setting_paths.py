"""One path names a setting at every door, however its part was written."""

import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.config import Config, Settings, setting, sub_config
from epoque.bench.errors import AxesError, ConfigError, Problem
from epoque.bench.setting_paths import flatten, nest, suggest_settings
from epoque.bench.sinks.parameters import shorten_parameters
from epoque.bench.sweeps.grid import expand_grid, parse_axes


class OptimizerConfig(Settings):
    name: Literal["sgd", "adam"] = setting("sgd", "Optimiser", "How to step.")
    learning_rate: float = setting(0.1, "Learning rate", "Size of a step.", gt=0, le=10)
    beta1: float = setting(0.9, "Beta 1", "For adam.", ge=0, lt=1)


class NetworkConfig(Settings):
    layers: tuple[int, ...] = setting((4,), "Layers", "A list.", max_length=4)
    bias: bool = setting(True, "Bias", "Whether there is one.")
    optimizer: OptimizerConfig = sub_config(OptimizerConfig(), "Optimiser", "Of the network.")


class PairConfig(Config):
    steps: int | None = setting(10, "Steps", "How many.", ge=1)
    left: NetworkConfig = sub_config(
        NetworkConfig(layers=(8, 8), optimizer=OptimizerConfig(learning_rate=0.5)),
        "Generator",
        "The one.",
        context="{} of the generator",
    )
    right: NetworkConfig = sub_config(NetworkConfig(), "Discriminator", "The other.")

    def conflicts(self) -> Iterator[Problem]:
        for side, optimizer in (("left", self.left.optimizer), ("right", self.right.optimizer)):
            if optimizer.beta1 != 0.9 and optimizer.name != "adam":
                path = f"{side}.optimizer.beta1"
                yield Problem(path, "it would be ignored; it needs adam.", ignored=True)
        if self.steps is None and self.right.layers == ():
            yield Problem("right.layers", "an empty list needs steps.")


def problems(**values: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        PairConfig.parse(values)
    return {problem.field: problem.message for problem in raised.value.problems}


RATE = "left.optimizer.learning_rate"


def test_the_paths_are_in_the_order_of_the_schema() -> None:
    assert list(PairConfig.settings()) == [
        "seed", "checkpoint_every", "steps",
        "left.layers", "left.bias",
        "left.optimizer.name", "left.optimizer.learning_rate", "left.optimizer.beta1",
        "right.layers", "right.bias",
        "right.optimizer.name", "right.optimizer.learning_rate", "right.optimizer.beta1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {RATE: "0.2"},
        {"left": {"optimizer": {"learning_rate": 0.2}}},
        {"left.optimizer": {"learning_rate": "0.2"}},
        {"left": {"optimizer.learning_rate": "0.2"}},
        {"left": NetworkConfig(layers=(8, 8), optimizer=OptimizerConfig(learning_rate=0.2))},
    ],
)
def test_a_setting_is_nested_or_named_by_its_path(values: dict[str, Any]) -> None:
    config = PairConfig.parse(values)
    assert config.get(RATE) == config.left.optimizer.learning_rate == 0.2
    assert config == PairConfig().replace(**values) == PairConfig(**values)  # but text in the last
    assert config.flatten() == PairConfig().flatten() | {RATE: 0.2}


def test_a_part_keeps_its_own_defaults_where_only_some_of_it_is_said() -> None:
    config = PairConfig(left={"bias": False}, right={"optimizer": {"name": "adam"}})  # type: ignore[arg-type]
    assert (config.left.layers, config.left.optimizer.learning_rate) == ((8, 8), 0.5)
    assert (config.right.layers, config.right.optimizer.learning_rate) == ((4,), 0.1)
    assert PairConfig.settings()[RATE].default == 0.5


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("left.optimiser.learning_rate", 1, "no such setting. Did you mean left.optimizer.learn"),
        ("left.learning_rate", 1, f"no such setting. Did you mean {RATE}?"),
        ("left_optimizer_learning_rate", 1, f"no such setting. Did you mean {RATE} or"),
        ("beta1", 1, "Did you mean left.optimizer.beta1 or right.optimizer.beta1?"),
        ("lefd.layers", "4", "no such setting. Did you mean left.layers or right.layers?"),
        ("lefd", "4", "no such setting. Did you mean left?"),
        ("left", 5, "5 is not allowed; it holds settings, such as left.layers."),
        ("left.optimizer", "adam", "adam is not allowed; it holds settings, such as left.optimiz"),
        ("seed.a", 1, "seed is a setting itself and holds no others."),
        (f"{RATE}.x.y", 1, f"{RATE} is a setting itself and holds no others."),
        (RATE, "fast", "fast is not allowed; it takes a finite number greater than 0 and at most"),
        (RATE, {}, "{} is not allowed; it takes a finite number greater than 0 and at most 10"),
        (RATE, "0,5", "0,5 is not allowed; it takes a finite number greater than 0 and at most"),
        ("right.bias", 3, "3 is not allowed; it takes true or false."),
        ("right.layers", "4,x", "4,x is not allowed; it takes a list such as 4,2"),
        ("right.optimizer.name", "adan", "Did you mean adam?"),
        ("left.", 1, "no such setting."),
        ("", 1, "no such setting."),
    ],
)
def test_what_is_wrong_is_told_with_the_whole_path(path: str, value: Any, message: str) -> None:
    for values in ({path: value}, nest({path: value})):
        (told,) = [text for field, text in problems(**values).items() if field == path]
        assert message in told


def test_a_mapping_where_a_number_is_expected() -> None:
    assert problems(left={"layers": {"first": 3}}) == {
        "left.layers.first": "left.layers is a setting itself and holds no others."
    }


def test_a_setting_given_twice() -> None:
    assert problems(**{"left": {"bias": True}, "left.bias": False}) == {
        "left.bias": "it is given twice."
    }
    with pytest.raises(ValueError, match=r"left.bias: it is given twice."):
        PairConfig(**{"left": {"bias": True}, "left.bias": False})


def test_all_problems_of_all_parts_at_once() -> None:
    told = problems(
        seed=-1, left={"layer": 3, "optimizer": {"beta1": 2}}, **{"right.optimizer.name": "x"}
    )
    assert set(told) == {"seed", "left.layer", "left.optimizer.beta1", "right.optimizer.name"}


def test_depth_is_no_trap() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"a": deep}
    (message,) = problems(seed=deep).values()
    assert message == "seed is a setting itself and holds no others."


def test_a_usual_setting_without_effect_goes_back_and_a_change_is_refused() -> None:
    usual = {"left": {"optimizer": {"name": "adam", "beta1": "0.5"}}}
    config = PairConfig.with_overrides(usual, {"left.optimizer.name": "sgd"})
    assert (config.left.optimizer.name, config.left.optimizer.beta1) == ("sgd", 0.9)
    with pytest.raises(ConfigError, match=r"left.optimizer.beta1: it would be ignored"):
        PairConfig.with_overrides({}, {"left": {"optimizer": {"beta1": 0.5}}})
    adam = PairConfig.parse(usual)
    assert adam.replace(**{"left.optimizer.name": "sgd"}).left.optimizer.beta1 == 0.9


def test_the_json_is_nested_and_read_again() -> None:
    config = PairConfig.parse({RATE: 0.3, "steps": "none"})
    document = config.model_dump(mode="json")
    assert document["left"]["optimizer"]["learning_rate"] == 0.3
    assert PairConfig.parse(json.loads(json.dumps(document))) == config
    assert shorten_parameters(document)[RATE] == 0.3


def test_the_schema_has_each_part_with_its_defaults_in_both_languages() -> None:
    schema = PairConfig.json_schema("fr")["properties"]
    left, right = schema["left"], schema["right"]
    assert left["title"] == "Générateur"
    assert left["additionalProperties"] is False
    for side, rate in ((left, 0.5), (right, 0.1)):
        inner = side["properties"]["optimizer"]["properties"]["learning_rate"]
        assert (inner["default"], inner["title"]) == (rate, "Taux d’apprentissage")
    assert "$ref" not in json.dumps(schema)
    assert "context" not in json.dumps(schema)


def test_a_label_says_which_part_it_is_of() -> None:
    rate = PairConfig.settings()[RATE]
    assert rate.label() == "Learning rate of the generator"
    assert rate.label("fr") == "Taux d’apprentissage du générateur"
    assert PairConfig.settings()["right.layers"].label() == "Layers"


def test_an_axis_has_the_path_of_its_setting() -> None:
    axes = parse_axes(
        PairConfig(), ["left.optimizer.learning-rate=0.01:1:log:3", "right.layers=2;4,4"]
    )
    assert expand_grid(axes) == {
        RATE: [0.01, 0.01, 0.1, 0.1, 1.0, 1.0],
        "right.layers": [(2,), (4, 4)] * 3,
    }
    points = [PairConfig().replace(**{RATE: rate}) for rate in expand_grid(axes)[RATE]]
    assert [point.left.optimizer.learning_rate for point in points] == expand_grid(axes)[RATE]


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("left.learning_rate=1,2", f"Did you mean {RATE}?"),
        ("left.optimizer=1,2", "left.optimizer: 1,2 is not allowed; it holds settings"),
        ("left.layers.x=1,2", "left.layers.x: left.layers is a setting itself"),
        (f"{RATE}=0:1:log:3", f"{RATE}: in 0:1:log:3, 0 is not allowed"),
        ("left..layers=1,2", "an axis is a field and its values"),
        ("left.optimizer.beta1=0.1,0.2", "would be ignored"),
    ],
)
def test_a_wrong_axis_is_told_with_its_path(axis: str, message: str) -> None:
    with pytest.raises(AxesError) as raised:
        parse_axes(PairConfig(), [axis])
    assert message in str(raised.value)


def test_a_setting_and_an_axis_exclude_each_other_by_their_path() -> None:
    with pytest.raises(AxesError, match="given twice, as an axis and as a setting"):
        parse_axes(PairConfig(), [f"{RATE}=1,2"], [RATE])


NAMES = st.sampled_from("abcd")
TREES: st.SearchStrategy[Any] = st.dictionaries(
    NAMES, st.recursive(st.integers(), lambda inner: st.dictionaries(NAMES, inner, min_size=1))
)


@given(TREES)
def test_nesting_and_flattening_undo_each_other(tree: dict[str, Any]) -> None:
    assert nest(flatten(tree)) == tree


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("lr", f"{RATE} or right.optimizer.learning_rate"),
        ("left.lr", f"{RATE} or right.optimizer.learning_rate"),
    ],
)
def test_a_learning_rate_is_found_by_its_short_name(path: str, near: str) -> None:
    assert suggest_settings(path, PairConfig.settings()) == f" Did you mean {near}?"


def test_short_learning_rates_are_found_by_the_long_name() -> None:
    assert suggest_settings("learning_rate", ["glr", "dlr", "lag"]) == " Did you mean glr or dlr?"


def test_no_suggestion_for_what_is_like_nothing() -> None:
    assert suggest_settings("zzz", PairConfig.settings()) == ""
