"""Runs in hand in a browser: deleted by a button, brought back, resumed, stopped, begun."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from accessibility import check_axe
from line_plugin import forget_labs, install_line_lab
from waiting import wait_for

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.runs.trash import Trash
from epoque.studio.export import SiteOptions, export_site

PAUSE = 0.02  # seconds each iteration of a training that is to be watched


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of runs; the line lab is installed, in the studio's processes too."""
    with pytest.MonkeyPatch.context() as patch:
        install_line_lab(patch, tmp_path_factory.mktemp("plugin") / "site")
        root = tmp_path_factory.mktemp("in-hand") / "runs"
        root.mkdir()
        yield root
    forget_labs()


@pytest.fixture(scope="module")
def address(root: Path, built_client: Path, serve: Any) -> Iterator[str]:
    """The address of a studio that takes one training in the background."""
    words = ["studio", "--port", "0", "--runs", str(root), "--max-runs", "1"]
    yield from serve([sys.executable, "-u", "-m", "epoque", *words])


@pytest.fixture
def runs(root: Path) -> list[str]:
    """The ids of three finished runs, oldest first; the last one was given a name."""
    for path in root.iterdir():
        if path.is_dir():  # not the index: the studio has it open
            shutil.rmtree(path)
    return [make_run(root, name, iterations=3) for name in (None, None, "my-line")]


def make_run(root: Path, name: str | None = None, *, trained: bool = True, **settings: Any) -> str:
    lab = find_lab("line")
    run = start(lab, lab.config_class(**settings), "line/fit", root, name)
    return execute(run, draw=False).id if trained else run.id


def wait_for_text(page: Any, text: str) -> None:
    page.wait_for_function("(text) => document.body.innerText.includes(text)", arg=text)


def test_several_runs_are_deleted_at_once_by_a_finger_and_come_back(
    watched: Any, address: str, root: Path, runs: list[str], take_picture: Any
) -> None:
    page = watched.open(address, "/runs", size=(360, 740), touch=True)
    wait_for_text(page, "3 runs")
    button = page.get_by_role("button", name="Move to the trash")
    assert button.is_disabled()
    for run in runs[:2]:
        page.locator(f"[role=row]:has(a:text-is('{run}')) input").tap()
    button = page.get_by_role("button", name="Move 2 runs to the trash")
    button.scroll_into_view_if_needed()
    assert button.bounding_box()["height"] >= 44
    box = page.locator("[role=row] label").first.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    take_picture(page, "runs-chosen-360")
    button.tap()
    wait_for_text(page, "2 runs are in the trash.")
    wait_for_text(page, "1 run")
    assert not [run for run in runs[:2] if (root / run).exists()]
    check_axe(page)
    page.get_by_role("button", name="Undo").tap()
    wait_for_text(page, "2 runs are back.")
    wait_for_text(page, "3 runs")
    assert all((root / run / "config.json").is_file() for run in runs)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["The trash", "Restore", "Empty the trash", "Delete for good", "is back."]),
        ("fr", ["La corbeille", "Restaurer", "Vider la corbeille", "Supprimer", "est de retour."]),
    ],
)
def test_the_trash_is_looked_into_and_emptied(
    watched: Any,
    address: str,
    *,
    root: Path,
    runs: list[str],
    language: str,
    words: list[str],
    take_picture: Any,
) -> None:
    title, restore, empty, delete, back = words
    page = watched.open(address, "/runs", language=language)
    page.click(f"a:text-is('{title}')")
    page.wait_for_selector(f"h1:text-is('{title}')")
    page.wait_for_selector("a[href='#/runs']")
    assert page.locator("main li").count() == 0
    for run in runs:
        Trash(root).put(root / run)
    page.reload()
    page.wait_for_selector("main li >> nth=2")
    assert "my-line" in page.locator("main li").first.inner_text()
    take_picture(page, f"trash-{language}")
    check_axe(page)
    page.locator("main li button").first.click()
    wait_for_text(page, back)
    assert restore in page.locator("main li button").first.inner_text()
    assert (root / "my-line" / "config.json").is_file()
    page.click(f"button:text-is('{empty}')")
    page.wait_for_selector("dialog[open]")
    check_axe(page)
    page.keyboard.press("Escape")
    assert (root / ".trash").is_dir()
    page.click(f"button:text-is('{empty}')")
    page.locator("dialog[open] button.solid", has_text=delete).click()
    wait_for(lambda: not (root / ".trash").exists(), "an empty trash")
    page.wait_for_selector("main li", state="detached")


def test_a_name_that_is_taken_again_is_asked_for(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    watched.allowed += ["status of 409"]
    page = watched.open(address, "/runs/my-line")
    page.click("text=Move to the trash")
    wait_for_text(page, "It is in the trash.")
    make_run(root, "my-line", iterations=4)
    page = watched.open(address, "/trash")
    page.click("main li button:text-is('Restore')")
    wait_for_text(page, "There is a folder")
    assert page.input_value("main li form input") == "my-line-2"
    page.click("main li form button")
    wait_for_text(page, "my-line-2 is back.")
    assert Run(root / "my-line-2").status.state == "finished"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_run_is_called_by_the_name_that_it_was_given(
    watched: Any, address: str, runs: list[str], language: str
) -> None:
    page = watched.open(address, "/runs/my-line", language=language)
    page.wait_for_selector("h1:text-is('my-line')")
    assert page.title() == "my-line · Epoque"
    assert "line/fit" in page.inner_text(".id")
    page = watched.open(address, f"/runs/{runs[0]}", language=language)
    page.wait_for_selector("h1:text-is('line/fit')")
    page = watched.open(address, "/", language=language)
    page.wait_for_selector("a:text-is('my-line')")
    assert page.locator("li a:text-is('line/fit')").count() == 2


@pytest.mark.parametrize(
    ("language", "resume", "stop", "state"),
    [
        ("en", "Resume", "Stop", "interrupted after"),
        ("fr", "Reprendre", "Arrêter", "interrompue après"),
    ],
)
def test_a_run_is_resumed_in_the_background_and_stopped(
    watched: Any,
    address: str,
    *,
    root: Path,
    runs: list[str],
    language: str,
    resume: str,
    stop: str,
    state: str,
    take_picture: Any,
) -> None:
    run = make_run(root, "begun", trained=False, iterations=5000, pause=PAUSE)
    page = watched.open(address, f"/runs/{run}", language=language)
    button = page.get_by_role("button", name=resume, exact=True)
    button.wait_for()
    check_axe(page)
    button.click()
    page.wait_for_function("() => document.querySelector('progress')?.value > 0")
    page.wait_for_selector("section:has(.curves) canvas")
    take_picture(page, f"run-resumed-{language}")
    check_axe(page)
    assert Run(root / run).status.state == "running"
    page.get_by_role("button", name=stop, exact=True).click()
    wait_for_text(page, state)
    assert Run(root / run).status.state == "interrupted"
    button.wait_for()


def test_there_are_only_so_many_trainings(
    watched: Any, address: str, root: Path, runs: list[str]
) -> None:
    watched.allowed += ["status of 422"]
    for name in ("one", "two"):
        make_run(root, name, trained=False, iterations=5000, pause=PAUSE)
    page = watched.open(address, "/runs/one")
    page.click("button:text-is('Resume')")
    page.wait_for_selector("progress")
    other = watched.open(address, "/runs/two")
    other.click("button:text-is('Resume')")
    wait_for_text(other, "--max-runs")
    assert other.is_enabled("button:text-is('Resume')")
    page.click("button:text-is('Stop')")
    wait_for_text(page, "interrupted after")


def test_a_site_without_a_server_says_why_it_resumes_nothing(
    watched: Any,
    *,
    root: Path,
    runs: list[str],
    built_client: Path,
    serve: Any,
    tmp_path: Path,
) -> None:
    make_run(root, "begun", trained=False, iterations=9)
    export_site(tmp_path / "site", SiteOptions(root, ["begun"]), lambda _: None, built_client)
    words = ["http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path / "site")]
    for site in serve([sys.executable, "-u", "-m", *words]):
        page = watched.open(site, "/runs/begun")
        page.wait_for_selector("h1:text-is('begun')")
        assert page.is_disabled("button:text-is('Resume')")
        wait_for_text(page, "Needs epoque studio: this page has no server.")
        page = watched.open(site, "/trash")
        wait_for_text(page, "served without Epoque's server")


def test_what_cannot_be_compared_is_trained_as_a_run(
    watched: Any, address: str, root: Path, runs: list[str], take_picture: Any
) -> None:
    """Of a lab that the live engine does not compute, Keep begins a run in the background."""
    page = watched.open(address, f"/lab/line?iterations=300&pause={PAUSE}", still=True)
    page.wait_for_selector("button.play:not([disabled])")
    page.keyboard.press("k")
    page.fill("dialog input", "kept")
    wait_for_text(page, "The server trains these settings from the start")
    take_picture(page, "keep-in-background")
    check_axe(page)
    page.click("dialog button:text-is('Train it')")
    page.click("dialog a:text-is('Open the run')")
    page.wait_for_selector("h1:text-is('kept')")
    page.wait_for_function("() => document.querySelector('progress')?.value > 0")
    page.click("button:text-is('Stop')")
    wait_for_text(page, "interrupted after")
    run = Run(root / "kept")
    assert (run.config.iterations, run.config.pause) == (300, PAUSE)
