"""The commands that use a network, and what they refuse."""

import json
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image
from small import small

from epoque.bench.errors import DataError, UnknownNameError, UsageError
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.loading import choose_device, load_generator
from epoque.stylegan3.networks.store import save_network

APP = build_app("")


@pytest.fixture
def network(tmp_path, monkeypatch):
    """The path of a network, in a folder of its own that is the current one."""
    monkeypatch.chdir(tmp_path)
    save_network(small().generator, tmp_path / "t")
    return "t.json"


def run(*words):
    APP([str(word) for word in words], result_action="return_value")


def test_the_commands_are_there_at_once():
    code = (
        "import epoque.stylegan3.commands as c, sys;"
        "heavy = {'torch', 'matplotlib', 'scipy', 'numpy', 'PIL'} & set(sys.modules);"
        "assert not heavy, heavy; print(*sorted(c.build_app('')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wanted = "directions equivariance film generate layers mix project spectrum sticking"
    assert set(wanted.split()) <= set(out.stdout.split())


def test_generate_tells_paths_and_digests(network, tmp_path, capsys):
    run("generate", "--network", network, "--seeds", "2,5-6", "--out", "a", "--truncation", "-0.5",
        "--grid", "grid.png", "--styles", "w.npz", "--translate", "-0.1,0.2", "--rotate", "-30",
        "--json")  # fmt: skip
    rows = json.loads(capsys.readouterr().out)
    assert [row["seed"] for row in rows] == [2, 5, 6]
    for row in rows:
        assert sha256((tmp_path / row["path"]).read_bytes()).hexdigest() == row["sha256"]
    assert (tmp_path / "grid.png").exists()
    assert (tmp_path / "w.npz").exists()
    run("generate", "--network", "t", "--seeds", "5", "--out", "b", "--truncation", "-0.5",
        "--translate", "-0.1,0.2", "--rotate", "-30")  # fmt: skip
    assert rows[1]["sha256"] in capsys.readouterr().out


def test_film_and_mix(network, tmp_path, capsys):
    run("film", "--network", network, "--seeds", "1-4", "--grid", "2x1", "--frames", 2,
        "--out", "walk.gif")  # fmt: skip
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 4
    run("mix", "--network", network, "--rows", "1,2", "--columns", "3", "--lang", "fr")
    assert capsys.readouterr().out.split() == ["walk.gif", "mix.png", "mix.svg"]


def test_measuring(network, tmp_path, capsys):
    run("equivariance", "--network", network, "--images", 2, "--state", "s.npz", "--json")
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"eq_t", "eq_t_frac", "eq_r"}
    assert found["eq_t"]["images"] == 2
    run("equivariance", "--network", network, "--images", 2, "--state", "s.npz")
    assert f"{found['eq_r']['db']:.2f} dB" in capsys.readouterr().out
    run("sticking", "--network", network, "--against", "t", "--frames", 3, "--dark")
    assert "sticking.png" in capsys.readouterr().out
    run("spectrum", network, "--images", 2, "--out", "one")
    run("spectrum", "one.npz", network, "--images", 2)
    assert "spectrum-2.npz" in capsys.readouterr().out
    run("layers", "--network", network)
    assert capsys.readouterr().out.split()[0] == "input"
    run("layers", "--network", network, "--layer", "input")
    assert (tmp_path / "layer.svg").exists()


def test_finding_styles(network, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("seed,odd\n1,1\n2,0\n3,1\n4,0\n")
    run("directions", "--network", network, "--labels", "labels.csv", "--out", "odd")
    run("directions", "--network", network, "--use", "odd.npz", "--layers", "0-1")
    with np.load("odd.npz") as one, np.load("directions.npz") as other:
        np.testing.assert_array_equal(one["vectors"], other["vectors"])
    Image.new("RGB", (20, 16), "teal").save("teal.png")
    run("project", "teal.png", "--network", network, "--steps", 2, "--steps-plus", 1)
    assert capsys.readouterr().out.split()[-3:] == [
        "projected.npz",
        "projected.png",
        "projected.svg",
    ]


def test_the_error_of_a_shorter_type_is_told(network, capsys):
    run("generate", "--network", network, "--seeds", "1,2", "--precision", "bfloat16", "--batch", 2)
    *files, told = capsys.readouterr().out.splitlines()
    assert len(files) == 2
    assert told.startswith("bfloat16 against float32, in the first image: ")
    run("generate", "--network", network, "--seeds", "1,2", "--precision", "bfloat16", "--json")
    first, second = json.loads(capsys.readouterr().out)
    assert set(first["error"]) == {"precision", "largest", "mean", "relative"}
    assert "error" not in second
    run("film", "--network", network, "--seeds", "1", "--frames", 2, "--precision", "float16")
    assert "float16 against float32" in capsys.readouterr().out.splitlines()[-1]


def test_a_film_says_what_a_gif_makes_of_its_speed(network, capsys):
    run("film", "--network", network, "--seeds", "1", "--frames", 2, "--fps", 30, "--out", "a.gif")
    assert "The GIF shows 33.3 frames a second" in capsys.readouterr().out
    run("film", "--network", network, "--seeds", "1", "--frames", 2, "--fps", 60)
    assert capsys.readouterr().out.split() == ["film.webp"]


def test_names_of_folders(network, tmp_path):
    told = {}
    for folder, name in (("20261123T022330.860-cond", "generator"), ("my.net", "G_ema")):
        (tmp_path / folder).mkdir()
        save_network(small().generator, tmp_path / folder / name)
        told[folder] = load_generator(folder).name
        assert load_generator(f"{folder}/{name}.json").name == folder
    assert list(told) == list(told.values())
    save_network(small().generator, tmp_path / "v1.2")
    assert load_generator("v1.2").name == load_generator("v1.2.json").name == "v1.2"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="The folder empty holds no generator"):
        load_generator("empty")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--grid 4x2", "--grid: it would be ignored; --run films"),
        ("--frames 10", "--frames: it would be ignored"),
        ("--truncation 0.5", "--truncation: it would be ignored"),
        ("--w w.npz", "--w: it would be ignored"),
        ("--network t", "--network: it would be ignored"),
        ("--precision bfloat16", "--precision: it would be ignored"),
    ],
)
def test_a_film_of_a_training_takes_nothing_of_a_walk(words, told):
    with pytest.raises(UsageError, match=told):
        run("film", "--run", "last", *words.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("generate --seeds 4294967296", "out of range: 0 to 4294967295"),
        ("generate --seeds 1 --class 0", "no classes"),
        ("generate --seeds 1 --truncation nan", "finite number"),
        ("generate --seeds 1 --rotate inf", "finite number"),
        ("generate --seeds 1 --translate 1", "two finite numbers"),
        ("generate --seeds 1 --cutoff 99", "takes 0 to 6"),
        ("generate --seeds 1 --grid grid.jpg", "ends in .png"),
        ("generate --seeds 1 --device tpu", "takes auto, cpu or cuda"),
        ("film --seeds 1 --out film.avi", "ends in .webp, .gif, .mp4"),
        (
            "film --seeds 1 --frames 0",
            "--frames: 0 is not allowed; it takes a whole number at least 1 and at most 1,000",
        ),
        ("film --seeds 1 --fps 60 --out a", "--fps: 60 is not allowed; it takes 1 to 50 for a GIF"),
        ("film --seeds 1 --fps 61", "--fps: 61 is not allowed"),
        ("generate --seeds 1 --columns 2", "--columns: it would be ignored; it is of --grid"),
        (
            "generate --seeds 1 --batch 0",
            "--batch: 0 is not allowed; it takes a whole number at least 1",
        ),
        ("mix --rows 4294967296 --columns 2", "--rows: 4294967296 is out of range"),
        ("mix --rows 1 --columns x", "--columns: x is not allowed"),
        ("export --to x.txt", r"--to: x\.txt is not allowed; it ends in \.onnx or \.pt2"),
        ("mix --rows 1 --columns 2 --layers 6", "6 is out of range: 0 to 5"),
        (
            "equivariance --images 1",
            "--images: 1 is not allowed; it takes a whole number at least 2",
        ),
        ("directions --components 9", "takes 1 to 8"),
        ("directions --reach 0", "greater than 0"),
        ("project none.png", "there is no such file"),
    ],
)
def test_what_is_refused(network, words, told):
    with pytest.raises(UsageError, match=told) as caught:
        run(*words.split(), "--network", network)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_networks_that_are_none(network, tmp_path):
    for name in ("none.json", "folder/none.pkl"):
        with pytest.raises(DataError, match="does not exist"):
            load_generator(name)
    with pytest.raises(UnknownNameError, match="Did you mean ffhq-1024-t"):
        load_generator("ffhq-1024-x")
    (tmp_path / "bad.pkl").write_bytes(b"\x80\x04nothing")
    with pytest.raises(DataError, match=r"bad\.pkl cannot be read"):
        load_generator("bad.pkl")


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="this machine has CUDA")
def test_cuda_that_is_not_there_is_told():
    assert str(choose_device()) == "cpu"
    with pytest.raises(UsageError, match="this machine has no CUDA device; cpu works everywhere"):
        choose_device("cuda")
