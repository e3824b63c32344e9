"""The GAN's page in a browser: it trains, is looked at, taken apart, and learns what one draws."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

from epoque.bench.recipes import find_recipe
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.live_engine import begin_training
from epoque.gan2d.measures import SAMPLES, measure_samples

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RING = "/gan2d?recipe=ganlab-ring"
STEPS = 300
SIZES = {360: 740, 768: 1024, 1280: 860, 2560: 1440}
TITLES = {
    "en": "A ring, and someone who forges it",
    "fr": "Un anneau, et quelqu’un qui le contrefait",
}
PIXELS = "document.querySelector('.plane canvas').toDataURL()"


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


def open_page(watched: Any, address: str, route: str = RING, **options: Any) -> Any:
    """Return the page once its plane is drawn and its training can be played."""
    page = watched.open(address, route, **options)
    page.wait_for_selector("button.play:not([disabled])")
    wait_until(page, f"{PIXELS}.length > 5000")
    return page


def wait_until(page: Any, expression: str, argument: Any = None) -> None:
    """Return as soon as an expression of the page holds; its policy forbids it to evaluate text."""
    wait_for(lambda: page.evaluate(expression, argument), expression)


def read_counter(page: Any) -> int:
    """Return the iterations that the page shows."""
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def wait_for_step(page: Any, step: int) -> None:
    wait_for(lambda: read_counter(page) >= step, f"iteration {step}")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("server", ["static_address", "studio_address"])
def test_it_trains_in_both_languages(
    watched: Any, request: pytest.FixtureRequest, server: str, language: str
) -> None:
    page = open_page(watched, request.getfixturevalue(server), language=language, still=True)
    assert read_counter(page) == 0
    first = page.evaluate(PIXELS)
    page.keyboard.press("Space")
    wait_for_step(page, 1000)
    page.keyboard.press("Space")
    wait_until(page, "document.querySelector('button.play').textContent.trim() !== 'Pause'")
    stopped, second = read_counter(page), page.evaluate(PIXELS)
    assert first != second
    page.keyboard.press(".")
    wait_for_step(page, stopped + 1)
    assert read_counter(page) == stopped + 1
    assert page.evaluate(PIXELS) != second
    title = {
        "en": "A ring, and someone who forges it",
        "fr": "Un anneau, et quelqu’un qui le contrefait",
    }
    assert page.text_content("h1") == title[language]


@pytest.mark.parametrize("recipe", ["ganlab-ring", "image", "csv"])
def test_it_measures_what_python_measures(watched: Any, static_address: str, recipe: str) -> None:
    route = f"/gan2d?recipe={recipe}&r1=0&at={STEPS}"
    page = open_page(watched, static_address, route, still=True)
    wait_for_step(page, STEPS)
    page.click("button.measure")
    page.wait_for_selector("dl dd:has-text('±')")
    config = Gan2dConfig.parse(find_recipe(f"gan2d/{recipe}").config).replace(r1=0.0)
    training = begin_training(config)
    training.advance(STEPS)
    samples = training.samples(SAMPLES)
    measures = measure_samples(samples["real"], samples["fake"])
    shown = page.text_content("section[aria-label='Distance from the real points'] dl")
    assert f"{measures['js']:.3g} ± " in shown
    assert f"{round(100 * measures['coverage'])}%" in shown
    assert f"{STEPS} iterations" in page.text_content("p.remark")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_slow_motion_shows_ten_phases(watched: Any, static_address: str, language: str) -> None:
    route = f"{RING}&at=20&ds=1"
    page = open_page(watched, static_address, route, language=language, still=True)
    wait_for_step(page, 20)
    seen, pictures = [], set()
    for number in range(1, 11):
        page.keyboard.press(",")
        page.wait_for_selector(f".phase li.here:has-text('{number}')")
        parts = (".phase h2", ".phase .sentence", ".phase .formula", ".phase dl")
        seen.append(tuple(page.text_content(part).strip() for part in parts))
        pictures.add(page.evaluate(PIXELS))
    assert all(all(parts) for parts in seen)
    assert len(set(seen)) == 10
    assert len(pictures) >= 8
    assert "L = " in seen[2][2]
    page.keyboard.press("Escape")
    page.wait_for_selector(".phase", state="detached")
    page.keyboard.press(".")
    wait_for_step(page, 22)
    assert read_counter(page) == 22


def test_letters_show_and_hide_layers(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, f"{RING}&at=200", still=True)
    wait_for_step(page, 200)
    usual = page.evaluate(PIXELS)
    for letter in "egacmvf":
        before = page.get_attribute(f".key button[aria-keyshortcuts={letter}]", "aria-pressed")
        page.keyboard.press(letter)
        wait_until(page, f"before => {PIXELS} !== before", usual)
        after = page.get_attribute(f".key button[aria-keyshortcuts={letter}]", "aria-pressed")
        assert letter == "a" or before != after
        page.keyboard.press(letter)
        if letter == "a":  # smooth, cells, hidden
            page.keyboard.press(letter)
        wait_until(page, f"before => {PIXELS} === before", usual)
    page.keyboard.press("c")
    wait_until(page, "location.hash.includes('contours')")


def test_the_plane_is_read_by_keyboard_and_speaks(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, f"{RING}&at=100", still=True)
    wait_for_step(page, 100)
    page.focus(".plane")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.wait_for_selector('p[aria-live]:has-text("0.50 0.53: D\'s answer")')
    page.keyboard.press("+")
    page.wait_for_selector("p[aria-live]:has-text('125 % of the plane')")
    page.keyboard.press("0")
    page.keyboard.press("d")
    page.wait_for_selector("p[role=status]:has-text('100 iterations; losses')")


def test_a_drawing_is_learned(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, still=True)
    page.click("text=Draw your own points")
    box = page.locator(".editor").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    for i in range(30):
        x, y = 0.2 + 0.02 * i, 0.5 + 0.2 * math.sin(i / 4)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.up()
    page.focus(".editor")
    for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    page.wait_for_selector("p[aria-live]:has-text('2 strokes')")
    page.click("text=undo")
    page.click("text=Learn this")
    page.wait_for_selector("h1:has-text('Your drawing')")
    page.keyboard.press("Space")
    wait_for_step(page, 200)
    wait_until(page, "decodeURIComponent(location.hash).includes('strokes')")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"x,y\n1,a\n2,b\n", "holds no number in row 1"),
        ("b.csv", b"x\n1\n2\n", "one column"),
        ("c.png", b"no picture", "no picture that is read here"),
        ("d.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x27\x10\0\0\x27\x10", "100 million pixels"),
        ("e.json", b"{}", "no list of strokes"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(
    watched: Any, static_address: str, name: str, content: bytes, sentence: str
) -> None:
    page = open_page(watched, static_address, still=True)
    drop_file(page, name, content)
    page.wait_for_selector(f".problem:has-text('{sentence}')")
    page.keyboard.press("Space")
    wait_for_step(page, 50)


def test_a_table_with_decimal_commas_is_learned(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, still=True)
    rows = "".join(f"{math.cos(i):.3f};{math.sin(i):.3f}\n".replace(".", ",") for i in range(50))
    drop_file(page, "own.csv", f"x;y\n{rows}".encode("utf-16"))
    page.wait_for_selector("h1:has-text('Your points')")
    page.keyboard.press("Space")
    wait_for_step(page, 50)


def drop_file(page: Any, name: str, content: bytes) -> None:
    """Drop a file on the plane."""
    page.evaluate(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(bytes)], name));
            const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
            document.querySelector(".picture").dispatchEvent(event);
        }""",
        [name, list(content)],
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", SIZES)
def test_the_picture_is_whole_on_every_screen(
    watched: Any, static_address: str, take_picture: Any, width: int, language: str
) -> None:
    size = (width, SIZES[width])
    page = open_page(
        watched, static_address, f"{RING}&at=600", language=language, size=size, still=True
    )
    wait_for_step(page, 600)
    plane, bar = (page.locator(part).bounding_box() for part in (".plane", ".page > .bar"))
    assert abs(plane["width"] - plane["height"]) < 1
    assert plane["x"] >= 0
    assert plane["x"] + plane["width"] <= width
    if width > 360:  # on a phone title and sentence stand above it, and one scrolls
        assert plane["y"] + plane["height"] <= bar["y"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        theme = "dark" if dark else "light"
        take_picture(page, f"gan2d-training-{width}-{theme}-{language}")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("keys", ["", ",,,", "Escape", "compared"])
def test_axe_finds_nothing(watched: Any, static_address: str, keys: str, *, dark: bool) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in web/")
    second = "&B.ds=5" if keys == "compared" else ""
    page = open_page(watched, static_address, f"{RING}&at=50{second}", dark=dark, still=True)
    wait_for_step(page, 50)
    if keys == "compared":
        page.wait_for_selector(".plate + .plate canvas")
    elif keys == "Escape":
        page.click("text=Draw your own points")
        page.wait_for_selector(".editor")
    else:
        for key in keys:
            page.keyboard.press(key)
    page.click(".curves .title >> nth=0") if not keys else None
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found] == []
