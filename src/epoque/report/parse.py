"""From Markdown with filled-in marks to the document model; numbers everything on the way."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.limits import MAX_MARKDOWN_DEPTH, MAX_TABLE_COLUMNS

from .markdown_rules import add_formulas
from .maths import latex_to_mathml
from .model import (
    Align,
    Block,
    Claims,
    Code,
    CodeBlock,
    Display,
    Emphasis,
    Figure,
    Heading,
    Inline,
    Inlines,
    Items,
    LineBreak,
    Link,
    Math,
    Paragraph,
    Quote,
    Reference,
    Rule,
    Strong,
    Table,
    Target,
    Text,
    plain,
)
from .numbers import to_latex
from .pictures import FilePicture
from .placeholders import Placeholders
from .typography import QUOTES, set_spaces

__all__ = ["Parser"]


class Parser:
    """Reads the chapters of one document, one after the other.

    Attributes:
        targets: label to what it stands for, over all chapters read so far.
    """

    def __init__(self, placeholders: Placeholders, language: str) -> None:
        self._placeholders, self._language = placeholders, language
        self._counts: Counter[str] = Counter()
        self._folder = Path()
        self.targets: dict[str, Target] = {}
        options = {"typographer": True, "quotes": QUOTES[language], "html": False}
        options["maxNesting"] = (
            MAX_MARKDOWN_DEPTH + 2
        )  # what is deeper would be left out in silence
        self._markdown = MarkdownIt("commonmark", options).enable(["table", "smartquotes"])
        add_formulas(self._markdown)

    def blocks(self, markdown: str, folder: Path) -> tuple[Block, ...]:
        """Return the blocks of one chapter.

        Args:
            markdown: a filled-in template.
            folder: where the images it names are.

        Raises:
            UsageError: if a formula, an image or a label cannot be used.
        """
        self._folder = folder
        tokens = self._markdown.parse(markdown)
        levels = (t.level for token in tokens for t in (token, *(token.children or ())))
        if max(levels, default=0) > MAX_MARKDOWN_DEPTH:
            problem = f"lists, quotes or emphasis are nested more than {MAX_MARKDOWN_DEPTH} deep."
            raise UsageError(problem)
        return tuple(self._children(SyntaxTreeNode(tokens)))

    def inline(self, markdown: str) -> Inlines:
        """Return one line of Markdown, for instance a caption, as inline pieces."""
        (root,) = SyntaxTreeNode(self._markdown.parseInline(markdown)).children
        return tuple(self._inlines(root.children))

    def check_references(self, blocks: Iterable[Block]) -> None:
        """Check that every reference has a target.

        Raises:
            UnknownNameError: with the nearest labels.
        """
        for label in _references(blocks):
            if label not in self.targets:
                raise UnknownNameError("figure, table or formula labelled", label, self.targets)

    # Blocks

    def _children(self, node: SyntaxTreeNode) -> Iterator[Block]:
        for child in node.children:
            yield from self._block(child)

    def _block(self, node: SyntaxTreeNode) -> Iterator[Block]:
        match node.type:
            case "paragraph":
                yield from self._paragraph(node.children[0])
            case "heading":
                yield self._heading(node)
            case "bullet_list" | "ordered_list":
                items = tuple(tuple(self._children(item)) for item in node.children)
                start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
                yield Items(items, start)
            case "blockquote":
                yield Quote(tuple(self._children(node)))
            case "fence" | "code_block":
                yield CodeBlock(self._placeholders.words(node.content).rstrip("\n"))
            case "display":
                latex = self._formula(node.content)
                yield self._number_block(Display(latex, node.info))
            case "table":
                yield self._table(node)
            case "hr":
                yield Rule()
            case kind:
                raise AssertionError(f"Markdown gave an unexpected {kind}")

    def _paragraph(self, inline: SyntaxTreeNode) -> Iterator[Block]:
        blocks = self._placeholders.blocks(inline.content)
        if blocks is not None:
            yield from map(self._number_block, blocks)
        elif [child.type for child in inline.children] == ["image"]:
            yield self._number_block(self._image(inline.children[0]))
        else:
            yield Paragraph(tuple(self._inlines(inline.children)))

    def _heading(self, node: SyntaxTreeNode) -> Heading:
        level = int(node.tag[1])
        children = tuple(self._inlines(node.children[0].children))
        number = ""
        if level == 1:
            self._counts["chapter"] += 1
            number = str(self._counts["chapter"])
        label = self._free_label(f"section-{_slug(plain(children))}")
        self.targets[label] = Target("chapter" if number else "section", number or plain(children))
        return Heading(level, children, label, number)

    def _free_label(self, label: str) -> str:
        self._counts[f"label {label}"] += 1
        count = self._counts[f"label {label}"]
        return label if count == 1 and label not in self.targets else f"{label}-{count}"

    def _number_block(self, block: Block) -> Block:
        """Give a figure, table or labelled formula its number, and remember its label."""
        kinds = {Figure: "figure", Table: "table", Claims: "table", Display: "formula"}
        if not isinstance(block, Figure | Table | Claims | Display) or not block.label:
            return block
        kind = kinds[type(block)]
        if block.label in self.targets:
            raise UsageError(f"The label {block.label!r} is given twice.")
        self._counts[kind] += 1
        self.targets[block.label] = Target(kind, str(self._counts[kind]))
        return replace(block, number=self._counts[kind])

    def _image(self, node: SyntaxTreeNode) -> Figure:
        source = str(node.attrs["src"])
        picture = FilePicture.read(self._folder, source)
        caption = tuple(self._inlines(node.children))
        label = self._free_label(f"image-{_slug(Path(source).stem)}")
        return Figure(
            picture,
            caption,
            str(node.attrs.get("title") or plain(caption) or Path(source).stem),
            label,
        )

    def _table(self, node: SyntaxTreeNode) -> Table:
        rows = [row for part in node.children for row in part.children]
        cells = [tuple(self._cell(cell) for cell in row.children) for row in rows]
        if len(cells[0]) > MAX_TABLE_COLUMNS:
            count = f"{len(cells[0]):,} columns; at most {MAX_TABLE_COLUMNS} are set"
            raise UsageError(f"a table has {count}.")
        styles = [str(cell.attrs.get("style", "")) for cell in rows[0].children]
        sides = tuple(map(_side, styles))
        return Table(cells[0], tuple(cells[1:]), sides)

    def _cell(self, node: SyntaxTreeNode) -> Inlines:
        return tuple(self._inlines(node.children[0].children)) if node.children else ()

    # Inline pieces

    def _inlines(self, nodes: Iterable[SyntaxTreeNode]) -> Iterator[Inline]:
        for node in nodes:
            yield from self._inline(node)

    def _inline(self, node: SyntaxTreeNode) -> Iterator[Inline]:
        match node.type:
            case "text":
                yield from self._text(node.content)
            case "softbreak":
                yield Text(" ")
            case "hardbreak":
                yield LineBreak()
            case "em":
                yield Emphasis(tuple(self._inlines(node.children)))
            case "strong":
                yield Strong(tuple(self._inlines(node.children)))
            case "code_inline":
                yield Code(self._placeholders.words(node.content))
            case "math":
                yield Math(self._formula(node.content))
            case "link":
                yield Link(str(node.attrs["href"]), tuple(self._inlines(node.children)))
            case "image":
                raise UsageError(f"The image {node.attrs['src']} must stand in its own paragraph.")
            case kind:
                raise AssertionError(f"Markdown gave an unexpected {kind}")

    def _text(self, text: str) -> Iterator[Inline]:
        """Set the spaces of the author's own words only; what was filled in stays as it is."""
        yield from self._placeholders.split(set_spaces(text, self._language))

    def _formula(self, latex: str) -> str:
        whole = re.sub(
            r"\ue000\d+\ue001", lambda m: to_latex(self._placeholders.words(m[0])), latex
        )
        latex_to_mathml(whole)  # raises here, while the template's line can still be told
        return whole


def _side(style: str) -> Align:
    return "right" if "right" in style else "center" if "center" in style else "left"


def _slug(text: str) -> str:
    """Return a label: small letters, digits and hyphens."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def _references(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the labels that are referred to anywhere in the blocks."""
    for block in blocks:
        match block:
            case Paragraph(children) | Heading(_, children):
                yield from _labels(children)
            case Items(items):
                for item in items:
                    yield from _references(item)
            case Quote(inner):
                yield from _references(inner)
            case Table(header, rows, _, caption):
                for cell in (*header, *(c for row in rows for c in row), caption):
                    yield from _labels(cell)
            case Figure(_, caption) | Claims(_, caption):
                yield from _labels(caption)


def _labels(pieces: Inlines) -> Iterator[str]:
    for piece in pieces:
        match piece:
            case Reference(label):
                yield label
            case Emphasis(children) | Strong(children) | Link(_, children):
                yield from _labels(children)
