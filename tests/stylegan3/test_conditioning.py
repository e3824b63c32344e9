"""Labels: what is asked for, what is drawn, and what a card keeps."""

import json

import numpy as np
import pytest

from epoque.bench.errors import DataError, UsageError
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3 import conditioning
from epoque.stylegan3.conditioning import ANY, SAMPLE, Conditioning

NAMES = ("hair=short", "hair=long", "glasses=none", "glasses=round", "age")
PEOPLE = np.array(
    [[1, 0, 1, 0, 0.25], [0, 1, 1, 0, 0.5], [0, 1, 0, 1, 0.125], [0, 0, 1, 0, 1]], np.float32
)


@pytest.fixture
def people():
    """What a network knows that learned from vectors."""
    return Conditioning.from_labels(PEOPLE, NAMES)


def rngs(count, seed=0):
    return [numpy_rng(seed, f"test {i}") for i in range(count)]


# What is asked for, and what is drawn


def test_a_class_by_number_by_name_and_by_numbers():
    cats = Conditioning(3, ("tabby", "manx", "sphynx"))
    for told in (1, "1", "manx", " manx ", "0,1,0", "[0, 1, 0]", (0.0, 1.0, 0.0)):
        np.testing.assert_array_equal(cats.sample(told, rngs(2)), [[0, 1, 0]] * 2)


def test_classes_are_drawn_as_often_as_they_were_seen():
    labels = np.eye(3, dtype=np.float32)[[0] * 90 + [2] * 10]
    known = Conditioning.from_labels(labels)
    assert known.counts.tolist() == [90, 0, 10]
    share = known.sample(None, rngs(400)).mean(0)
    assert share[1] == 0
    assert 0.83 < share[0] < 0.95
    alike = Conditioning(3).sample(ANY, rngs(400)).mean(0)
    assert abs(alike - 1 / 3).max() < 0.08


def test_what_is_not_asked_for_is_one_that_was_learned(people):
    known = {tuple(row) for row in PEOPLE.tolist()}
    assert {tuple(row) for row in people.sample(None, rngs(60)).tolist()} == known
    drawn, asked = people.sample(None, rngs(60)), people.sample("glasses=round", rngs(60))
    np.testing.assert_array_equal(asked[:, 2:4], [[0, 1]] * 60)
    np.testing.assert_array_equal(asked[:, [0, 1, 4]], drawn[:, [0, 1, 4]])
    whole = people.sample("hair=short, glasses=none,age=0.75", rngs(2))
    np.testing.assert_array_equal(whole, [[1, 0, 1, 0, 0.75]] * 2)
    np.testing.assert_array_equal(people.sample("age", rngs(1))[:, 4], [1])


@pytest.mark.parametrize("text", ["[0.5, 0, 1, 0, 2]", "0.5 0 1\n0 2\n", "0.5,0,1,0,2"])
def test_a_file_of_numbers(people, text, tmp_path):
    for ending in ("json", "txt"):
        path = tmp_path / f"label.{ending}"
        path.write_text(text)
        np.testing.assert_array_equal(people.sample(str(path), rngs(1)), [[0.5, 0, 1, 0, 2]])
    path.write_text("[1, two]")
    with pytest.raises(DataError, match="no list of numbers"):
        people.sample(str(path), rngs(1))
    with pytest.raises(DataError, match=r"nowhere\.txt: there is no such file"):
        people.sample("nowhere.txt", rngs(1))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("3", "class: 3 is not allowed: it takes hair, glasses, age as in hair=short; 5 n"),
        ("1,2,3", "5 numbers"),
        ("0,0,0,0,nan", "is not allowed"),
        ("glases=round", r"hair=short; 5 numbers; .* Did you mean glasses=round"),
        ("glasses=rond", "glasses=rond is not allowed: glasses takes none, round"),
        ("hair=long,hair=short", "hair is there twice"),
        ("age,hair=long,age=0.5", "age is there twice"),
        ("age=old", "is not allowed"),
        ("", "is not allowed"),
    ],
)
def test_labels_that_there_are_not(people, told, why):
    with pytest.raises(UsageError, match=why):
        people.check(told)


def test_classes_that_there_are_not():
    known = Conditioning(3, ("tabby", "manx", "sphynx"))
    for told in (3, "3", "-1", "1.5", "siamese", "1,2"):
        with pytest.raises(UsageError, match=r"class: .* 0 to 2 are allowed"):
            known.check(told)
    with pytest.raises(UsageError, match="label: this network needs a class, 0 to 2, or any"):
        known.check(None, "label")
    with pytest.raises(UsageError, match="this network has no classes"):
        Conditioning(0).check("any")


# What a card keeps


def test_a_card_keeps_names_and_how_often_each_class_was_there(people):
    labels = np.eye(3, dtype=np.float32)[[0] * 5 + [2] * 2]
    told = json.loads(json.dumps(Conditioning.from_labels(labels, ("a", "b", "c")).to_json()))
    assert told == {"names": ["a", "b", "c"], "counts": [5, 0, 2]}
    again_ = Conditioning.from_json(told, 3, "here")
    np.testing.assert_array_equal(
        again_.sample(None, rngs(9)), Conditioning.from_labels(labels).sample(None, rngs(9))
    )
    many = numpy_rng(0, "many").normal(size=(200, 5)).astype(np.float32)
    told = json.loads(json.dumps(Conditioning.from_labels(many, NAMES).to_json(seed=1)))
    kept = Conditioning.from_json(told, 5, "here")
    assert kept.names == NAMES
    assert len(kept.vectors) == SAMPLE
    assert {tuple(row) for row in kept.vectors.tolist()} <= {tuple(row) for row in many.tolist()}
    assert Conditioning.from_json({}, 0, "here").to_json() == {"names": [], "counts": None}


@pytest.mark.parametrize(
    "told",
    [
        {"counts": [1, 2]},
        {"counts": [0, 0, 0]},
        {"counts": [-1, 2, 0]},
        {"counts": "many"},
        {"sample": []},
        {"sample": ["1,2"]},
        {"sample": [[1, 2, 3]]},
        {"sample": ["1,2,x"]},
        {"sample": ["1,2,3"], "names": ["a"]},
        {"names": 3},
    ],
)
def test_a_damaged_card_is_told(told):
    with pytest.raises(DataError, match="here: what it tells of the network's labels is damaged"):
        Conditioning.from_json(told, 3, "here")


@pytest.mark.parametrize("text", ["1_000", "1 2_0", "nan", "\u0661", "a=1_0"])
def test_only_numbers_as_one_types_them_are_taken(text):
    assert conditioning._parse_assignment(text) == ("", 0.0)
    with pytest.raises(ValueError, match=text.partition(" ")[0]):
        conditioning.parse_numbers(text)
