"""Data of one's own in a browser: dropped anywhere, refused in a sentence, kept as a run."""

import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from waiting import wait_for

from epoque.bench.lab import lab_of
from epoque.bench.runs.run import Run

RING = "/gan2d?v=1&recipe=ganlab-ring"
TABLE = "size;weight;kind\n" + "".join(
    f"{x},5;{y};{'cat' if x + y < 10 else 'dog'}\n"
    for x in range(0, 10, 2)
    for y in range(0, 10, 2)
)


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own-data-runs")


@pytest.fixture(scope="module")
def address(serve_runs: Callable[[Path], str], runs: Path) -> str:
    """Return the address of a studio whose folder of runs is looked into."""
    return serve_runs(runs)


def open_page(watched: Any, address: str, route: str, **options: Any) -> Any:
    page = watched.open(address, route, still=True, **options)
    page.wait_for_selector("button.play:not([disabled])")
    return page


def draw_disc(**options: Any) -> bytes:
    """Return a PNG of a dark disc on white."""
    image = Image.new("RGB", (90, 60), "white")
    ImageDraw.Draw(image).ellipse((20, 10, 60, 50), fill="black")
    file = io.BytesIO()
    image.save(file, options.pop("format", "PNG"), **options)
    return file.getvalue()


def drop(page: Any, path: Path, x: float = 5, y: float = 400, count: int = 1) -> None:
    """Drop a file at a place of the window as a file manager does."""
    client = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)] * count, "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def iterate(page: Any, count: int) -> int:
    """Play for some iterations, pause, and return how many there are."""
    page.keyboard.press("Space")
    wait_for(lambda: read_counter(page) >= count, f"iteration {count}")
    page.keyboard.press("Space")
    wait_for(lambda: page.text_content("button.play").strip() == "Play", "the pause")
    return read_counter(page)


def digest_of(page: Any) -> str:
    if not page.query_selector("[data-digest]"):
        page.click(".bar button[aria-expanded=false]:has-text('More')")
    return str(page.wait_for_selector("[data-digest]").get_attribute("data-digest"))


def keep(page: Any, runs: Path, name: str) -> Run:
    """Keep what was trained under a name; return its run once it is finished."""
    page.click(".bar button:has-text('Keep')")
    page.fill("dialog input", name)
    page.click("dialog button.solid")
    page.wait_for_selector("dialog a[href*='/runs/'], dialog .problem")
    assert page.query_selector("dialog .problem") is None, page.text_content("dialog .problem")
    finished = ("finished", "failed")
    wait_for(lambda: Run(runs / name).status.state in finished, "the end of the run")
    return Run(runs / name)


@pytest.mark.parametrize("route", ["/", "/runs", "/neuron", RING])
def test_a_file_dropped_anywhere_never_opens_in_place_of_the_page(
    watched: Any, static_address: str, tmp_path: Path, route: str
) -> None:
    page = watched.open(static_address, route, still=True)
    page.wait_for_selector("h1")
    page.evaluate("globalThis.isSame = true")
    path = write(tmp_path, "own.csv", TABLE.encode())
    drop(page, path, count=2)
    page.wait_for_selector(".drops p")
    takes = route in ("/neuron", RING)
    assert ("One file" if takes else "No file is taken here") in page.text_content(".drops")
    drop(page, path)
    if takes:
        page.wait_for_selector("dialog h2, h1:has-text('Your points')")
        assert page.query_selector(".drops p") is None
    assert page.evaluate("globalThis.isSame"), "the page was left"


def test_columns_say_why_they_cannot_be_chosen(watched: Any, static_address: str) -> None:
    page = open_page(watched, static_address, "/neuron")
    table = "id,name,same,size,class\n1,a,7,nan,0\n2,b,7,,1\n3,c,7,2.5,1\n"
    choose_file(page, table.encode())
    page.wait_for_selector("dialog h2")
    rows = page.locator("dialog tbody tr")
    said = [rows.nth(i).locator(".remark").all_text_contents() for i in range(5)]
    assert said[0] == []
    assert "Row 1 holds “a”" in said[1][0]
    assert "same in every row" in said[2][0]
    assert "Row 1 holds “nan”" in said[3][0]
    assert said[4] == ["It is the class."]
    learn = page.locator("dialog button.solid")
    assert learn.is_enabled()
    rows.nth(0).locator("input[type=checkbox]").uncheck()
    assert learn.is_disabled()
    assert page.text_content("#table-problem") == "No input is chosen: at least one is needed."
    rows.nth(3).locator("input[type=radio]").check()
    assert learn.is_disabled()
    assert "has no class in row 2" in page.text_content("#table-problem")
    rows.nth(4).locator("input[type=radio]").check()
    rows.nth(2).locator("input[type=checkbox]").check()
    assert learn.is_enabled(), "what is the same everywhere may be learned from all the same"


def choose_file(page: Any, content: bytes) -> None:
    file = {"name": "t.csv", "mimeType": "text/csv", "buffer": content}
    page.set_input_files(".own:not(.weights) input", file)


def test_a_picture_is_kept_as_a_whole_run(
    watched: Any, address: str, runs: Path, tmp_path: Path
) -> None:
    page = open_page(watched, address, "/gan2d?v=1&recipe=image&r1=0")
    drop(page, write(tmp_path, "disc.png", draw_disc()))
    page.wait_for_selector("text=disc.png")
    iterate(page, 60)
    digest = digest_of(page)
    remark = page.text_content("#link-remark")
    assert "does not bring the points of “disc.png”" in remark
    run = keep(page, runs, "disc")
    assert (run.status.state, run.status.reason) == ("finished", "")
    assert run.is_complete
    assert run.results
    assert run.figures
    points = (run.path / "data.csv").read_text().splitlines()
    assert points[0] == "x,y,jitter"
    assert float(points[1].split(",")[2]) > 0
    assert _digest_again(run) == digest


def _digest_again(run: Run) -> str | None:
    live = lab_of(run).live(run.config)
    while live.step < run.config.iterations:
        live.advance(run.config.iterations - live.step)
    return live.digest()


def test_a_table_is_kept_on_both_pages(
    watched: Any, address: str, runs: Path, tmp_path: Path
) -> None:
    page = open_page(watched, address, "/neuron")
    drop(page, write(tmp_path, "pets.csv", TABLE.encode()))
    page.click("dialog button.solid")
    page.wait_for_selector("text=pets.csv")
    iterate(page, 40)
    digest = digest_of(page)
    assert _digest_again(keep(page, runs, "pets")) == digest
    page.click("dialog button:has-text('Close')")
    page.goto(f"{address}/#/gan2d?v=1&recipe=csv&r1=0")
    page.wait_for_selector("h1:has-text('Your points')")
    rows = "".join(f"{3 * math.cos(i):.3f},{math.sin(i):.3f}\n" for i in range(60))
    drop(page, write(tmp_path, "oval.csv", f"x,y\n{rows}".encode()))
    page.wait_for_selector("text=oval.csv")
    iterate(page, 40)
    digest = digest_of(page)
    assert _digest_again(keep(page, runs, "oval")) == digest


def test_what_was_tried_before_does_not_hinder_keeping(
    watched: Any, address: str, runs: Path, tmp_path: Path
) -> None:
    """A picture that another choice leaves without effect is no part of the run."""
    page = open_page(watched, address, RING)
    drop(page, write(tmp_path, "disc.png", draw_disc()))
    page.wait_for_selector("text=disc.png")
    page.locator(".field[data-path='data'] select").select_option("ring")
    page.wait_for_selector("text=disc.png", state="hidden")
    iterate(page, 40)
    run = keep(page, runs, "ring-again")
    assert run.config.data == "ring"


def test_points_of_ones_own_are_learned_on_the_server_too(
    watched: Any, address: str, tmp_path: Path
) -> None:
    """What the browser's engine does not compute has the same points."""
    page = open_page(watched, address, RING)
    drop(page, write(tmp_path, "disc.png", draw_disc()))
    page.wait_for_selector("text=disc.png")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    penalty = ".field[data-path='r1'] input.number"
    with page.expect_response(lambda answer: "/api/uploads" in answer.url) as sent:
        page.fill(penalty, "0.1")
        page.press(penalty, "Enter")
    assert sent.value.status == 201
    page.click("h1")
    wait_for(lambda: "r1=0.1" in page.evaluate("location.hash"), "the training of the server")


def test_a_link_to_points_that_are_not_here_says_which(
    watched: Any, static_address: str, tmp_path: Path
) -> None:
    path = write(tmp_path, "own.csv", TABLE.encode())
    page = open_page(watched, static_address, "/neuron")
    drop(page, path)
    page.click("dialog button.solid")
    page.wait_for_selector("text=own.csv")
    iterate(page, 10)
    digest = digest_of(page)
    has = "own:own.csv", f"at={read_counter(page)}"
    address_of = lambda: page.evaluate("decodeURIComponent(location.hash)")  # noqa: E731
    wait_for(lambda: all(part in address_of() for part in has), "the address")
    route = page.evaluate("location.hash.slice(1)")
    other = watched.open(static_address, route, still=True)
    other.wait_for_selector(".sentence:has-text('The points of “own.csv” are not here')")
    drop(other, path)
    other.click("dialog button.solid")
    other.wait_for_selector("button.play:not([disabled])")
    wait_for(lambda: read_counter(other) == read_counter(page), "the link's iteration")
    assert digest_of(other) == digest


PICTURES: dict[str, tuple[bytes, str]] = {
    "c.png": (b"no picture", "no picture that is read here"),
    "d.png": (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x27\x10\0\0\x27\x10\x08\x02\0\0\0",
        "100 million pixels",
    ),
    "e.png": (draw_disc()[:200], "cannot be decoded"),
}


@pytest.mark.parametrize("name", [*PICTURES, "1x1.png", "clear.png"])
def test_bad_pictures_are_one_sentence_and_nothing_is_lost(
    watched: Any, static_address: str, tmp_path: Path, name: str
) -> None:
    page = open_page(watched, static_address, RING)
    before = iterate(page, 20)
    if name in PICTURES:
        content, sentence = PICTURES[name]
    else:
        file = io.BytesIO()
        size, color = ((1, 1), "red") if name == "1x1.png" else ((20, 20), (0, 0, 0, 0))
        Image.new("RGBA", size, color).save(file, "PNG")
        content, sentence = file.getvalue(), "no silhouette"
    drop(page, write(tmp_path, name, content))
    page.wait_for_selector(f".problem:has-text('{sentence}')")
    assert page.text_content(".problem").count(".") == 1
    assert iterate(page, before + 10) > before


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "transparent"])
def test_moving_and_transparent_pictures_are_learned(
    watched: Any, static_address: str, tmp_path: Path, kind: str
) -> None:
    page = open_page(watched, static_address, RING)
    if kind == "transparent":
        image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
        ImageDraw.Draw(image).rectangle((10, 10, 30, 20), fill="white")
        file = io.BytesIO()
        image.save(file, "PNG")
        name, content = "t.png", file.getvalue()
    else:
        other = Image.new("RGB", (90, 60), "white")
        ImageDraw.Draw(other).rectangle((5, 5, 20, 50), fill="black")
        options = {"save_all": True, "append_images": [other], "duration": 100}
        name, content = f"moving.{kind.lower()}", draw_disc(format=kind, **options)
    drop(page, write(tmp_path, name, content))
    page.wait_for_selector(f"text={name}")
    iterate(page, 30)
    assert page.query_selector(".problem") is None
