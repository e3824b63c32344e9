"""Look at every page of the studio, in each width, theme and language, and say what is wrong.

    epoque studio --port 8787 --runs DIR &
    python tools/inspect_studio.py http://127.0.0.1:8787 [--pages home,gan2d] [--widths 360,1280]

Writes build/screens/inspected/PAGE-WIDTH-THEME-LANGUAGE.png, with `--modes` also of text at 200 %,
of forced colors and of print, and a contact sheet of each page. Prints each fault: what is wider
than its window, text that is cut, targets that are too small, what axe finds. Ends with 1 if there
are any. What the pages of runs show are the runs of that studio; compared are the first two.
"""

import argparse
import json
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
FOLDER = ROOT / "build" / "screens" / "inspected"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HEIGHTS = {360: 740, 768: 1024, 1280: 860, 2560: 1440}
LANGUAGES = ("en", "fr")
THEMES = ("light", "dark")
MODES = ("large", "forced", "print")
TOUCHED = 768
"""Up to this width a screen is taken for one that fingers touch."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE = 300_000
SHEET_WIDTH = 640
"""Of each picture on a contact sheet, in pixels."""

PLACES = {
    "home": "/",
    "perceptron": "/neuron?v=1&recipe=and&at=30",
    "mlp": "/neuron?v=1&recipe=spiral-mlp&at=4000",
    "gan2d": "/gan2d?v=1&recipe=ganlab-ring&at=3000",
    "language": "/lab/language",
    "stylegan3": "/lab/stylegan3",
    "runs": "/runs",
    "run": "/runs/{first}",
    "compare": "/compare?run={first}&run={second}",
    "trash": "/trash",
}

FIND_FAULTS = """
((smallest) => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.push(`wider than its window: ${root.scrollWidth}`);
  const text = (e) => (e.getAttribute('aria-label') || e.textContent || '').trim();
  const name = (e) => `<${e.localName} class="${e.className}"> `
    + text(e).replace(/\\s+/g, ' ').slice(0, 60);
  const isShown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !e.closest('.visually-hidden, [aria-hidden=true], dialog:not([open])');
  const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
  const isInScroller = (e) => { for (; e; e = e.parentElement) if (scrolls(e)) return true; };
  for (const e of document.body.querySelectorAll('*')) {
    if (!isShown(e) || e.closest('svg')) continue;
    const style = getComputedStyle(e);
    const box = e.getBoundingClientRect();
    const ownText = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (ownText && /hidden|clip/.test(style.overflowX + style.overflowY)) {
      // What ends in dots has its whole text where the pointer rests.
      const isTold = style.textOverflow === 'ellipsis' && (e.title || e.closest('[title]'));
      const isWide = e.scrollWidth > e.clientWidth + 1 && !isTold;
      const cut = isWide || e.scrollHeight > e.clientHeight + 2;
      if (cut) faults.push(`cut: ${name(e)}`);
    }
    const isOutside = ownText && box.right > innerWidth + 1 && !isInScroller(e);
    if (isOutside) faults.push(`outside: ${name(e)}`);
    const isTarget = e.matches(
      'button, summary, select, input, textarea, [role=slider], a[href]');
    const isInText = e.matches('a[href]') && e.closest('p, li, td, dd, figcaption');
    if (!isTarget || isInText) continue;
    const label = e.matches('input') && e.closest('label')?.getBoundingClientRect();
    const width = Math.max(box.width, label?.width ?? 0);
    const height = Math.max(box.height, label?.height ?? 0);
    if (width && (width < smallest - 0.5 || height < smallest - 0.5)) {
      faults.push(`small (${Math.round(width)} × ${Math.round(height)}): ${name(e)}`);
    }
  }
  return [...new Set(faults)];
})
"""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see a page."""

    name: str
    width: int
    theme: str
    language: str
    mode: str = ""

    @property
    def file(self) -> Path:
        """Where its picture lies."""
        words = (self.name, str(self.width), self.theme, self.language, self.mode)
        return FOLDER / ("-".join(filter(None, words)) + ".png")


def main() -> int:
    """Look at the pages that the command line names; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    for option, values in (("pages", PLACES), ("widths", HEIGHTS), ("languages", LANGUAGES)):
        parser.add_argument(f"--{option}", default=",".join(map(str, values)))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--modes", default="", help=f"of {', '.join(MODES)}; none by default")
    words = parser.parse_args()
    chosen = {name: value.split(",") for name, value in vars(words).items() if value}
    FOLDER.mkdir(parents=True, exist_ok=True)
    places = _find_places(words.address.rstrip("/"))
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name in chosen["pages"]:
            pictures = []
            for look in _list_looks(name, chosen):
                for fault in _inspect(browser, places[name], look):
                    print(f"{look.file.stem}: {fault}", flush=True)
                    count += 1
                pictures.append(look.file)
            _write_sheet(pictures, FOLDER / f"sheet-{name}.png")
        browser.close()
    print(f"{count} faults; pictures in {FOLDER.relative_to(ROOT)}", file=sys.stderr)
    return int(count > 0)


def _list_looks(name: str, chosen: dict[str, list[str]]) -> Iterator[Look]:
    for width in map(int, chosen["widths"]):
        for language in chosen["languages"]:
            for theme in chosen["themes"]:
                yield Look(name, width, theme, language)
            for mode in chosen.get("modes", ()):
                yield Look(name, width, "light", language, mode)


def _find_places(address: str) -> dict[str, str]:
    """Return name to address of each page, with the newest runs of the studio in it."""
    with urllib.request.urlopen(f"{address}/api/runs?limit=2") as answer:
        runs = [run["id"] for run in json.load(answer)["rows"]]
    first, second = (*runs, "none", "none")[:2]
    return {
        name: f"{address}/#{place.format(first=first, second=second)}"
        for name, place in PLACES.items()
    }


def _inspect(browser: Browser, address: str, look: Look) -> list[str]:
    """Take a picture of a page and return what is wrong with it."""
    with _open(browser, address, look) as page:
        faults = []
        if look.mode != "print":
            faults = page.evaluate(FIND_FAULTS, 44 if look.width <= TOUCHED else 24)
        if look.mode not in ("print", "forced"):
            faults += _ask_axe(page)
        page.screenshot(path=str(look.file), full_page=look.mode == "print")
        return faults


@contextmanager
def _open(browser: Browser, address: str, look: Look) -> Iterator[Page]:
    """Yield a page that has drawn what there is to see."""
    context = browser.new_context(
        locale={"en": "en-US", "fr": "fr-FR"}[look.language],
        viewport={"width": look.width, "height": HEIGHTS[look.width]},
        color_scheme="dark" if look.theme == "dark" else "light",
        reduced_motion="reduce",
        forced_colors="active" if look.mode == "forced" else "none",
        has_touch=look.width <= TOUCHED,
        is_mobile=look.width <= TOUCHED,
    )
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    if look.mode == "large":
        # The browser's own setting of the text size: what is sized in rem follows, media too.
        sizes = {"fontSizes": {"standard": 32, "fixed": 26}}
        context.new_cdp_session(page).send("Page.setFontSizes", sizes)
    page.goto(address)
    page.wait_for_selector("main h1", timeout=PATIENCE)
    if page.query_selector("output.counter"):
        page.wait_for_selector("button.play:not([disabled])", timeout=PATIENCE)
    page.wait_for_timeout(2500)
    if look.mode == "print":
        page.emulate_media(media="print")
    try:
        yield page
        for error in said:
            print(f"{look.file.stem}: uncaught: {error}", flush=True)
    finally:
        context.close()


def _ask_axe(page: Page) -> list[str]:
    if not AXE.is_file():
        return []
    page.evaluate(AXE.read_text("utf-8"))
    found: list[Any] = page.evaluate(
        "(values) => axe.run('html', { runOnly: values }).then((result) => result.violations"
        ".filter((v) => v.id !== 'target-size')"  # of what the bar half covers, too
        ".flatMap((v) => v.nodes.map((n) => `axe, ${v.id}: ${n.html.slice(0, 160)}`)))",
        TAGS,
    )
    return [str(line) for line in found]


def _write_sheet(pictures: list[Path], path: Path) -> None:
    """Put small copies of pictures side by side, four in a row."""
    small = []
    for picture in pictures:
        image = Image.open(picture).convert("RGB")
        height = min(round(image.height * SHEET_WIDTH / image.width), 2 * SHEET_WIDTH)
        whole = image.resize((SHEET_WIDTH, round(image.height * SHEET_WIDTH / image.width)))
        small.append(whole.crop((0, 0, SHEET_WIDTH, height)))
    rows = [small[first : first + 4] for first in range(0, len(small), 4)]
    heights = [max(image.height for image in row) for row in rows]
    sheet = Image.new("RGB", (4 * (SHEET_WIDTH + 8), sum(heights) + 8 * len(rows)), "gray")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, image in enumerate(row):
            sheet.paste(image, (column * (SHEET_WIDTH + 8), top))
        top += height + 8
    sheet.save(path)


if __name__ == "__main__":
    sys.exit(main())
