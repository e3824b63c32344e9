"""Any lab's page in a browser: a stranger's lab, and the two that compute on the server only."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from line_plugin import forget_labs, install_line_lab
from waiting import wait_for

from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {360: 740, 768: 1024, 1280: 860, 2560: 1440}
CURVE = "document.querySelector('.plate .curves canvas').toDataURL()"
TITLES = {"en": "A line through noisy points", "fr": "A line through noisy points"}
ENDED = {
    "en": "The training has come to its end.",
    "fr": "L’apprentissage est arrivé à son terme.",
}


@pytest.fixture(scope="module")
def line_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module of the line lab, which is installed here and in child processes."""
    with pytest.MonkeyPatch.context() as patch:
        install_line_lab(patch, tmp_path_factory.mktemp("plugin") / "site")
        yield import_module("line_lab")
    forget_labs()


@pytest.fixture(scope="module")
def run(line_lab: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of the line lab, in a folder of its own."""
    runs = tmp_path_factory.mktemp("line-runs")
    return execute(start(line_lab.LAB, line_lab.LineConfig(seed=3), "line/fit", runs))


@pytest.fixture(scope="module")
def address(run: Run, built_client: Path, serve: Any) -> Iterator[str]:
    """The address of a studio that shows these runs and knows the line lab."""
    words = ["studio", "--port", "0", "--runs", str(run.path.parent)]
    yield from serve([sys.executable, "-u", "-m", "epoque", *words])


def open_lab(
    watched: Any, address: str, name: str = "line", query: str = "", **options: Any
) -> Any:
    """Return a lab's page once its training can be played."""
    page = watched.open(address, f"/lab/{name}{query}", still=True, **options)
    page.wait_for_selector("button.play:not([disabled])")
    return page


def read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def wait_for_step(page: Any, step: int) -> None:
    wait_for(lambda: read_counter(page) == step, f"iteration {step}")


def wait_for_text(page: Any, selector: str, text: str) -> None:
    wait_for(lambda: text in (page.text_content(selector) or ""), text)


def compute_errors(line_lab: ModuleType, **settings: Any) -> list[float]:
    """Return the error at each step, as a training in this process measures it."""
    events = line_lab.LAB.train(line_lab.LineConfig(**settings))
    return [event.values["error"] for event in events if isinstance(event, Metrics)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_strangers_lab_trains_to_its_end_in_both_languages(
    watched: Any, address: str, line_lab: ModuleType, language: str
) -> None:
    page = open_lab(watched, address, language=language)
    assert page.text_content("h1") == TITLES[language]
    assert read_counter(page) == 0
    page.keyboard.press(".")
    wait_for_step(page, 1)
    page.wait_for_selector(".plate .curves canvas")
    first = page.evaluate(CURVE)
    page.keyboard.press("Space")
    wait_for_step(page, 200)
    wait_for(lambda: page.evaluate(CURVE) != first, "a curve that grows")
    wait_for_text(page, ".sentence", ENDED[language])
    shown = page.text_content(".plate .curves dd").replace(",", ".")
    assert float(shown) == pytest.approx(compute_errors(line_lab)[-1], rel=1e-3)
    assert page.locator(".side .curves").count() == 3  # the three weights, each by itself


def test_a_live_setting_goes_on_and_another_starts_over(watched: Any, address: str) -> None:
    page = open_lab(watched, address)
    page.keyboard.press(",")
    wait_for_text(page, ".sentence", "only the browser's engine stops after each phase")
    page.keyboard.press(".")
    wait_for_step(page, 1)
    rate = page.locator("[data-path=learning_rate] input.number")
    rate.fill("0.2")
    rate.press("Enter")
    page.wait_for_selector("[data-path=learning_rate] .dot")
    page.locator("h1").click()
    page.keyboard.press(".")
    wait_for_step(page, 2)
    rate.fill("-1")
    rate.press("Enter")
    wait_for_text(
        page,
        "[data-path=learning_rate] .problem",
        "learning_rate: -1 is not allowed; it takes a finite number greater than 0",
    )
    assert read_counter(page) == 2
    count = page.locator("[data-path=iterations] input.number")
    count.fill("90")
    count.press("Enter")
    wait_for_step(page, 0)
    page.locator("h1").click()
    page.keyboard.press("Space")
    wait_for_step(page, 90)


def test_a_link_is_the_same_experiment(watched: Any, address: str, line_lab: ModuleType) -> None:
    page = open_lab(watched, address, query="?seed=7&lr=0.2&at=60")
    wait_for_step(page, 60)
    shown = float(page.text_content(".plate .curves dd"))
    errors = compute_errors(line_lab, seed=7, learning_rate=0.2)
    assert shown == pytest.approx(errors[59], rel=1e-3)


def test_its_kept_runs_have_results_figures_and_files(watched: Any, address: str, run: Run) -> None:
    page = open_lab(watched, address)
    page.wait_for_selector(".runs dl dd")
    assert page.locator(".runs select").input_value() == run.id
    numbers = page.locator(".runs dl").inner_text().split()
    assert float(numbers[numbers.index("error") + 1]) == pytest.approx(
        run.results["final_error"], rel=1e-3
    )
    image = page.locator(".runs figure img")
    image.scroll_into_view_if_needed()
    wait_for(lambda: image.evaluate("image => image.naturalWidth") > 100, "the figure")
    with page.expect_download() as saved:
        page.click("text=weights.csv")
    assert Path(saved.value.path()).read_bytes() == (run.path / "weights.csv").read_bytes()


@pytest.mark.parametrize(
    ("width", "dark"), [(360, False), (768, True), (1280, True), (2560, False)]
)
def test_it_fits_every_screen(
    watched: Any, address: str, take_picture: Any, width: int, dark: bool
) -> None:
    page = open_lab(watched, address, size=(width, SIZES[width]), dark=dark, language="fr")
    page.keyboard.press("Space")
    wait_for_step(page, 200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    take_picture(page, f"any-lab-{width}{'-dark' if dark else ''}")


def test_axe_finds_nothing(watched: Any, address: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in web/")
    page = open_lab(watched, address)
    page.keyboard.press("Space")
    wait_for_step(page, 200)
    page.wait_for_selector(".runs dl dd")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert not found, [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This lab is computed on a server, and this page has none"),
        ("fr", "Cette expérience se calcule sur un serveur, et cette page n’en a pas"),
    ],
)
def test_a_static_site_says_what_it_lacks(
    watched: Any, static_address: str, language: str, sentence: str
) -> None:
    watched.allowed.append("404")  # the client alone has no site.json
    page = watched.open(static_address, "/lab/language", language=language)
    wait_for_text(page, ".lede", sentence)


def test_the_labs_of_the_browsers_engine_have_this_page_too(
    watched: Any, static_address: str
) -> None:
    watched.allowed.append("404")
    page = open_lab(watched, static_address, "neuron", "?recipe=xor-mlp")
    page.keyboard.press(".")
    wait_for_step(page, 1)
    page.wait_for_selector(".plane canvas")
    page.click(".choice label:has-text('Weights')")
    assert "2 layers of weights" in page.get_attribute(".drawing", "aria-label")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "picture"), [("language", ".plate .curves canvas"), ("stylegan3", ".plate .drawing")]
)
def test_the_labs_that_compute_on_the_server_train_here(
    watched: Any, address: str, take_picture: Any, name: str, picture: str
) -> None:
    page = open_lab(watched, address, name)
    page.keyboard.press(".")
    wait_for(lambda: read_counter(page) > 0, "an iteration")
    page.wait_for_selector(picture)
    take_picture(page, f"any-lab-{name}")
