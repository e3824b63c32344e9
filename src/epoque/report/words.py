"""The words that every format of a book puts around its content."""

import json

from epoque.bench.i18n import mark, translator

from .claims.tables import SIGNS, VERDICTS
from .model import (
    Claims,
    Document,
    Figure,
    Heading,
    Inline,
    Inlines,
    Table,
    Target,
    Text,
    Verdict,
    plain,
)

__all__ = ["REFERENCES", "Words", "short_caption"]

CAPTIONS = {"figure": mark("Figure {number}."), "table": mark("Table {number}.")}
REFERENCES = {
    "figure": mark("figure {number}"),
    "table": mark("table {number}"),
    "formula": mark("formula ({number})"),
    "chapter": mark("chapter {number}"),
    "section": mark("section “{number}”"),
    "work": "{number}",
}
MONTHS = (
    mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June"),
    mark("July"), mark("August"), mark("September"), mark("October"), mark("November"),
    mark("December"),
)  # fmt: skip


class Words:
    """The words of one document, in its language.

    Attributes:
        contents, figures, …: headings, column heads and labels.
    """

    def __init__(self, document: Document) -> None:
        _ = self.translate = translator(document.language)
        self._document = document
        self.contents = _("Contents")
        self.figures = _("List of figures")
        self.tables = _("List of tables")
        self.claims = _("All claims")
        self.provenance = _("How this book was made")
        self.search = _("Search in this book")
        self.large = _("The figure, large")
        self.close = _("Close")
        self.play, self.pause = _("Play"), _("Pause")
        self.open_all = _("Open all claims")
        self.close_all = _("Close all claims")
        self.skip = _("Skip to the text")
        self.theme = _("Light or dark")
        self.columns = (_("Quantity"), _("Reported"), _("Measured"), _("Seeds"), _("Verdict"))
        self.shown_by = _("Shown by")
        self.repeat = _("To repeat")

    def caption(self, kind: str, number: int) -> str:
        """Return "Figure 3." or "Table 2."."""
        return self.translate(CAPTIONS[kind]).format(number=number)

    def reference(self, label: str) -> str:
        """Return "figure 3", for a reference to a label."""
        target: Target = self._document.targets[label]
        return self.translate(REFERENCES[target.kind]).format(number=target.number)

    def verdict(self, verdict: Verdict) -> str:
        """Return a verdict with its sign: "✓ holds"."""
        return f"{SIGNS[verdict]} {self.translate(VERDICTS[verdict])}"

    def date(self) -> str:
        """Return the document's date in words, or "" if it has none."""
        if not self._document.date:
            return ""
        year, month, day = map(int, self._document.date.split("-"))
        form = self.translate("{month} {day}, {year}")
        first = self.translate("1") if day == 1 else str(day)
        return form.format(day=first, month=self.translate(MONTHS[month - 1]), year=year)

    def anchor(self, heading: Heading) -> str:
        """Return what the link to a heading itself is called."""
        return self.translate("Link to “{title}”").format(title=plain(heading.children))

    def enlarge(self, figure: Figure) -> str:
        """Return what the button is called that opens a figure large."""
        return self.translate("Enlarge figure {number}").format(number=figure.number)

    def frame_of(self, figure: Figure) -> str:
        """Return what the slider of a film is called."""
        return self.translate("Frame of figure {number}").format(number=figure.number)

    def for_script(self) -> str:
        """Return the words that a page's script needs, as JSON."""
        _ = self.translate
        words = {
            "copy": _("Copy"),
            "copied": _("Copied"),
            "copy_this": _("Copy this command"),
            "hit": _("{count} passage"),
            "hits": _("{count} passages"),
        }
        return json.dumps(words, ensure_ascii=False)


def short_caption(block: Figure | Table | Claims) -> Inlines:
    """Return a caption's first sentence, for the lists of figures and tables."""
    pieces: list[Inline] = []
    for piece in block.caption:
        if isinstance(piece, Text) and ". " in piece.text:
            pieces.append(Text(piece.text.split(". ")[0]))
            break
        pieces.append(piece)
    last = pieces[-1] if pieces else None
    if isinstance(last, Text) and last.text.endswith(".") and plain(tuple(pieces)) != ".":
        pieces[-1] = Text(last.text[:-1])
    return tuple(pieces)
