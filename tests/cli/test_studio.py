"""`epoque studio`, asked wrongly or without what it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epoque.studio import client_files


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--port 70000", "--port: 70000 is not allowed"),
        ("--port -1", "--port: -1"),
        ("--port 80.5", "--port: 80.5"),
        ("--token short", "--token: it takes 8 to 200"),
        ("--token 'with space in it'", "--token: it takes"),
        ("--max-sessions -1", "--max-sessions: -1"),
        ("--runs s3://lab/runs", "--runs: s3://lab/runs"),
        ("--runs nowhere", "--runs: there is no folder"),
        ("--lang xx", "xx"),
        ("--host no.such.host.invalid", "--host: no.such.host.invalid"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    refused: Callable[[str], str],
    words: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "index.html").touch()
    monkeypatch.setattr(client_files, "client_folder", lambda: tmp_path)
    assert sentence in refused(f"studio {words}")


def test_without_a_client(
    refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client_files, "client_folder", lambda: tmp_path / "none")
    assert refused("studio") == (
        "The studio's page is not built here; run `make client` (needs pip and npm's registry "
        "once), or install the wheel.\n"
    )


def test_without_the_extra(refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    modules: dict[str, Any] = dict.fromkeys(("fastapi", "uvicorn"))
    for name in [*modules, *(m for m in sys.modules if m.startswith("epoque.studio"))]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    assert refused("studio") == "The studio needs an extra: pip install 'epoque[studio]'\n"
