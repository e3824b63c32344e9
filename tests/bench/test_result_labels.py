"""A reader's words for metrics and results; that a lab has them all stands in its own tests."""

import pytest

from epoque.bench.i18n import translator
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.result_labels import find_label, labels_of, translate_labels

LABELS = {"error": "Error", "w0": "Threshold w0", "w{n}": "Weight w{n}", "outputs": "Outputs"}
ALIKE = {"EQ-R, dB", "Pseudo-perplexity"}
"""Words that are the same in both languages."""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error", "Error"),
        ("w0", "Threshold w0"),
        ("w12", "Weight w12"),
        ("outputs.01", "Outputs, 01"),
        ("w3.low", "Weight w3, low"),
        ("slope", None),
        ("w", None),
        ("slope.a", None),
    ],
)
def test_words_are_of_a_name_a_pattern_or_the_whole(name: str, words: str | None) -> None:
    assert find_label(LABELS, name) == words


def test_a_lab_that_is_not_there_has_none() -> None:
    assert labels_of("nothing") == {}
    assert labels_of("neuron") == find_lab("neuron").result_labels


@pytest.mark.parametrize("lab", lab_names())
def test_every_label_is_french_in_french(lab: str) -> None:
    labels = find_lab(lab).result_labels
    french = translate_labels(labels, "fr")
    assert {labels[name] for name, words in french.items() if words == labels[name]} <= ALIKE
    assert translate_labels(labels, "en") == labels
    assert all(words[:1].isupper() for words in [*labels.values(), *french.values()])


@pytest.mark.parametrize("lab", lab_names())
def test_what_a_lab_shows_first_and_draws_has_words(lab: str) -> None:
    plugin = find_lab(lab)
    drawn = [name for view in plugin.views for name in getattr(view, "metrics", ())]
    shown = [*plugin.headline, plugin.score, *drawn]
    assert [name for name in shown if find_label(plugin.result_labels, name) is None] == []
    assert translator("fr")(plugin.title) != plugin.title
