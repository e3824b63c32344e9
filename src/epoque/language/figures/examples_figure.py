"""A run's examples as a picture: what a causal model writes, how a masked one fills a gap.

Texts may be of any length: they are measured and broken here, and end in … where they are too long.
All lengths are in points, downwards from the top of the table.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from epoque.bench.figures.axes import number
from epoque.bench.figures.plot import colour, heading, mix, new_figure
from epoque.bench.i18n import translator

from ..evaluation import examples as probe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from epoque.bench.runs.run import Run

__all__ = ["broken", "examples_figure", "written"]

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
_UNSEEN = {ord(sign): "" for sign in (HIDDEN, END)}
BOXED = re.compile(f"{HIDDEN}([^{END}]+)")
PERCENT = "\N{NARROW NO-BREAK SPACE}%"


def examples_figure(run: "Run", language: str) -> "Figure":
    """Draw the examples that a run keeps, one under another.

    Of a causal model: a prompt, and how it goes on. Of a masked one: a sentence, the hidden word in
    a box, and the likeliest candidates with their probabilities, the right one in bold.
    """
    told = probe.examples(run)
    return (_continued if told["objective"] == "causal" else _filled)(told["examples"], language)


def _continued(examples: Sequence[Mapping[str, Any]], language: str) -> "Figure":
    _ = translator(language)
    second = FIRST + GUTTER
    columns = (FIRST, WIDTH - 2 * SIDE - second)
    texts = [
        [broken(_plain(example[name]), room) for name, room in zip(NAMES, columns, strict=True)]
        for example in examples
    ]
    tops, axes = _table([max(map(len, row)) for row in texts])
    _names(axes, {0: _("Prompt"), second: _("The model goes on")})
    for top, (prompt, new) in zip(tops, texts, strict=True):
        _text(axes, 0, top, prompt, colour("ink"))
        _text(axes, second, top, new, colour("blue"))
    heading(axes, _("How the model goes on"), _("texts it has not learned from"))
    return _whole(axes)


NAMES = ("prompt", "continuation")


def _filled(examples: Sequence[Mapping[str, Any]], language: str) -> "Figure":
    _ = translator(language)
    second = SENTENCE + GUTTER
    sentences = [broken(_with_hidden(example), SENTENCE) for example in examples]
    candidates = [example["candidates"][:CANDIDATES] for example in examples]
    counts = [max(map(len, pair)) for pair in zip(sentences, candidates, strict=True)]
    tops, axes = _table(counts)
    _names(axes, {0: _("Sentence"), second: _("The model’s candidates")})
    for top, example, lines, found in zip(tops, examples, sentences, candidates, strict=True):
        _boxed(axes, top, lines)
        for place, candidate in enumerate(found):
            right = candidate["word"] == example["actual"]
            _candidate(axes, second, top + place * LINE, candidate, language, right=right)
    told = _("in a box the word it did not see; in bold the right one")
    heading(axes, _("How the model fills a gap"), told)
    return _whole(axes)


def _plain(text: str) -> str:
    return written(probe.one_line(text))


def _with_hidden(example: Mapping[str, Any]) -> str:
    """Return a sentence with the hidden word, marked, in the place of its mask."""
    before, *after = MASK.split(probe.one_line(example["sentence"]), maxsplit=1)
    hidden = HIDDEN + _word(example["actual"]) + END
    return "".join([written(before), *(hidden + written(text) for text in after)])


# Letters


def written(text: str) -> str:
    """Return a text with a square for each letter that the figures' font lacks."""
    return "".join(letter if _has(letter) else "□" for letter in text)


@cache
def _has(letter: str) -> bool:
    from matplotlib.font_manager import findfont, get_font

    return bool(get_font(findfont("DejaVu Sans")).get_char_index(ord(letter)))


def _word(token: str) -> str:
    """Return a token as one word: a blank as a sign, a long one cut."""
    text = token.strip().replace("\n", "⏎") or "␣"
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return written(text.replace(" ", "\N{NO-BREAK SPACE}"))


def _room(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Return how wide a text is."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(
        text.translate(_UNSEEN), font, ismath=False
    )
    return float(width)


def _fits(text: str, room: float) -> bool:
    return 1.02 * _room(text) <= room  # letters are set on whole pixels


def broken(text: str, room: float, most: int = MOST) -> list[str]:
    """Return a text in lines of a width, a word that is too long for one broken anywhere.

    Args:
        text: words with blanks between them.
        room: the width of a line.
        most: lines; of more the rest is left out, and the last one ends in ….
    """
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, room):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if _fits(longer, room):
                lines[-1] = longer
            else:
                lines.append(piece)
        if len(lines) > most:
            return [*lines[: most - 1], _cut(lines[most - 1], room)]
    return lines


def _pieces(word: str, room: float) -> Iterator[str]:
    """Yield a word, in parts if it is wider than a line."""
    piece = ""
    for letter in word:
        if piece and not _fits(piece + letter, room):
            yield piece
            piece = ""
        piece += letter
    yield piece


def _cut(line: str, room: float) -> str:
    while line and not _fits(f"{line}…", room):
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
        axes.axhline(top - PAD, color=colour("grid"), linewidth=0.8)
    return tops, axes


def _whole(axes: "Axes") -> "Figure":
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _names(axes: "Axes", names: Mapping[float, str]) -> None:
    for x, name in names.items():
        axes.text(x, HEAD - 5, name, fontsize=SMALL, color=colour("muted"), va="baseline")


def _text(axes: "Axes", x: float, top: float, lines: Sequence[str], tint: str) -> None:
    for place, line in enumerate(lines):
        axes.text(x, top + place * LINE + 9, line, fontsize=SIZE, color=tint, va="baseline")


def _boxed(axes: "Axes", top: float, lines: Sequence[str]) -> None:
    """Write a sentence, with a box around the word that was hidden."""
    for place, line in enumerate(lines):
        base = top + place * LINE + 9
        if found := BOXED.search(line):
            begin = _after(axes, None, line[: found.start()], base)
            word = _after(axes, begin, found[1], base, boxed=True)
            _after(axes, word, line[found.end() :], base)
        else:
            _after(axes, None, line, base)


def _after(
    axes: "Axes", last: "Text | None", text: str, base: float, *, boxed: bool = False
) -> "Text":
    """Write the next piece of a line; where the last one ends is known only when it is drawn."""
    from matplotlib.patches import BoxStyle

    box = {"boxstyle": BoxStyle.Round(pad=0.15, rounding_size=0.25), "linewidth": 0.6}
    box |= {"facecolor": mix("vermilion", 0.2), "edgecolor": colour("vermilion")}
    return axes.annotate(
        text.translate(_UNSEEN), (0, base) if last is None else (1, base),
        xycoords="data" if last is None else (last, "data"),
        fontsize=SIZE, va="baseline", bbox=box if boxed else None,
    )  # fmt: skip


def _candidate(
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
    size = SIZE * min(1.0, WORD / _room(word, bold=right))
    axes.text(x, top + 9, word, fontsize=size, fontweight=weight, va="baseline")
    begin = x + WORD + 4
    tint = colour("green" if right else "blue")
    for width, ground in ((BAR, mix("blue", 0.1)), (BAR * share, tint)):
        axes.add_patch(Rectangle((begin, top + 2.5), width, LINE - 5, color=ground, linewidth=0))
    percent = number(100 * share, language, decimals=0) + PERCENT
    axes.text(begin + BAR + SHARE, top + 9, percent, fontsize=SMALL, fontweight=weight,
              ha="right", va="baseline")  # fmt: skip
