from math import log
from typing import Any

import pytest

from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.sweeps.grid import (
    MAX_POINTS,
    Axis,
    count_points,
    expand_grid,
    parse_axes,
    to_cell,
    to_cells,
)
from epoque.neuron.config import NeuronConfig


def parse(*texts: str, **base: Any) -> tuple[Axis, ...]:
    return parse_axes(find_lab("bowl").config_class.parse(base), texts)


def error_message(*texts: str, **base: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(*texts, **base)
    return str(caught.value)


def test_a_log_range_has_both_ends_and_equal_ratios() -> None:
    (axis,) = parse("learning_rate=0.01:10:log:50")
    assert (axis.field, axis.text, axis.spacing) == ("learning_rate", "0.01:10:log:50", "log")
    assert (axis.values[0], axis.values[-1], len(axis.values)) == (0.01, 10.0, 50)
    ratios = {round(log(b / a), 9) for a, b in zip(axis.values, axis.values[1:], strict=False)}
    assert ratios == {round(log(1000) / 49, 9)}


def test_values_between_the_ends_can_be_typed_again() -> None:
    (axis,) = parse("learning_rate=0.01:10:log:4")
    assert axis.values == (0.01, 0.1, 1.0, 10.0)
    (axis,) = parse("low=-1:1:lin:5", high=2)
    assert axis.values == (-1.0, -0.5, 0.0, 0.5, 1.0)


def test_whole_numbers_leave_the_end_out() -> None:
    assert parse("seed=0:5")[0].values == (0, 1, 2, 3, 4)
    assert parse("iterations=100:401:100")[0].values == (100, 200, 300, 400)
    assert parse("learning_rate=1:4:1")[0].values == (1.0, 2.0, 3.0)


def test_whole_numbers_are_typed_as_in_every_list() -> None:
    assert parse("seed=0-5")[0].values == parse("seed=0:6")[0].values == (0, 1, 2, 3, 4, 5)
    assert parse("iterations=10,50,100-102,200:400:100")[0].values == (
        10, 50, 100, 101, 102, 200, 300
    )  # fmt: skip
    assert [parse(f"seed={text}")[0].spacing for text in ("0-5", "0:6", "3", "1,2,4-6")] == [
        "whole", "whole", "list", "list"
    ]  # fmt: skip
    assert parse("seed= +5 , 7.0")[0].values == (5, 7)


def test_a_comma_parts_values_in_every_language() -> None:
    assert parse("learning_rate=1,5")[0].values == (1.0, 5.0)


def test_a_log_range_of_whole_numbers_is_rounded_and_never_repeats_one() -> None:
    values = parse("iterations=1:10:log:20")[0].values
    assert values == tuple(sorted(set(values)))
    assert all(isinstance(value, int) for value in values)
    assert (values[0], values[-1]) == (1, 10)


def test_lists_are_of_any_field() -> None:
    axes = parse("shape=round,steep", "widths=2;4,2", "limit=none,3", "learning-rate=1, 2")
    assert [axis.values for axis in axes] == [
        ("round", "steep"), ((2,), (4, 2)), (None, 3), (1.0, 2.0)
    ]  # fmt: skip
    assert parse("widths=2,4")[0].values == ((2,), (4,))


def test_an_empty_list_is_none_as_typed_and_in_a_table() -> None:
    mlp = find_lab("neuron").config_class.parse({"model": "mlp"})
    (axis,) = parse_axes(mlp, ["hidden_layers=none;2;4,2"])
    assert axis.values == ((), (2,), (4, 2))
    assert to_cells(axis) == ("none", "2", "4,2")


def test_a_table_holds_numbers_and_texts() -> None:
    assert [to_cell(value) for value in (None, (4, 2), 3, 0.5, True, "a")] == [
        "none", "4,2", 3, 0.5, True, "a"
    ]  # fmt: skip
    assert to_cells(parse("limit=none,3")[0]) == ("none", "3")
    assert to_cells(parse("limit=2,3")[0]) == (2, 3)


def test_the_last_axis_moves_fastest_and_parts_are_parts_of_the_whole() -> None:
    axes = parse("learning_rate=1,2", "shape=round,steep", "seed=0:3")
    whole = expand_grid(axes)
    assert count_points(axes) == 12
    assert whole["seed"] == [0, 1, 2] * 4
    assert whole["shape"] == (["round"] * 3 + ["steep"] * 3) * 2
    assert whole["learning_rate"] == [1.0] * 6 + [2.0] * 6
    for start in range(12):
        part = expand_grid(axes, start, start + 5)
        assert part == {field: values[start : start + 5] for field, values in whole.items()}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("learning_rate=0:10:log:5", "in 0:10:log:5, 0 is not allowed; it takes a finite number "
         "greater than 0 and at most 100."),
        ("learning_rate=1e400:2:lin:3", "1e400 is not allowed; it takes a finite number"),
        ("learning_rate=0.1:nan:lin:3", "nan is not allowed; it takes a finite number"),
        ("learning_rate=1:2:lin:1", "the number of values is a whole number from 2"),
        ("learning_rate=1:2:lin:x", "the number of values is a whole number from 2"),
        ("learning_rate=1:2:lin:99999999999", "the number of values is a whole number from 2"),
        ("learning_rate=2:1:lin:3", "the first end is less than the second."),
        ("learning_rate=0.1:0.5", "low:high:lin:n gives n values between two ends."),
        ("learning_rate=1:2:3:4:5", "a range is low:high:log:n, low:high:lin:n or low:high."),
        ("low=-1:1:log:3", "a log range has ends greater than 0."),
        ("limit=none:3:lin:2", "both ends are numbers."),
        ("seed=5:5", "the range is empty"),
        ("seed=0:10:0", "the step is at least 1."),
        ("seed=-1:3", "in -1:3, -1 is not allowed; it takes a whole number at least 0"),
        (f"seed=0:{MAX_POINTS + 1}", "1,000,001 values; at most 1,000,000 are allowed."),
        ("seed=0:99999999999999999999", "at most 1,000,000 are allowed."),
        ("shape=round,stepe", "stepe is not allowed; it takes one of round, steep. "
         "Did you mean steep?"),
        ("shape=round,round", "a value is given twice."),
        ("shape=,", "the list is empty."),
        ("shape=round,,steep", "a part of the list is empty."),
        ("learning_rate=1,,2", "a part of the list is empty."),
        ("seed=1,", "a part of the list is empty."),
        ("learning_rate=1:2", "low:high:lin:n gives n values between two ends."),
        ("learning_rate=0-5", "and at most 100. Did you mean learning_rate=0:5:lin:5?"),
        ("seed=0..5", "Did you mean seed=0-5?"),
        ("seed=[0,1]", "in [0,1], [0 is not allowed; it takes a whole number at least 0"),
        ("learning_rate=1_0,2", "in 1_0,2, 1_0 is not allowed; it takes a finite number greater "
         "than 0 and at most 100. Did you mean 10?"),
        ("seed=1_0:20", "a range is low:high:log:n, low:high:lin:n or low:high."),
        ("seed=0:１０", "a range is low:high:log:n, low:high:lin:n or low:high."),
        ("seed=0:9:lin:５", "the number of values is a whole number from 2"),
        ("seed=5-2", "5-2 runs backwards."),
        ("seed=0-5,3", "a value is given twice."),
        ("shape=", "an axis is a field and its values"),
        ("shape", "an axis is a field and its values"),
        ("=1", "an axis is a field and its values"),
        ("lerning_rate=1", "no such setting. Did you mean learning_rate?"),
    ],
)  # fmt: skip
def test_a_wrong_axis_is_one_sentence_with_what_was_typed(text: str, sentence: str) -> None:
    message = error_message(text)
    assert sentence in message
    assert "\n" not in message
    assert message.startswith(text.partition("=")[0] or "(no name)")


def test_all_problems_are_told_at_once() -> None:
    message = error_message("learning_rate=0,1", "seed=3:1", "nonsense=1", "shape=flat", "seed=0:2")
    assert [line.split(":")[0] for line in message.splitlines()] == [
        "learning_rate", "seed", "nonsense", "shape"
    ]  # fmt: skip
    assert "seed: the axis is given twice." in error_message("seed=0:2", "seed=0:3")


def test_conflicts_between_axes_are_found_and_told_once() -> None:
    message = error_message("low=-2:2:lin:50", "high=-1:1:lin:50", "seed=0:50")
    assert message == "low: 2.0 is above high (-1.0) (at low=2.0, high=-1.0, seed=0)."
    assert len(parse("low=-2:-1:lin:50", "high=-1:1:lin:50")) == 2


def test_values_that_need_each_other_are_not_in_conflict() -> None:
    (low, high) = parse("low=3,4", "high=5,6")  # low=3 alone would be above high=1
    assert (low.values, high.values) == ((3.0, 4.0), (5.0, 6.0))


MLP = NeuronConfig(model="mlp", optimizer="momentum", momentum=0.5)


def test_what_a_point_leaves_idle_gives_way_there() -> None:
    for explicit in ([], ["momentum"]):  # it has an effect at one of them
        (axis,) = parse_axes(MLP, ["optimizer=momentum,adam"], explicit)
        assert axis.values == ("momentum", "adam")


def test_a_setting_is_no_axis_at_the_same_time() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_axes(MLP, ["seed=0:5", "momentum=0.1,0.2"], ["seed", "momentum"])
    assert str(caught.value).splitlines() == [
        f"{field}: it is given twice, as an axis and as a setting."
        for field in ("seed", "momentum")
    ]


def test_what_the_user_set_has_an_effect_somewhere() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_axes(MLP, ["optimizer=adam,sgd", "seed=0:3"], ["momentum", "model"])
    assert str(caught.value) == "momentum: 0.5 would be ignored at every point."
    with pytest.raises(ConfigError, match=r"momentum: 0\.1 would be ignored with optimizer adam"):
        parse_axes(MLP, ["optimizer=adam", "momentum=0.1,0.2"])


def test_too_many_points_are_refused_with_the_count() -> None:
    with pytest.raises(UsageError, match=r"20,000,000 points; at most 1,000,000"):
        parse("learning_rate=0.01:10:log:5000", "seed=0:4000")
    with pytest.raises(UsageError, match="needs an axis"):
        parse()
