"""A run's examples as a picture: what a causal model writes, how a masked one fills a gap.

Texts may be of any length: they are measured and broken here, and end in … where they are too long.
All lengths are in points, downwards from the top of the table.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import add_heading, color, mix_colors, new_figure
from epoque.bench.i18n import translator

from ..evaluation.example_files import join_lines, read_examples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from epoque.bench.runs.run import Run

__all__ = [
    "Continuations",
    "break_lines",
    "count_words",
    "draw_continuations",
    "examples_figure",
    "replace_missing_glyphs",
]

SIZE, SMALL = 8.5, 8.0
LINE = 12.0  # from one line of text to the next
PAD = 7.0  # above and below a row's text
WIDTH, SIDE, HEAD, ABOVE = 360.0, 12.0, 16.0, 46.0  # of the picture; its margins; names; heading
FIRST, GUTTER = 132.0, 14.0  # of the first column, and between the columns
SENTENCE = 176.0  # the first column of a masked model
WORD, BAR, SHARE = 58.0, 56.0, 28.0  # of the columns of a candidate
LONGEST = 12  # letters of a word that are shown
MOST = 7  # lines of a text
CANDIDATES = 4
MASK = re.compile(r"\[MASK\]|<mask>")
HIDDEN, END = "\ue000\ue001"
"""Stand around the word that is put in the place of a mask, until that is drawn."""
_INVISIBLE = {ord(sign): "" for sign in (HIDDEN, END)}
BOX_PATTERN = re.compile(f"{HIDDEN}([^{END}]+)")
PERCENT = "\N{NARROW NO-BREAK SPACE}%"


def examples_figure(run: "Run", language: str) -> "Figure":
    """Draw the examples that a run keeps, one under another.

    Of a causal model: a prompt, and how it goes on. Of a masked one: a sentence, the hidden word in
    a box, and the likeliest candidates with their probabilities, the right one in bold.
    """
    content = read_examples(run)
    draw = draw_continuations if content["objective"] == "causal" else _draw_filled_masks
    return draw(content["examples"], language)


def count_words(text: str) -> int:
    """Return how many words of a continuation are drawn."""
    return len(_plain(text).split(" "))


def draw_continuations(examples: Sequence[Mapping[str, Any]], language: str) -> "Figure":
    """Draw how prompts go on.

    Args:
        examples: each with its `prompt` and `continuation`.
        language: "en" or "fr".
    """
    return Continuations(examples, language).figure


class Continuations:
    """How prompts go on, as a figure whose continuations may be shown in part.

    Args:
        examples: each with its `prompt` and `continuation`.
        language: "en" or "fr".

    Attributes:
        figure: with all words.
    """

    def __init__(self, examples: Sequence[Mapping[str, Any]], language: str) -> None:
        _ = translator(language)
        second = FIRST + GUTTER
        columns = (FIRST, WIDTH - 2 * SIDE - second)
        texts = [
            [
                break_lines(_plain(example[name]), width)
                for name, width in zip(NAMES, columns, strict=True)
            ]
            for example in examples
        ]
        tops, axes = _table([max(map(len, row)) for row in texts])
        _write_headers(axes, {0: _("Prompt"), second: _("The model goes on")})
        self._written: list[tuple[list[str], list[Text]]] = []
        for top, (prompt, new) in zip(tops, texts, strict=True):
            _write_lines(axes, 0, top, prompt, color("ink"))
            self._written.append((new, _write_lines(axes, second, top, new, color("blue"))))
        add_heading(axes, _("How the model goes on"), _("texts it has not learned from"))
        self.figure = _figure_of(axes)

    @property
    def texts(self) -> "list[Text]":
        """What `show` changes: the lines of the continuations."""
        return [artist for _lines, artists in self._written for artist in artists]

    def show(self, words: int) -> None:
        """Show the first words of each continuation, where they stand among all."""
        for lines, artists in self._written:
            for line, artist in zip(_keep_words(lines, words), artists, strict=True):
                artist.set_text(line)


def _keep_words(lines: Sequence[str], most: int) -> list[str]:
    """Return the first words of a text in lines."""
    kept, left = [], most
    for line in lines:
        words = line.split(" ")[:left]
        left -= len(words)
        kept.append(" ".join(words))
    return kept


NAMES = ("prompt", "continuation")


def _draw_filled_masks(examples: Sequence[Mapping[str, Any]], language: str) -> "Figure":
    _ = translator(language)
    second = SENTENCE + GUTTER
    sentences = [break_lines(_with_hidden(example), SENTENCE) for example in examples]
    candidates = [example["candidates"][:CANDIDATES] for example in examples]
    counts = [max(map(len, pair)) for pair in zip(sentences, candidates, strict=True)]
    tops, axes = _table(counts)
    _write_headers(axes, {0: _("Sentence"), second: _("The model’s candidates")})
    for top, example, lines, ranked in zip(tops, examples, sentences, candidates, strict=True):
        _write_with_box(axes, top, lines)
        for place, candidate in enumerate(ranked):
            right = candidate["word"] == example["actual"]
            _draw_candidate(axes, second, top + place * LINE, candidate, language, right=right)
    legend = _("in a box the word it did not see; in bold the right one")
    add_heading(axes, _("How the model fills a gap"), legend)
    return _figure_of(axes)


def _plain(text: str) -> str:
    return replace_missing_glyphs(join_lines(text))


def _with_hidden(example: Mapping[str, Any]) -> str:
    """Return a sentence with the hidden word, marked, in the place of its mask."""
    before, *after = MASK.split(join_lines(example["sentence"]), maxsplit=1)
    hidden = HIDDEN + _word(example["actual"]) + END
    return "".join(
        [replace_missing_glyphs(before), *(hidden + replace_missing_glyphs(text) for text in after)]
    )


# Letters


def replace_missing_glyphs(text: str) -> str:
    """Return a text with a square for each letter that the figures' font lacks."""
    return "".join(letter if _has_glyph(letter) else "□" for letter in text)


@cache
def _has_glyph(letter: str) -> bool:
    from matplotlib.font_manager import findfont, get_font

    return bool(get_font(findfont("DejaVu Sans")).get_char_index(ord(letter)))


def _word(token: str) -> str:
    """Return a token as one word: a blank as a sign, a long one cut."""
    text = token.strip().replace("\n", "⏎") or "␣"
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return replace_missing_glyphs(text.replace(" ", "\N{NO-BREAK SPACE}"))


def _text_width(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Return how wide a text is."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(
        text.translate(_INVISIBLE), font, ismath=False
    )
    return float(width)


def _fits(text: str, width: float) -> bool:
    return 1.02 * _text_width(text) <= width  # letters are set on whole pixels


def break_lines(text: str, width: float, most: int = MOST) -> list[str]:
    """Return a text in lines of a width, a word that is too long for one broken anywhere.

    Args:
        text: words with blanks between them.
        width: of a line.
        most: lines; of more the rest is left out, and the last one ends in ….
    """
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, width):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if _fits(longer, width):
                lines[-1] = longer
            else:
                lines.append(piece)
        if len(lines) > most:
            return [*lines[: most - 1], _cut(lines[most - 1], width)]
    return lines


def _pieces(word: str, width: float) -> Iterator[str]:
    """Yield a word, in parts if it is wider than a line."""
    piece = ""
    for letter in word:
        if piece and not _fits(piece + letter, width):
            yield piece
            piece = ""
        piece += letter
    yield piece


def _cut(line: str, width: float) -> str:
    while line and not _fits(f"{line}…", width):
        line = line[:-1]
    return f"{line.rstrip()}…"


# Drawing


def _table(lines: Sequence[int]) -> "tuple[list[float], Axes]":
    """Return where each row's text begins, and axes for rows of so many lines, with rules."""
    tops, below = [], HEAD
    for count in lines:
        tops.append(below + PAD)
        below += count * LINE + 2 * PAD
    height = ABOVE + below + SIDE / 2
    figure = new_figure(height / 72)
    figure.set_layout_engine("none")  # the measures are ours
    axes = figure.add_axes((SIDE / WIDTH, SIDE / 2 / height, 1 - 2 * SIDE / WIDTH, below / height))
    axes.set_xlim(0, WIDTH - 2 * SIDE)
    axes.set_ylim(below, 0)
    axes.axis("off")
    for top in tops:
        axes.axhline(top - PAD, color=color("grid"), linewidth=0.8)
    return tops, axes


def _figure_of(axes: "Axes") -> "Figure":
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _write_headers(axes: "Axes", names: Mapping[float, str]) -> None:
    for x, name in names.items():
        axes.text(x, HEAD - 5, name, fontsize=SMALL, color=color("muted"), va="baseline")


def _write_lines(
    axes: "Axes", x: float, top: float, lines: Sequence[str], tint: str
) -> "list[Text]":
    return [
        axes.text(x, top + place * LINE + 9, line, fontsize=SIZE, color=tint, va="baseline")
        for place, line in enumerate(lines)
    ]


def _write_with_box(axes: "Axes", top: float, lines: Sequence[str]) -> None:
    """Write a sentence, with a box around the word that was hidden."""
    for place, line in enumerate(lines):
        base = top + place * LINE + 9
        if match := BOX_PATTERN.search(line):
            begin = _write_after(axes, None, line[: match.start()], base)
            word = _write_after(axes, begin, match[1], base, boxed=True)
            _write_after(axes, word, line[match.end() :], base)
        else:
            _write_after(axes, None, line, base)


def _write_after(
    axes: "Axes", last: "Text | None", text: str, base: float, *, boxed: bool = False
) -> "Text":
    """Write the next piece of a line; where the last one ends is known only when it is drawn."""
    from matplotlib.patches import BoxStyle

    box = {"boxstyle": BoxStyle.Round(pad=0.15, rounding_size=0.25), "linewidth": 0.6}
    box |= {"facecolor": mix_colors("vermilion", 0.2), "edgecolor": color("vermilion")}
    return axes.annotate(
        text.translate(_INVISIBLE), (0, base) if last is None else (1, base),
        xycoords="data" if last is None else (last, "data"),
        fontsize=SIZE, va="baseline", bbox=box if boxed else None,
    )  # fmt: skip


def _draw_candidate(
    axes: "Axes",
    x: float,
    top: float,
    candidate: Mapping[str, Any],
    language: str,
    *,
    right: bool,
) -> None:
    """Write a candidate, and its probability as a bar of 0 to 1 and as a number."""
    from matplotlib.patches import Rectangle

    word, share = _word(candidate["word"]), float(candidate["probability"])
    weight = "bold" if right else "normal"
    size = SIZE * min(1.0, WORD / _text_width(word, bold=right))
    axes.text(x, top + 9, word, fontsize=size, fontweight=weight, va="baseline")
    begin = x + WORD + 4
    tint = color("green" if right else "blue")
    for width, ground in ((BAR, mix_colors("blue", 0.1)), (BAR * share, tint)):
        axes.add_patch(Rectangle((begin, top + 2.5), width, LINE - 5, color=ground, linewidth=0))
    percent = format_number(100 * share, language, decimals=0) + PERCENT
    axes.text(begin + BAR + SHARE, top + 9, percent, fontsize=SMALL, fontweight=weight,
              ha="right", va="baseline")  # fmt: skip
