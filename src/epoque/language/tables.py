"""What a language model makes of examples, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epoque.bench.i18n import mark, translator
from epoque.bench.text_table import Cell, Span, TextTable

from .evaluation.example_files import join_lines, read_examples

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["examples_table"]

CANDIDATES = 4
CAUSAL = (mark("Prompt"), mark("The model goes on"), mark("The text goes on"))
MASKED = (mark("Sentence"), mark("Hidden"), mark("The model’s candidates"))


def examples_table(run: "Run[Any]", language: str) -> TextTable:
    """Return a table of the examples that a run keeps.

    Of a causal model: the prompt, how the model went on, and how the text did. Of a masked one:
    the sentence with its mask, the hidden word, and the likeliest candidates; the right one is
    set in bold.

    Args:
        run: the run.
        language: "en" or "fr".

    Raises:
        UnknownNameError: if the run keeps no examples.
        DamagedRunError: if they cannot be read.
    """
    _ = translator(language)
    content = read_examples(run)
    causal = content["objective"] == "causal"
    row = _continuation_cells if causal else _filling_cells
    rows = tuple(row(example) for example in content["examples"])
    return TextTable(tuple(map(_, CAUSAL if causal else MASKED)), rows)


def _continuation_cells(example: Mapping[str, Any]) -> tuple[Cell, ...]:
    names = ("prompt", "continuation", "actual")
    return tuple((Span(join_lines(example[name])),) for name in names)


def _filling_cells(example: Mapping[str, Any]) -> tuple[Cell, ...]:
    hidden = example["actual"]
    spans: list[Span] = []
    for candidate in example["candidates"][:CANDIDATES]:
        if spans:
            spans.append(Span(", "))
        right = candidate["word"] == hidden
        spans.append(Span(join_lines(candidate["word"]), "strong" if right else "plain"))
        spans.append(Span(f" {100 * candidate['probability']:.0f}\u202f%"))
    return (
        (Span(join_lines(example["sentence"])),),
        (Span(join_lines(hidden), "emphasis"),),
        tuple(spans),
    )
