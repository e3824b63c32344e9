"""Cartoon portraits: the same for a seed, varied, aligned, with the attributes that they show."""

import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from waiting import PATIENCE

from epoque.bench.errors import EpoqueError, MissingExtraError, UsageError
from epoque.stylegan3.dataset.check import check_dataset
from epoque.stylegan3.dataset.image_set import ImageSet
from epoque.stylegan3.dataset.portraits import GROUPS, LABEL_NAMES, sample_portrait

pytest.importorskip("python_avatars", reason="needs the extra avatars")
pytest.importorskip("resvg_py", reason="needs the extra avatars")

from epoque.stylegan3.dataset.avatars import make_avatars
from epoque.stylegan3.dataset.drawing import render_png, render_svg

PEOPLE = [sample_portrait(0, number) for number in range(2000)]


def image(who, size: int = 64) -> np.ndarray:
    return np.asarray(render_png(who, size), np.int64)


def test_a_set(tmp_path: Path):
    told: list[tuple[object, ...]] = []
    path = tmp_path / "a.zip"
    made = make_avatars(path, 40, 32, 7, workers=1, progress=lambda *step: told.append(step))
    assert (made.count, made.resolution, made.channels) == (40, 32, 3)
    assert told == [(i + 1, 40, "drawing portraits") for i in range(40)]
    found = ImageSet(path)
    assert found.label_names == LABEL_NAMES
    assert (len(found), found.label_dim) == (40, len(LABEL_NAMES))
    assert (found.image(5) == image(sample_portrait(7, 5), 32).transpose(2, 0, 1)).all()
    assert (found.label(5) == sample_portrait(7, 5).label()).all()
    assert check_dataset(path).problems == ()


def test_the_same_bytes_however_many_work(tmp_path: Path):
    """Two processes or one; and a longer set begins with the shorter one."""
    for name, count, workers in (("a", 70, 1), ("b", 70, 2), ("c", 40, 1)):
        make_avatars(tmp_path / f"{name}.zip", count, 16, 3, workers=workers)
    whole = (tmp_path / "a.zip").read_bytes()
    assert (tmp_path / "b.zip").read_bytes() == whole
    with zipfile.ZipFile(tmp_path / "a.zip") as a, zipfile.ZipFile(tmp_path / "c.zip") as c:
        assert all(a.read(n) == c.read(n) for n in c.namelist() if n.endswith(".png"))
        labels = json.loads(a.read("dataset.json"))["labels"]
        assert json.loads(c.read("dataset.json"))["labels"] == labels[:40]
    make_avatars(tmp_path / "d.zip", 70, 16, 4, workers=1)
    assert (tmp_path / "d.zip").read_bytes() != whole


def test_labels_say_what_each_portrait_has():
    for who in PEOPLE[:200]:
        names = [name for name, there in zip(LABEL_NAMES, who.label(), strict=True) if there]
        assert names == [f"{group}={who.values[group]}" for group in GROUPS if group in who.values]
        assert set(GROUPS) - set(who.values) <= {"hair colour"}
    assert len(set(LABEL_NAMES)) == len(LABEL_NAMES)


def test_every_attribute_is_there_about_as_often_as_it_should_be():
    for group, values in GROUPS.items():
        counts = Counter(who.values.get(group) for who in PEOPLE)
        assert set(values) <= set(counts)
        assert all(counts[value] >= 30 for value in values), counts


def test_all_are_different():
    drawn = {image(who, 16).tobytes() for who in PEOPLE[:80]}
    assert len(drawn) == 80
    assert len({render_svg(who) for who in PEOPLE[:500]}) == 500


def test_faces_are_aligned():
    """The nose's and cheeks' pixels are skin in nearly all, wherever hair and clothes are."""
    skin = []
    for who in PEOPLE[:30]:
        levels = image(who, 64)
        wanted = [int(who.parts["skin_color"][i : i + 2], 16) for i in (1, 3, 5)]
        skin.append(np.abs(levels[28:42, 24:40] - wanted).max(-1) < 40)
    assert np.mean(skin, 0).max() > 0.9
    assert np.mean(skin) > 0.4


def test_what_is_labelled_is_seen():
    """Changing one attribute changes the place where it is seen, and little else."""
    who = next(p for p in PEOPLE if p.parts["accessory"] == "NONE" and p.parts["top"] == "CAESAR")
    plain = image(who)
    places = {"accessory": ("SUNGLASSES", 20, 36), "mouth": ("GRIMACE", 35, 48)}
    for part, (value, top, bottom) in places.items():
        who.parts[part], before = value, who.parts[part]
        differs = np.abs(image(who) - plain).max(-1) > 8
        who.parts[part] = before
        assert differs[top:bottom].sum() > 20
        assert not differs[:top].any()
        assert not differs[bottom:].any()
    background = [int(who.background[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(plain[0, 0] - background).max() <= 1


def test_any_size():
    who = PEOPLE[0]
    small = image(who, 16)
    for size in (64, 256):
        levels = image(who, size)
        assert levels.shape == (size, size, 3)
        mean = levels.reshape(16, size // 16, 16, size // 16, 3).mean((1, 3))
        assert np.abs(mean - small).mean() < 8


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 64, 0), "count: 0 is not allowed"),
        ((5, 60, 0), "resolution: 60 is not allowed; it takes 16, 32"),
        ((5, 64, -1), "seed: -1 is not allowed; it takes 0 to 4294967295"),
        ((5, 64, 2**32), "seed: 4294967296 is not allowed"),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, numbers, told: str):
    with pytest.raises(UsageError, match=told):
        make_avatars(tmp_path / "a.zip", *numbers)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[avatars\]'"):
        make_avatars(tmp_path / "a.zip", 1)
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its last words are told, and nothing is left of the set."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "python_avatars.py").write_text("raise SystemExit('no memory')")
    with pytest.raises(EpoqueError, match="A process that draws portraits ended: no memory"):
        make_avatars(tmp_path / "a.zip", 70, 16, workers=2)
    assert [path.name for path in tmp_path.iterdir()] == ["python_avatars.py"]


def test_nothing_asks_the_network(tmp_path: Path):
    """Python's audit sees every socket that is opened."""
    code = """
import sys
local = "socket.gethostname"  # a file that is being written bears its machine's name
def watch(event, _):
    if event.startswith("socket.") and event != local:
        sys.exit("network!")
sys.addaudithook(watch)
from pathlib import Path
from epoque.stylegan3.dataset.avatars import make_avatars
make_avatars(Path(sys.argv[1]), 3, 16, workers=1)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "a.zip")]
    subprocess.run(command, check=True, timeout=PATIENCE)
