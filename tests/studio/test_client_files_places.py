"""Where the reader was: the header leads back to it, a file opens it again."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

RING = "/gan2d?v=1&recipe=ganlab-ring"
DROP = """([name, text, selector]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  const target = document.querySelector(selector);
  for (const kind of ['dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""
"""Drops a file onto an element."""


def step_of(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def wait_for_step(page: Any, step: int) -> None:
    page.wait_for_selector("output.counter")
    wait_for(lambda: step_of(page) == step, f"iteration {step}")


def digest_of(page: Any) -> str:
    if not page.query_selector("[data-digest]"):
        page.click(".bar button[aria-expanded=false]:has-text('More')")
    return str(page.wait_for_selector("[data-digest]").get_attribute("data-digest"))


def go(page: Any, word: str, *, expect: str) -> None:
    page.click(f"header a:has-text('{word}')")
    page.wait_for_selector(expect)


def test_the_header_leads_back_to_what_was_done(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&s=9&golr=0.05&at=30", still=True)
    wait_for_step(page, 30)
    digest = digest_of(page)
    page.keyboard.press("Escape")
    go(page, "Epoque", expect=".labs")
    continues = page.get_attribute("a.continue", "href")
    go(page, "Adversaries", expect="output.counter")
    wait_for_step(page, 30)
    assert digest_of(page) == digest
    assert "s=9" in continues
    assert "at=30" in continues
    # What was done a moment before it was left is there too.
    page.keyboard.press("Escape")
    page.keyboard.press(".")
    wait_for_step(page, 31)
    go(page, "Runs", expect="main h1:has-text('Runs')")
    go(page, "Adversaries", expect="output.counter")
    wait_for_step(page, 31)
    # Over a reload of the page between, and in another language than then.
    go(page, "Epoque", expect=".labs")
    page.reload()
    page.click("header button[lang=fr]")
    go(page, "Adversaires", expect="output.counter")
    wait_for_step(page, 31)
    assert page.evaluate("document.documentElement.lang") == "fr"


def test_home_leads_back_to_a_page_that_was_left_at_once(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, still=True)
    page.wait_for_selector(".labs")
    # The address never gets to follow, as on a page that is left within half a second.
    page.evaluate("""() => {
      const original = window.setTimeout;
      window.setTimeout = (f, ms, ...rest) => (ms === 500 ? 0 : original(f, ms, ...rest));
    }""")
    page.evaluate(f"location.hash = '{RING}&s=9&at=30'")
    wait_for_step(page, 30)
    go(page, "Epoque", expect=".labs")
    continues = page.get_attribute("a.continue", "href")
    assert "s=9" in continues
    assert "at=30" in continues
    assert "Epoque" not in page.text_content("a.continue")


def test_a_card_of_home_begins_anew(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&s=9&at=30", still=True)
    wait_for_step(page, 30)
    go(page, "Epoque", expect=".labs")
    page.click(".labs a[href='#/gan2d']")
    wait_for_step(page, 0)


def save_link(page: Any, folder: Path) -> Path:
    page.click(".bar button[aria-expanded=false]:has-text('More')")
    with page.expect_download() as saved:
        page.click("button:text-is('Link')")
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    assert path.suffix == ".epoque"
    assert "opens again" in page.text_content("section [role=status]")
    return path


def test_an_experiment_that_no_link_holds_is_a_file_that_opens_again(
    watched: Any, static_address: str, tmp_path: Path
) -> None:
    page = watched.open(static_address, "/gan2d", still=True)
    page.wait_for_selector("button.play:not([disabled])")
    table = "x,y\n" + "\n".join(f"0.{i},0.{(7 * i) % 100:02}" for i in range(10, 99))
    page.evaluate(DROP, ["mine.csv", table, ".plate .picture"])
    page.wait_for_selector(".field[data-path=csv]:has-text('mine.csv')")
    for step in (1, 2):
        page.keyboard.press(".")
        wait_for_step(page, step)
    path = save_link(page, tmp_path)
    digest = digest_of(page)
    other = watched.open(static_address, "/", still=True)
    other.set_input_files("input[accept='.epoque']", path)
    wait_for_step(other, 2)
    assert digest_of(other) == digest
    # Dropped where other files are data, it is an experiment all the same.
    third = watched.open(static_address, "/neuron", still=True)
    third.wait_for_selector(".plate .picture")
    third.evaluate(DROP, [path.name, path.read_text("utf-8"), ".plate .picture"])
    wait_for_step(third, 2)
    assert digest_of(third) == digest


def test_a_drawing_beyond_8_kb_is_a_file(watched: Any, static_address: str, tmp_path: Path) -> None:
    strokes = [[[round(x / 40, 3), round(y / 30, 3)] for x in range(40)] for y in range(30)]
    page = watched.open(static_address, "/gan2d", still=True)
    page.wait_for_selector("button.play:not([disabled])")
    page.evaluate(DROP, ["mine.json", json.dumps({"strokes": strokes}), ".plate .picture"])
    wait_for(lambda: "drawing" in page.evaluate("location.hash"), "the drawing")
    path = save_link(page, tmp_path)
    assert path.stat().st_size > 8192
    other = watched.open(static_address, "/", still=True)
    other.set_input_files("input[accept='.epoque']", path)
    wait_for_step(other, 0)
    assert digest_of(other) == digest_of(page)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "“notes.epoque” is no experiment that this page saved; such a file ends in .epoque.",
        ),
        (
            "fr",
            "« notes.epoque » n’est pas une expérience enregistrée par cette page ; "
            "un tel fichier se termine par .epoque.",
        ),
    ],
)
def test_another_file_is_one_sentence(
    watched: Any, static_address: str, language: str, sentence: str
) -> None:
    page = watched.open(static_address, "/runs", language=language)
    page.evaluate(DROP, ["notes.epoque", "hello", "main"])
    said = page.wait_for_selector(".drops p").text_content()
    assert sentence in re.sub(r"[\u00a0\u202f]", " ", said)
    page.click(".drops button")
    page.wait_for_selector(".drops p", state="detached")
