"""What is said before a sweep starts: how many trainings, of which values."""

from epoque.bench.sweeps.describe_axes import describe_axes
from epoque.bench.sweeps.grid import parse_axes
from epoque.neuron.config import NeuronConfig

MLP = NeuronConfig(model="mlp")


def describe(*texts: str, language: str = "en") -> list[str]:
    return list(describe_axes(parse_axes(MLP, texts), language))


def test_the_number_of_trainings_and_their_values() -> None:
    assert describe("learning_rate=0.1:10:log:3", "seed=0:1000", "hidden_layers=2;4,2") == [
        "6,000 trainings: learning_rate has 3 values (0.1, 1, 10), "
        "seed has 1,000 values (0 … 999), hidden_layers has 2 values (2; 4,2)."
    ]


def test_a_comma_that_may_be_meant_as_a_decimal_one() -> None:
    sentence = "learning_rate=1,5 are two values; a decimal takes a point: 1.5."
    assert describe("learning_rate=1,5")[1:] == [sentence]
    assert describe("learning_rate=1,5", language="fr")[1] == (
        "learning_rate=1,5 donne deux valeurs\u202f; "
        "un nombre décimal s’écrit avec un point\u00a0: 1.5."
    )
    assert len(describe("seed=1,5", "learning_rate=0.1,0.5")) == 1
