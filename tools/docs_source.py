"""What Sphinx reads: the documents of this repository, their links led to pages of the site.

A document is written for GitHub, where a link names a file. On the site the file is a page: another
document, a notebook, or the text of a source file, which gets a page of its own.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from posixpath import normpath, relpath

__all__ = ["ROOT", "DeadLinkError", "read_notebook", "write_source"]

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
HOME = "docs/README.md"
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Documents that lie beside docs/, and their pages."""
CODE = r"^ *(?P<fence>`{3,}|~{3,}).*?^ *(?P=fence)[`~]*$|`[^`\n]+`"
LINK = r"(?P<text>!?\[[^\]]*\])\((?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)"
TOKEN = re.compile(f"{CODE}|{LINK}", re.MULTILINE | re.DOTALL)
"""Code, in which no link is meant, or a link, whose words may be code."""
LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".json": "json", ".css": "css"}
ENTRY = re.compile(r"(?m)^\s*(?:[-*]|\d+\.) \[([^\]]*)\]\(([^):#]+)\.md\)")
"""A line of a list that is a link to a page."""
MADE = "## Made from the code"


class DeadLinkError(ValueError):
    """A link of a document leads nowhere."""


def write_source(folder: Path, reference: Mapping[str, str]) -> None:
    """Write all pages into a folder that does not exist.

    Args:
        folder: for Sphinx to read.
        reference: path to Markdown of the pages made from the code.

    Raises:
        DeadLinkError: if a link of a document leads nowhere.
    """
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.md", "conf.py", "*.ipynb"))
    sources: set[str] = set()
    for path in documents():
        page = page_of(path)
        text = (ROOT / path).read_text("utf-8")
        text = lead_links(
            read_notebook(text) if path.endswith(".ipynb") else text, path, sources.add
        )
        if path.endswith(".ipynb"):
            copy_file(path, folder / page)
            text = add_download(text, Path(path).name)
        if path == HOME:
            text = f"{text}\n{MADE}\n\n{list_reference(reference)}"
            text += list_unlisted()
        if path.endswith("README.md"):
            text += navigation(text)
        write(folder / page, text)
    for page, text in reference.items():
        write(folder / page, text)
    for path in sources:
        write(folder / source_page(path), source_text(path))
        copy_file(path, folder / source_page(path))
    write(folder / "source" / "index.md", list_sources(sources))


def documents() -> Iterator[str]:
    """Yield the documents as paths from the repository's root."""
    yield from BESIDE
    for path in sorted(DOCS.rglob("*")):
        if path.suffix in (".md", ".ipynb") and ".ipynb_checkpoints" not in path.parts:
            yield path.relative_to(ROOT).as_posix()


def page_of(path: str) -> str:
    """Return the page of a document, as a path in the site's source."""
    page = BESIDE.get(path) or path.removeprefix("docs/")
    page = page.removesuffix(".ipynb") + ".md" if page.endswith(".ipynb") else page
    return re.sub(r"(^|/)README\.md$", r"\1index.md", page)


def source_page(path: str) -> str:
    """Return the page of a source file."""
    return f"source/{path}.md"


def lead_links(text: str, path: str, add_source: Callable[[str], None]) -> str:
    """Return a document with its links to files led to pages.

    Args:
        text: of the document.
        path: of the document, from the repository's root.
        add_source: told each source file that is pointed at.

    Raises:
        DeadLinkError: if there is no such file.
    """
    here = page_of(path)

    def lead(match: re.Match[str]) -> str:
        words, link, anchor = match["text"], match["path"], match["anchor"] or ""
        if not link or ":" in link:  # code, a place on the same page, or another machine
            return match[0]
        target = normpath(f"{os.path.dirname(path)}/{link}").removeprefix("/")
        if not (ROOT / target).is_file():
            raise DeadLinkError(f"{path}: {link} leads nowhere.")
        if words.startswith("!") or target.startswith("docs/static/"):
            return match[0]
        if target == "README.md":
            page = page_of(HOME)
        elif target in BESIDE or target.startswith("docs/"):
            page = page_of(target)
        else:
            page = source_page(target)
            add_source(target)
        return f"{words}({relpath(page, os.path.dirname(here) or '.')}{anchor})"

    return TOKEN.sub(lead, text)


def navigation(text: str) -> str:
    """Return what tells Sphinx the order of the pages that a page lists, heading by heading."""
    parts = []
    for section in re.split(r"(?m)^## ", text):
        heading, _, body = section.partition("\n")
        caption = "" if section.startswith("#") else f":caption: {heading}\n"
        pages = ENTRY.findall(body)
        if pages:
            lines = "\n".join(f"{title} <{page}>" for title, page in pages)
            parts.append(f"\n```{{toctree}}\n:hidden:\n{caption}\n{lines}\n```\n")
    return "".join(parts)


def list_reference(reference: Mapping[str, str]) -> str:
    """Return the list of the pages made from the code, and of the source files."""
    titles = {page: text.partition("\n")[0].removeprefix("# ") for page, text in reference.items()}
    lines = [f"- [{title}]({page})\n" for page, title in titles.items()]
    return "".join([*lines, "- [Source files](source/index.md)\n"])


def list_unlisted() -> str:
    """Return a list of the documents that no README lists, so that a page leads to each."""
    readmes = [path for path in documents() if path.endswith("README.md")]
    listed = {
        normpath(f"{os.path.dirname(path)}/{link}")
        for path in readmes
        for link in re.findall(r"\]\(([^):#]+)\)", (ROOT / path).read_text("utf-8"))
    }
    others = [path for path in documents() if path not in listed and path not in readmes]
    lines = "".join(f"- [{read_title(path)}]({page_of(path)})\n" for path in others)
    return f"\n## More\n\n{lines}" if others else ""


def read_title(path: str) -> str:
    """Return the title of a document."""
    text = (ROOT / path).read_text("utf-8")
    text = read_notebook(text) if path.endswith(".ipynb") else text
    return text.partition("\n")[0].removeprefix("# ")


def list_sources(paths: set[str]) -> str:
    """Return the page that lists the source files that documents point at."""
    lines = "".join(f"- [`{path}`]({path}.md)\n" for path in sorted(paths))
    text = f"# Source files\n\nThose that pages point at, as this version has them.\n\n{lines}"
    return text + navigation(text)


def source_text(path: str) -> str:
    """Return the page of a source file."""
    language = LANGUAGES.get(Path(path).suffix, "text")
    name = Path(path).name
    return f"# {path}\n\n```{{literalinclude}} {name}\n:language: {language}\n:linenos:\n```\n"


def read_notebook(text: str) -> str:
    """Return a notebook's cells as Markdown."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join(parts) + "\n"


def add_download(text: str, name: str) -> str:
    """Return a notebook's page with a link to the notebook below its title."""
    title, _, rest = text.partition("\n")
    return f"{title}\n\nThe notebook itself: [{name}]({name}).\n{rest}"


def copy_file(path: str, page: Path) -> None:
    """Copy a file of the repository beside a page."""
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / path, page.parent / Path(path).name)


def write(path: Path, text: str) -> None:
    """Write a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
