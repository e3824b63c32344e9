"""The commands: what they print, write and refuse."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import small

from epoque.bench.errors import DataError, UsageError
from epoque.stylegan3 import bundled as shipped
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.networks.store import load_network, save_network

SNAPSHOTS = Path(__file__).parents[3] / "shared" / "golden" / "stylegan3" / "snapshots"


@pytest.fixture
def epoque(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command of the lab in an empty folder; return what it printed."""
    app = build_app("")
    monkeypatch.chdir(tmp_path)

    def run(*tokens: object) -> str:
        app([str(token) for token in tokens], exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for i in range(6):
        levels = np.random.default_rng(i).integers(0, 256, (20, 24, 3), np.uint8)
        folder = tmp_path / "photos" / ("cats" if i % 2 else "ants")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels).save(folder / f"{i}.png")
    return tmp_path / "photos"


@pytest.mark.skipif(not SNAPSHOTS.is_dir(), reason="the official snapshots are not here")
def test_import(epoque, tmp_path: Path):
    told = epoque("import", SNAPSHOTS / "tiny_t.pkl")
    assert told.splitlines() == [
        "tiny_t/G.json: stylegan3, config T, 32×32 in colour",
        "tiny_t/D.json: discriminator, 32×32 in colour",
        "tiny_t/G_ema.json: stylegan3, config T, 32×32 in colour",
        "Licence: not stated; ask whoever made it.",
    ]
    assert load_network(tmp_path / "tiny_t/G_ema").network.spec.img_resolution == 32
    with pytest.raises(UsageError, match=r"out: tiny_t is there already"):
        epoque("import", SNAPSHOTS / "tiny_t.pkl")
    parts = "--only", "G_ema", "--out", "other", "--json"
    told = json.loads(epoque("import", SNAPSHOTS / "tiny_cond.pkl", *parts))
    assert told["files"] == ["other/G_ema.json"]
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == [
        "G_ema.json",
        "G_ema.safetensors",
    ]


def test_import_refuses(epoque, tmp_path: Path):
    """An evil file leaves nothing behind."""
    evil = tmp_path / "evil.pkl"
    evil.write_bytes(b"\x80\x04cos\nsystem\n\x8c\x04true\x85R.")
    with pytest.raises(DataError, match=r"evil.pkl cannot be read: it asks for os.system"):
        epoque("import", "evil.pkl")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.pkl"]


def test_networks(epoque, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    told = epoque("networks")
    assert "ffhq-1024-t" in told
    assert "non-commercial" in told
    assert len(json.loads(epoque("networks", "--json"))) == 27
    card = {"licence": "Apache-2.0", "kimg": 2000.0}
    save_network(small("stylegan2").generator, tmp_path / "avatars-stylegan2", card)
    assert "2,000 thousand images seen" in epoque("networks")
    first, second, *_others = json.loads(epoque("networks", "--json"))
    assert (first["name"], first["config"], first["resolution"], first["card"]) == (
        *("avatars-stylegan2", "stylegan2", 16),
        card,
    )
    assert second["name"] == "ffhq-1024-t"


def test_make_and_check(epoque, photos: Path):
    with pytest.raises(DataError, match=r"is 24×20, not square; --transform center-crop"):
        epoque("dataset", "make", photos, "set.zip", "--resolution", 16)
    options = "--resolution", 16, "--transform", "center-crop", "--labels", "folders"
    told = epoque("dataset", "make", photos, "set.zip", *options)
    assert told == "set.zip: 6 pictures, 16×16 in colour, with labels.\n"
    told = epoque("dataset", "check", "set.zip")
    assert told.splitlines() == [
        "6 pictures, 16×16 in colour, 0.0 MiB.",
        "Labels: classes of 3, 3 pictures.",
        "It can be trained on.",
    ]
    (photos / "cats" / "bad.png").write_bytes(b"?")
    told = epoque("dataset", "make", photos, "again", *options, "--skip-bad", "--channels", 1)
    assert told.splitlines() == [
        "again: 6 pictures, 16×16 in grey, with labels.",
        "Passed over: cats/bad.png is no picture.",
    ]
    found = json.loads(epoque("dataset", "check", "again", "--json"))
    assert (found["count"], found["channels"], found["classes"]) == (6, 1, [3, 3])
    wide = "--resolution", "16x8", "--transform", "center-crop-wide", "--limit", 2, "--json"
    made = json.loads(epoque("dataset", "make", photos, "wide.zip", *wide))
    assert (made["count"], made["resolution"], made["path"]) == (2, 16, "wide.zip")


def test_check_tells_all_and_fails(epoque, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("a.png", b"?")
    with pytest.raises(DataError, match=r"bad.zip has 1 problem\.$"):
        epoque("dataset", "check", "bad.zip")


@pytest.mark.parametrize("told", ["big", "64x", "1x2x3", "-4", "６４"])
def test_odd_resolutions(epoque, photos: Path, told: str):
    with pytest.raises(UsageError, match="--resolution"):
        epoque("dataset", "make", photos, "set.zip", f"--resolution={told}")


def test_avatars(epoque, tmp_path: Path):
    pytest.importorskip("resvg_py", reason="needs the extra avatars")
    pytest.importorskip("python_avatars", reason="needs the extra avatars")
    told = epoque("dataset", "avatars", "faces.zip", "--count", 3, "--resolution", 16)
    assert told == "faces.zip: 3 pictures, 16×16 in colour, with labels.\n"
    assert "Labels: vectors of 67 numbers." in epoque("dataset", "check", "faces.zip")
