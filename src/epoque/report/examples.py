"""What a language model makes of examples, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epoque.bench.i18n import mark, translator

from .model import Align, Emphasis, Inlines, Strong, Table, Text
from .numbers import format_number
from .slots import clean
from .typography import set_spaces

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["examples_table"]

CANDIDATES = 4


def examples_table(run: "Run", rows: int, language: str, caption: Inlines, label: str) -> Table:
    """Return a table of the examples that a run of the language lab keeps.

    Of a causal model: the prompt, how the model went on, and how the text did. Of a masked one:
    the sentence with its mask, the hidden word, and the likeliest candidates; the right one is
    set in bold.

    Args:
        run: the run.
        rows: how many examples, at most.
        language: "en" or "fr".
        caption: of the table.
        label: of the table.

    Raises:
        UnknownNameError: if the run keeps no examples.
        DamagedRunError: if they cannot be read.
    """
    from epoque.language.evaluation.examples import examples

    _ = translator(language)
    told = examples(run)
    causal = told["objective"] == "causal"
    header = CAUSAL if causal else MASKED
    row = _continued if causal else _filled
    cells = tuple(row(example, language) for example in told["examples"][:rows])
    names = tuple((Text(_(name)),) for name in header)
    left: Align = "left"
    return Table(names, cells, (left,) * len(header), caption, label)


CAUSAL = (mark("Prompt"), mark("The model goes on"), mark("The text goes on"))
MASKED = (mark("Sentence"), mark("Hidden"), mark("The model’s candidates"))


def _continued(example: Mapping[str, Any], _language: str) -> tuple[Inlines, ...]:
    return tuple((Text(_line(example[name])),) for name in ("prompt", "continuation", "actual"))


def _filled(example: Mapping[str, Any], language: str) -> tuple[Inlines, ...]:
    hidden = example["actual"]
    pieces: list[Any] = []
    for candidate in example["candidates"][:CANDIDATES]:
        word = Text(_line(candidate["word"]))
        percent = format_number(100 * candidate["probability"], language, decimals=0)
        right = candidate["word"] == hidden
        pieces += [Strong((word,)) if right else word]
        pieces += [Text(set_spaces(f" {percent} %", language) + ", ")]
    if pieces:
        pieces[-1] = Text(pieces[-1].text.removesuffix(", "))
    return (Text(_line(example["sentence"])),), (Emphasis((Text(_line(hidden)),)),), tuple(pieces)


def _line(text: str) -> str:
    from epoque.language.evaluation.examples import one_line

    return clean(one_line(text))
