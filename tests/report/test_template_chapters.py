"""Chapters whose running text carries no number of its own, and changes with what was measured."""

import re
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest

from epoque.bench.sweeps.grid import parse_axes
from epoque.report import needs as needs_module

from .remeasured import check_that_the_chapter_follows

CHAPTERS = ("neuron", "gan2d", "stylegan3", "language")
LANGUAGES = ("en", "fr")

FILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$(?: \(\w+\))?|\$[^$]*\$", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
WORDS_IN_CALLS = re.compile(r'\bcaption="([^"]*)"')

ALLOWED = {
    r"(?:Claim|Affirmation) \d\.\d+\.": "the number of a claim",
    r"(?:Claim|Affirmation)s \d\.\d+ (?:and|to|et|à) \d\.\d+\.": "the numbers of claims",
    r"\b(?:StyleGAN|GPT-|WikiText-|SHA-)\d+": "the name of a network, a text, a digest",
    r"\b2, 674 (?:and|et) 1024\b": "the seeds of the practical",
    r"\b(?:seed|graine) (?:2|674|1024)\b": "one of them",
    r"\b19 (?:of 20|(?:portraits dessinés|dessins) sur 20)\b": "what the reader's tests ask for",
    r"\bfigures 15 (?:to|à) 17\b": "figures of the report",
    r"\b[01]{2}\b": "patterns of a gate",
    r"(?<![\d.,])[01](?![\d.,]\d)\b": "outputs of a gate, the ends of a probability, a dimension",
    r"\b2\b(?=,? (?:for|pour))": "the dimension of what fills an area",
    r"−1\b": "an end of Cliff's delta, a bound of the hinge loss",
    r"\b\d+(?:-\d+)+\b": "the name of a network by its layers",
    r"\b95 %": "the confidence of all intervals",
    r"\b2[.,]5 %": "what lies outside the central 95 % on each side",
    r"figure 14\b": "a figure of the report",
}
"""What may stand in running text, and what it is."""

NUMBER_WORDS = {
    "en": r"five|six|seven|eight|nine(?! tenths)|eleven|twelve|t(?:wenty|hirty)|hundred|thousand"
          r"|seventy|tenfold(?! rate| the)|twice",
    "fr": r"cinq|sept|huit|onze|douze|vingt|trente|cent|mille|millième|soixante|double",
}  # fmt: skip
"""Those that count what was measured; up to four, words count the parts of a definition."""
LABELS = {
    "en": (
        "Eight clouds",
        "eight Gaussians",
        "eight clouds",
        "has two of ten",
        "to five",
        "Six moments",
        "twice the standard error",
        "a thousand fresh drawings",
        "a thousand drawings",
        "six plays",
    ),
    "fr": ("Huit nuages", "huit gaussiennes", "huit nuages", "à cinq", "mille dessins"),
}
"""Names of data sets, layers and settings that hold a number."""


def running_text(lab: str, language: str) -> str:
    """Return a chapter's words and captions, without what is filled in, formulas and code."""
    text = (files(f"epoque.{lab}") / "chapter" / f"{language}.md").read_text("utf-8")
    captions = " ".join(WORDS_IN_CALLS.findall(text))
    for pattern in (CODE, FORMULA, FILLED):
        text, captions = pattern.sub(" ", text), pattern.sub(" ", captions)
    text = f"{text}\n{captions}"
    for label in LABELS[language]:
        text = text.replace(label, " ")
    return text


@pytest.mark.parametrize("lab", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_is_typed_by_hand(lab: str, language: str) -> None:
    text = running_text(lab, language)
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    digits = [text[max(0, m.start() - 40) : m.end() + 20] for m in re.finditer(r"\d", text)]
    assert not digits
    words = re.compile(rf"\b(?:{NUMBER_WORDS[language]})\b", re.IGNORECASE)
    assert not [text[max(0, m.start() - 40) : m.end() + 20] for m in words.finditer(text)]


IN_CALLS = re.compile(r"number\((-?\d[\d.]*)[,)]|set \w+ = (-?\d[\d.]*) ")
"""A number that a chapter gives to a function, for that to write it as the language does."""
REPORTED = re.compile(r"^\s*(?:- )?(?:reported|value|claim):(.*)$", re.MULTILINE)
STATED = {
    "neuron": {0.147: "the bound of what Cliff's delta counts for nothing"},
    "gan2d": {
        0.147: "the same",
        0.3: "a half-axis of the ring",
        0.25: "the other one",
        30.0: "cells of a side of the histogram",
        10_000.0: "points of an evaluation",
        0.1: "the spread of a collapsed generator",
        0.03: "the distance of a converged one",
        0.01: "the answers that are certain, and the gradient that starves",
        0.06: "the distance that the text calls near",
        100.0: "an early iteration of a single training",
    },
    "stylegan3": {
        0.7: "the usual truncation of official pictures",
        63.0: "decibels that the paper gives of its own network",
        13.1: "the same, of rotations",
        90.0: "drawings of 100 that pass the test of the reader",
        30.0: "the decibels from which an image follows",
    },
    "language": {
        6.1468: "losses of the report's table", 6.5073: "the same", 6.8597: "the same",
        6.9093: "the same", 7.0989: "the same", 5.9683: "the same",
        8.0: "bits of a byte",
        10.0: "masked tokens of 100 that become another one, or stay",
        80.0: "masked tokens of 100 that become the mask",
        25.0: "per cent of the text", 50.0: "the same", 100.0: "the same, and an example",
        1.0: "per cent of tokens more, for an example of what moves a loss",
        6.0: "nats, in that example", 0.06: "nats by which it moves",
        0.1: "nats that may lie between a report's loss and its repetition",
        3.0: "seeds of the report's own networks",
        60.0: "seconds of a short training",
    },
}  # fmt: skip
"""What chapters give to functions that is neither a setting of what they read nor a reported value,
and what it is; `test_a_chapter_defines_what_its_lab_measures` holds those that code decides."""


def swept_values(lab: str) -> set[float]:
    """Return the numbers that the sweeps which a chapter reads give to their axes."""
    swept: set[float] = set()
    for need in needs_module.chapter_needs(lab):
        if words := [f"{name}={values}" for name, values in need.axes.items()]:
            for axis in parse_axes(need.config(), words):
                swept |= {float(v) for v in axis.values if isinstance(v, int | float)}
    return swept


@pytest.mark.parametrize("lab", CHAPTERS)
def test_numbers_in_calls_are_settings_reported_or_on_the_list(lab: str) -> None:
    folder = files(f"epoque.{lab}") / "chapter"
    lines = REPORTED.findall((folder / "claims.yaml").read_text("utf-8"))
    reported = {float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", str(lines))}
    for language in LANGUAGES:
        calls = IN_CALLS.findall((folder / f"{language}.md").read_text("utf-8"))
        numbers = {float(first or second) for first, second in calls}
        assert numbers - swept_values(lab) - reported - set(STATED[lab]) == set()
        assert set(STATED[lab]) <= numbers, "listed, and nowhere said"


@pytest.mark.parametrize("lab", CHAPTERS)
def test_no_sentence_sends_the_reader_to_look_instead_of_saying(lab: str) -> None:
    text = (files(f"epoque.{lab}") / "chapter" / "en.md").read_text("utf-8")
    assert not re.search(r"[Ss]ee \{\{ ref|which parts|says which (?:parts|of)", text)


def test_a_chapter_defines_what_its_lab_measures() -> None:
    from epoque.gan2d.measures import SAMPLES
    from epoque.gan2d.measures.summary import COLLAPSED, CONVERGED
    from epoque.language.data.masking import MASKED_SHARE, RANDOM_SHARE
    from epoque.report.claims.rules import NEGLIGIBLE

    for language in LANGUAGES:
        text = {
            lab: (files(f"epoque.{lab}") / "chapter" / f"{language}.md").read_text("utf-8")
            for lab in CHAPTERS
        }
        assert f"{{% set collapsed_below = {COLLAPSED} %}}" in text["gan2d"]
        assert f"{{% set converged_below = {CONVERGED} %}}" in text["gan2d"]
        assert f"number({SAMPLES})" in text["gan2d"]
        for share in (MASKED_SHARE, RANDOM_SHARE):
            assert f"number({100 * share:.0f}) }}}} %" in text["language"]
        for lab in ("neuron", "gan2d"):
            assert f"number({NEGLIGIBLE})" in text[lab]


def test_the_program_in_the_chapter_is_the_rule(runs: Path, tmp_path: Path) -> None:
    """What the chapter shows as the students' program ends at the weights of our own run."""
    import math

    from epoque.report.library import Library

    texts = [
        (files("epoque.neuron") / "chapter" / f"{language}.md").read_text("utf-8")
        for language in LANGUAGES
    ]
    (program,), (other,) = (re.findall(r"```\n(.*?)```", text, re.DOTALL) for text in texts)
    assert program == other
    results = Library(runs).run("neuron/and").results
    first = iter(results["initial_weights"])
    drawn = SimpleNamespace(uniform=lambda low, high: next(first))
    printed: list[object] = []
    path = tmp_path / "weights.csv"
    names = {
        "random": drawn, "math": math,
        "open": lambda name, mode: path.open(mode),
        "print": lambda *words, sep=" ", file=None: (
            file.write(sep.join(map(str, words)) + "\n") if file else printed.append(words[0])
        ),
    }  # fmt: skip
    exec(program, names)
    assert printed[0] == pytest.approx(results["final_weights"], rel=1e-12)
    assert len(path.read_text().splitlines()) == 1000


# What changes in a chapter when one of the things it reads was measured otherwise


DRAWN_ONLY = (
    "neuron/and",
    "neuron/and-slow",
    "neuron/and-fast",
    "neuron/and-short",
    "neuron/or",
    "learning-rate-map",
)
"""Of the first chapter, what figures show beside the numbers that all seeds give."""


def test_the_text_follows_everything_that_the_first_chapter_reads(runs: Path) -> None:
    needs = needs_module.chapter_needs("neuron")
    check_that_the_chapter_follows(runs, "neuron", needs, drawn_only=DRAWN_ONLY)
