"""Reading a report that someone hands in: Markdown in which reported values are marked.

```markdown
After 400 passes the error is [0.0249]{claim=neuron/and-error-400}.

| claim                | value   |
| -------------------- | ------- |
| neuron/and-w0        | 14.4961 |
| neuron/and-w1        | 9.5617  |
```

A value is marked as in Pandoc, or stands in a table with a column `claim`, beside a column `value`
(in French `valeur`) or the only other one. Code is not read. A block between `---` at the begin may
give the `title`, the `author` and the language, `lang`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from epoque.bench.files.input_files import read_text
from epoque.bench.i18n import LANGUAGES
from epoque.bench.limits import MAX_REPORTED_VALUES, MAX_TEXT_FILE_BYTES, MAX_YAML_BYTES
from epoque.bench.recipes import PlainLoader
from epoque.report.placeholders import clean, remove_marks

from .typed_numbers import TypedNumber, read_number

__all__ = ["HandedIn", "ReportedValue", "read_report"]

MARK = re.compile(r"\[([^\[\]]*)\]\{([^{}]*)\}")
ATTRIBUTE = re.compile(r"""(?:^|\s)claim=(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?=\s|$)""")
LOOKS_MARKED = re.compile(r"\{[^{}\n]*\bclaim\s*=")
BACKTICKS = re.compile("`+")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
CLAIM_COLUMNS = ("claim", "affirmation")
VALUE_COLUMNS = ("value", "valeur", "reported", "rapporté", "rapportée", "reported value",
                 "valeur rapportée")  # fmt: skip
HOW = "a value is marked as [0.0249]{claim=neuron/and-error-400}"
NUMBERS = "it takes a number such as 0.0249 or 0,0249, two (20 to 25), or ≈ before one"
MOST_WORDS = 200
"""Letters of the sentence that a value stands in, as it is shown again."""


@dataclass(frozen=True, slots=True)
class ReportedValue:
    """A value that a report claims.

    Attributes:
        line: where it stands, counted from 1.
        claim: the id as typed.
        typed: the value as typed.
        number: the value as it was read.
        sentence: the words around it.
    """

    line: int
    claim: str
    typed: str
    number: TypedNumber
    sentence: str


@dataclass(frozen=True)
class HandedIn:
    """A report that someone handed in.

    Attributes:
        path: its file.
        title, author: as its beginning says, or "".
        language: "en" or "fr".
        values: those it claims, in their order.
        problems: the ends of sentences on what could not be read: line to what is wrong.
    """

    path: Path
    title: str
    author: str
    language: str
    values: tuple[ReportedValue, ...]
    problems: tuple[tuple[int, str], ...] = field(default=())


def read_report(path: Path, language: str = "en") -> HandedIn:
    """Read a report.

    Args:
        path: the Markdown file.
        language: of its numbers and words, where it does not say.

    Raises:
        UsageError: if it cannot be read at all; what is wrong inside is in its `problems`.
    """
    text = read_text(path, MAX_TEXT_FILE_BYTES).replace("\r\n", "\n")
    front, start = _read_front(text)
    lines = text.split("\n")
    body = "\n".join([""] * start + lines[start:])
    own = front.get("lang", "")[:2]
    reader = _Reader(own if own in LANGUAGES else language)
    reader.read(MarkdownIt("commonmark").enable("table").parse(body))
    title = front.get("title") or reader.title
    return HandedIn(
        path=path,
        title=_clean(title),
        author=_clean(front.get("author", "")),
        language=reader.language,
        values=tuple(reader.values),
        problems=tuple(reader.problems),
    )


def _read_front(text: str) -> tuple[dict[str, str], int]:
    """Return what a report says of itself at its begin, and after how many lines it begins."""
    lines = text.split("\n")
    ends = [n for n, line in enumerate(lines[1:], 1) if line.strip() in ("---", "...")]
    if lines[0].strip() != "---" or not ends:
        return {}, 0
    block = "\n".join(lines[1 : ends[0]])
    try:
        content = yaml.load(block, Loader=PlainLoader) if len(block) <= MAX_YAML_BYTES else None
    except (yaml.YAMLError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return {}, ends[0] + 1
    return {str(k): v for k, v in content.items() if isinstance(v, str)}, ends[0] + 1


def _clean(text: str) -> str:
    return clean(remove_marks(text)).strip()[:MOST_WORDS]


class _Reader:
    """Reads the blocks of a report.

    Attributes:
        title: its first heading.
    """

    def __init__(self, language: str) -> None:
        self.language, self.title = language, ""
        self._is_full = False
        self.values: list[ReportedValue] = []
        self.problems: list[tuple[int, str]] = []

    def read(self, tokens: list[Token]) -> None:
        rows: list[list[tuple[int, str]]] = []
        line = 1
        for index, token in enumerate(tokens):
            if token.map:
                line = token.map[0] + 1
            if token.type == "table_open":
                rows = []
            elif token.type == "tr_open":
                rows.append([])
            elif token.type == "table_close":
                self._read_table(rows)
            elif token.type == "inline":
                self._read_marks(token.content, line)
                if tokens[index - 1].type in ("th_open", "td_open"):
                    rows[-1].append((line, token.content))
                elif tokens[index - 1].type == "heading_open" and not self.title:
                    self.title = _show(token.content)

    def _read_marks(self, text: str, first: int) -> None:
        masked = _mask_code(text)
        spans = []
        for match in MARK.finditer(masked):
            attribute = ATTRIBUTE.search(match[2])
            if attribute is None:
                continue
            spans.append(match.span())
            name = next(filter(None, attribute.groups()), "")
            line = first + masked.count("\n", 0, match.start())
            self._add(line, name, match[1], _sentence(masked, *match.span()))
        for match in LOOKS_MARKED.finditer(masked):
            if not any(start <= match.start() < end for start, end in spans):
                line = first + masked.count("\n", 0, match.start())
                self.problems.append(
                    (line, f"{masked[match.start() :][:40]!r} marks nothing; {HOW}")
                )

    def _read_table(self, rows: list[list[tuple[int, str]]]) -> None:
        header = [_show(cell).lower() for _, cell in rows[0]] if rows else []
        claims = [n for n, word in enumerate(header) if word in CLAIM_COLUMNS]
        if not claims:
            return
        values = [n for n, word in enumerate(header) if word in VALUE_COLUMNS]
        if not values and len(header) == 2:
            values = [1 - claims[0]]
        if len(claims) != 1 or len(values) != 1:
            columns = "one column claim and one column value"
            self.problems.append((rows[0][0][0], f"a table of claims has {columns}"))
            return
        for row in rows[1:]:
            line, name = row[claims[0]]
            if name := _show(name):
                rest = (_show(c) for n, (_, c) in enumerate(row) if n not in (*claims, *values))
                self._add(line, name, row[values[0]][1], " · ".join(filter(None, rest)))

    def _add(self, line: int, name: str, typed: str, sentence: str) -> None:
        if len(self.values) >= MAX_REPORTED_VALUES:
            if not self._is_full:
                self.problems.append(
                    (line, f"only the first {MAX_REPORTED_VALUES:,} values are read")
                )
            self._is_full = True
            return
        shown = _show(typed)
        number = read_number(shown, self.language)
        if number is None:
            what = f"{shown:.60}" if shown else "(empty)"
            self.problems.append((line, f"{name:.60}: {what} cannot be read; {NUMBERS}"))
            return
        self.values.append(ReportedValue(line, name, shown, number, sentence))


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a mark, which stands in it as the bare value."""
    first, last = max(start - MOST_WORDS, 0), min(end + MOST_WORDS, len(text))
    before = list(SENTENCE_END.finditer(text, first, start))
    after = SENTENCE_END.search(text, end, last)
    return _show(text[before[-1].end() if before else first : after.start() if after else last])


def _mask_code(text: str) -> str:
    """Return Markdown with spaces in the place of code in the line: each letter stays where it is.

    Code begins with some backticks and ends with the next that are as many.
    """
    runs = [match.span() for match in BACKTICKS.finditer(text)]
    following: dict[int, int] = {}  # how many backticks to where the next such run ends
    ends: list[int | None] = []
    for start, end in reversed(runs):
        ends.append(following.get(end - start))
        following[end - start] = end
    pieces, place = [], 0
    for (start, _), close in zip(runs, reversed(ends), strict=True):
        if start >= place and close is not None:
            pieces += [text[place:start], " " * (close - start)]
            place = close
    return "".join([*pieces, text[place:]])


def _show(text: str) -> str:
    """Return Markdown as plain words, cut where it is long."""
    bare = MARK.sub(lambda match: match[1], text)
    bare = re.sub(r"!?\[([^\[\]]*)\]\([^()]*\)", r"\1", bare)  # links and images
    bare = re.sub(r"(?<!\\)[*`]|(?<!\w)_|_(?!\w)", "", bare)
    words = " ".join(clean(remove_marks(bare)).split())
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"
