"""Works: cited where they are used, listed once at the end, and each file of them checked whole."""

import re
from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.i18n import LANGUAGES
from epoque.report.bibliography import Work, find_works, parse_works
from epoque.report.book import read_book
from epoque.report.model import Bibliography, Document, Heading, plain
from epoque.report.needs import chapter_folder, chapter_names
from epoque.report.writers.html import to_html
from epoque.report.writers.markdown import to_markdown
from epoque.report.writers.pdf import to_typst

CITATION = re.compile(r"""\bcite\(\s*["']([^"']*)["']\s*\)""")
WORK = """
wilson1927:
  authors: ["Wilson, E. B."]
  year: 1927
  title: Probable inference
  in: A journal
  url: https://doi.org/10.1080
"""


def read_citations(lab: str, language: str) -> set[str]:
    folder = chapter_folder(lab)
    assert folder is not None
    return set(CITATION.findall((folder / f"{language}.md").read_text("utf-8")))


def book(tmp_path: Path, text: str, language: str = "en") -> Document:
    path = tmp_path / "mine.md"
    path.write_text(text, encoding="utf-8")
    return read_book(tmp_path / "runs", language, template=path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_work_is_cited_and_each_citation_is_a_work(language: str) -> None:
    cited: set[str] = set().union(*(read_citations(lab, language) for lab in chapter_names()))
    assert cited == set(find_works())


@pytest.mark.parametrize("lab", chapter_names())
def test_a_chapter_cites_the_same_in_both_languages(lab: str) -> None:
    both = [read_citations(lab, language) for language in LANGUAGES]
    assert both[0] == both[1] != set()


def test_a_chapter_s_own_works_are_cited_there() -> None:
    for lab in chapter_names():
        folder = chapter_folder(lab)
        assert folder is not None
        own = parse_works((folder / "references.yaml").read_text("utf-8"), lab)
        assert own.keys() <= read_citations(lab, "en")


def test_a_citation_names_authors_and_year() -> None:
    works = find_works()
    assert works["wilson1927"].name("en") == "Wilson 1927"
    assert works["kneser1995"].name("en") == "Kneser and Ney 1995"
    assert works["kneser1995"].name("fr") == "Kneser et Ney 1995"
    assert works["vaswani2017"].name("fr") == "Vaswani et al. 2017"
    assert Work("x", ("Institute of Counting",), 2000, "T", "P").name("en").startswith("Institute")


@pytest.mark.parametrize(("language", "title"), [("en", "References"), ("fr", "Bibliographie")])
def test_what_is_cited_is_listed_once_by_its_author(
    tmp_path: Path, language: str, title: str
) -> None:
    text = '# One\n\n{{ cite("wilson1927") }} {{ cite("cliff1993") }} {{ cite("wilson1927") }}'
    document = book(tmp_path, text, language)
    heading, works = document.blocks[-2:]
    assert isinstance(heading, Heading)
    assert (plain(heading.children), heading.number) == (title, "")
    assert isinstance(works, Bibliography)
    assert [entry.label for entry in works.entries] == [
        "reference-cliff1993",
        "reference-wilson1927",
    ]
    assert "Journal of the American Statistical Association" in plain(works.entries[1].children)


def test_a_book_that_cites_nothing_lists_nothing(tmp_path: Path) -> None:
    assert not any(isinstance(b, Bibliography) for b in book(tmp_path, "# One\n\nText.").blocks)


def test_each_format_leads_from_the_citation_to_its_entry(tmp_path: Path) -> None:
    document = book(tmp_path, 'As in {{ cite("wilson1927") }}.')
    html = to_html(document)
    assert re.search(r'<a [^>]*href="#reference-wilson1927"[^>]*>Wilson 1927</a>', html)
    assert '<li id="reference-wilson1927">' in html
    markdown = to_markdown(document, "figures")
    assert "(#reference-wilson1927)" in markdown
    assert '<a id="reference-wilson1927"></a>' in markdown
    typst = to_typst(document)
    assert typst.count('label("reference-wilson1927")') == 2


def test_an_unknown_work_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.md, line 3: .*wilson1972.*wilson1927"):
        book(tmp_path, '# One\n\n{{ cite("wilson1972") }}')


def test_works_are_read() -> None:
    (work,) = parse_works(WORK, "x.yaml").values()
    assert (work.authors, work.year, work.place) == (("Wilson, E. B.",), 1927, "A journal")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("1927\n", "soon\n"), "line 4: year: 'soon' is no whole number"),
        (("  in: A journal\n", ""), "line 2: wilson1927: the key in is missing"),
        (("https:", "http:"), "no address that begins with https://"),
        (("wilson1927", "Wilson 1927"), "a key is a name in small letters and a year"),
        (('["Wilson, E. B."]', "[]"), "a work has at least one author"),
        (("title:", "name:"), "there is no such key"),
    ],
)
def test_a_mistake_in_a_file_is_told(change: tuple[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_works(WORK.replace(*change), "x.yaml")
    assert words in str(caught.value)
