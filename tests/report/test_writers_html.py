"""The page as a reader has it, in Chromium: without network, by keyboard, small and dark too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from browser import open_chromium, open_context

from epoque.report import book as book_module
from epoque.report import needs as needs_module
from epoque.report.writers.embedded_fonts import embed_fonts
from epoque.report.writers.html import write

from .conftest import NEEDS

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def test_languages_share_a_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path))
    drawing = '<svg font-family="DejaVu Sans"><text>{}</text></svg>'
    rules = {embed_fonts([drawing.format(words)]) for words in ("learning", "été : « à »")}
    assert len(rules) == 1
    assert rules != {embed_fonts([drawing.format("ψ")])}


@pytest.fixture(scope="module")
def book(made_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a reader's book with a chapter's figures, film, formula, table and claims."""
    folder = tmp_path_factory.mktemp("page")
    template = folder / "mine.md"
    template.write_text(
        """# First

{% set and = run("neuron/and") %}

See {{ ref("error") }}, {{ ref("rule") }} and {{ ref("numbers") }}.

{{ figure(and, "error", caption="The error *falls*.", label="error") }}

{{ film(run("neuron/xor-mlp"), "learning", caption="Two lines while they learn.", label="film") }}

$$ y = w_0 + w_1 + w_2 + w_3 + w_4 + w_5 + w_6 + w_7 + w_8 + w_9 + w_{10} + w_{11} $$ (rule)

## Épreuve

### A third level

{{ table(and, ["final_error", "seed"], caption="Numbers.", label="numbers") }}

```
epoque run neuron/and
```

{{ claims("neuron", caption="Claims.") }}
""",
        "utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:  # a book that asks for no more than these runs
        for module in (needs_module, book_module):
            patch.setattr(module, "chapter_names", lambda: ("neuron",))
        patch.setattr(needs_module, "chapter_needs", lambda _lab: NEEDS)
        document = book_module.read_book(made_runs, "en", template=template)
    write(document, folder / "mine.html")
    return (folder / "mine.html").as_uri()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield a browser."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Any, book: str) -> Iterator[Any]:
    """Yield the page; an error in it, or a request of it, fails the test."""
    context = open_context(chromium, reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None,
    )
    page.goto(book)
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(page: Any, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe is not installed: npm ci in web/")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "(values) => axe.run(document, { runOnly: { type: 'tag', values } })", TAGS
    )
    told = [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found["violations"]]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_drawing_follows_the_theme(page: Any) -> None:
    color = "getComputedStyle(document.querySelector('#error svg path')).fill"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(color)
    page.emulate_media(color_scheme="dark")
    assert (light, page.evaluate(color)) == ("rgb(255, 255, 255)", "rgb(20, 22, 26)")
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(color) == light
    page.emulate_media(color_scheme="light", media="screen")
    page.locator("#theme").click()
    assert page.evaluate(color) == "rgb(20, 22, 26)"


def test_its_letters_are_in_the_font_they_were_laid_out_in(page: Any) -> None:
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].map((font) => font.status)") == ["loaded"] * 2
    outside = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap((svg) => {
          const page = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < page.left - 1 || box.right > page.right + 1;
          }).map((text) => text.textContent);
        })"""
    )
    assert outside == []


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_reference_shows_what_it_refers_to(page: Any, by: str) -> None:
    shown = page.locator(".preview")
    for name, content in (("error", "svg"), ("rule", "math"), ("numbers", "td")):
        link = page.locator(f"main a.reference[href='#{name}']")
        if by == "pointer":
            link.hover()
        else:
            page.keyboard.press("Tab")
            while not link.evaluate("(a) => a === document.activeElement"):
                page.keyboard.press("Tab")
        shown.wait_for(state="visible")
        page.wait_for_function(f"document.querySelector('.preview {content}')")
        assert page.evaluate("document.querySelectorAll('.preview [id]').length") == 0
        page.keyboard.press("Escape")
        shown.wait_for(state="hidden")


def test_a_figure_opens_large_and_closes(page: Any) -> None:
    button = page.locator("#error .enlarge")
    button.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog svg")
    large.wait_for(state="visible")
    assert large.bounding_box()["width"] > page.locator("#error svg").bounding_box()["width"]
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="hidden")
    assert button.evaluate("(b) => b === document.activeElement")


def test_search_finds_words_whatever_their_accents(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("epreuve")
    assert page.locator("#count").inner_text() == "1 passage"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent").startswith("Épreuve")


def test_search_counts_as_the_language_does(page: Any, book: str) -> None:
    path = Path(url2pathname(urlsplit(book).path))
    french = path.with_name("french.html")
    text = path.read_text("utf-8").replace('<html lang="en">', '<html lang="fr">')
    french.write_text(text, "utf-8")  # the words stay English; their plurals follow the language
    for address, words in ((book, "0 passages"), (french.as_uri(), "0 passage")):
        page.goto(address)
        page.locator("#query").fill("zwxq")
        assert page.locator("#count").inner_text() == words


def test_search_opens_the_claim_that_it_finds(page: Any) -> None:
    claim = page.locator("details.claim").first
    assert not claim.evaluate("(c) => c.open")
    page.locator("#query").fill(claim.locator("tbody th").first.text_content())
    page.locator("#hits button").first.click()
    assert page.locator("details.claim[open]").count() >= 1


def test_claims_fold_and_open_for_paper(page: Any) -> None:
    claims, opened = page.locator("details.claim"), page.locator("details.claim[open]")
    assert claims.count() > 10
    assert opened.count() == 0
    page.locator(".fold").click()
    assert opened.count() == claims.count()
    page.locator(".fold").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.count() == claims.count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.count() == 0


def test_a_link_to_a_claim_opens_it(page: Any, book: str) -> None:
    page.goto(f"{book}#claim-1.3")
    page.locator("[id='claim-1.3'][open]").wait_for()


def test_commands_are_copied(page: Any) -> None:
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { configurable: true, "
        "value: { writeText: async (text) => { window.copied = text; } } })"
    )
    page.locator("#error summary").click()
    page.locator("#error .copy").click()
    page.wait_for_function("window.copied === 'epoque run neuron/and'")
    page.locator("#error .copy", has_text="Copied").wait_for()


def test_headings_carry_links_to_themselves(page: Any) -> None:
    anchors = page.locator("main :is(h2, h3, h4) > .anchor")
    assert anchors.count() == 3
    name = anchors.first.get_attribute("href")
    assert page.locator(f"[id='{name[1:]}']").count() == 1
    assert page.locator("nav .level-3").count() == 1


def test_a_film_stands_still_until_it_is_asked_to_move(page: Any) -> None:
    frame = "document.querySelector('#film .screen').style.getPropertyValue('--frame')"
    film = page.locator("#film")
    film.scroll_into_view_if_needed()
    last = page.evaluate(frame)
    page.wait_for_timeout(300)
    assert page.evaluate(frame) == last
    button = film.locator(".play")
    assert button.inner_text() == "Play"
    button.click()
    page.wait_for_function(f"{frame} !== '{last}'")
    assert button.inner_text() == "Pause"
    button.click()
    halted = page.evaluate(frame)
    page.wait_for_timeout(300)
    assert page.evaluate(frame) == halted
    film.locator("input").fill("3")
    assert page.evaluate(frame) == "3"
    assert "iteration" in film.locator("input").get_attribute("aria-valuetext")


def test_a_film_plays_where_motion_is_welcome(chromium: Any, book: str) -> None:
    page = chromium.new_page(bypass_csp=True)
    page.goto(book)
    page.locator("#film").scroll_into_view_if_needed()
    frame = "document.querySelector('#film .screen').style.getPropertyValue('--frame')"
    before = page.evaluate(frame)
    page.wait_for_function(f"{frame} !== '{before}'")
    page.close()
