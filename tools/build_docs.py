"""Build the documentation as a site: `make docs`, or python tools/build_docs.py [FOLDER].

The pages are docs/*.md as they are read on GitHub too, CONTRIBUTING.md and CHANGELOG.md, what the
code says of itself (`docs_reference`), and each file of the source that a page points at. Sphinx
makes HTML of them, takes each of its warnings for an error, and fetches nothing; nor does the site,
which a folder of any web server or a USB stick may hold.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docs_reference import reference_pages
from docs_source import ROOT, write_source

MENDED = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer"': '<aside aria-label="All pages" class="sidebar-drawer"',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
"""What Sphinx and furo write, and what it has to be (WCAG 2.1.1, 4.1.2)."""
SITE = ROOT / "build" / "site"


def main(folder: Path = SITE) -> None:
    """Write the site into a folder, which is replaced."""
    build(folder)
    print(f"{folder}/index.html")


def build(folder: Path, reference: dict[str, str] | None = None) -> None:
    """Write the site into a folder, which is replaced.

    Args:
        folder: of the site; beside it, `NAME-source` holds what Sphinx reads.
        reference: path to Markdown of the pages made from the code; by default all there are.

    Raises:
        SystemExit: if a page is wrong, with what Sphinx or the link says.
    """
    source = folder.with_name(f"{folder.name}-source")
    for old in (folder, source):
        shutil.rmtree(old, ignore_errors=True)
    write_source(source, reference_pages() if reference is None else reference)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    places = ["-c", str(ROOT / "docs"), "-d", str(folder.with_name(f"{folder.name}-trees"))]
    # A date in a page would make each build another.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    done = subprocess.run([*command, *places, source, folder], env=environment, check=False)
    if done.returncode:
        sys.exit(f"{folder} was not built: see above.")
    make_accessible(folder)


def make_accessible(folder: Path) -> None:
    """Mend what the theme leaves out: levels and names of parts, and the focus of what scrolls."""
    for page in folder.rglob("*.html"):
        text = page.read_text("utf-8")
        for old, new in MENDED.items():
            text = text.replace(old, new)
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main(*(Path(word).resolve() for word in sys.argv[1:2]))
