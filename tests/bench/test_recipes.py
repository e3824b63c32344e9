"""Recipes: what is in the package can be parsed; what a user writes is refused in one sentence."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.errors import ConfigError, UnknownNameError, UsageError
from epoque.bench.recipes import Expectation, Recipe, _parse, find_recipe, recipe_names
from epoque.neuron.config import NeuronConfig

GOOD = """
lab: neuron
title: My own
shows: Something.
minutes: 0.5
expect: {metric: final_error, below: 0.02}
config:
  model: mlp
  truth_table: 0110
  learning_rate: 1e-1
  hidden_layers: [3, 2]
"""


def read(tmp_path: Path, text: str | bytes) -> Recipe:
    path = tmp_path / "own.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return find_recipe(str(path))


def test_a_users_own_file(tmp_path: Path) -> None:
    recipe = read(tmp_path, GOOD)
    assert (recipe.name, recipe.lab, recipe.minutes) == ("own", "neuron", 0.5)
    assert recipe.expect == Expectation("final_error", float("-inf"), 0.02)
    config = NeuronConfig.parse(recipe.config)
    assert (config.truth_table, config.learning_rate) == ("0110", 0.1)
    assert config.hidden_layers == (3, 2)


@pytest.mark.parametrize(
    ("table", "read_as"),
    [("0110", "0110"), ("0001", "0001"), ("1", "1"), ("0o17", "0o17"), ("1_0", "1_0"), ("on", "on"),
     ("1:30", "1:30"), ("0b11", "0b11"), ("~", "~"), ("1e3", "1e3"), ("'0110'", "0110")],
)  # fmt: skip
def test_nothing_is_guessed_from_text(tmp_path: Path, table: str, read_as: str) -> None:
    recipe = read(tmp_path, f"lab: neuron\nconfig:\n  truth_table: {table}\n")
    assert recipe.config["truth_table"] == read_as


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)

REFUSED = [
    ("", "is not a recipe: it needs the keys lab, title, shows, minutes, expect, config."),
    ("- a\n- b\n", "is not a recipe"),
    ("just text", "is not a recipe"),
    ("title: [unclosed", "is not valid YAML at line 1, column 17: "),
    ("title: a\n\tshows: b", "is not valid YAML at line 2, column 1: "),
    ("title: 'open\n", "is not valid YAML at line 2, column 1: "),
    ("title: a\ntitle: b: c", "is not valid YAML at line 2, column 9: "),
    ("? [a, b]\n: c", "is not valid YAML at line 1, column 3: found unhashable key."),
    ("a: 1\n---\nb: 2\n", "is not valid YAML at line 2, column 1: but found another document."),
    ("title: \x07", "is not valid YAML"),
    ("title: !!python/object:os.system x\nlab: neuron\nconfg: {}", "no such key 'confg'. Did you"),
    ("lab: neuron\ntitel: a", "no such key 'titel'. Did you mean title?"),
    ("title: a", "it does not say its lab; add for instance `lab: neuron`."),
    ("lab: [neuron]", "it does not say its lab"),
    ("lab: neuron\nconfig: [1]", "config is not a mapping of settings."),
    ("lab: neuron\nminutes: soon", "minutes is 'soon', not a number."),
    ("lab: neuron\nminutes: [1]", "minutes is ['1'], not a number."),
    ("lab: neuron\nminutes: nan", "minutes is 'nan', not a number."),
    ("lab: neuron\nexpect: {metric: x}", "expect takes metric and above, below or both."),
    ("lab: neuron\nexpect: {metric: x, around: 1}", "expect takes metric and above, below"),
    ("lab: neuron\nexpect: {metric: x, below: low}", "expect.below is 'low', not a number."),
    ("lab: neuron\nexpect: low", "expect takes metric and above, below or both."),
    (BOMB, "is not valid YAML at line 2, column 8: a recipe has no aliases (*name)."),
    ("lab: &a neuron\ntitle: *a", "at line 2, column 8: a recipe has no aliases"),
    ("lab: neuron\nconfig: &c\n  csv: *c", "a recipe has no aliases"),
    ("config: " + "[" * 5_000, "is nested too deeply."),
    ("config: " + "{a: " * 5_000 + "1" + "}" * 5_000, "is nested too deeply."),
    (b"<!doctype html><title>404</title>", "no recipe but a web page; save the file itself"),
    (b"title: \xff\xfe\xe9", "cannot be read: it is not UTF-8 text"),
    (b"\x00\x01\x02", "is not valid YAML"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert told in message
    assert message.startswith(str(tmp_path / "own.yaml"))
    assert message.endswith((".", "?"))
    assert "\n" not in message
    assert len(message) < 400


def test_a_wrong_setting_is_told_with_its_place(tmp_path: Path) -> None:
    recipe = read(tmp_path, "lab: neuron\nconfig:\n  learning_rate: 0,5\n  seed: x\n")
    with pytest.raises(ConfigError) as caught:
        recipe.build(NeuronConfig, {"seed": "y"})
    seed, rate = caught.value.describe("--{}").splitlines()
    assert seed.startswith("--seed: y is not allowed")
    assert rate.startswith(f"{tmp_path / 'own.yaml'}, line 3, column 18: learning_rate: 0,5 is")


def test_a_setting_written_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 4, column 3: 'seed' is there twice"):
        read(tmp_path, "lab: neuron\nconfig:\n  seed: 1\n  seed: 2\n")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    with pytest.raises(UnknownNameError, match=r"no recipe file '.*mime\.yaml'\. Did you mean"):
        find_recipe(str(tmp_path / "mime.yaml"))
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        find_recipe(str(tmp_path / "folder.yaml"))
    with pytest.raises(UsageError, match="cannot be read: embedded null byte"):
        find_recipe("a\0b.yaml")


@pytest.mark.parametrize(
    "name", ["neuron/adn", "and", "", "neuron/", "../neuron/and", "neuron\\and"]
)
def test_names_that_are_no_recipe(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"There is no recipe .* `epoque list` shows them"):
        find_recipe(name)


def test_the_nearest_names_are_given() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean neuron/and"):
        find_recipe("neuron/adn")


@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"%@`#?,. \n\t01"))
def test_any_text_is_a_recipe_or_refused(text: str) -> None:
    told = ""
    try:
        _parse(text, "own", None, "own.yaml")
    except UsageError as error:
        told = str(error)
    assert "\n" not in told


def test_the_packages_recipes_can_be_parsed() -> None:
    assert {"neuron/and", "neuron/and-slow", "neuron/and-fast", "neuron/and-short", "neuron/or",
            "neuron/xor", "neuron/xor-mlp"} <= set(recipe_names())  # fmt: skip
    for name in recipe_names():
        recipe = find_recipe(name)
        assert recipe.name == name
        assert recipe.title, name
        assert recipe.shows, name
        assert recipe.minutes > 0, name
        if recipe.lab == "neuron":
            assert recipe.expect is not None, name
            NeuronConfig.parse(recipe.config)


def test_a_file_that_is_no_recipe_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("a: [" + "[]," * 20_000 + "[]]\n")
    with pytest.raises(UsageError, match=r"at line 1, .*: at most 20,000 values are read"):
        find_recipe(str(path))
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(UsageError, match="has 1,048,577 bytes; at most 1,048,576 are read"):
        find_recipe(str(path))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is a FIFO"):
        find_recipe(str(path))
