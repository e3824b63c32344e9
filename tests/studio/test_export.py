"""A site without a server: what lies in it, and what another web server serves of it."""

import json
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from line_plugin import forget_labs, install_line_lab

from epoque.bench.errors import DivergenceError, UnknownNameError, UsageError
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.runs.status import Status, write_status
from epoque.studio.export import SiteOptions, export_site

HOSTILE = "<script>alert(1)</script> & more"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    install_line_lab(monkeypatch, tmp_path / "plugin")
    lab = find_lab("line")
    config = lab.config_class(iterations=120, note=HOSTILE)
    yield execute(start(lab, config, "line/fit", tmp_path / "runs", "mine"))
    forget_labs()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(run: Run, client_files: Path, tmp_path: Path) -> Iterator[str]:
    """Yield the address at which Python's own web server serves a site."""
    notes: list[str] = []
    options = SiteOptions(tmp_path / "runs", ["mine"], ["neuron/and"])
    export_site(tmp_path / "site", options, notes.append, client_files)
    assert notes
    assert notes[0].startswith("The site is without the lab book: ")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "site"))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def get(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.loads(answer.read())


def test_the_page_asks_it_as_it_asks_the_studio(site: str, run: Run) -> None:
    told = get(f"{site}/site.json")
    assert told == {
        "server": False,
        "language": None,
        "runs": ["mine"],
        "recipes": ["neuron/and"],
        "languages": ["en", "fr"],
        "book": [],
    }
    (row,) = get(f"{site}/api/en/runs?where=&limit=100")["rows"]
    assert (row["id"], row["state"]) == ("mine", "finished")
    assert get(f"{site}/api/en/runs/mine")["settings"]["note"] == HOSTILE
    curves = get(f"{site}/api/runs/mine/metrics?from=&points=1000")
    assert curves["values"]["error"][-1] == pytest.approx(run.metrics["error"].iloc[-1])
    assert get(f"{site}/api/runs/mine/snapshots")["steps"] == run.snapshot_steps() == [50, 100]
    with urllib.request.urlopen(f"{site}/api/runs/mine/snapshots/100") as answer:
        assert answer.read() == run.read("snapshots/step-0000000100.safetensors")
    with urllib.request.urlopen(f"{site}/api/fr/runs/mine/figures/error.svg") as answer:
        assert b"<svg" in answer.read()
    assert "mine" not in get(f"{site}/api/en/labs")


def test_every_lab_has_its_words_in_each_language(site: str) -> None:
    for lab in lab_names():
        first, second = (get(f"{site}/api/{tongue}/labs/{lab}/schema") for tongue in ("en", "fr"))
        assert first["properties"].keys() == second["properties"].keys()
    labels = [
        {lab["name"]: lab["labels"] for lab in get(f"{site}/api/{tongue}/labs")}
        for tongue in ("en", "fr")
    ]
    for lab in ("language", "stylegan3"):
        assert labels[0][lab].keys() == labels[1][lab].keys()
        assert labels[0][lab] != labels[1][lab]
    titles = [
        {recipe["name"]: recipe["title"] for recipe in get(f"{site}/api/{tongue}/recipes")}
        for tongue in ("en", "fr")
    ]
    assert titles[0]["language/tiny-clm"] != titles[1]["language/tiny-clm"]


def test_why_a_run_failed_is_said_in_each_language(
    run: Run, client_files: Path, tmp_path: Path
) -> None:
    reason = str(DivergenceError("the loss", 7))
    write_status(run.path, Status("failed", reason, run.status.started))
    (run.path / "manifest.json").unlink()
    options = SiteOptions(tmp_path / "runs", ["mine"])
    export_site(tmp_path / "site", options, lambda _: None, client_files)
    told = [
        json.loads((tmp_path / f"site/api/{tongue}/runs/mine/index.html").read_text())["reason"]
        for tongue in ("en", "fr")
    ]
    assert told[0] == reason
    assert "la perte" in told[1]


def test_no_text_of_a_run_is_html(site: str, tmp_path: Path) -> None:
    assert site
    pages = list((tmp_path / "site/api").rglob("*.html"))
    assert len(pages) >= 4
    assert not any(b"<" in page.read_bytes() for page in pages)


def test_the_same_runs_give_the_same_bytes(
    site: str, run: Run, client_files: Path, tmp_path: Path
) -> None:
    assert site
    options = SiteOptions(tmp_path / "runs", ["mine"], ["neuron/and"])
    before = _files(tmp_path / "site")
    export_site(tmp_path / "site", options, lambda _: None, client_files)
    assert _files(tmp_path / "site") == before


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_else_is_replaced(client_files: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("mine")
    with pytest.raises(UsageError, match="is no site of the studio"):
        export_site(tmp_path / "thesis", SiteOptions(tmp_path / "runs"), print, client_files)
    assert (tmp_path / "thesis/chapter.tex").read_text() == "mine"


def test_what_is_not_there_is_said_and_nothing_is_written(
    client_files: Path, tmp_path: Path
) -> None:
    for options in (
        SiteOptions(tmp_path / "runs", ["nothing"]),
        SiteOptions(tmp_path / "runs", (), ["neuron/nothing"]),
    ):
        with pytest.raises(UnknownNameError):
            export_site(tmp_path / "site", options, print, client_files)
    assert not (tmp_path / "site").exists()


def test_without_runs_it_is_small(built_client: Path, tmp_path: Path) -> None:
    export_site(tmp_path / "site", SiteOptions(tmp_path / "runs"), lambda _: None, built_client)
    size = sum(path.stat().st_size for path in (tmp_path / "site").rglob("*") if path.is_file())
    assert size < 3_000_000
