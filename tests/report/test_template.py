"""What a template may do, and what it is told when it does wrong."""

from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.report import write_report
from epoque.report.book import read_book
from epoque.report.model import (
    Code,
    Display,
    Emphasis,
    Figure,
    Heading,
    Items,
    Link,
    Math,
    Paragraph,
    Quote,
    Reference,
    Strong,
    Table,
    Text,
    plain,
)

NARROW, WIDE = "\u202f", "\u00a0"


def book(tmp_path: Path, text: str, language: str = "en"):
    path = tmp_path / "mine.md"
    path.write_text(text, encoding="utf-8")
    return read_book(tmp_path / "runs", language, template=path)


def tell(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        book(tmp_path, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_markdown_becomes_blocks(tmp_path: Path) -> None:
    document = book(tmp_path, """---
title: My book
author: Ada
---
# One

Some *text*, **bold**, `code`, $x_1$ and [a link](https://example.org).

$$ y = x $$ (sum)

- a
- b

> said

## Part

| a | b |
|---|--:|
| 1 | 2 |

# Two
""")  # fmt: skip
    assert (document.title, document.author, document.subtitle) == ("My book", "Ada", "")
    first, text, formula, items, quoted, part, table, second = document.blocks
    assert isinstance(first, Heading)
    assert (first.number, first.level) == ("1", 1)
    assert isinstance(text, Paragraph)
    kinds = [type(piece) for piece in text.children]
    assert kinds == [Text, Emphasis, Text, Strong, Text, Code, Text, Math, Text, Link, Text]
    assert formula == Display("y = x", "sum", 1)
    assert isinstance(items, Items)
    assert len(items.items) == 2
    assert isinstance(quoted, Quote)
    assert isinstance(part, Heading)
    assert part.number == ""
    assert isinstance(table, Table)
    assert (table.align, table.number) == (("left", "right"), 0)
    assert isinstance(second, Heading)
    assert second.number == "2"


def test_what_is_filled_in_is_no_markdown(tmp_path: Path) -> None:
    (paragraph,) = book(tmp_path, '{{ "*a* $b$ `c` {{ d }} # <e>" }}').blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.children == (Text("*a* $b$ `c` {{ d }} # <e>"),)


def test_numbers_go_into_formulas_and_code(tmp_path: Path) -> None:
    (paragraph,) = book(tmp_path, "$w = {{ number(0.25) }}$ `{{ number(0.25) }}`", "fr").blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.children == (Math("w = 0{,}250"), Text(" "), Code("0,250"))


def test_money_is_no_formula(tmp_path: Path) -> None:
    (paragraph,) = book(tmp_path, "It costs $5 or $6, or \\$7.").blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.children) == "It costs $5 or $6, or $7."


def test_a_grid_is_a_numbered_table_that_can_be_referred_to(tmp_path: Path) -> None:
    document = book(
        tmp_path,
        """See {{ ref("t") }}.

{{ grid(["", "*A*"], [["$w$", 1.5]], caption="Of $w$.", label="t") }}
""",
    )
    paragraph, table = document.blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.children[1] == Reference("t")
    assert isinstance(table, Table)
    assert table.number == 1
    assert table.rows == (((Math("w"),), (Text("1.50"),)),)
    assert table.header[1] == (Emphasis((Text("A"),)),)
    assert document.targets["t"].kind == "table"


def test_french_typography(tmp_path: Path) -> None:
    (paragraph,) = book(tmp_path, 'Vrai ? "Oui" : l\'erreur ! 95 % « bien »', "fr").blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.children) == (
        f"Vrai{NARROW}? «{WIDE}Oui{WIDE}»{WIDE}: l’erreur{NARROW}! 95{NARROW}% «{WIDE}bien{WIDE}»"
    )


def test_english_quotes(tmp_path: Path) -> None:
    (paragraph,) = book(tmp_path, '"Yes": it\'s so?').blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.children) == "“Yes”: it’s so?"


def test_html_in_a_template_is_text(tmp_path: Path) -> None:
    document = book(tmp_path, "a <script>alert(1)</script> [x](javascript:alert(1))")
    (paragraph,) = document.blocks
    assert isinstance(paragraph, Paragraph)
    assert "<script>" in plain(paragraph.children)
    assert not any(isinstance(piece, Link) for piece in paragraph.children)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a\n\n{{ valu(1) }}", 3, "'valu' is undefined. Did you mean value"),
        ("a\n{{ run('neuron/nad') }}", 2, "There is no run 'neuron/nad'"),
        ("{{ sweep('neuron/and') }}", 1, "There is no sweep 'neuron/and'"),
        ("{{ figure('x', 'error') }}", 1, "run(…) or sweep(…) is wanted here, not 'x'"),
        ("a\n{% if %}", 2, "Expected an expression"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{{ value() }}", 1, "missing"),
        ("ok\n\nsee {{ ref('fig') }}", 3, "labelled 'fig'"),
        ("ok\n\n$$ \\frac $$", 3, "cannot be read"),
        ("ok\n\n$\\nonsense$", 3, "unknown command"),
        ("{{ claim('9.9') }}", 1, "There is no claim '9.9'"),
        ("{{ claims('7') }}", 1, "There is no chapter '7'"),
        ("a {{ grid(['a'], [[1]]) }}", 1, "must stand in a paragraph of its own"),
        ("{{ grid(['a'], [[1, 2]]) }}", 1, "2 cells and the header 1"),
        ("{{ grid(['a'], [[1]], label='t') }}\n\n{{ grid(['a'], [[1]], label='t') }}", 1, "twice"),
        ("\n\n![x](no.png)", 3, "cannot be used"),
        ("\n\n![x](https://example.org/a.png)", 3, "cannot be used"),
        ("\n\n![x](../../etc/passwd)", 3, "cannot be used"),
        ("text ![x](no.png)", 1, "its own paragraph"),
        ("---\ntitel: x\n---\n", 1, "title, subtitle, author"),
        ("{{ run.__globals__ }}", 1, "may not"),
        ("{{ ''.__class__.__mro__ }}", 1, "may not"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", 1, "range"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    message = tell(tmp_path, text)
    assert message.startswith(f"mine.md, line {line}: "), message
    assert words in message


def test_a_template_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.md: there is no such file"):
        write_report(tmp_path, tmp_path / "out", template=tmp_path / "none.md")
    (tmp_path / "latin.md").write_bytes("é".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        write_report(tmp_path, tmp_path / "out", template=tmp_path / "latin.md")


def test_an_image_of_the_author(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "photo one.png")
    (figure,) = book(tmp_path, '![The *bench*.](photo%20one.png "A bench")').blocks
    assert isinstance(figure, Figure)
    assert (plain(figure.caption), figure.alt, figure.number) == ("The bench.", "A bench", 1)
    assert figure.picture.data("dark").startswith(b"\x89PNG")


def test_a_damaged_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    assert "is no picture" in tell(tmp_path, "![x](a.png)")


def test_markdown_as_a_result_of_a_macro_stays_markdown(tmp_path: Path) -> None:
    text = "{% macro twice(x) %}**{{ x }}** {{ x }}{% endmacro %}{{ twice('a*b') }}"
    (paragraph,) = book(tmp_path, text).blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.children) == "**a*b** a*b"  # printed text is never Markdown


def test_numbers_stand_to_the_right_and_sentences_to_the_left(tmp_path: Path) -> None:
    sentence = "what is said here takes more than a few letters"
    rows = f'[["a", 1, "12 [11, 13]", "{sentence}"], ["{sentence}", 2, "–", ""]]'
    (table,) = book(tmp_path, f'{{{{ grid(["", "b", "c", "d"], {rows}) }}}}').blocks
    assert isinstance(table, Table)
    assert table.align == ("left", "right", "right", "left")
    (empty,) = book(tmp_path, '{{ grid(["", "b"], []) }}').blocks
    assert isinstance(empty, Table)
    assert empty.align == ("left", "right")
