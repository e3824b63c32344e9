"""The neuron's page in a browser: it trains, is taken apart, edited, learns points one draws."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import wait_for

from epoque.bench.recipes import find_recipe
from epoque.neuron.config import NeuronConfig
from epoque.neuron.live_engine import begin_training
from epoque.neuron.train import open_live

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CIRCLE = "/neuron?recipe=circle-mlp"
TITLES = {"en": "One neuron learns AND", "fr": "Un neurone apprend AND"}
PIXELS = "document.querySelector('.plane canvas').toDataURL()"
FRENCH_TABLE = "taille;poids;espèce\n" + "".join(
    f"{x / 10:.1f};{y / 10:.1f};{'chat' if x + y < 20 else 'chien'}\n".replace(".", ",")
    for x in range(0, 20, 3)
    for y in range(0, 20, 3)
)


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


def open_page(watched: Any, address: str, route: str = "/neuron", **options: Any) -> Any:
    """Return the page once its plane is drawn and its training can be played."""
    page = watched.open(address, route, still=True, **options)
    page.wait_for_selector("button.play:not([disabled])")
    wait_for(lambda: page.evaluate(f"{PIXELS}.length > 4000"), "the plane")
    return page


def read_counter(page: Any) -> int:
    """Return the iterations that the page shows."""
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def wait_for_step(page: Any, step: int) -> None:
    wait_for(lambda: read_counter(page) >= step, f"iteration {step}")


def read_outputs(page: Any) -> list[float]:
    """Return the outputs in the truth table."""
    cells = page.locator("td.output").all_text_contents()
    return [float(re.sub(r"[^\d.,]", "", cell).replace(",", ".")) for cell in cells]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("server", ["static_address", "studio_address"])
def test_it_trains_in_both_languages(
    watched: Any, request: pytest.FixtureRequest, server: str, language: str
) -> None:
    page = open_page(watched, request.getfixturevalue(server), language=language)
    assert page.text_content("h1") == TITLES[language]
    assert read_counter(page) == 0
    first = page.evaluate(PIXELS)
    page.keyboard.press("Space")
    wait_for_step(page, 20)
    page.keyboard.press("Space")
    wait_for(lambda: page.text_content("button.play").strip() != "Pause", "the pause")
    assert page.evaluate(PIXELS) != first
    step = read_counter(page)
    training = begin_training(NeuronConfig())
    training.advance(step)
    expected = training.snapshot()["outputs"].tolist()
    assert read_outputs(page) == pytest.approx(expected, abs=6e-4)


def test_rows_of_the_truth_table_turn_over(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address)
    for row in (1, 2, 3):
        page.locator("tbody tr").nth(row).locator("button").click()
    wait_for(lambda: "0110" in page.evaluate("location.hash"), "the address")
    assert "No line can part the classes" in page.text_content(".verdict")
    before = page.evaluate(PIXELS)
    page.keyboard.press("p")
    wait_for(lambda: page.evaluate(PIXELS) != before, "the proof")
    page.get_by_role("button", name="one input more").click()
    wait_for(lambda: page.locator("tbody tr").count() >= 8, "eight rows")


def test_phases_of_a_pattern_and_of_a_network(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address)
    seen = []
    for number in range(1, 6):
        page.keyboard.press(",")
        page.wait_for_selector(f".phase .place:has-text('{number} of 20')")
        seen.append(page.text_content(".phase h2") + page.text_content(".phase .formula"))
    assert len(set(seen)) == 5
    page.keyboard.press("Escape")
    page.wait_for_selector(".phase", state="detached")
    page.keyboard.press(".")
    wait_for_step(page, 1)
    assert read_counter(page) == 1, "the iteration that was in its phases is ended"
    page = open_page(watched, static_address, CIRCLE)
    for number in range(1, 7):
        page.keyboard.press(",")
        page.wait_for_selector(f".phase .place:has-text('{number} of 6')")
    assert read_counter(page) <= 1


def type_weight(page: Any, text: str) -> None:
    """Type the weight from the first input to the first hidden neuron."""
    page.focus(".network[role=application]")
    for key in ("ArrowRight", "ArrowRight", "]", "]", "Enter"):
        page.keyboard.press(key)
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def read_legend(page: Any, title: str) -> list[str]:
    """Return the numbers in the legend of a picture of curves."""
    curves = page.locator(f".curves:has(.title:text-is('{title}'))")
    return [text.strip() for text in curves.locator("dd").all_text_contents()]


def test_a_weight_is_typed_and_held(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, CIRCLE)
    type_weight(page, "2.5")
    page.wait_for_selector("p.note:has-text('by hand')")
    page.wait_for_selector(".tip:has-text('2.5')")
    page.keyboard.press("h")
    page.wait_for_selector("[aria-live]:has-text('held')", state="attached")
    for _ in range(3):
        page.keyboard.press(".")
    wait_for_step(page, 3)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    weights = json.loads(Path(download.value.path()).read_text())
    assert weights["w1"][0][0] == 2.5
    weights["b1"] = [0.5, 0.25, 0.125, 1.0]
    page.set_input_files(
        ".weights input",
        {"name": "w.json", "mimeType": "application/json", "buffer": json.dumps(weights).encode()},
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="safetensors").click()
    from safetensors.numpy import load_file

    np.testing.assert_array_equal(load_file(download.value.path())["b1"], weights["b1"])


def test_undo_takes_back_weights_and_settings_in_their_order(
    watched: Any, static_address: str
) -> None:
    page = open_page(watched, static_address, CIRCLE)
    type_weight(page, "2.5")
    page.wait_for_selector(".tip:has-text('2.5')")
    rate = page.locator("[data-path='learning_rate'] input.number").first
    rate.fill("0.1")
    rate.press("Enter")
    expect_changes(page, "0:w1.0.0=2.5,learning_rate=0.1")
    page.focus(".network[role=application]")
    page.keyboard.press("Enter")
    page.keyboard.type("-3")
    page.keyboard.press("Enter")
    expect_changes(page, "0:w1.0.0=-3,learning_rate=0.1")
    page.evaluate("document.activeElement.blur()")
    for text in ("0:w1.0.0=2.5,learning_rate=0.1", "0:w1.0.0=2.5", ""):
        page.keyboard.press("Control+z")
        expect_changes(page, text)
    for text in ("0:w1.0.0=2.5", "0:w1.0.0=2.5,learning_rate=0.1"):
        page.keyboard.press("Control+y")
        expect_changes(page, text)
    training = open_live(
        find_recipe("neuron/circle-mlp").build(
            NeuronConfig, {"engine": "wasm", "changes": "0:w1.0.0=2.5,learning_rate=0.1"}
        )
    )
    training.advance(3)
    for step in (1, 2, 3):
        page.keyboard.press(".")
        wait_for_step(page, step)
    page.locator(".bar button[aria-expanded=false]").last.click()
    page.wait_for_selector(f"[data-digest='{training.digest()}']")
    page.keyboard.press("r")  # begins anew: what was typed is gone with the training before
    wait_for_step(page, 0)
    expect_changes(page, "")


def expect_changes(page: Any, text: str) -> None:
    """Wait until the address says these changes: it follows the page a little later."""
    told = "new URLSearchParams(location.hash.split('?')[1]).get('changes') ?? ''"
    wait_for(lambda: page.evaluate(told) == text, f"changes {text!r}")


NOTES_OF_A_HAND = {
    "en": "1 weight was set or held by hand: links and Keep repeat it. What starts over draws it",
    "fr": "1 poids a été posé ou fixé à la main",
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_typed_and_held_weight_is_in_the_link_and_kept(
    watched: Any, studio_address: str, language: str
) -> None:
    page = open_page(watched, studio_address, CIRCLE, language=language)
    for step in (1, 2):
        page.keyboard.press(".")
        wait_for_step(page, step)  # a key pressed while one is computed asks for nothing
    type_weight(page, "2.5")
    page.keyboard.press("h")
    page.wait_for_selector(f"p.note:has-text('{NOTES_OF_A_HAND[language]}')")
    page.keyboard.press("Escape")
    for step in (3, 4, 5, 6):
        page.keyboard.press(".")
        wait_for_step(page, step)
    changes = "2:w1.0.0=2.5,held.w1.0.0=1"
    said = ("held.w1.0.0%3D1", "&at=6")  # the address follows a little later
    wait_for(lambda: all(word in page.evaluate("location.hash") for word in said), "the address")
    training = open_live(
        find_recipe("neuron/circle-mlp").build(NeuronConfig, {"engine": "wasm", "changes": changes})
    )
    training.advance(6)
    route = page.evaluate("location.hash.slice(1)")
    other = open_page(watched, studio_address, route, language=language)
    wait_for_step(other, 6)
    for each in (page, other):
        each.locator(".bar button[aria-expanded=false]").last.click()
        each.wait_for_selector(f"[data-digest='{training.digest()}']")
        each.keyboard.press("Escape")
    other.wait_for_selector("p.note:has-text('" + NOTES_OF_A_HAND[language] + "')")
    other.keyboard.press("k")
    other.click("dialog button.solid")
    other.wait_for_selector("dialog a[href*='/runs/']")


def test_what_is_measured_is_the_network_as_it_was_edited(
    watched: Any, static_address: str
) -> None:
    page = open_page(watched, static_address, CIRCLE)
    page.keyboard.press(".")
    wait_for_step(page, 1)
    before = read_legend(page, "Loss")
    type_weight(page, "-40")
    wait_for(lambda: read_legend(page, "Loss") != before, "the loss of the edited network")
    training = open_live(find_recipe("neuron/circle-mlp").build(NeuronConfig, {"engine": "wasm"}))
    training.advance(1)
    training.change(**{"w1.0.0": -40.0})
    outputs, d = (training.snapshot()[name] for name in ("outputs", "d"))
    loss = -np.log(np.where(d == 1, outputs, 1 - outputs)).mean()
    assert float(read_legend(page, "Loss")[0].replace(",", "")) == pytest.approx(loss, rel=2e-3)
    wrong = round(float((np.abs(d - outputs) >= 0.5).sum()))
    page.wait_for_selector(f"p.note:has-text('{wrong} of {len(d)} training points')")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ("0:w9.0.0=1", "w9.0.0: there is no such weight."),
        ("0:w1.0.0=nan", "w1.0.0: this is no value of a weight."),
        ("0:nonsense=1", "nonsense: no such setting."),
    ],
)
def test_a_link_with_a_weight_that_is_not_there_opens_and_says_so(
    watched: Any, static_address: str, changes: str, sentence: str
) -> None:
    page = open_page(watched, static_address, f"{CIRCLE}&changes={changes}")
    page.wait_for_selector(f".sentence:has-text('{sentence}')")
    page.keyboard.press(".")
    wait_for_step(page, 1)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_two_networks_are_compared_and_the_link_brings_both(
    watched: Any, static_address: str, language: str, take_picture: Any
) -> None:
    route = f"{CIRCLE}&v=1&at=30&B.lr=0.3&B.changes=10:w1.0.0=2"
    page = open_page(watched, static_address, route, language=language)
    wait_for_step(page, 30)
    rate = {"en": "Learning rate", "fr": "Taux d’apprentissage"}[language]
    labels = [text.strip() for text in page.locator(".plate .which b").all_text_contents()]
    assert labels == ["A", "B"]
    sentences = [
        read_plain(text) for text in page.locator(".plate .which span").all_text_contents()
    ]
    assert [f"{rate} 0.03" in sentences[0], f"{rate} 0.3" in sentences[1]] == [True, True]
    assert page.locator(".network[role=application]").count() == 2
    losses = page.locator(".curves").first.locator("dt").all_text_contents()
    assert [text.split()[0] for text in losses] == ["A", "A", "B", "B"]
    dashes = (
        page.locator(".curves")
        .first.locator("line")
        .evaluate_all("lines => lines.map(line => line.getAttribute('stroke-dasharray'))")
    )
    assert len(set(dashes)) == 4
    said = ("B.lr=0.3", "at=30")  # the address follows what is seen by a moment
    wait_for(lambda: all(word in page.evaluate("location.hash") for word in said), "the address")
    take_picture(page, f"neuron-compare-{language}")
    again = open_page(watched, static_address, page.evaluate("location.hash.slice(1)"))
    wait_for_step(again, 30)
    pixels = "[...document.querySelectorAll('.plate .plane canvas')].map(c => c.toDataURL())"
    wait_for(lambda: again.evaluate(pixels) == page.evaluate(pixels), "the same planes")


def read_plain(text: str) -> str:
    """Return a text with the point of a number where French has a comma."""
    return text.replace(",", ".")


def test_a_drawing_that_is_left_lets_the_training_go_on(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, CIRCLE)
    page.keyboard.press("Space")
    wait_for_step(page, 5)
    page.get_by_role("button", name="Draw your own points").click()
    page.wait_for_selector(".editor")
    page.wait_for_selector("button.play:has-text('Play')")
    page.get_by_role("button", name="Cancel").click()
    step = read_counter(page)
    wait_for(lambda: read_counter(page) > step, "the training that goes on")
    page.keyboard.press("Space")
    page.wait_for_selector("button.play:has-text('Play')")
    page.get_by_role("button", name="Draw your own points").click()
    page.keyboard.press("Escape")
    page.wait_for_selector(".editor", state="detached")
    assert page.text_content("button.play").strip() == "Play", "it stood still before"


def test_points_are_drawn_by_keyboard_and_kept(
    watched: Any, studio_address: str, tmp_path: Path
) -> None:
    page = open_page(watched, studio_address)
    page.get_by_role("button", name="Draw your own points").click()
    page.focus(".editor")
    for kind, moves in (("1", "ArrowRight"), ("0", "ArrowLeft")):
        for _ in range(4):
            page.keyboard.press(f"Shift+{moves}")
            page.keyboard.press(kind)
        for _ in range(4):
            page.keyboard.press("Shift+ArrowLeft" if kind == "1" else "Shift+ArrowRight")
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Learn these points").click()
    page.wait_for_selector("text=7 drawn points")
    page.keyboard.press("Space")
    wait_for_step(page, 30)
    page.keyboard.press("Space")
    assert "points:" in page.evaluate("location.hash"), "a link brings the points along"
    page.keyboard.press("k")
    page.click("dialog button.solid")
    page.wait_for_selector("dialog a[href*='/runs/']")


def open_table(page: Any, text: bytes) -> None:
    page.set_input_files(
        ".own:not(.weights) input", {"name": "t.csv", "mimeType": "text/csv", "buffer": text}
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_is_learned(watched: Any, static_address: str, encoding: str) -> None:
    page = open_page(watched, static_address)
    open_table(page, FRENCH_TABLE.encode(encoding))
    page.wait_for_selector("dialog h2")
    assert "espèce" in page.text_content("dialog table")
    page.click("dialog button.solid")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("Space")
    wait_for_step(page, 60)
    accuracy = page.text_content("table caption:has-text('training points') .number")
    assert float(accuracy.replace("%", "")) > 90


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "empty"),
        (b"x;y\n1;a\n2;b\n3;c\n", "more than two"),
        (b"x;d\n1;1\n2;1\n", "one class"),
        (b"only\n1\n2\n", "one column"),
        (b"x;d\n1;0\nnan;1\n3;1\n", "No column of numbers"),
        (b"PK\x03\x04 a workbook", "workbook"),
        (b"x;y;d\n1;2;0\n1;2\n", "cells"),
        (b"x;d\n" + b"".join(b"%d;%d\n" % (i, i % 2) for i in range(10_001)), "10,001"),
    ],
)
def test_a_bad_table_is_one_sentence(
    watched: Any, static_address: str, text: bytes, sentence: str
) -> None:
    page = open_page(watched, static_address)
    open_table(page, text)
    page.wait_for_selector("dialog h2, .problem")
    page.wait_for_selector(f".problem:has-text('{sentence}')")
    if page.locator("dialog h2").count():
        assert page.locator("dialog button.solid").is_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press(".")
    wait_for_step(page, 1)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("route", ["/neuron", CIRCLE, f"{CIRCLE}&B.lr=0.1"])
def test_axe_finds_nothing(watched: Any, static_address: str, width: int, route: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in web/")
    page = open_page(watched, static_address, route, size=(width, 860))
    page.keyboard.press(".")
    wait_for_step(page, 1)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [(v["id"], [n["html"][:90] for n in v["nodes"]]) for v in found["violations"]] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 740), (768, 1024), (1280, 860), (2560, 1440)])
def test_pictures_of_the_page(
    watched: Any,
    static_address: str,
    take_picture: Callable[[Any, str], Path],
    size: tuple[int, int],
    theme: str,
) -> None:
    """Nothing is wider than the window, and the plane is whole above the bar."""
    route = "/neuron?recipe=spiral-mlp&at=400"
    page = open_page(watched, static_address, route, size=size, dark=theme == "dark")
    wait_for_step(page, 400)
    width = size[0]
    assert take_picture(page, f"neuron-{width}-{theme}").stat().st_size > 20_000
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box, bar = page.locator(".plane").bounding_box(), page.locator("div.bar").first.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    if width > 768:
        assert box["y"] + box["height"] <= bar["y"]
