"""Making a book: fill in the templates, parse them, write the document."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.resources import as_file
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from epoque.bench.errors import EpoqueError, UsageError
from epoque.bench.figures.styles import use_style
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.files.output_paths import check_file
from epoque.bench.i18n import LANGUAGES, mark, translator
from epoque.bench.limits import MAX_BOOK_SILENCE, MAX_YAML_BYTES
from epoque.bench.progress import Progress, no_progress
from epoque.bench.recipes import PlainLoader

from .claims.claim_sets import ClaimSet, has_claims, read_own_claims
from .drawn_figures import forget_old_figures
from .functions import Functions
from .library import Library, Record
from .limited import MemoryLimit, TimeLimit, run_in_child
from .model import Block, Document, Table
from .needs import (
    Need,
    book_needs,
    chapter_folder,
    chapter_names,
    chapter_needs,
    check_chapter,
)
from .parse import Parser
from .placeholders import ALONE, Placeholders
from .provenance import provenance_table
from .template import Template, fill
from .words import REFERENCES

__all__ = ["BOOK", "FORMATS", "find_template", "read_book", "write_book", "write_report"]

FORMATS = ("html", "pdf", "md")
BOOK = "book.md"
"""The template in the folder of a reader's own book."""
COMPUTING = ("cite", "grid", "number", "plural", "ref")
"""The functions of a template that only compute with what it gives them, in its own time."""
TITLE = mark("Lab book of neural networks")
SUBTITLE = mark("Classic experiments, repeated and measured")


def write_report(
    runs: Path,
    out: Path,
    language: str = "en",
    format: str = "html",
    *,
    progress: Progress | None = None,
    template: Path | None = None,
    chapters: Sequence[str] = (),
    style: str | None = None,
) -> Path:
    """Write the lab book, or a reader's own book, from a folder of runs.

    Args:
        runs: the folder of runs.
        out: the file to write; or a folder, where it is called `lab-book.en.html` and the like.
        language: "en" or "fr".
        format: "html", "pdf" or "md" (Markdown, with the figures in a folder beside it).
        progress: receives what is being done.
        template: a reader's own template, or the folder of their book, instead of the chapters.
        chapters: the labs whose chapters are written; by default all.
        style: the figure style; by default EPOQUE_STYLE or the house's.

    Returns:
        The file written.

    Raises:
        UsageError: if the file could not be written, runs are missing, or a template asks for
            what is not there.
        MissingExtraError: if PDF is wanted and Typst is not installed.
        RunWriteError: if the system refuses.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    progress = progress or no_progress
    template = None if template is None else find_template(template)
    path = _path(out, template, language, format)
    check_file("--out", path)
    request = _Request(runs, path, language, format, template, tuple(chapters), style)
    if template is None:
        return _write(request, progress=progress)
    try:
        return Path(run_in_child(_write, request, progress=progress, silence=MAX_BOOK_SILENCE))
    except UsageError as error:
        if str(error).startswith(("it ", "the process ")):
            raise Template(template, "").wrong(error, None) from None
        raise


def find_template(path: Path) -> Path:
    """Return the template of a reader's own book, given it or the folder that it lies in.

    Raises:
        UsageError: if it is a folder that holds no book.
    """
    if not path.is_dir():
        return path
    if not (path / BOOK).is_file():
        raise UsageError(f"{path} holds no {BOOK}; `epoque new-report {path}` starts one.")
    return path / BOOK


def write_book(
    runs: Path, paths: Sequence[Path], language: str = "en", *, progress: Progress = no_progress
) -> Iterator[Path]:
    """Write the lab book in several formats, read once; yield each file as soon as it is there.

    Args:
        runs: the folder of runs.
        paths: the files; their endings say which format each has.
        language: "en" or "fr".
        progress: receives what is being done.

    Raises:
        UsageError: if runs are missing.
        MissingExtraError: if PDF is wanted and Typst is not installed.
        RunWriteError: if the system refuses.
    """
    document = read_book(runs, language, progress)
    for path in paths:
        progress(0, None, f"writing {path}")
        _write_document(document, path, path.suffix.removeprefix("."))
        yield path
    forget_old_figures()


@dataclass(frozen=True, slots=True)
class _Request:
    """The arguments of `write_report`, as the process that makes the book gets them."""

    runs: Path
    path: Path
    language: str
    format: str
    template: Path | None
    chapters: tuple[str, ...]
    style: str | None


def _write(request: _Request, *, progress: Progress) -> Path:
    path = request.path
    with use_style(request.style):
        document = read_book(
            request.runs, request.language, progress, request.template, request.chapters
        )
        progress(0, None, f"writing {path}")
        _write_document(document, path, request.format)
    forget_old_figures()
    return path


def _write_document(document: Document, path: Path, format: str) -> None:
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    _writer(format)(document, path)


def read_book(
    runs: Path,
    language: str,
    progress: Progress = no_progress,
    template: Path | None = None,
    chapters: Sequence[str] = (),
) -> Document:
    """Return the book as a document; see `write_report`."""
    translator(language)  # raises if there is no such language
    for lab in chapters:
        check_chapter(lab)
    progress(0, None, f"reading {runs}")
    evidence = Library(runs, tuple(_distinct(book_needs(chapters))))
    if template is not None:
        claims = read_own_claims(template.parent, runs) if has_claims(template.parent) else None
        library = Library(runs, used=evidence.used)
        own, time, memory = Template.read(template), TimeLimit(), MemoryLimit()
        try:
            with memory.apply(), time.apply():
                return _assemble(
                    [own],
                    library,
                    evidence,
                    language,
                    progress,
                    claims=claims,
                    free=lambda f: memory.exempt(time.exempt(f)),
                )
        except UsageError as error:
            raise (own.wrong(error, None) if str(error).startswith("it ") else error) from None
    evidence.check()
    with ExitStack() as stack:
        labs = chapters or chapter_names()
        folders = [stack.enter_context(as_file(_folder(lab))) for lab in labs]
        templates = [
            Template.read(folder / f"{language}.md", f"{lab}/chapter/{language}.md")
            for lab, folder in zip(labs, folders, strict=True)
        ]
        document = _assemble(templates, evidence, evidence, language, progress)
    return replace(document, provenance=_state_provenance(runs, labs, evidence, language))


def _state_provenance(runs: Path, labs: Sequence[str], evidence: Library, language: str) -> Table:
    """Return what the lab book states of itself."""
    chapter = translator(language)(REFERENCES["chapter"])
    read = {
        chapter.format(number=number): evidence.find_declared(
            need.name for need in chapter_needs(lab)
        )
        for number, lab in enumerate(labs, 1)
    }
    return provenance_table(runs, read, language)


def _folder(lab: str) -> Traversable:
    folder = chapter_folder(lab)
    assert folder is not None, lab
    return folder


def _distinct(needs: list[Need]) -> list[Need]:
    return list({need.name: need for need in needs}.values())


def _path(out: Path, template: Path | None, language: str, format: str) -> Path:
    if out.suffix == f".{format}" and not out.is_dir():
        return out
    if out.is_file() or (out.suffix.lstrip(".") in FORMATS and not out.is_dir()):
        raise UsageError(f"{out} does not end in .{format}; name a .{format} file or a folder.")
    stem = template.stem if template else "lab-book"
    return out / f"{stem}.{language}.{format}"


def _writer(format: str) -> Callable[[Document, Path], None]:
    if format == "html":
        from .writers.html import write
    elif format == "pdf":
        from .writers.pdf import write
    else:
        from .writers.markdown import write
    return write


def _assemble(
    templates: list[Template],
    library: Library,
    evidence: Library,
    language: str,
    progress: Progress,
    *,
    claims: ClaimSet | None = None,
    free: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
) -> Document:
    placeholders = Placeholders()
    parser = Parser(placeholders, language)
    written = Functions(library, evidence, placeholders, parser, language, own=claims)
    functions = written.all()
    if free is not None:  # of the limits of a template, as far as functions do not compute for it
        functions = {n: f if n in COMPUTING else free(f) for n, f in functions.items()}
    blocks: list[Block] = []
    front: dict[str, str] = {}
    read: dict[str, Record] = {}
    for whole in templates:
        progress(0, None, f"filling in {whole.name}")
        library.used.clear()  # each chapter lists what it has read itself
        own_front, template = _front_matter(whole)
        front = {**own_front, **front}
        blocks += _read(template, functions, placeholders, parser)
        read |= library.used
    parser.targets.update(written.citations.targets())
    blocks += written.citations.blocks()
    _check_references(parser, blocks, templates)
    _ = translator(language)
    return Document(
        title=front.get("title", _(TITLE)),
        subtitle=front.get("subtitle", "" if "title" in front else _(SUBTITLE)),
        author=front.get("author", ""),
        date=max((record.status.started[:10] for record in read.values()), default=""),
        language=language,
        blocks=tuple(blocks),
        targets=parser.targets,
    )


def _read(
    template: Template,
    functions: dict[str, Callable[..., Any]],
    placeholders: Placeholders,
    parser: Parser,
) -> tuple[Block, ...]:
    markdown = fill(template, functions, placeholders)
    try:
        return parser.blocks(markdown, template.path.parent)
    except EpoqueError as error:
        raise template.wrong(error, _place(template, str(error))) from None


BLOCK = (
    r"\{\{ *(?:figure|film|timeline|ranking|table|lab_table|grid|claims|verdicts|records|"
    r"environments)\("
)
INSIDE_TEXT = re.compile(rf"^.*?\S.*{BLOCK}.*$|^ *{BLOCK}.*\}}\}} *\S.*$", re.MULTILINE)
"""A line that holds a figure or table and something else."""


def _place(template: Template, message: str) -> int | None:
    """Return the line that holds what a message quotes: a label, a formula, an image."""
    if ALONE in message:
        return next(filter(None, map(template.line_of, INSIDE_TEXT.findall(template.text))), None)
    quoted = re.findall(r"'([^']+)'|\$(.+)\$|image (\S+)", message, re.DOTALL)
    words = [word for group in quoted for word in group if word]
    return next(filter(None, map(template.line_of, words)), None)


def _check_references(parser: Parser, blocks: list[Block], templates: list[Template]) -> None:
    try:
        parser.check_references(blocks)
    except UsageError as error:
        places = ((t, _place(t, str(error))) for t in templates)
        template, line = next((p for p in places if p[1]), (templates[0], None))
        raise template.wrong(error, line) from None


FRONT = ("title", "subtitle", "author")


def _front_matter(template: Template) -> tuple[dict[str, str], Template]:
    """Split a template into what it says of itself and its content, keeping the line numbers."""
    lines = template.text.split("\n")
    if lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        return {}, template
    end = [line.strip() for line in lines].index("---", 1)
    try:
        text = "\n".join(lines[1:end])
        content = yaml.load(text, Loader=PlainLoader) if len(text) <= MAX_YAML_BYTES else None
    except (yaml.YAMLError, RecursionError):
        content = None
    texts = isinstance(content, dict) and all(isinstance(value, str) for value in content.values())
    if not isinstance(content, dict) or not texts or not set(content) <= set(FRONT):
        wrong = UsageError(f"what stands between --- and --- is YAML with {', '.join(FRONT)}.")
        raise template.wrong(wrong, 1)
    rest = replace(template, text="\n".join([""] * (end + 1) + lines[end + 1 :]))
    return {key: str(value) for key, value in content.items()}, rest


assert set(LANGUAGES) == {"en", "fr"}, "a new language needs chapters of its own"
