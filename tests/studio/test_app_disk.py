"""The studio over runs that cannot be written: it shows them, and says why it keeps none.

Root writes into folders that it may not write, so a disk of its own is mounted, where that may be.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from epoque.bench.lab import find_lab
from epoque.bench.live_engine import EngineTraining
from epoque.bench.runs.execute import execute, start
from epoque.studio.app import create_app
from epoque.studio.security import Access
from epoque.studio.state import StudioOptions

BASE = "http://127.0.0.1:8787"
TABLE = b"x,y,class\n" + b"1,2,0\n2,3,1\n" * 500


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, with a finished run in its folder `runs`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)):
        pytest.skip("no file system may be mounted here")
    try:
        (folder / "runs").mkdir()
        lab = find_lab("neuron")
        config = lab.config_class.parse({"iterations": 3})
        execute(start(lab, config, "neuron/and", folder / "runs", "old"), draw=False)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def mount(*words: str) -> bool:
    with suppress(OSError):
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    return False


def make_read_only(disk: Path) -> None:
    assert mount("-o", "remount,ro", str(disk))


def fill(disk: Path) -> None:
    file = os.open(disk / "fill", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(file, bytes(4096))
    os.close(file)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(make_read_only, "le dossier est en lecture seule"), (fill, "le disque est plein")],
)
def test_what_cannot_be_written_is_one_sentence_and_the_rest_is_shown(disk, spoil, sentence):
    spoil(disk)
    app = create_app(StudioOptions(disk / "runs"), Access.of("127.0.0.1", 8787, None), None)
    french = {"Accept-Language": "fr"}
    with TestClient(app, base_url=BASE, headers=french) as ask:
        for address in ("health", "runs", "runs/old", "trash", "runs/old/files.zip"):
            assert ask.get(f"/api/{address}").status_code == 200
        begun = {"lab": "neuron", "config": {"iterations": 3}, "name": "new"}
        engine = EngineTraining("neuron", find_lab("neuron").config_class.parse({}).flatten())
        engine.advance(3)
        kept = begun | {"config": {}, "iterations": 3, "digest": engine.digest()}
        for refused in (
            ask.post("/api/trainings", json=begun),
            ask.post("/api/runs", json=kept),
            ask.post("/api/uploads", params={"name": "a.csv"}, content=TABLE),
        ):
            assert refused.status_code in (422, 507)  # 507: there is no room
            said = refused.json()["detail"].removesuffix(" Ce qui s’y trouvait est intact.")
            assert said.startswith("Impossible d’écrire ")
            assert said.endswith(f"{sentence}.")
        assert [run["id"] for run in ask.get("/api/runs").json()["rows"]] == ["old"]
    assert sorted(path.name for path in (disk / "runs").iterdir() if path.name[0] != ".") == ["old"]
