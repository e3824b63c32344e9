"""What cannot be written is refused before the work begins, and so is an impossible seed."""

import io

import pytest
from PIL import Image
from small import small

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import check_file, check_folder
from epoque.cli import main
from epoque.stylegan3 import loading as opening
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.networks.store import save_network

APP = build_app("")

COMMANDS = [
    ("generate --seeds 1", "--out"),
    ("generate --seeds 1 --out o", "--grid", ".png"),
    ("generate --seeds 1 --out o", "--styles", ".npz"),
    ("film --seeds 1,2", "--out", ".webp"),
    ("film --seeds 1,2", "--out"),
    ("mix --rows 1 --columns 2", "--out"),
    ("project here.png", "--out"),
    ("project here.png", "--state", ".npz"),
    ("directions", "--out"),
    ("spectrum t", "--out"),
    ("sticking", "--out"),
    ("layers --layer input", "--out"),
    ("equivariance", "--state", ".npz"),
    ("export", "--to", ".onnx"),
    ("export", "--to"),
    ("import here.pkl", "--out"),
]


def run(*words):
    APP([str(word) for word in words], result_action="return_value")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a file in it, where no network may be opened."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    Image.new("RGB", (16, 16)).save("here.png")

    def opened(*_):
        raise AssertionError("the work began")

    monkeypatch.setattr(opening, "load_generator", opened)
    monkeypatch.setattr("epoque.stylegan3.official.fetch.fetch", opened)
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: f"{words[0].split()[0]} {words[1]}")
def test_an_impossible_output_is_refused_first(place, words):
    command, option, ending = (*words, "")[:3]
    before = sorted(place.iterdir())
    told = f"{option}: file/a/b.* cannot be written: a part of the path is a file, not a folder"
    with pytest.raises(UsageError, match=told) as caught:
        run(*command.split(), option, f"file/a/b{ending}")
    assert caught.value.exit_code == 2
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: f"{words[0].split()[0]} {words[1]}")
def test_a_folder_that_can_be_made_is_not_yet_made(place, words):
    command, option, ending = (*words, "")[:3]
    before = sorted(place.iterdir())
    with pytest.raises(AssertionError, match="the work began"):
        run(*command.split(), option, f"new/a/b{ending}")
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize("to", ["file/a/b", "file/a/b.zip"])
def test_sets_are_refused_first(place, monkeypatch, to):
    def opened(*_):
        raise AssertionError("the work began")

    monkeypatch.setattr("epoque.stylegan3.dataset.sources.open_source", opened)
    for command in (["make", "here"], ["avatars"]):
        with pytest.raises(UsageError, match=r"TO: file/a/b.* cannot be written: a part of the"):
            run("dataset", *command, to)


def test_a_cache_that_cannot_be_written_is_told_first(place, monkeypatch):
    monkeypatch.setenv("EPOQUE_CACHE", str(place / "file" / "cache"))
    with pytest.raises(UsageError, match=r"EPOQUE_CACHE: .* cannot be written"):
        run("metrics", "--network", "t")


def test_files_and_folders_in_the_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.png").mkdir()
    with pytest.raises(UsageError, match=r"--out: made\.png is not allowed; there is a folder"):
        check_file("--out", tmp_path.relative_to(tmp_path) / "made", ".svg", ".png")
    for path in (".", "/"):
        with pytest.raises(UsageError, match="it is a folder, not a file's name"):
            check_file("--out", type(tmp_path)(path))
    with pytest.raises(UsageError, match="cannot be written: File name too long"):
        check_folder("--out", tmp_path / ("n" * 300) / "a")
    check_folder("--out", tmp_path / "a" / "b")
    check_file("--grid", None)
    assert [path.name for path in tmp_path.iterdir()] == ["made.png"]


def test_folders_are_made_for_what_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_network(small().generator, tmp_path / "t")
    Image.new("RGB", (16, 16), "teal").save("teal.png")
    run("generate", "--network", "t", "--seeds", "1,2", "--out", "a/b", "--grid", "c/d/g.png",
        "--styles", "e/w.npz")  # fmt: skip
    run("film", "--network", "t", "--seeds", "1,2", "--frames", 2, "--out", "f/g/walk.webp")
    run("mix", "--network", "t", "--rows", "1", "--columns", "2", "--out", "h/mix")
    run("project", "teal.png", "--network", "t", "--steps", 1, "--steps-plus", 0, "--out", "i/p",
        "--state", "j/s.npz", "--perceptual", "none")  # fmt: skip
    run("layers", "--network", "t", "--layer", "input", "--out", "k/layer")
    run("equivariance", "--network", "t", "--images", 2, "--state", "l/s.npz")
    for path in ("a/b/seed0002.png", "c/d/g.png", "e/w.npz", "f/g/walk.webp", "h/mix.svg",
                 "i/p.npz", "i/p.png", "j/s.npz", "k/layer.png", "l/s.npz"):  # fmt: skip
        assert (tmp_path / path).is_file()
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [
        "equivariance --network t",
        "sticking --network t",
        "layers --network t --layer input",
        "spectrum t",
        "directions --network t",
        "project here.png --network t",
        "metrics --pictures set --data set.zip",
        "dataset avatars set.zip",
    ],
)
@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_impossible_seeds_are_told(place, capsys, words, seed):
    with pytest.raises(SystemExit) as caught:
        main(["stylegan3", *words.split(), "--seed", seed])
    assert caught.value.code == 2
    allowed = "it takes a whole number at least 0 and at most 4,294,967,295."
    told = f"epoque: --seed: {seed} is not allowed; {allowed}\n"
    assert capsys.readouterr().err == told


def test_the_last_seed_is_taken(place, capsys):
    with pytest.raises(AssertionError, match="the work began"):
        run("layers", "--network", "t", "--seed", 2**32 - 1)


def test_running_out_of_memory_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_network(small().generator, tmp_path / "t")
    out = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    def fail(*_, **__):
        raise out

    monkeypatch.setattr("epoque.stylegan3.networks.Generator.forward", fail)
    monkeypatch.setattr("epoque.stylegan3.networks.alias_free.AliasFreeSynthesis.forward", fail)
    for words in (
        "generate --seeds 1",
        "film --seeds 1,2",
        "mix --rows 1 --columns 2",
        "equivariance --images 2",
        "sticking",
        "layers --layer input",
        "directions",
    ):
        with pytest.raises(SystemExit) as caught:
            main(["stylegan3", *words.split(), "--network", "t"])
        assert caught.value.code == 2
        told = io.StringIO(capsys.readouterr().err).readlines()
        assert len(told) == 1
        assert told[0].startswith("epoque: Memory ran out: a network of fewer pixels takes less")
