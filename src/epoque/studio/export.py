"""The studio as a folder that any web server serves: both live pages, recordings, the lab book.

What the server would answer about the chosen runs lies under the same addresses, so that the page
asks as it always does: `api/en/runs` is a folder whose `index.html` holds the JSON, in which no `<`
is left that a browser could take for HTML. What has words lies in a folder for each language, the
rest beside those. `site.json` tells the page what there is, and that there is no server behind it.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel

from epoque.bench.errors import EpoqueError, UnknownNameError, UsageError
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.files.drafts import draft_folder
from epoque.bench.lab import lab_names
from epoque.bench.progress import Notify
from epoque.bench.recipes import recipe_names
from epoque.bench.runs.run import Run, Runs
from epoque.bench.undefined import replace_undefined

from .client_files import check_client
from .models import LanguageName, Site
from .routes import labs as lab_routes
from .routes import runs as run_routes
from .run_facts import describe_row
from .run_files import iterate_zip, list_files
from .run_models import CurvesQuery, RunsQuery
from .run_snapshots import read_snapshot
from .state import Studio, StudioOptions

__all__ = ["SiteOptions", "export_site"]

MOST_POINTS = 2000
"""Of a curve in a recording."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What a site holds.

    Attributes:
        runs: the folder of runs.
        chosen: the runs that it brings, each by its id, a part of it, `last` or its folder.
        recipes: those that its pages offer; () for all.
        languages: of the lab book, of figures, and of what is said about labs and runs; the first
            also for readers of another one.
    """

    runs: Path
    chosen: Sequence[str] = ()
    recipes: Sequence[str] = ()
    languages: Sequence[LanguageName] = ("en", "fr")


def export_site(
    site: Path, options: SiteOptions, notify: Notify, client: Path | None = None
) -> None:
    """Write a site, whole or not at all; one that is there already is replaced.

    Args:
        site: the folder to make.
        options: what it holds.
        notify: receives what is left out, and why.
        client: the folder of the built client; None: the one in this package.

    Raises:
        UsageError: if the client is not built, there is something else at `site`, or a run or a
            recipe is not there.
        RunWriteError: if the system refuses.
    """
    source = check_client(client)
    _check_target(site)
    _check_recipes(options.recipes)
    runs = [Runs(options.runs).find(name) for name in options.chosen]
    with explain_write_errors(site):
        site.parent.mkdir(parents=True, exist_ok=True)
        with draft_folder(site) as draft:
            shutil.copytree(source, draft, dirs_exist_ok=True)
            for language in options.languages:
                _write_labs(draft / "api" / language, language)
            ids = _write_runs(draft / "api", runs, options.languages)
            content = Site(
                server=False,
                runs=ids,
                recipes=list(options.recipes) or None,
                languages=list(options.languages),
                book=_write_books(draft / "book", options, notify),
            )
            _write_json(draft / "site.json", content)
            _replace(site, draft)


def _check_target(site: Path) -> None:
    if not os.path.lexists(site):
        return
    is_ours = (site / "site.json").is_file() or (site.is_dir() and not any(site.iterdir()))
    if not is_ours:
        raise UsageError(f"{site} is there and is no site of the studio; give another place.")


def _check_recipes(names: Sequence[str]) -> None:
    for name in names:
        if name not in recipe_names():
            raise UnknownNameError("recipe", name, recipe_names(), " `epoque list` shows them all.")


def _replace(site: Path, draft: Path) -> None:
    if site.is_dir():
        shutil.rmtree(site)
    shutil.copytree(draft, site)


def _write_labs(api: Path, language: LanguageName) -> None:
    """Write what pages ask about labs."""
    _write_answer(api / "labs", lab_routes.list_labs(language))
    for name in lab_names():
        _write_json(api / "labs" / name / "schema", lab_routes.schema(name, language))
    _write_json(api / "recipes", lab_routes.list_recipes(language))


@contextmanager
def _open_together(runs: Sequence[Run]) -> Iterator[Studio]:
    """Open runs, wherever they lie, as the runs of one folder."""
    with TemporaryDirectory() as folder:
        for run in runs:
            link = Path(folder, run.id)
            if not os.path.lexists(link):
                link.symlink_to(run.path.absolute(), target_is_directory=True)
        studio = Studio(StudioOptions(Path(folder)))
        try:
            yield studio
        finally:
            studio.table.close()


def _write_runs(api: Path, runs: Sequence[Run], languages: Sequence[LanguageName]) -> list[str]:
    """Write recordings of runs; return their ids."""
    with _open_together(runs) as studio:
        ids = [row.id for row in run_routes.list_runs(studio, RunsQuery(limit=1000)).rows]
        for identity in ids:
            _write_run(api / "runs" / identity, studio, identity)
        for language in languages:
            _describe_runs(api / language / "runs", studio, ids, language)
            drawing = _write_figures(api / language / "runs", studio, language)
            with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
                thread.submit(asyncio.run, drawing).result()
    return ids


def _describe_runs(
    folder: Path, studio: Studio, ids: Sequence[str], language: LanguageName
) -> None:
    """Write what is said of runs in a language."""
    page = run_routes.list_runs(studio, RunsQuery(limit=0, columns=True))
    names = tuple(column.name for column in page.columns or ())
    rows = [studio.table.index.find(identity) for identity in ids]
    shown = [describe_row(row, names, language) for row in rows if row is not None]
    _write_answer(folder, page.model_copy(update={"folder": "", "rows": shown}))
    for identity in ids:
        run = run_routes.show_run(studio, identity, language)
        # Not where it lay here.
        _write_answer(folder / identity, run.model_copy(update={"path": identity}))


def _write_run(folder: Path, studio: Studio, identity: str) -> None:
    folder.mkdir(parents=True)
    run = studio.table.find(identity)
    curves = run_routes.metrics(studio, identity, CurvesQuery(points=MOST_POINTS))
    _write_json(folder / "metrics", curves.model_copy(update={"cursor": "", "reset": True}))
    _write_answer(folder / "snapshots", run_routes.snapshots(studio, identity))
    for step in run.snapshot_steps():
        (folder / "snapshots" / str(step)).write_bytes(read_snapshot(run, step))
    with (folder / "files.zip").open("wb") as file:
        file.writelines(iterate_zip(run))
    _copy_files(folder / "files", run)


def _copy_files(folder: Path, run: Run) -> None:
    """Copy a run's files but those that a browser would open as a page."""
    for name in list_files(run):
        if not name.lower().endswith((".html", ".htm", ".xhtml", ".xml")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.path / name, folder / name)


async def _write_figures(folder: Path, studio: Studio, language: LanguageName) -> None:
    for run in studio.runs:
        for name in run.figures:
            place = folder / run.id / "figures"
            place.mkdir(parents=True, exist_ok=True)
            for kind in ("svg", "png"):
                data = await studio.figures.draw(run, name, kind, language, "light")
                (place / f"{name}.{kind}").write_bytes(data)


def _write_books(folder: Path, options: SiteOptions, notify: Notify) -> list[LanguageName]:
    """Write the lab book in each language; return those in which it is there."""
    from epoque.report import write_report

    folder.mkdir()
    for language in options.languages:
        try:
            write_report(options.runs, folder / f"{language}.html", language, "html")
        except EpoqueError as error:
            notify(f"The site is without the lab book: {error}")
            folder.rmdir()
            return []
    return list(options.languages)


def _write_answer(folder: Path, answer: Any) -> None:
    """Write what the address of a folder answers."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "index.html", answer)


def _write_json(path: Path, answer: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(replace_undefined(_to_plain(answer)), separators=(",", ":"))
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    path.write_text(escaped, encoding="ascii")


def _to_plain(answer: Any) -> Any:
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json")
    return [_to_plain(part) for part in answer] if isinstance(answer, list) else answer
