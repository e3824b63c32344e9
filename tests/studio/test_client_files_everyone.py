"""The pages are for everyone: axe finds nothing, all by keyboard, large text, forced colors."""

import re
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {"home": "/", "neuron": "/neuron", "gan2d": "/gan2d?v=1&recipe=ganlab-ring&at=40"}
PAGES |= {"runs": "/runs", "compare": "/compare"}


def find_violations(page: Any, selector: str = "html") -> list[str]:
    """Return what axe finds wrong below an element, one line each."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `make client`")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "([selector, values]) => axe.run(selector, {runOnly: values}).then(result =>"
        " result.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 200)}`)))",
        [selector, TAGS],
    )
    return list(found)


def open_page(watched: Any, address: str, name: str, **options: Any) -> Any:
    page = watched.open(address, PAGES[name], **options)
    page.wait_for_selector("h1")
    if name == "gan2d":
        page.wait_for_selector("button.play:not([disabled])")
    page.wait_for_timeout(300)
    return page


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    watched: Any, static_address: str, name: str, language: str, dark: bool
) -> None:
    # So high that nothing is half hidden under the bar, which would count as a small target.
    options = {"language": language, "dark": dark, "size": (1280, 2600)}
    page = open_page(watched, static_address, name, **options)
    assert find_violations(page) == []


def test_axe_finds_nothing_in_what_opens(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, "gan2d")
    page.click(".bar button:has-text('More')")
    page.wait_for_selector("[data-digest]")
    assert find_violations(page, ".bar") == []
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.wait_for_selector("dialog[open]")
    assert find_violations(page, "dialog") == []
    page.keyboard.press("Escape")
    page.click(".bar button:has-text('More')")
    page.get_by_role("button", name="Compare two settings").click()
    page.locator(".plate canvas").nth(1).wait_for()
    assert find_violations(page, "main") == []
    assert find_violations(page, "aside") == []


def test_axe_finds_nothing_in_a_table_and_in_phases(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, "neuron", still=True)
    page.keyboard.press(",")
    page.wait_for_selector(".phase")
    assert find_violations(page, "main") == []
    table = {"name": "t.csv", "mimeType": "text/csv", "buffer": b"a,b,d\n1,x,0\n2,y,1\n"}
    page.set_input_files(".own:not(.weights) input", table)
    page.wait_for_selector("dialog h2")
    page.locator("dialog input[type=checkbox]").first.uncheck()
    assert find_violations(page, "dialog") == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_text_of_twice_the_size_fits(
    watched: Any, static_address: str, take_picture: Any, name: str, width: int
) -> None:
    page = open_page(watched, static_address, name, size=(width, 860))
    # As a browser's own setting of the text size does: what is sized in rem follows.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.wait_for_timeout(200)
    take_picture(page, f"large-text-{name}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_forced_colors_leave_everything_to_be_seen(
    watched: Any, static_address: str, take_picture: Any
) -> None:
    page = open_page(watched, static_address, "gan2d")
    page.emulate_media(forced_colors="active")
    page.wait_for_timeout(300)
    take_picture(page, "forced-colors")
    background, color = page.eval_on_selector(
        "button.play", "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    )
    assert background != color
    colors = page.evaluate(
        """(() => {
            const canvas = document.querySelector(".plate canvas");
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return new Set(data.filter((_, i) => i % 4 === 0)).size;
        })()"""
    )
    assert colors > 1


def test_the_keyboard_reaches_everything_with_a_visible_focus(
    watched: Any, static_address: str
) -> None:
    page = open_page(watched, static_address, "gan2d")
    reached: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        label, outline, hidden = page.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " const own = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;"
            " const around = e.parentElement && getComputedStyle(e.parentElement).outlineStyle;"
            " const text = e.getAttribute('aria-label') || e.textContent || e.id;"
            " return [text.trim(), own || around !== 'none', e === document.body]; })()"
        )
        if hidden:
            break
        assert outline, f"no visible focus on {label!r}"
        reached.append(label)
    words = " | ".join(reached)
    for wanted in ("Skip to the page", "Play", "Moments seen", "Speed", "Keep", "Layer 1"):
        assert wanted in words, f"{wanted} is not reached: {words}"


def test_the_reading_cursor_speaks(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, "gan2d")
    page.locator(".plate [tabindex='0']").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(300)
    spoken = page.eval_on_selector_all(
        "[aria-live], [role=status]", "elements => elements.map(e => e.textContent).join(' ')"
    )
    assert any(letter.isdigit() for letter in spoken)


@pytest.mark.parametrize("name", PAGES)
def test_french_sets_its_marks(watched: Any, static_address: str, name: str) -> None:
    """A text that is put together in the page has the spaces of French as well."""
    page = open_page(watched, static_address, name, language="fr")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    if page.query_selector(".bar"):
        page.keyboard.press("Space")
        page.keyboard.press(".")
        page.locator(".bar button[aria-expanded=false]").last.click()
        page.wait_for_selector("[data-digest]")
    texts = page.evaluate(
        """(() => {
            const labels = [...document.querySelectorAll("[aria-label], [title]")]
                .flatMap(e => [e.getAttribute("aria-label") || "", e.title || ""]);
            return [...document.body.innerText.split("\\n"), ...labels];
        })()"""
    )
    wrong = re.compile(r"[^\u00a0]:(?=\s|$)|[^\u202f][;!?](?=\s|$)")
    assert [text for text in texts if wrong.search(text)] == []
