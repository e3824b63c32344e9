"""The whole book from real runs, in both languages and all formats."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from epoque.bench.errors import MissingExtraError, UsageError
from epoque.bench.sweeps.sweep import Sweep
from epoque.report import missing_needs, new_report, write_report
from epoque.report import needs as needs_module
from epoque.report.book import read_book
from epoque.report.model import Claims, Document, Figure, Table, plain
from epoque.report.needs import book_needs, chapter_names, find_needs, recorded_folder

LANGUAGES = ("en", "fr")

# What must come out of the rule itself; the other verdicts hang on which seeds are drawn.
VERDICTS = {
    "1.1": "partly", "1.3": "fails", "1.4": "partly", "1.5": "holds", "1.7": "partly",
    "1.8": "holds", "1.10": "partly", "1.11": "holds", "1.12": "holds", "1.14": "fails",
    "1.16": "holds", "1.17": "partly", "1.18": "partly", "1.19": "fails", "1.20": "partly",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(made_runs: Path, tmp_path_factory: pytest.TempPathFactory):
    """Write each language and format once."""
    out = tmp_path_factory.mktemp("books")
    made: dict[tuple[str, str], Path] = {}

    def write(language: str, format: str) -> Path:
        key = language, format
        if key not in made:
            made[key] = write_report(made_runs, out, language, format)
        return made[key]

    return write


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    """The books that were read already, by their language."""
    return {}


@pytest.fixture
def read(runs: Path, documents: dict[str, Document]) -> Callable[[str], Document]:
    """Read the book in a language, once for all tests that only look at it."""

    def read_once(language: str) -> Document:
        if language not in documents:
            documents[language] = read_book(runs, language)
        return documents[language]

    return read_once


def claims_of(document: Document) -> Claims:
    return next(block for block in document.blocks if isinstance(block, Claims))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_book_holds_what_it_promises(
    runs: Path, read: Callable[[str], Document], language: str
) -> None:
    document = read(language)
    assert [figure.number for figure in document.figures()] == list(range(1, 17))
    tables = [block for block in document.blocks if isinstance(block, Table | Claims)]
    assert [table.number for table in tables] == list(range(1, 9))
    rows = claims_of(document).rows
    assert [row.id for row in rows] == [f"1.{n}" for n in range(1, 21)]
    assert {row.id: row.verdict for row in rows if row.id in VERDICTS} == VERDICTS
    for row in rows:
        assert row.commands[0].startswith("epoque run neuron/")
        assert all((runs / name).is_dir() for name in row.runs)


def test_languages_differ_in_words_and_agree_in_numbers(read: Callable[[str], Document]) -> None:
    english, french = (claims_of(read(language)).rows for language in LANGUAGES)
    for one, other in zip(english, french, strict=True):
        assert one.verdict == other.verdict
        assert plain(one.statement) != plain(other.statement)
        for line, ligne in zip(one.lines, other.lines, strict=True):
            assert re.sub(r"\D", "", line.measured) == re.sub(r"\D", "", ligne.measured)
            assert not re.search(r"\d\.\d", ligne.measured + ligne.reported)


def test_each_figure_says_what_it_shows(read: Callable[[str], Document]) -> None:
    for language in LANGUAGES:
        for figure in read(language).figures():
            assert len(figure.describe()) > 80
            assert figure.describe() != plain(figure.caption)


class Page(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "hr", "input", "mspace"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


def test_html_is_one_accessible_file(runs: Path, written) -> None:
    language = "fr"
    page = Page(written(language, "html"))
    assert page.open == []
    assert page.all("html")[0]["lang"] == language
    drawings = page.all("svg")
    assert len(drawings) == 15
    assert all(svg["role"] == "img" and len(svg["aria-label"] or "") > 80 for svg in drawings)
    assert all("scope" in cell for cell in page.all("th"))
    assert not page.all("link", "iframe", "object")
    assert all("src" not in script for script in page.all("script"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for attrs in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert ("a", {"class": "skip", "href": "#text"}) in page.tags
    assert len(page.all("h1")) == 1


def test_html_loads_nothing(runs: Path, written) -> None:
    text = written("fr", "html").read_text("utf-8")
    loaded = re.sub(r'<a href="https?://[^"]*">', "", text)  # a link loads nothing
    outside = set(re.findall(r"https?://[^\s\"'<>)]+", loaded))
    assert outside <= {"http://www.w3.org/1998/Math/MathML"}
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) == {'"', "#"}
    assert set(re.findall(r'url\("([^"]{5})', text)) == {"data:"}


def test_html_is_small(runs: Path, written) -> None:
    """A figure takes some tens of kilobytes, in both themes together."""
    assert written("fr", "html").stat().st_size < 15 * 60_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_is_the_same_bytes_again(
    runs: Path, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    pytest.importorskip("typst")
    written(language, "pdf")
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    again = write_report(runs, tmp_path / "again.pdf", language, "pdf")
    assert again.read_bytes() == written(language, "pdf").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_has_its_text_and_bookmarks(runs: Path, written, language: str) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler) is not installed")
    done = subprocess.run(
        ["pdftotext", "-layout", written(language, "pdf"), "-"], capture_output=True, check=True
    )
    text = done.stdout.decode()
    expected = {
        "en": (
            "List of figures",
            "List of tables",
            "All claims",
            "Figure 15.",
            "does not hold",
            "Conclusion",
            "0.02",
        ),
        "fr": (
            "Table des figures",
            "Liste des tableaux",
            "Figure 15.",
            "infirmée",
            "Conclusion",
            "0,02",
        ),
    }
    for words in expected[language]:
        assert words in text
    assert b"/Outlines" in written(language, "pdf").read_bytes()


def test_markdown_has_its_figures_beside_it(runs: Path, written) -> None:
    path = written("en", "md")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text("utf-8"))
    assert len(pictures) == 16
    for picture in pictures:
        assert (path.parent / picture).read_bytes().startswith((b"<svg ", b"\x89PNG"))


def test_each_figure_is_drawn_once(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epoque.report import drawn_figures

    write_report(runs, tmp_path / "a.md", "en", "md")
    monkeypatch.setattr(drawn_figures, "_draw", lambda drawable: pytest.fail("drawn again"))
    drawn_figures._find.cache_clear()  # as in another process
    write_report(runs, tmp_path / "a.html", "en", "html")
    pytest.importorskip("typst")
    write_report(runs, tmp_path / "a.pdf", "en", "pdf")


def test_the_pdf_is_set_once(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typst = pytest.importorskip("typst")
    first = write_report(runs, tmp_path / "a.pdf", "en", "pdf").read_bytes()
    monkeypatch.setattr(typst, "compile", lambda *a, **k: pytest.fail("set again"))
    assert write_report(runs, tmp_path / "b.pdf", "en", "pdf").read_bytes() == first


def test_the_pdf_is_declared_accessible(runs: Path, written) -> None:
    pytest.importorskip("typst")
    data = written("fr", "pdf").read_bytes()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in data
    assert b"<dc:creator>" not in data


def test_nothing_is_missing(runs: Path) -> None:
    assert missing_needs(runs) == []


def test_what_is_missing_is_told_with_its_command(runs: Path, tmp_path: Path) -> None:
    some = tmp_path / "some"
    ignore = shutil.ignore_patterns("*-neuron-or", "*-neuron-xor-sweep")
    shutil.copytree(runs, some, ignore=ignore)
    assert [need.name for need in missing_needs(some)] == ["neuron/or", "xor"]
    with pytest.raises(UsageError) as caught:
        write_report(some, tmp_path / "out")
    assert "lacks 2 of the 18 runs and sweeps" in str(caught.value)
    assert "epoque run neuron/or; epoque sweep neuron/xor iterations=" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_run_with_another_setting_does_not_count(runs: Path, tmp_path: Path) -> None:
    some = tmp_path / "some"
    shutil.copytree(runs, some)
    (config,) = some.glob("*-neuron-or/config.json")
    config.write_text(config.read_text().replace('"learning_rate": 0.7', '"learning_rate": 0.8'))
    assert [need.name for need in missing_needs(some)] == ["neuron/or"]


@pytest.mark.parametrize("damage", ["config.json", "manifest.json", "results.json"])
def test_a_damaged_run_does_not_count(runs: Path, tmp_path: Path, damage: str) -> None:
    some = tmp_path / "some"
    shutil.copytree(runs, some)
    (path,) = some.glob(f"*-neuron-or/{damage}")
    path.write_text("{")
    assert [need.name for need in missing_needs(some)] == ["neuron/or"]
    name = f"{path.parent.name}/{damage}"
    with pytest.raises(UsageError, match=f"makes them .*{name} is not what was saved"):
        write_report(some, tmp_path / "out")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Not read, because it is"), ("fr", "Fichiers non lus, car leur contenu")],
)
def test_a_book_of_ones_own_names_what_is_damaged(
    runs: Path, tmp_path: Path, language: str, words: str
) -> None:
    some = tmp_path / "some"
    for pattern in ("*-neuron-or", "*-neuron-and", "*-neuron-or-sweep"):
        (path,) = runs.glob(pattern)
        shutil.copytree(path, some / path.name)
    (results,) = some.glob("*-neuron-or/results.json")
    results.write_bytes(results.read_bytes()[:-9])
    (table,) = some.glob("*-neuron-or-sweep/table.parquet")
    table.write_bytes(b"")
    template = tmp_path / "mine.md"
    template.write_text(
        '{{ value(run("neuron/and"), "seed") }}\n\n{{ records(caption="Runs.") }}\n'
    )
    _, found = read_book(some, language, template=template).blocks
    told = plain(found.caption)
    assert words in told
    assert f"{results.parent.name}/results.json, {table.parent.name}/table.parquet." in told
    template.write_text('{{ value(run("neuron/or"), "seed") }}\n')
    with pytest.raises(UsageError, match=r"makes one\. .*-neuron-or/results.json is not what"):
        read_book(some, language, template=template)


def test_an_empty_folder_lacks_all_that_does_not_ship_measured(tmp_path: Path) -> None:
    needs = book_needs()
    assert missing_needs(tmp_path / "none") == [need for need in needs if not need.recorded]
    full, gpu = (missing_needs(tmp_path / "none", profile) for profile in ("full", "gpu"))
    assert [need.name for need in full] == [need.name for need in needs if not need.optional]
    assert [need.name for need in gpu] == [need.name for need in needs]
    wider = [need for need in full if need.full]
    assert len(wider) > 15
    assert all(need.axes["seed"] == need.full["seed"] != "0:64" for need in wider)


def test_what_was_measured_with_more_seeds_goes_first(runs: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    (need,) = (need for need in needs_module.chapter_needs("neuron") if need.name == "or")
    more = replace(need, axes={**need.axes, "seed": "0:20"}, full={"seed": "0:40"})
    assert find_needs(runs, [more])["or"].axes["seed"] == tuple(range(40))


def test_what_ships_measured_is_what_the_recipes_would_measure() -> None:
    """A study whose recipe or axes changed since must be measured again."""
    needs = [need for need in book_needs() if need.recorded]
    assert needs
    for need in needs:
        folder = recorded_folder(need.chapter)
        assert folder
        record = find_needs(folder, [need]).get(need.name)
        if record is None:
            assert need.optional
            continue
        if isinstance(record, Sweep):
            assert len(record.table) == record.metadata["points"]
        else:
            assert record.results
            assert len(record.metrics)
            assert not record.checkpoint_steps  # the weights do not ship
    for folder in filter(None, map(recorded_folder, chapter_names())):
        for path in folder.rglob("*"):
            assert path.stat().st_size < 1_000_000, f"{path} is too large to ship"


def test_a_study_of_ones_own_goes_before_the_one_that_ships(tmp_path: Path) -> None:
    need = next(need for need in book_needs() if need.recorded)
    shipped = find_needs(tmp_path, [need])[need.name]
    own = tmp_path / f"own-{shipped.id}"
    shutil.copytree(shipped.path, own)
    assert find_needs(tmp_path, [need])[need.name].path == own


@pytest.mark.parametrize(
    ("out", "format", "words"),
    [
        ("a.doc", "doc", "There is no format 'doc'; there are html, pdf, md."),
        ("a.pdf", "html", "a.pdf does not end in .html"),
    ],
)
def test_a_wrong_format(runs: Path, tmp_path: Path, out: str, format: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        write_report(runs, tmp_path / out, "en", format)


def test_a_language_that_is_not_there(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no language 'de'"):
        write_report(runs, tmp_path, "de")


def test_where_nothing_can_be_written(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for format in ("html", "pdf", "md"):
        with pytest.raises(UsageError, match="a part of the path is a file"):
            write_report(runs, tmp_path / "file" / f"a.{format}", "en", format)
    assert (tmp_path / "file").read_text() == ""


def test_pdf_without_typst(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[pdf\]'"):
        write_report(runs, tmp_path / "a.pdf", "en", "pdf")


def test_a_reader_starts_their_own_book(runs: Path, tmp_path: Path) -> None:
    for language in LANGUAGES:
        template = new_report(tmp_path / language, runs, language)
        document = read_book(runs, language, template=template)
        assert sum(block.level == 1 for block in document.headings()) == 8
        assert sum(isinstance(block, Figure) for block in document.blocks) >= 8
        assert sum(isinstance(block, Table) for block in document.blocks) >= 8
    path = write_report(runs, tmp_path / "fr", "fr", "pdf", template=template)
    assert path.name == "book.fr.pdf"
    with pytest.raises(UsageError, match="is already there"):
        new_report(tmp_path / "en", runs)


def test_a_reader_may_name_a_recipe_as_they_like(runs: Path, tmp_path: Path) -> None:
    from epoque.bench.lab import find_lab
    from epoque.bench.runs import execute as runner
    from epoque.report.needs import Need

    name = 'it\'s "my" {{ recipe }} #1 $x$'
    config = Need("neuron/or", "neuron/or").config().replace(iterations=5)
    runner.execute(runner.start(find_lab("neuron"), config, name, tmp_path / "own"), draw=False)
    template = new_report(tmp_path / "mine", tmp_path / "own")
    document = read_book(tmp_path / "own", "en", template=template)
    (heading,) = document.headings()
    assert plain(heading.children).startswith("it’s “my” { { recipe }} #1")


def test_a_book_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no finished run"):
        new_report(tmp_path / "mine", tmp_path / "none")
    assert not (tmp_path / "mine").exists()


def test_a_wrong_name_in_a_template_is_told_with_the_nearest(runs: Path, tmp_path: Path) -> None:
    template = tmp_path / "mine.md"
    for call, words in {
        'figure(run("neuron/and"), "eror")': "Did you mean error?",
        'value(run("neuron/and"), "final_eror")': "Did you mean final_error",
        'value(run("neuron/and"), "y.12")': "There is no value of",
        'spread(sweep("xor"), "final_eror", iterations=1000)': "Did you mean final_error",
        'spread(sweep("xor"), "final_error")': "varies iterations too",
        'spread(sweep("xor"), "final_error", iterations=7)': "has no iterations 7",
        'spread(sweep("xor"), "final_error", iteration=7)': "Did you mean iterations",
        'spread(run("neuron/and"), "final_error")': "a sweep over seeds is wanted",
    }.items():
        template.write_text(f"text\n\n{{{{ {call} }}}}\n")
        with pytest.raises(UsageError) as caught:
            write_report(runs, tmp_path / "out", template=template)
        assert str(caught.value).startswith("mine.md, line 3: ")
        assert words in str(caught.value)


def test_own_book_reads_the_newest_run_and_claims_the_declared_one(
    runs: Path, tmp_path: Path
) -> None:
    from epoque.bench.lab import find_lab
    from epoque.bench.runs import execute as runner
    from epoque.report.needs import Need

    some, template = tmp_path / "some", tmp_path / "mine.md"
    shutil.copytree(runs, some)
    config = Need("neuron/or", "neuron/or").config().replace(learning_rate=0.3, iterations=5)
    runner.execute(runner.start(find_lab("neuron"), config, "neuron/or", some), draw=False)
    template.write_text('{{ value(run("neuron/or"), "learning_rate") }} {{ claim("1.9") }}')
    (paragraph,) = read_book(some, "en", template=template).blocks
    assert plain(paragraph.children) in {f"0.3 {verdict}" for verdict in ("partly", "holds")}


def test_claims_without_their_runs(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text('{{ claims("neuron") }}')
    with pytest.raises(UsageError, match=r"mine\.md, line 1: .* lacks \d+ of the \d+ runs"):
        read_book(tmp_path / "runs", "en", template=tmp_path / "mine.md")


def test_values_of_runs_in_a_template(runs: Path, tmp_path: Path) -> None:
    template = tmp_path / "mine.md"
    template.write_text(
        '{% set and = run("neuron/and") %}{{ value(and, "learning_rate") }} '
        '{{ value(and, "y.11") }} {{ value(and, "final_weights.0", digits=2) }} '
        "{{ value(run('neuron/xor'), 'separable') }} {{ command(and) }} {{ and.recipe }}"
    )
    (paragraph,) = read_book(runs, "fr", template=template).blocks
    assert plain(paragraph.children) == "0,7 4,62 14 non epoque run neuron/and neuron/and"


def test_a_report_imports_no_engine(made_runs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(
        '{{ figure(run("neuron/xor-mlp"), "regions") }}\n\n'
        '{{ figure(sweep("xor"), "curve") }}\n\n{{ table(run("neuron/or"), ["final_error"]) }}'
    )
    code = """
import sys
from pathlib import Path
from epoque.report import write_report
runs, folder = map(Path, sys.argv[1:])
for format in ("html", "pdf", "md"):
    write_report(runs, folder / "out", "fr", format, template=folder / "mine.md")
print([name for name in ("jax", "torch", "transformers") if name in sys.modules])
"""
    words = [sys.executable, "-c", code, str(made_runs), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
