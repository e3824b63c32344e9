"""Take the pictures of the studio that the README shows: one of each page, in docs/studio-*.png.

    epoque studio --port 8787 &
    python tools/picture_studio.py http://127.0.0.1:8787

What the pages of runs show are the runs of that studio, the newest one of the 2-D GAN.
"""

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).resolve().parent.parent / "docs"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTH, HEIGHT = 1280, 860
PATIENCE = 300_000
COLORS = 255
"""Of a picture's palette: a file stays well below a megabyte."""


def main(address: str, names: list[str]) -> None:
    """Visit the pages of a running studio, or the named ones, and write what they show."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en")
        for name in names or PAGES:
            PAGES[name](page, address)
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(COLORS).save(DOCS / f"studio-{name}.png", optimize=True)
            print(f"docs/studio-{name}.png", flush=True)
        browser.close()


def show_home(page: Page, address: str) -> None:
    """Show the cards as who wants no motion sees them: what they train is far, and stands still."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}/#/")
    page.wait_for_timeout(12_000)


def show_gan(page: Page, address: str) -> None:
    """Train GAN Lab's ring."""
    _show_moment(page, f"{address}/#/gan2d?v=1&recipe=ganlab-ring&pace=400", 5600)


def show_neuron(page: Page, address: str) -> None:
    """Train the network that winds itself into the spiral."""
    _show_moment(page, f"{address}/#/neuron?v=1&recipe=spiral-mlp&pace=250", 1600)


def _show_moment(page: Page, address: str, step: int) -> None:
    """Go to the moment after so many iterations: on every machine it is the same."""
    page.goto(f"{address}&at={step}")
    counter = page.locator("output.counter", has_text=f"{step:,}")
    counter.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(3_000)


def show_language(page: Page, address: str) -> None:
    """Train a tiny language model on the server."""
    page.goto(f"{address}/#/lab/language")
    play = page.get_by_role("button", name="Play")
    play.wait_for(timeout=PATIENCE)
    play.click()
    # Its curves have something to tell after some rows.
    page.locator("output.counter", has_text="80").wait_for(timeout=PATIENCE)
    page.evaluate("scrollTo(0, 0)")  # the click scrolls to where the bar would be without sticking
    page.wait_for_timeout(1_000)


def show_runs(page: Page, address: str) -> None:
    """Show the table of runs."""
    page.goto(f"{address}/#/runs")
    page.wait_for_timeout(4_000)


def show_run(page: Page, address: str) -> None:
    """Show the newest run."""
    page.goto(f"{address}/#/runs/last")
    page.locator(".plane").first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(4_000)


PAGES = {
    "home": show_home,
    "gan2d": show_gan,
    "neuron": show_neuron,
    "lab": show_language,
    "runs": show_runs,
    "run": show_run,
}

if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2:])
