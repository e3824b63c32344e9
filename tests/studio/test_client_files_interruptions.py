"""What happens to a page from outside: a tab that nobody sees, an old browser, a second tab."""

import re
from typing import Any

import pytest
from waiting import wait_for

RING = "/gan2d?v=1&recipe=ganlab-ring"
HIDE = """
  let isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  window.hide = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  let lapsed = 0;
  const [now, start, stop] = [performance.now.bind(performance), setTimeout, clearTimeout];
  const timers = new Map();
  performance.now = () => now() + lapsed;
  window.setTimeout = (call, ms, ...values) => {
    const id = start(call, ms, ...values);
    if (ms >= 60_000) timers.set(id, { call, due: performance.now() + ms });
    return id;
  };
  window.clearTimeout = (id) => {
    timers.delete(id);
    stop(id);
  };
  window.lapse = (ms) => {
    lapsed += ms;
    for (const [id, { call, due }] of timers) {
      if (due > performance.now()) continue;
      window.clearTimeout(id);
      call();
    }
  };
"""
"""Lets a test hide a page, as a browser without windows never does, and have time lapse."""
WITHOUT_SIMD = "WebAssembly.validate = () => false;"


def step_of(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def open_with(watched: Any, address: str, script: str, route: str, **options: Any) -> Any:
    """Return a page in which a script ran before its own."""
    page = watched.open(address, "/nowhere", alone=True, **options)
    page.context.add_init_script(script)
    page.goto(f"{address}/#{route}")
    page.reload()
    return page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Paused: this tab was hidden for a minute."),
        ("fr", "En pause : cet onglet est resté caché une minute."),
    ],
)
def test_a_tab_that_is_hidden_for_a_minute_pauses_and_says_so(
    watched: Any, static_address: str, language: str, sentence: str
) -> None:
    page = open_with(watched, static_address, HIDE, f"{RING}&at=1&pace=50", language=language)
    page.wait_for_selector("output.counter")
    wait_for(lambda: step_of(page) == 1, "iteration 1")
    page.keyboard.press("Space")
    wait_for(lambda: step_of(page) > 3, "some iterations")
    # Shorter, and it goes on.
    page.evaluate("hide(true)")
    page.evaluate("lapse(59_000)")
    page.evaluate("hide(false)")
    page.evaluate("lapse(59_000)")
    step = step_of(page)
    wait_for(lambda: step_of(page) > step, "more iterations")
    assert not page.query_selector(".sentence")
    page.evaluate("hide(true)")
    page.evaluate("lapse(61_000)")
    page.evaluate("hide(false)")
    page.wait_for_selector(".bar .sentence")
    assert page.text_content(".bar .sentence").replace("\u00a0", " ") == sentence
    stopped = step_of(page)
    page.keyboard.press(".")
    wait_for(lambda: step_of(page) == stopped + 1, "one iteration: it had stopped")


def test_a_browser_without_simd_learns_which_have_it(watched: Any, static_address: str) -> None:
    page = open_with(watched, static_address, WITHOUT_SIMD, RING)
    sentence = page.wait_for_selector(".bar .sentence").text_content()
    assert "WebAssembly SIMD" in sentence
    for browser in ("Chrome and Edge 91", "Firefox 89", "Safari 16.4"):
        assert browser in sentence
    assert page.is_disabled("button.play")
    # The rest of the page is there.
    assert page.locator(".field").count() > 5
    page.click("header button[lang=fr]")
    page.wait_for_selector("header nav:has-text('Exécutions')")


def test_two_tabs_of_one_address_are_two_trainings(watched: Any, studio_address: str) -> None:
    first = watched.open(studio_address, f"{RING}&s=5&at=40", still=True, alone=True)
    wait_for(lambda: step_of(first) == 40, "iteration 40")
    second = first.context.new_page()
    watched.watch(second)
    second.goto(f"{studio_address}/#{RING}&s=5&at=40")
    second.wait_for_selector("output.counter")
    wait_for(lambda: step_of(second) == 40, "iteration 40 there")
    for _ in range(2):
        second.keyboard.press(".")
    wait_for(lambda: step_of(second) == 42, "two more there")
    assert step_of(first) == 40
    second.close()
    first.keyboard.press(".")
    wait_for(lambda: step_of(first) == 41, "one more here")
