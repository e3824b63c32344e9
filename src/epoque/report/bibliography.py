"""The works that chapters cite, and the list of them at the end of a book.

Each is an entry of a file of references: that of the report, whose works any chapter may cite, and
`chapter/references.yaml` of a lab.

```yaml
wilson1927:
  authors: ["Wilson, E. B."]        # family name, comma, initials; an institution has no comma
  year: 1927
  title: Probable inference, the law of succession, and statistical inference
  in: Journal of the American Statistical Association 22 (158), 209–212
  url: https://doi.org/10.1080/01621459.1927.10502953
```

A template cites it by `cite("wilson1927")`, which prints "Wilson 1927".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.i18n import mark, translator

from .checked_yaml import YamlChecker, YamlPath
from .model import Bibliography, Block, Emphasis, Entry, Heading, Inlines, Link, Target, Text
from .needs import chapter_folder, chapter_names

__all__ = ["Citations", "Work", "find_works", "parse_works"]

FILE = "references.yaml"
HEADING = mark("References")
LABEL = "references"
TWO = mark("{first} and {second}")
MANY = mark("{first} et al.")
KEY = re.compile(r"[a-z]+\d{4}[a-z]?")
URL = re.compile(r"https://[^\s<>\"]+")
KEYS = ("authors", "year", "title", "in")


@dataclass(frozen=True)
class Work:
    """A work that can be cited.

    Attributes:
        key: what a template calls it.
        authors: in their order, each "Family, I." or an institution's name.
        year: of publication.
        title: in its own language.
        place: where it was published, with volume and pages.
        url: where it can be read, or "".
    """

    key: str
    authors: tuple[str, ...]
    year: int
    title: str
    place: str
    url: str = ""

    @property
    def label(self) -> str:
        """The label of its entry in the list."""
        return f"reference-{self.key}"

    def name(self, language: str) -> str:
        """Return what a text calls it: "Kneser and Ney 1995"."""
        _ = translator(language)
        families = [author.split(",")[0] for author in self.authors]
        if len(families) == 2:
            who = _(TWO).format(first=families[0], second=families[1])
        else:
            who = families[0] if len(families) == 1 else _(MANY).format(first=families[0])
        return f"{who} {self.year}"

    def entry(self) -> Entry:
        """Return its entry in the list."""
        text = f"{', '.join(self.authors)} ({self.year}). "
        place = f". {self.place}."
        pieces: Inlines = (Text(text), Emphasis((Text(self.title),)), Text(place))
        if self.url:
            pieces += (Text(" "), Link(self.url, (Text(self.url.removeprefix("https://")),)))
        return Entry(self.label, pieces)


class Citations:
    """The works that one book has cited so far."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._cited: dict[str, Work] = {}

    def cite(self, key: str) -> str:
        """Note that a work is cited; return the label of its entry.

        Raises:
            UnknownNameError: if no file of references has it.
        """
        works = find_works()
        if key not in works:
            raise UnknownNameError("work to cite named", key, works)
        return self._cited.setdefault(key, works[key]).label

    def targets(self) -> dict[str, Target]:
        """Return label to what a citation prints, of every work cited."""
        return {w.label: Target("work", w.name(self._language)) for w in self._cited.values()}

    def blocks(self) -> tuple[Block, ...]:
        """Return the list of the works cited, by their authors, with its heading; or nothing."""
        if not self._cited:
            return ()
        works = sorted(self._cited.values(), key=lambda w: (w.authors, w.year, w.title))
        heading = Heading(1, (Text(translator(self._language)(HEADING)),), LABEL)
        return heading, Bibliography(tuple(work.entry() for work in works))


@cache
def find_works() -> Mapping[str, Work]:
    """Return key to work, of the report's own file and those of all chapters.

    Raises:
        UsageError: with every problem of a file, or if two files have the same key.
    """
    sources = {f"report/{FILE}": files("epoque.report") / FILE}
    folders = {lab: chapter_folder(lab) for lab in chapter_names()}
    sources |= {f"{lab}/chapter/{FILE}": to / FILE for lab, to in folders.items() if to is not None}
    works: dict[str, Work] = {}
    for name, file in sources.items():
        own = parse_works(file.read_text("utf-8"), name) if file.is_file() else {}
        for key in own.keys() & works.keys():
            raise UsageError(f"{name}: another file of references has a work {key!r}, too.")
        works |= own
    return works


def parse_works(text: str, source: str) -> dict[str, Work]:
    """Return the works of a file of references, by key.

    Args:
        text: its content.
        source: what errors call it.

    Raises:
        UsageError: with one sentence for each problem.
    """
    file = YamlChecker(text, source)
    works = {key: _work(file, key, value) for key, value in file.plain(file.content, ()).items()}
    file.raise_problems()
    return works


def _work(file: YamlChecker, key: str, value: Any) -> Work:
    at: YamlPath = (key,)
    if not KEY.fullmatch(key):
        file.report(at, "a key is a name in small letters and a year.")
    keys = file.mapping(value, at, KEYS, ("url",))
    authors = file.texts(keys.get("authors", ["-"]), (*at, "authors"))
    if not authors:
        file.report((*at, "authors"), "a work has at least one author.")
    url = file.text(keys["url"], (*at, "url")) if "url" in keys else ""
    if url and not URL.fullmatch(url):
        file.report((*at, "url"), f"{url!r:.60} is no address that begins with https://.")
    return Work(
        key,
        authors,
        file.whole_number(keys.get("year", 0), (*at, "year")),
        file.text(keys.get("title", "-"), (*at, "title")),
        file.text(keys.get("in", "-"), (*at, "in")),
        url,
    )
