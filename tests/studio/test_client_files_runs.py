"""The pages of runs in a browser: the table, one run, a comparison, and what goes wrong."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accessibility import check_axe
from browser import wait_until

from epoque.bench.events import Metrics, Snapshot, Timings
from epoque.bench.files.atomic import write_json
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter

MANY = 1000


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four finished runs, two with pictures of their moments, the last with figures."""
    root = tmp_path_factory.mktemp("trained") / "runs"
    neuron = find_lab("neuron")
    for seed in (1, 2):
        config = neuron.config_class.parse({"seed": seed})
        execute(start(neuron, config, "neuron/and", root), draw=False)
    gan2d = find_lab("gan2d")
    for rate, draw in ((0.1, False), (0.02, True)):
        settings = {
            "iterations": 120,
            "snapshot_every": 40,
            "generator.optimizer.learning_rate": rate,
        }
        config = gan2d.config_class.parse(settings)
        execute(start(gan2d, config, "gan2d/ring", root), draw=draw)
    return root


@pytest.fixture(scope="module")
def root(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shown") / "runs"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def address(root: Path, serve_runs: Callable[[Path], str]) -> str:
    """The address of a studio over these runs."""
    return serve_runs(root)


@pytest.fixture
def runs(trained: Path, root: Path) -> list[str]:
    """The ids of the runs, oldest first, each as it was trained."""
    root.mkdir(exist_ok=True)  # a test may have taken it away
    for path in root.iterdir():
        if path.is_dir():  # not the index: the studio of this module has it open
            shutil.rmtree(path)
    shutil.copytree(trained, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    return sorted(path.name for path in root.iterdir() if path.name[0] != ".")


def make_rows(root: Path, count: int) -> None:
    """Write folders of interrupted runs, cheaply."""
    for seed in range(count):
        path = root / f"20250101T000000.{seed:05}-gan2d-many"
        path.mkdir()
        config = {"seed": seed, "generator": {"optimizer": {"learning_rate": seed / 1000}}}
        about = {"format": 1, "lab": "gan2d", "recipe": "gan2d/many", "config": config}
        (path / "config.json").write_text(json.dumps(about))
        started = f"2025-01-01T00:00:{seed % 60:02}+00:00"
        status = {"state": "interrupted", "reason": "", "started": started, "seconds": 1.0}
        (path / "status.json").write_text(json.dumps(status))
        (path / "metrics.jsonl").touch()


def wait_for_text(page: Any, text: str) -> None:
    wait_until(page, "(text) => document.body.innerText.includes(text)", arg=text)


def rows_of(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        ".body [role=row] a", "links => links.map((link) => link.textContent)"
    )
    return found


@pytest.mark.parametrize(("language", "word"), [("en", "4 runs"), ("fr", "4 exécutions")])
def test_the_table(watched: Any, address: str, runs: list[str], language: str, word: str) -> None:
    page = watched.open(address, "/runs", language=language)
    wait_for_text(page, word)
    assert rows_of(page) == runs[::-1]
    page.fill("input.line", "lab=gan2d")
    wait_for_text(page, word.replace("4", "2"))
    assert rows_of(page) == runs[:1:-1]
    assert "where=lab%3Dgan2d" in page.url
    page.fill("input.line", "generator.optimizer.learning_rate<0.05 ring")
    wait_until(page, "() => document.querySelectorAll('.body [role=row] a').length === 1")
    assert rows_of(page) == [runs[3]]
    page.reload()
    wait_until(page, "() => document.querySelectorAll('.body [role=row] a').length === 1")
    check_axe(page)


def test_a_wrong_filter_is_one_sentence(watched: Any, address: str, runs: list[str]) -> None:
    watched.allowed += ["status of 404", "status of 422"]
    page = watched.open(address, "/runs")
    wait_for_text(page, "4 runs")
    page.fill("input.line", "seeed<3")
    wait_for_text(page, "There is no column of runs 'seeed'. Did you mean seed?")
    assert rows_of(page) == runs[::-1]
    page.fill("input.line", "seed<")
    wait_for_text(page, "is not allowed as a filter")
    page.fill("input.line", "")
    wait_for_text(page, "4 runs")


def test_many_rows_are_walked_by_keys(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    make_rows(root, MANY)
    page = watched.open(address, "/runs?sort=seed&order=up&where=many&columns=seed")
    wait_for_text(page, f"{MANY:,} runs")
    page.wait_for_selector(".body [role=row] a")
    drawn = page.locator(".body [role=row]").count()
    assert drawn < 80
    page.focus("[role=grid]")
    page.keyboard.press("End")
    last = f"20250101T000000.{MANY - 1:05}-gan2d-many"
    page.wait_for_selector(f"#run-{MANY - 1} a:text-is('{last}')")
    assert page.get_attribute("[role=grid]", "aria-activedescendant") == f"run-{MANY - 1}"
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    page.wait_for_selector(f"#run-{MANY - 2}[aria-selected=true]")
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    wait_for_text(page, "Compare 2 runs")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for_text(page, "20250101T000000.00001-gan2d-many")
    wait_for_text(page, "gan2d/many")


def test_the_order_follows_the_heads(watched: Any, address: str, runs: list[str]) -> None:
    page = watched.open(address, "/runs?where=neuron&columns=seed")
    wait_for_text(page, "2 runs")
    page.click("[role=columnheader] button[title$=seed]")
    page.wait_for_selector("[role=columnheader][aria-sort=descending] button[title$=seed]")
    wait_until(page, "(id) => document.querySelector('#run-0 a')?.textContent === id", arg=runs[1])
    page.click("[role=columnheader] button[title$=seed]")
    wait_until(page, "(id) => document.querySelector('#run-0 a')?.textContent === id", arg=runs[0])


def test_columns_are_chosen(watched: Any, address: str, runs: list[str]) -> None:
    page = watched.open(address, "/runs?where=lab%3Dneuron")
    wait_for_text(page, "2 runs")
    page.click("text=Columns")
    page.fill("[placeholder='Find a column']", "final_err")
    page.wait_for_selector("fieldset label")
    before = page.locator("[role=columnheader]").count()
    page.uncheck("fieldset input") if page.is_checked("fieldset input") else page.check(
        "fieldset input"
    )
    wait_until(page, f"() => document.querySelectorAll('[role=columnheader]').length !== {before}")
    assert "columns=" in page.url


def test_deleting_is_undone(watched: Any, address: str, root: Path, runs: list[str]) -> None:
    page = watched.open(address, "/runs")
    wait_for_text(page, "4 runs")
    page.focus("[role=grid]")
    page.keyboard.press("Delete")
    wait_for_text(page, f"{runs[3]} is in the trash.")
    wait_for_text(page, "3 runs")
    assert not (root / runs[3]).exists()
    page.click("text=Undo")
    wait_for_text(page, "4 runs")
    assert (root / runs[3] / "config.json").is_file()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_run(watched: Any, address: str, root: Path, runs: list[str], language: str) -> None:
    page = watched.open(address, f"/runs/{runs[3]}", language=language)
    page.wait_for_selector("canvas")
    page.wait_for_selector(".u-over")
    word = {"en": "What differs from the recipe", "fr": "Ce qui diffère de la recette"}[language]
    wait_for_text(page, word)
    assert "0.02" in page.inner_text("aside") or "0,02" in page.inner_text("aside")
    before = picture(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    first = str(Run(root / runs[3]).snapshot_steps()[0])
    wait_until(
        page, "(first) => document.querySelector('.ruler output').textContent === first", arg=first
    )
    wait_until(
        page,
        "(before) => document.querySelector('.pictures canvas').toDataURL() !== before",
        arg=before,
    )
    figure = page.locator("figure img").first
    figure.scroll_into_view_if_needed()
    wait_until(page, "() => document.querySelector('figure img').naturalWidth > 0")
    check_axe(page)


def picture(page: Any) -> str:
    wait_until(
        page, "() => document.querySelector('.pictures canvas')?.toDataURL().length > 20_000"
    )
    drawn: str = page.evaluate("document.querySelector('.pictures canvas').toDataURL()")
    return drawn


WORDS = {
    "en": {
        "titles": ["Losses", "Length of the gradients"],
        "legend": "discriminator",
        "result": "Final loss of the discriminator",
        "headline": "Final sliced Wasserstein distance, widths",
        "compared": "Loss of the discriminator",
    },
    "fr": {
        "titles": ["Pertes", "Longueur des gradients"],
        "legend": "discriminateur",
        "result": "Perte finale du discriminateur",
        "headline": "Distance de Wasserstein par tranches finale, en largeurs",
        "compared": "Perte du discriminateur",
    },
}
"""What metrics and results are called on the pages of runs."""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_metrics_and_results_have_the_words_of_their_lab(
    watched: Any, address: str, runs: list[str], language: str
) -> None:
    words: Any = WORDS[language]
    page = watched.open(address, f"/runs/{runs[3]}", language=language)
    for title in words["titles"]:
        page.wait_for_selector(f".curves :text-is('{title}')")
    wait_for_text(page, words["result"])
    shown = page.locator("section:has(.curves)").first.inner_text()
    assert words["legend"] in shown
    assert "loss_d" not in shown
    results = page.locator("dl dt").filter(has_text="final_loss_d")
    assert words["result"] in results.first.inner_text()  # its name stands below, to be found
    page = watched.open(address, "/runs?where=lab%3Dgan2d", language=language)
    head = page.locator("[role=columnheader] button[title$=final_sliced_w1]")
    head.filter(has_text=words["headline"]).wait_for()
    page.click(".choice button")
    page.fill(".list input[type=search]", words["result"][:12])
    page.locator("fieldset label[title=final_loss_d]", has_text=words["result"]).wait_for()
    page = watched.open(address, f"/compare?run={runs[2]}&run={runs[3]}", language=language)
    page.locator(".metrics button[title=loss_d]", has_text=words["compared"]).wait_for()
    assert "final_loss_d" in page.locator("th", has_text=words["result"]).first.inner_text()


def test_a_condition_takes_a_column_by_its_words(
    watched: Any, address: str, runs: list[str]
) -> None:
    page = watched.open(address, "/runs")
    wait_for_text(page, "4 runs")
    page.locator("[role=columnheader]", has_text="Final error").wait_for()  # the words are there
    page.fill("input[list]", "final error")
    page.select_option("select", "<")
    page.fill("form label:has-text('Value') input", "9")
    page.click("form button")
    wait_for_text(page, "2 runs")
    assert page.input_value("input.line") == "final_error<9"


@pytest.mark.parametrize(("language", "words"), [("en", "Loss"), ("fr", "Perte")])
def test_stop_conditions_have_the_words_of_the_lab(
    watched: Any, address: str, language: str, words: str
) -> None:
    page = watched.open(address, "/neuron?recipe=xor-mlp", language=language, still=True)
    page.wait_for_selector("button.play:not([disabled])")
    page.keyboard.press(".")
    page.click(".bar button[aria-expanded=false]")
    page.locator("option[value=loss]", has_text=words).wait_for(state="attached")
    assert page.locator("option[value=w0]").count() in (0, 1)


PICTURES = "[...document.querySelectorAll('.pictures canvas')].map((c) => c.toDataURL()).join()"


def write_moment(writer: RunWriter, step: int) -> None:
    arrays = {"x": [[0.0, 0.0], [1.0, 1.0]], "d": [0.0, 1.0], "w": [step / 40, 1.0, -1.0]}
    writer.log(Snapshot(step, {name: np.array(value) for name, value in arrays.items()}))


def write_rows(writer: RunWriter, steps: range) -> None:
    for step in steps:
        writer.log(Metrics(step, {"error": 1 / step}))
    writer.log(Timings(steps[-1], 0.5))
    writer.flush()


def test_a_training_of_another_process_is_followed(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    """What is new comes over the websocket as it is written: nothing is asked for."""
    lab = find_lab("neuron")
    run = start(lab, lab.config_class.parse({"iterations": 50}), "neuron/or", root)
    with lock_record(run.path):
        writer = RunWriter(run)
        write_moment(writer, 0)
        write_moment(writer, 10)
        write_rows(writer, range(1, 21))
        page = watched.open(address, "/runs/last")
        wait_for_text(page, run.id)
        wait_for_text(page, "It is training; the curves follow.")
        page.wait_for_selector(".ruler output:text-is('10')")
        page.wait_for_selector("progress")
        write_rows(writer, range(21, 23))
        wait_for_text(page, "22 rows")  # from here on it is followed
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_selector(".pictures canvas")
        before = page.evaluate(PICTURES)
        write_rows(writer, range(23, 40))
        write_moment(writer, 39)
        wait_for_text(page, "39 rows")
        page.wait_for_selector(".ruler output:text-is('39')")
        wait_until(page, f"(before) => {PICTURES} !== before", arg=before)
        assert not [url for url in asked if "/metrics?" in url or "/snapshots/" in url]
        writer.close("interrupted", "")
    wait_for_text(page, "interrupted after")
    other = start(lab, lab.config_class.parse({"iterations": 9}), "neuron/xor", root)
    wait_for_text(page, other.id)


def test_where_websockets_are_blocked_what_is_new_is_asked_for(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    lab = find_lab("neuron")
    run = start(lab, lab.config_class.parse({"iterations": 50}), "neuron/or", root)
    page = watched.open(address, "/", alone=True)
    page.context.add_init_script(
        """window.WebSocket = class {
             constructor() { setTimeout(() => this.onclose?.({}), 5); }
             close() {}
             send() {}
           };"""
    )
    with lock_record(run.path):
        writer = RunWriter(run)
        write_rows(writer, range(1, 21))
        page.goto(f"{address}/#/runs/last")
        page.reload()
        wait_for_text(page, "20 rows")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        write_rows(writer, range(21, 40))
        wait_for_text(page, "39 rows")
        follow = [url for url in asked if "/metrics?" in url]
        cursors = [re.search(r"from=(\d+)\.", url) for url in follow]
        assert follow
        assert all(cursor and int(cursor[1]) >= 20 for cursor in cursors), follow
        writer.close("interrupted", "")


def test_a_run_that_is_deleted_while_it_is_shown(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    watched.allowed += ["status of 404", "status of 409"]
    page = watched.open(address, f"/runs/{runs[0]}")
    wait_for_text(page, "Results")
    shutil.rmtree(root / runs[0])
    wait_for_text(page, "What is shown is as it was: There is no run")
    assert "Results" in page.inner_text("main")


def test_delete_and_undo_on_the_page_of_a_run(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    watched.allowed += ["status of 404", "status of 409"]
    page = watched.open(address, f"/runs/{runs[0]}")
    page.click("text=Move to the trash")
    wait_for_text(page, "It is in the trash.")
    assert not (root / runs[0]).exists()
    page.click("text=Undo")
    wait_until(page, "() => !document.body.innerText.includes('It is in the trash.')")
    assert (root / runs[0]).is_dir()


def test_a_damaged_run_is_one_sentence(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    watched.allowed += ["status of 404", "status of 409"]
    (root / runs[0] / "config.json").write_text("{")
    page = watched.open(address, "/runs?where=state%3Ddamaged")
    wait_for_text(page, "1 run")
    assert rows_of(page) == [runs[0]]
    page.goto(f"{address}/#/runs/{runs[0]}")
    wait_for_text(page, "It cannot be read:")
    wait_for_text(page, "config.json")


def test_text_of_a_run_is_text(watched: Any, address: str, root: Path, runs: list[str]) -> None:
    odd = "<img src=x onerror=document.title=1><b>bold"
    shutil.copytree(root / runs[0], root / odd)
    for name in ("manifest.json", "results.json"):
        (root / odd / name).unlink()
    told = json.loads((root / odd / "status.json").read_text())
    reason = "<script>document.title='hacked'</script>"
    write_json(root / odd / "status.json", {
        "state": "failed", "reason": reason, "started": told["started"], "seconds": 1.0,
    })  # fmt: skip
    page = watched.open(address, "/runs?where=state%3Dfailed")
    wait_for_text(page, odd)
    page.click(f"text={odd}")
    wait_for_text(page, reason)
    assert page.locator("main img[src=x], main b, main script").count() == 0
    assert "hacked" not in page.title()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_comparison(
    watched: Any, address: str, runs: list[str], language: str, take_picture: Any
) -> None:
    page = watched.open(address, f"/compare?run={runs[2]}&run={runs[3]}", language=language)
    page.wait_for_selector(".u-over")
    wait_for_text(page, "generator.optimizer.learning_rate")
    words = {"en": ("Pairs of one seed", "A → B"), "fr": ("Paires de même graine", "A → B")}
    for word in words[language]:
        wait_for_text(page, word)
    take_picture(page, f"compare-{language}")
    check_axe(page)
    page.locator(".runs button").nth(1).click()
    wait_until(page, "() => document.querySelectorAll('.runs li').length === 1")
    assert runs[2] not in page.url


def test_no_folder_and_no_server(
    watched: Any, address: str, root: Path, static_address: str
) -> None:
    shutil.rmtree(root, ignore_errors=True)
    watched.allowed += ["status of 404", "status of 409"]
    page = watched.open(address, "/runs")
    wait_for_text(page, f"There are no runs yet in {root}.")
    page = watched.open(address, "/runs/last")
    wait_for_text(page, "There is no run 'last'.")
    for route in ("/runs", "/runs/last", "/compare?run=x"):
        page = watched.open(static_address, route)
        wait_for_text(page, "served without Epoque's server")


BEYOND = """
[...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().left + one.scrollWidth > innerWidth)
  .map((one) => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)
  .slice(-9)
"""
"""What reaches beyond the window's right edge, or has content that does."""


@pytest.mark.parametrize("width", [360, 768, 1280, 2560])
def test_nothing_is_wider_than_the_window(
    watched: Any, address: str, runs: list[str], width: int, take_picture: Any
) -> None:
    size, dark = (width, {360: 740, 768: 1024, 1280: 860, 2560: 1440}[width]), width in (360, 1280)
    for name, route in (
        ("runs", "/runs"),
        ("run", f"/runs/{runs[3]}"),
        ("compare", f"/compare?run={runs[2]}&run={runs[3]}"),
    ):
        page = watched.open(address, route, size=size, dark=dark, touch=width == 360)
        wait_for_text(page, runs[3])
        page.wait_for_timeout(500)
        take_picture(page, f"{name}-{width}-{'dark' if dark else 'light'}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, (route, page.evaluate(BEYOND))
