"""`epoque gan2d …` through the real command line."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from epoque.bench.events import Event, Snapshot
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run, Runs
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_sweep import run_sweep
from epoque.cli import main
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB, Gan2dLab
from epoque.gan2d.training.retrain import first_difference, retrain
from epoque.gan2d.training.train import train

from .conftest import SMALL

Train = Callable[..., Run]
Cli = Callable[..., str]

RECIPE = "lab: gan2d\ntitle: Small\nconfig:\n" + "".join(
    f"  {name}: {','.join(map(str, value)) if isinstance(value, tuple) else value}\n"
    for name, value in SMALL.items()
)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line in an empty folder; return what it printed, or its error and code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words: object) -> str:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return out if ended.value.code in (0, None) else f"{ended.value.code}: {err}"

    return run


def recipe(folder: Path) -> str:
    """Write a recipe of small runs and return its path."""
    (folder / "small.yaml").write_text(RECIPE)
    return "./small.yaml"


def test_help_teaches_and_imports_no_engine(tmp_path: Path) -> None:
    for words in (["gan2d"], *(["gan2d", c] for c in ("look", "film", "multiples", "retrain"))):
        code = (
            "import sys; from epoque.cli import main\n"
            f"try: main({[*words, '--help']!r})\nexcept SystemExit: pass\n"
            "print({'jax', 'matplotlib', 'numpy', 'pandas'} & set(sys.modules), file=sys.stderr)"
        )
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "set()"
        assert "Example" in done.stdout or len(words) == 1


def test_look_draws_any_moment(train_run: Train, cli: Cli, tmp_path: Path) -> None:
    run = train_run()
    told = cli("gan2d", "look", run.path, "--step", 21, "--out", "early")
    assert told.splitlines() == [
        "early.png",
        "early.svg",
        "There is no snapshot at iteration 21; the nearest, 20, was drawn.",
    ]
    cli("gan2d", "look", run.path, "--layers", "real,manifold", "--lang", "fr", "--dark")
    pictures = [Image.open(tmp_path / f"{name}.png").convert("L") for name in ("early", "look")]
    light, dark = (np.asarray(picture).mean() for picture in pictures)
    assert dark < 80
    assert light > 200


@pytest.mark.parametrize("kind", ["webp", "gif", "mp4"])
def test_film_writes_the_kind_of_its_ending(
    train_run: Train, cli: Cli, tmp_path: Path, kind: str
) -> None:
    if kind == "mp4":
        pytest.importorskip("av")
    told = cli("gan2d", "film", train_run().path, "--out", f"a.{kind}", "--width", 300)
    assert told == f"a.{kind}\n"
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{kind}"]
    if kind == "mp4":
        assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"
    else:
        with Image.open(tmp_path / f"a.{kind}") as image:
            assert image.width == 300
            assert image.n_frames == 13  # type: ignore[attr-defined]


def test_film_without_an_ending_writes_all_that_can_be(
    train_run: Train, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = cli("gan2d", "film", train_run().path, "--width", 200)
    assert told.split() == ["film.webp", "film.gif"]
    told = cli("gan2d", "film", train_run().path, "--out", "film.mp4", "--width", 200)
    assert told == "2: epoque: MP4 needs an extra: pip install 'epoque[video]'\n"


def test_multiples_of_a_run_are_its_moments(train_run: Train, cli: Cli, tmp_path: Path) -> None:
    assert cli("gan2d", "multiples", train_run().path, "--out", "m").split() == ["m.png", "m.svg"]
    assert (tmp_path / "m.svg").read_text().count("<image") == 6


def test_multiples_of_a_recipe_are_trained_and_not_recorded(cli: Cli, tmp_path: Path) -> None:
    words = ("d_steps=1,2", "seed=0:2", "iterations=10")
    told = cli("gan2d", "multiples", recipe(tmp_path), *words, "--lang", "fr")
    assert told.split() == ["multiples.png", "multiples.svg"]
    assert (tmp_path / "multiples.svg").read_text().count("<image") == 4
    assert not (tmp_path / "runs").exists()


def test_multiples_of_recorded_runs(cli: Cli, tmp_path: Path) -> None:
    for seed in (0, 1):
        config = Gan2dConfig(**{**SMALL, "seed": seed, "iterations": 10})
        execute(start(LAB, config, "small", tmp_path / "runs"), draw=False)
    cli("gan2d", "multiples", recipe(tmp_path), "--across", "seed")
    assert (tmp_path / "multiples.svg").read_text().count("<image") == 2


def test_multiples_of_a_sweep_show_a_few_of_its_points(cli: Cli, tmp_path: Path) -> None:
    base = Gan2dConfig(**{**SMALL, "iterations": 5, "evaluate_every": 5})
    axes = parse_axes(
        base, ["d_steps=1,2", "generator.optimizer.learning_rate=0.001:0.1:log:20", "seed=0:2"]
    )
    sweep = run_sweep(LAB, "small", base, axes, tmp_path / "runs", figures=False)
    told = cli("gan2d", "multiples", sweep.id, "--across", "generator.optimizer.learning-rate")
    assert "generator.optimizer.learning_rate: 6 of its 20 values are shown." in told
    assert (tmp_path / "multiples.svg").read_text().count("<image") == 12


def test_a_diverged_run_leaves_a_word_in_its_place(cli: Cli, tmp_path: Path) -> None:
    words = (
        "generator.optimizer.learning_rate=0.01,1000",
        "loss=wasserstein",
        "generator.output=linear",
    )
    cli(
        "gan2d", "multiples", recipe(tmp_path), *words, "discriminator.optimizer.learning_rate=1000"
    )
    assert (tmp_path / "multiples.svg").read_text().count("<image") < 2


def same_files(old: Run, new: Run) -> bool:
    names = [path.relative_to(old.path) for path in old.path.rglob("step-*")]
    names += [Path("metrics.jsonl"), Path("results.json")]
    return all((old.path / n).read_bytes() == (new.path / n).read_bytes() for n in names)


def test_retrain_gives_the_same_bytes(train_run: Train, cli: Cli, tmp_path: Path) -> None:
    old = train_run(checkpoint_every=20, changes="30:d_steps=3;50:loss=hinge")
    for step in (20, 30):
        told = cli("gan2d", "retrain", old.path, "--from", step, "-q", "--no-figures")
        sentence, path = told.splitlines()
        assert sentence == f"The same as {old.id}, to the last bit."
        assert same_files(old, Run(tmp_path / path))
        assert Run(tmp_path / path).config == old.config


def test_what_was_changed_by_hand_is_retrained_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live(_: Any, config: Gan2dConfig, resume: Any = None) -> Iterator[Event]:
        training = train(config, resume)
        for event in training:
            yield event
            if isinstance(event, Snapshot) and event.step == 30:
                training.change(d_steps=3)

    config = Gan2dConfig(**SMALL, checkpoint_every=20)
    with monkeypatch.context() as patched:
        patched.setattr(Gan2dLab, "train", live)
        old = execute(start(LAB, config, "gan2d/live", tmp_path), draw=False)
    assert old.artifact("changes.txt") == b"30:d_steps=3\n"
    for step in (20, 40):
        new = retrain(old, step, tmp_path, draw=False)
        assert first_difference(old, new) is None
        assert new.artifact("changes.txt") == old.artifact("changes.txt")
        assert new.config == config.replace(changes="30:d_steps=3")
    plain = execute(start(LAB, config, "gan2d/plain", tmp_path), draw=False)
    assert first_difference(old, plain) == 31


def test_retrain_says_where_it_came_out_different(train_run: Train, cli: Cli) -> None:
    old = train_run(checkpoint_every=20, seed=5)
    path = old.path / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[49] = lines[49].replace('"loss_d":', '"loss_d":1')
    path.write_text("".join(lines))
    (old.path / "manifest.json").unlink()  # which would name the file
    told = cli("gan2d", "retrain", old.path, "--from", "20", "-q", "--no-figures")
    assert f"Not the same as {old.id}: the first difference is at iteration 50." in told


def test_an_interrupted_retraining_can_be_resumed(train_run: Train, tmp_path: Path) -> None:
    from epoque.gan2d.training.retrain import branch

    old = train_run(checkpoint_every=20)
    made = branch(old, 20, tmp_path)
    assert same_files(old, execute(made, draw=False))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("look RUN --step 61", "--step: 61 is not allowed; it takes 0 to 60"),
        ("look RUN --step -1", "--step: -1 is not allowed"),
        ("look RUN --layers fakes", "fakes is not allowed; it takes any of d, manifold"),
        ("look RUN --layers ,", "--layers: , is not allowed"),
        ("look RUN --lang de", "--lang: de is not allowed; it takes one of en, fr."),
        ("look nothing", "There is no run 'nothing'"),
        ("film RUN --out a.avi", "a.avi is not allowed; it ends in .webp, .gif, .mp4"),
        (
            "film RUN --width 20",
            "--width: 20 is not allowed; it takes a whole number at least 200 and at most 2,000.",
        ),
        ("multiples RUN seed=0:2", "is one run; axes go with a recipe or a sweep"),
        ("multiples gan2d/nothing seed=0:2", "There is no recipe 'gan2d/nothing'"),
        ("multiples neuron/and seed=0:2", "neuron/and is of the lab neuron"),
        ("multiples ./small.yaml", "is a recipe; add axes such as loss=log,hinge"),
        ("multiples ./small.yaml los=log", "Did you mean loss?"),
        ("multiples ./small.yaml loss=log,hnge", "hnge is not allowed"),
        ("multiples ./small.yaml seed=0:2 --down loss", "There is no axis named 'loss'"),
        ("multiples ./small.yaml seed=0:2 --across seed --down seed", "both across and down"),
        ("multiples ./small.yaml --across seed", "There is no run to draw"),
        ("retrain RUN --from 7", "has no checkpoint at iteration 7; it has 60."),
        ("retrain RUN --from 60", "ends at iteration 60; there is nothing left to train."),
        ("retrain RUN --from x", "--from"),
        ("retrain RUN", "--from"),
    ],
)
def test_a_mistake_is_one_sentence(
    train_run: Train, cli: Cli, tmp_path: Path, words: str, sentence: str
) -> None:
    recipe(tmp_path)
    told = cli("gan2d", *words.replace("RUN", str(train_run().path)).split())
    assert told.startswith("2: epoque: ")
    assert sentence in told
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]
    assert not list(Runs(tmp_path))
