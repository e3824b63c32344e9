"""Styles that were written, read again: drawn, filmed, mixed and moved along a direction."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import small

from epoque.bench.errors import UsageError
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.generation.generate import generate, write_styles
from epoque.stylegan3.generation.inputs import read_styles
from epoque.stylegan3.generation.style_mixing import mix_styles
from epoque.stylegan3.generation.synthesis import MappingOptions, map_seeds, synthesize_image
from epoque.stylegan3.networks.store import save_network

APP = build_app("")


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A network `t.json` in the current folder, beside the styles `w.npz` of two of its seeds."""
    monkeypatch.chdir(tmp_path)
    made = small()
    save_network(made.generator, tmp_path / "t")
    write_styles(made, [5, 6], tmp_path / "w.npz", MappingOptions(0.5))
    return made


def run(words):
    APP(words.split(), result_action="return_value")


def test_written_styles_make_the_same_images(opened, capsys):
    run("generate --network t --seeds 5,6 --truncation 0.5 --out a --json")
    drawn = json.loads(capsys.readouterr().out)
    run("generate --network t --w w.npz --out b --json")
    read = json.loads(capsys.readouterr().out)
    assert [row["sha256"] for row in read] == [row["sha256"] for row in drawn]
    assert [(row["styles"], row["path"]) for row in read] == [
        ("w-0000", "b/w-0000.png"),
        ("w-0001", "b/w-0001.png"),
    ]


def test_a_projected_image_is_read_by_its_layers(opened, tmp_path):
    one, each = np.random.default_rng(0).standard_normal((2, 1, 6, 8)).astype(np.float32)
    np.savez(tmp_path / "me.npz", w=one, w_plus=each, losses=np.zeros(2))
    (start,) = read_styles(tmp_path / "me.npz", opened.generator)
    np.testing.assert_array_equal(start.ws, each[0])
    assert str(start) == "me"
    (made,) = generate(opened, [start], tmp_path)
    assert made.path.name == "me.png"


@pytest.mark.usefixtures("opened")
def test_a_film_through_seeds_and_files(tmp_path):
    run("film --network t --seeds 1 --w w.npz --frames 2 --out walk.webp")
    with Image.open(tmp_path / "walk.webp") as film:
        assert film.n_frames == 6


def test_mixing_with_files(opened, capsys):
    run("mix --network t --rows w.npz --columns 7 --lang fr")
    assert capsys.readouterr().out.split() == ["mix.png", "mix.svg"]
    rows = read_styles(Path("w.npz"), opened.generator)
    table = mix_styles(opened, rows, [7], [0, 1])
    both = rows[1].ws.clone()
    both[:2] = map_seeds(opened.generator, [7])[0][:2]
    np.testing.assert_array_equal(table[2][1], synthesize_image(opened.generator, both))


def test_a_direction_moves_what_was_read(opened, tmp_path, capsys):
    run("directions --network t --components 2 --samples 50 --out found")
    write_styles(opened, [5], tmp_path / "me.npz")
    run("directions --network t --use found.npz --w me.npz --out moved --lang fr")
    assert "moved.png" in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"--w: w\.npz has 2 images; it takes a file of one"):
        run("directions --network t --use found.npz --w w.npz")
    with pytest.raises(UsageError, match="--labels: it would be ignored"):
        run("directions --network t --use found.npz --labels a.csv")


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"w": np.zeros((6, 8))}, r"shape \[6, 8\] and type float64; they are fractions"),
        ({"w": np.zeros((0, 6, 8))}, r"shape \[0, 6, 8\]"),
        ({"w": np.zeros((1, 6, 8), int)}, "type int64"),
        ({"w": np.zeros((1, 16, 8))}, "16 layers of 8 numbers; this network takes 6 layers of 8"),
        ({"w": np.zeros((1, 6, 512))}, "6 layers of 512 numbers; this network takes 6 layers of 8"),
        ({"w": np.full((1, 6, 8), np.nan)}, "not finite"),
        ({"z": np.zeros(3)}, "it holds no styles"),
    ],
)
def test_files_that_hold_no_such_styles_are_told(opened, tmp_path, arrays, told):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(UsageError, match=told) as caught:
        run("generate --network t --w bad.npz --out new")
    assert "bad.npz" in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("generate", "--seeds: give them, or --w"),
        ("film", "--seeds: give them to walk through, or --run"),
        ("generate --w none.npz", r"none\.npz: there is no such file"),
        ("generate --w w.npz --truncation 0.7", "--truncation: it would be ignored"),
        ("generate --w w.npz --class 1", "--class: it would be ignored"),
        ("film --w w.npz --cutoff 2", "--cutoff: it would be ignored"),
        ("generate --w w.npz --styles v.npz", "--styles: it would be ignored"),
        ("generate --w w.npz --w w.npz", "two images would be named w-0000"),
        ("directions --w w.npz --truncation 0.7", "--truncation: it would be ignored"),
    ],
)
@pytest.mark.usefixtures("opened")
def test_what_is_refused(words, told):
    with pytest.raises(UsageError, match=told):
        run(f"{words} --network t")
