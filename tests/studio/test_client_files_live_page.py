"""docs/how-to/live-page.md, followed literally; then the page of its lab is looked at."""

import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guide import STEP, Follower
from waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "live-page.md").read_text("utf-8")
PIXELS = "document.querySelector('.plane canvas').toDataURL()"


@dataclass
class Studios:
    """What the guide starts and ends with Ctrl-C: it stays until the tests have looked at it."""

    process: "subprocess.Popen[str] | None" = None
    address: str = ""

    def start(self, follower: Follower, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=follower.folder, env={**follower.env, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        (self.address,) = re.findall(r"http://\S+[^/\s]", self.process.stdout.readline())

    def end(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def studios() -> Iterator[Studios]:
    studios = Studios()
    yield studios
    studios.end()


@pytest.fixture(scope="module")
def guide(
    built_client: Path, studios: Studios, tmp_path_factory: pytest.TempPathFactory
) -> Follower:
    follower = Follower(tmp_path_factory.mktemp("guide"), Studios.start.__get__(studios))
    follower.follow_guide(GUIDE)
    return follower


pytestmark = pytest.mark.slow


def test_every_block_is_a_file_or_is_run() -> None:
    assert GUIDE.count("```") == 2 * len(list(STEP.finditer(GUIDE)))
    assert len([step for step in STEP.finditer(GUIDE) if step["file"]]) == 6


def open_lab(watched: Any, studios: Studios, **options: Any) -> Any:
    page = watched.open(studios.address, "/lab/clouds", still=True, **options)
    page.wait_for_selector("button.play:not([disabled])")
    return page


def read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def test_its_views_are_drawn_and_move(
    watched: Any, guide: Follower, studios: Studios, take_picture: Any
) -> None:
    page = open_lab(watched, studios)
    assert page.text_content("h1") == "Two clouds that overlap"
    page.keyboard.press(".")
    page.wait_for_selector(".plane canvas")
    wait_for(lambda: len(page.evaluate(PIXELS)) > 5000, "a picture")
    before = page.evaluate(PIXELS)
    page.keyboard.press("Space")
    wait_for(lambda: read_counter(page) == 2000, "the end")
    wait_for(lambda: page.evaluate(PIXELS) != before, "another picture")
    layers = [text.strip() for text in page.locator(".key button").all_inner_texts()]
    assert layers == ["its answers", "where it answers one half", "points"]
    titles = page.locator(".side .curves .title").all_inner_texts()
    assert titles == ["Loss", "Accuracy"]
    final = float(page.locator(".side .curves dd").nth(1).inner_text())
    assert 0.6 < final < 1
    take_picture(page, "live-page-plane")
    page.click(".choice label:has-text('The neuron')")
    assert page.get_attribute(".drawing", "aria-label").startswith("The neuron: 1 layer of weights")
    take_picture(page, "live-page-network")
    run = page.locator(".runs select").input_value()
    assert run == "first"


def test_its_form_is_as_declared_in_both_languages(
    watched: Any, guide: Follower, studios: Studios
) -> None:
    page = open_lab(watched, studios, language="fr")
    assert page.text_content("h1") == "Deux nuages qui se chevauchent"
    page.wait_for_selector("[data-path=distance]")
    heads = [
        text.strip()
        for text in page.locator(".settings section h2, .settings section h3").all_inner_texts()
    ]
    assert heads[:2] == ["Données", "Entraînement"]
    assert page.text_content("[data-path=distance] label").strip() == "Écart"
    assert page.locator("[data-path=half_life]").count() == 0  # it has no effect
    page.keyboard.press(".")
    wait_for(lambda: read_counter(page) == 1, "an iteration")
    page.check("[data-path=schedule] input[value=falling]")
    page.wait_for_selector("[data-path=half_life]")
    assert read_counter(page) == 1  # it is live: nothing starts over


def test_a_setting_without_effect_is_refused_at_the_command_line_too(guide: Follower) -> None:
    (said,) = [text for line, text in guide.said.items() if "is refused" in line]
    assert "half_life" in said.replace("-", "_")
    assert "would be ignored with schedule constant; it goes with schedule falling" in said
