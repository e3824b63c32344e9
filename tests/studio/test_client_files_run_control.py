"""Run control, form and link on the page of the 2-D GAN, computed by the browser alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from waiting import wait_for
from warm import epoque

from epoque.bench.errors import ConfigError
from epoque.bench.lab import find_lab
from epoque.bench.live_engine import EngineTraining
from epoque.gan2d.config import Gan2dConfig

RING = "/gan2d?v=1&recipe=ganlab-ring"


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    return True


def step_of(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def wait_until_ready(page: Any) -> None:
    page.wait_for_selector("button.play:not([disabled])")


def wait_for_step(page: Any, step: int) -> None:
    wait_for(lambda: step_of(page) == step, f"iteration {step}")


def picture_of(page: Any) -> str:
    return str(page.evaluate("document.querySelector('.plate canvas').toDataURL()"))


def address_of(page: Any) -> str:
    """Return what follows "#"; asked of the page, since Playwright learns of it later."""
    return str(page.evaluate("location.hash.slice(1)"))


def digest_of(page: Any) -> str:
    """Return the digest that the panel shows, of a training that stands still."""
    if not page.query_selector("[data-digest]"):
        page.click(".bar button[aria-expanded=false]:has-text('More')")
    return str(page.wait_for_selector("[data-digest]").get_attribute("data-digest"))


def engine_digest(iterations: int, **settings: Any) -> str:
    """Return the digest of GAN Lab's ring after some iterations on the engine in Python."""
    pytest.importorskip("wasmtime", reason="wasmtime is not installed")
    from epoque.bench.recipes import find_recipe

    config = find_recipe("gan2d/ganlab-ring").build(Gan2dConfig, settings)
    training = EngineTraining("gan2d", config.flatten())
    training.advance(iterations)
    return training.digest()


def field(page: Any, path: str) -> Any:
    return page.locator(f".field[data-path='{path}']")


def set_number(page: Any, path: str, text: str) -> None:
    entry = field(page, path).locator("input.number").first
    entry.fill(text)
    entry.press("Enter")
    entry.evaluate("element => element.blur()")


@contextmanager
def download(page: Any, selector: str, folder: Path) -> Iterator[Path]:
    with page.expect_download() as found:
        page.click(selector)
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    yield path


def test_it_plays_pauses_and_steps(watched: Any, static_address: str, take_picture: Any) -> None:
    page = watched.open(static_address, "/gan2d")
    wait_until_ready(page)
    first = picture_of(page)
    wait_for(lambda: step_of(page) > 100, "a hundred iterations")
    assert picture_of(page) != first
    page.keyboard.press("Space")
    page.wait_for_selector("button.play:has-text('Play')")
    paused = step_of(page)
    page.keyboard.press(".")
    wait_for_step(page, paused + 1)
    page.keyboard.press(",")
    page.wait_for_selector("[aria-label='Slow motion'] li[aria-current=step]")
    page.keyboard.press("r")
    wait_for_step(page, 0)
    take_picture(page, "run-control")


def test_space_pauses_where_a_link_has_the_focus(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/")
    page.click("header nav a[href^='#/gan2d']")  # it keeps the focus, and does nothing with Space
    wait_for(lambda: page.query_selector("output.counter") and step_of(page) > 20, "20 iterations")
    page.keyboard.press("Space")
    page.wait_for_selector("button.play:has-text('Play')")


def test_a_link_gives_the_same_bytes_as_python(watched: Any, static_address: str) -> None:
    query = "&s=7&ds=2&golr=0.05&dl=8,8&at=321"
    digests = []
    for _ in range(2):
        page = watched.open(static_address, RING + query)
        wait_until_ready(page)
        wait_for_step(page, 321)
        digests.append(digest_of(page))
    settings = {
        "seed": 7,
        "d_steps": 2,
        "generator.optimizer.learning_rate": 0.05,
        "discriminator.layers": (8, 8),
    }
    assert digests == [engine_digest(321, **settings)] * 2


def test_the_address_opens_what_is_shown(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&at=50")
    wait_for_step(page, 50)
    set_number(page, "discriminator.optimizer.learning_rate", "0.2")  # it may change on the way
    page.keyboard.press(".")
    wait_for_step(page, 51)
    digest = digest_of(page)
    wait_for(lambda: "at=51" in address_of(page), "the address")
    assert "changes=" in address_of(page)
    other = watched.open(static_address, address_of(page))
    wait_for_step(other, 51)
    assert digest_of(other) == digest


def test_a_page_that_was_left_writes_nothing_into_the_address(
    watched: Any, static_address: str
) -> None:
    page = watched.open(static_address, RING)
    wait_until_ready(page)
    page.keyboard.press(" ")  # it plays: its address follows
    wait_for(lambda: step_of(page) > 0, "an iteration")
    page.evaluate(
        """(() => {
            const write = history.replaceState;
            window.written = [];
            history.replaceState = function (...values) {
                window.written.push(String(values[2]));
                return write.apply(this, values);
            };
            location.hash = "#/neuron";
        })()"""
    )
    wait_for(lambda: page.evaluate("window.written.length > 1"), "what the next page writes")
    written = page.evaluate("window.written")
    assert all(address.startswith("#/neuron?") for address in written), written
    assert page.title().startswith("One neuron")
    assert not page.query_selector(".notices p")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("&nonsense=1", "nonsense"),
        ("&golr=-1", "greater than 0"),
        ("&gl=0,10000", "is not allowed"),
        ("&s=1&s=2", "twice"),
        ("&at=1e99", "not allowed"),
        ("&__proto__=1", "__proto__"),
    ],
)
def test_a_link_that_is_wrong_opens_and_says_so(
    watched: Any, static_address: str, query: str, sentence: str
) -> None:
    page = watched.open(static_address, RING + query)
    wait_until_ready(page)
    assert sentence in page.text_content(".notices")


def test_a_teachers_link_hides_locks_and_says(watched: Any, static_address: str) -> None:
    note = "<b>Look</b> at the hole."
    link = f"{RING}&hide=loss&lock=d_steps&say={note.replace(' ', '%20')}"
    page = watched.open(static_address, link)
    wait_until_ready(page)
    assert page.text_content(".say") == note
    assert field(page, "loss").count() == 0
    assert field(page, "d_steps").locator("input").is_disabled()
    assert field(page, "g_steps").locator("input").is_enabled()


def test_a_wrong_value_stands_at_its_field_and_the_training_goes_on(
    watched: Any, static_address: str
) -> None:
    page = watched.open(static_address, f"{RING}&at=20")
    wait_for_step(page, 20)
    rate = "generator.optimizer.learning_rate"
    for text in ("0", "-1", "1e9", "abc"):
        set_number(page, rate, text)
        problem = field(page, rate).locator("[role=alert]")
        problem.wait_for()
        assert f"{rate}: {text} is not allowed" in problem.text_content().replace("−", "-")
        page.keyboard.press(".")
    wait_for_step(page, 24)
    set_number(page, rate, "0.05")
    field(page, rate).locator("[role=alert]").wait_for(state="detached")
    page.click("header button[lang=fr]")
    set_number(page, rate, "-1")
    problem.wait_for()
    said = re.sub(r"[\u00a0\u202f]", " ", problem.text_content())
    assert "n’est pas permis ; il faut un nombre fini supérieur à 0" in said


def test_a_seed_that_is_none_is_refused_as_it_was_typed(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&s=5&at=20")
    wait_for_step(page, 20)
    seed = page.locator(".seed input").first
    seed.fill("abc")
    seed.press("Enter")
    page.wait_for_selector("text=/abc is not allowed; it takes a whole number/")
    assert step_of(page) == 20


def test_another_link_to_the_page_in_view_is_opened(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/gan2d")  # it plays, and its address follows
    wait_for(lambda: step_of(page) > 20, "20 iterations")
    page.evaluate(f"location.hash = '#/'; location.hash = '#{RING}&s=5&at=30'")
    wait_for_step(page, 30)
    assert page.locator(".seed input").first.input_value() == "5"


def test_layers_start_over_and_undo_brings_them_back(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&at=30")
    wait_for_step(page, 30)
    layers = field(page, "generator.layers")
    layers.locator("button[aria-label='Add a layer']").click()
    wait_for_step(page, 0)
    assert layers.locator("[role=slider]").count() == 3
    layers.locator("[role=slider]").first.press("ArrowUp")
    wait_for(lambda: layers.locator("input").input_value() == "11, 10, 10", "11 neurons")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    wait_for(lambda: layers.locator("[role=slider]").count() == 2, "two layers")
    page.keyboard.press("Control+Shift+z")
    wait_for(lambda: layers.locator("[role=slider]").count() == 3, "three layers")


def changes_of(page: Any) -> str:
    """Return what the address says of changes; of a page whose address names an iteration."""
    query = urlsplit(address_of(page)).query
    (text,) = parse_qs(query).get("changes", [""])
    return text


def wait_for_address(page: Any, *words: str) -> None:
    """Wait until the address says these: it follows the page a little later."""
    wait_for(lambda: all(word in address_of(page).split("&") for word in words), str(words))


def test_a_link_between_two_planned_changes_keeps_those_to_come(
    watched: Any, static_address: str
) -> None:
    plan = "5:d_steps=2,loss=hinge;20:d_steps=1"
    page = watched.open(static_address, f"{RING}&changes={plan}&at=10")
    wait_for_step(page, 10)
    page.keyboard.press(".")
    wait_for_step(page, 11)
    wait_for_address(page, "at=11")
    assert changes_of(page) == plan
    other = watched.open(static_address, address_of(page))
    for each in (page, other):
        wait_for_step(each, 11)
        for step in range(12, 26):
            each.keyboard.press(".")
            wait_for_step(each, step)
    digests = {digest_of(each) for each in (page, other)}
    assert digests == {engine_digest_of_plan(plan, 25)}


def engine_digest_of_plan(plan: str, iterations: int) -> str:
    """Return the digest after a training of GAN Lab's ring that a plan changes on the way."""
    pytest.importorskip("wasmtime", reason="wasmtime is not installed")
    from epoque.bench.recipes import find_recipe

    lab = find_lab("gan2d")
    settings = {"engine": "wasm", "changes": plan}
    training = lab.live(find_recipe("gan2d/ganlab-ring").build(Gan2dConfig, settings))
    training.advance(iterations)
    return str(training.digest())


def test_a_change_that_is_undone_at_once_was_none(watched: Any, static_address: str) -> None:
    plan = "20:d_steps=1"
    page = watched.open(static_address, f"{RING}&changes={plan}&at=10")
    wait_for_step(page, 10)
    set_number(page, "d_steps", "4")
    wait_for(lambda: changes_of(page) == "10:d_steps=4", "the change in the address")
    page.keyboard.press("Control+z")
    wait_for(lambda: changes_of(page) == plan, "the plan in the address")


def test_the_scrubber_shows_what_was_seen(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/gan2d")
    wait_for(lambda: step_of(page) > 300, "300 iterations")
    page.keyboard.press("Space")
    page.wait_for_selector("button.play:has-text('Play')")
    last, picture = step_of(page), picture_of(page)
    ruler = page.locator("[role=slider][aria-valuetext*=iteration]")
    ruler.press("Home")
    wait_for_step(page, 0)
    assert picture_of(page) != picture
    page.click("button:has-text('live')")
    wait_for_step(page, last)
    box = ruler.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    wait_for(lambda: 0 < step_of(page) < last, "a moment between")


def test_it_stops_at_an_iteration(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&at=1")
    wait_for_step(page, 1)
    page.click(".bar button:has-text('More')")
    entry = page.get_by_label("at iteration")
    entry.fill("500")
    entry.press("Enter")
    page.click("button.play")
    wait_for_step(page, 500)
    page.wait_for_selector("button.play:has-text('Play')")
    assert digest_of(page) == engine_digest(500)


STOPS = {
    "en": (
        "More",
        "when",
        "is below",
        r"Stopped: “Loss of the discriminator” is ([\d.]+), below 1\.5\.",
    ),
    "fr": (
        *("Plus", "quand", "passe sous"),
        "Arrêt\u00a0: «\u00a0Perte du discriminateur\u00a0» vaut ([\\d,]+), sous 1,5\\.",
    ),
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_stops_when_a_metric_is_below(watched: Any, static_address: str, language: str) -> None:
    more, when, below, pattern = STOPS[language]
    page = watched.open(static_address, f"{RING}&at=1", language=language)
    wait_for_step(page, 1)
    page.click(f".bar button:has-text('{more}')")
    page.locator(f"label:has-text('{when}') select").select_option("loss_d")
    entry = page.get_by_label(below)
    entry.fill("1.5")
    entry.press("Enter")
    page.click("button.play")
    sentence = page.wait_for_selector(".bar .sentence").text_content()
    said = re.fullmatch(pattern, sentence)
    assert said, sentence
    assert float(said[1].replace(",", ".")) < 1.5
    assert step_of(page) > 1


def test_it_stops_before_a_number_becomes_infinite(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&l=wasserstein&golr=1000&dolr=1000")  # it plays
    sentence = page.wait_for_selector(".bar .sentence").text_content()
    said = re.match(r"Iteration ([\d,]+) would make a (?:loss|weight) infinite\.", sentence)
    assert said
    assert "the last good state" in sentence
    assert step_of(page) == int(said[1].replace(",", "")) - 1
    assert page.is_disabled("button.play")
    # Another setting, and it goes on from there; or it starts over.
    page.keyboard.press("r")
    wait_for_step(page, 0)
    page.wait_for_selector("button.play:not([disabled])")


def test_settings_that_do_not_go_together_are_told_in_the_words_of_python(
    watched: Any, static_address: str, take_picture: Any
) -> None:
    page = watched.open(static_address, f"{RING}&at=20")
    wait_for_step(page, 20)
    problem = field(page, "discriminator.output").locator("[role=alert]")
    more = page.locator("summary", has_text="More")
    for i in range(more.count()):
        more.nth(i).click()
    field(page, "discriminator.output").locator("label:has(input[value=sigmoid])").click()
    loss = field(page, "loss").locator("select")
    loss.select_option("wasserstein")
    problem.wait_for()
    with pytest.raises(ConfigError) as caught:
        Gan2dConfig.parse({"discriminator.output": "sigmoid", "loss": "wasserstein"})
    assert problem.text_content().strip() == str(caught.value)
    # The training has the last good settings, and so has the form.
    wait_for(lambda: loss.input_value() == "log", "the loss that it has")
    take_picture(page, "conflict")
    page.keyboard.press("Escape")
    loss.select_option("least_squares")
    problem.wait_for(state="detached")
    field(page, "discriminator.output").locator("label:has(input[value=auto])").click()
    loss.select_option("wasserstein")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(".")
    wait_for_step(page, 21)
    assert loss.input_value() == "wasserstein"


def test_what_a_link_says_that_does_not_go_together_is_left_out(
    watched: Any, static_address: str
) -> None:
    page = watched.open(static_address, f"{RING}&l=hinge&do=sigmoid&s=4")
    wait_until_ready(page)
    assert "sigmoid does not go with loss hinge" in page.text_content(".notices")
    assert field(page, "loss").locator("select").input_value() == "log"
    assert page.get_by_role("textbox", name="seed").input_value() == "4"


def test_two_settings_are_compared_iteration_by_iteration(
    watched: Any, static_address: str, take_picture: Any
) -> None:
    page = watched.open(static_address, f"{RING}&at=5")
    wait_for_step(page, 5)
    page.click(".bar button:has-text('More')")
    page.click("button:has-text('Compare two settings')")
    page.wait_for_selector(".plate + .plate canvas")
    wait_for_step(page, 0)
    second = field(page, "d_steps").nth(1)
    second.locator("button", has_text="+").click()
    field(page, "d_steps").first.locator(".differs").wait_for()
    page.keyboard.press("Escape")
    page.click("button.play")
    wait_for(lambda: step_of(page) > 50, "fifty iterations of both")
    page.click("button.play")
    page.wait_for_selector("button.play:has-text('Play')")
    take_picture(page, "compare")
    canvases = page.evaluate(
        "[...document.querySelectorAll('.plate canvas:first-of-type')].map(c => c.toDataURL())"
    )
    assert len(canvases) >= 2
    assert canvases[0] != canvases[-1]
    labels = [text.strip() for text in page.locator(".plate .which").all_text_contents()]
    assert [label.split()[0] for label in labels] == ["A", "B"]
    steps = [re.search(r"Discriminator steps (\d)", label) for label in labels]
    assert [match and match[1] for match in steps] == ["3", "4"]
    assert page.locator(".overview canvas").count() == 2
    legend = page.locator(".curves").first.locator("dt").all_text_contents()
    assert [text.split()[0] for text in legend] == ["A", "A", "B", "B"]
    parts = ("B.changes=0:d_steps%3D4", f"at={step_of(page)}&")
    wait_for(lambda: all(part in address_of(page) for part in parts), "both in the address")
    other = watched.open(static_address, address_of(page))
    other.wait_for_selector(".plate + .plate canvas")
    wait_for_step(other, step_of(page))
    assert (
        other.locator(".plate .which").all_text_contents()
        == page.locator(".plate .which").all_text_contents()
    )


def test_undo_and_the_seed_are_of_both_trainings(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, f"{RING}&at=20&B=1&B.golr=0.1")
    wait_for_step(page, 20)
    rates = field(page, "generator.optimizer.learning_rate").locator("input.number")
    for number, text in enumerate(("0.3", "0.5")):
        rates.nth(number).fill(text)
        rates.nth(number).press("Enter")
        rates.nth(number).evaluate("element => element.blur()")
        wait_for(lambda: "20:generator" in address_of(page), "the change in the address")

    def values() -> list[str]:
        return [str(rates.nth(number).input_value()) for number in (0, 1)]

    for keys, wanted in (
        ("Control+z", ["0.3", "0.1"]),
        ("Control+z", ["0.03", "0.1"]),
        ("Control+y", ["0.3", "0.1"]),
        ("Control+y", ["0.3", "0.5"]),
    ):
        page.keyboard.press(keys)
        wait_for(lambda wanted=wanted: values() == wanted, str(wanted))
    seed = page.locator(".seed input").first
    seed.fill("9")
    seed.press("Enter")
    wait_for_address(page, "s=9", "golr=0.3", "B.golr=0.5")
    wait_for(lambda: "B.s=" not in address_of(page), "the seed of both")
    assert values() == ["0.3", "0.5"]


def test_a_kept_training_is_a_file_that_computes_it_again(
    watched: Any, static_address: str, tmp_path: Path
) -> None:
    page = watched.open(static_address, f"{RING}&s=3&at=60")
    wait_for_step(page, 60)
    digest = digest_of(page)
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.wait_for_selector("dialog[open] input")
    page.fill("dialog input", "my ring")
    with download(page, "dialog button.solid", tmp_path) as path:
        done = epoque("run", str(path), "--runs", str(tmp_path / "r"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert digest == engine_digest(60, seed=3)
    assert any((tmp_path / "r").rglob("results.json"))


def test_pictures_and_numbers_are_exported(
    watched: Any, static_address: str, tmp_path: Path
) -> None:
    from PIL import Image

    page = watched.open(static_address, "/gan2d")
    wait_for(lambda: step_of(page) > 3000, "3,000 iterations")  # many frames, whatever the pace
    page.keyboard.press("Space")
    page.click(".bar button:has-text('More')")
    png = "button:has-text('PNG') >> nth=0"
    with download(page, png, tmp_path) as path, Image.open(path) as image:
        assert image.size == (1280, 1280)
    with download(page, "button:has-text('SVG') >> nth=0", tmp_path) as path:
        assert "<svg" in path.read_text()
    with download(page, "button:has-text('CSV') >> nth=0", tmp_path) as path:
        lines = path.read_text().splitlines()
        assert lines[0].startswith("step,")
        assert len(lines) > 100
    with download(page, "button:has-text('WebP')", tmp_path) as path, Image.open(path) as film:
        assert film.n_frames > 3  # type: ignore[attr-defined]
        whole = film.n_frames  # type: ignore[attr-defined]
        first = film.convert("RGB").tobytes()
        film.seek(film.n_frames - 1)  # type: ignore[attr-defined]
        assert film.convert("RGB").tobytes() != first
    last = step_of(page)
    page.fill("label:has-text('from iteration') input", str(last // 3))
    page.fill("label:has-text('from iteration') + label input", str(2 * last // 3))
    with download(page, "button:has-text('WebP')", tmp_path) as path, Image.open(path) as film:
        assert 1 < film.n_frames < whole  # type: ignore[attr-defined]
        begin, end = map(int, re.findall(r"film-from-(\d+)-to-(\d+)", path.name)[0])
        assert last // 3 <= begin < end <= 2 * last // 3
    page.fill("label:has-text('from iteration') input", str(last + 1))
    page.click("button:has-text('WebP')")
    page.wait_for_selector("text=No moment was seen from iteration")


def test_home_shows_networks_that_train(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/")
    cards = page.locator(".labs [data-frames]")
    wait_for(lambda: cards.count() == 4, "four pictures")
    for i in range(4):
        wait_for(lambda i=i: int(cards.nth(i).get_attribute("data-frames")) > 3, "it trains")
    page.keyboard.press("/")
    page.keyboard.type("moons")
    page.wait_for_selector(".recipes a:has-text('Two moons')")
    assert page.locator(".recipes li").count() < 5


def test_home_stands_still_where_motion_is_unwelcome(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/", still=True)
    cards = page.locator(".labs [data-frames]")
    for i in range(4):
        wait_for(lambda i=i: cards.nth(i).get_attribute("data-frames") == "1", "one picture")
    page.wait_for_timeout(400)
    assert {cards.nth(i).get_attribute("data-frames") for i in range(4)} == {"1"}


def test_a_kept_training_is_a_run_of_the_server(watched: Any, studio_address: str) -> None:
    page = watched.open(studio_address, f"{RING}&s=3&at=60")
    wait_for_step(page, 60)
    page.keyboard.press("k")
    page.wait_for_selector("dialog[open] input")
    page.fill("dialog input", "kept-ring")
    page.click("dialog button.solid")
    link = page.wait_for_selector("dialog [role=status] a")
    assert "kept-ring" in link.get_attribute("href")
    link.click()
    page.wait_for_url("**/#/runs/kept-ring*")
    page.wait_for_selector("main:has-text('kept-ring')")
