from pathlib import Path

import numpy as np
import pytest

from epoque.bench.recipes import find_recipe, recipe_names
from epoque.bench.runs.execute import execute, start
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB
from epoque.neuron.sweep import sweep

NAMES = [name for name in recipe_names() if name.startswith("neuron/")]


def config(name: str) -> NeuronConfig:
    return NeuronConfig.parse(find_recipe(name).config)


def test_the_names_that_other_work_relies_on() -> None:
    short = ("and", "and-slow", "and-fast", "and-short", "or", "xor", "xor-mlp")
    assert {f"neuron/{name}" for name in short} <= set(NAMES)
    assert config("neuron/and") == NeuronConfig()
    assert config("neuron/and-slow") == NeuronConfig(learning_rate=0.01)
    assert config("neuron/and-fast") == NeuronConfig(learning_rate=10)
    assert config("neuron/and-short") == NeuronConfig(iterations=50)
    assert config("neuron/or") == NeuronConfig(truth_table="or")
    assert config("neuron/xor") == NeuronConfig(truth_table="xor")
    assert config("neuron/xor-mlp").hidden_layers == (2,)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_reaches_the_score_it_promises(tmp_path: Path, name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.title
    assert recipe.shows
    assert 0 < recipe.minutes <= 0.5
    assert recipe.expect is not None
    run = execute(start(LAB, config(name), name, tmp_path), draw=False)
    assert recipe.expect.low <= run.results[recipe.expect.metric] <= recipe.expect.high


def test_two_hidden_neurons_solve_xor_from_most_seeds() -> None:
    found = sweep(config("neuron/xor-mlp"), {"seed": list(range(300))})
    assert found is not None
    assert np.mean(found["solved"]) > 0.8
