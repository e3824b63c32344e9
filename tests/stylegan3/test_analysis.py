"""Examining a generator: a run like any other, its numbers and its pictures."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from damages import DAMAGES, content, file_names
from PIL import Image
from small import small
from unlabeled import find_unlabeled

from epoque.bench.errors import (
    ConfigError,
    DamagedRunError,
    DataError,
    UnknownNameError,
    UsageError,
)
from epoque.bench.figures.plot import encode_png, figure_style
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run
from epoque.stylegan3 import bundled as shipped
from epoque.stylegan3.analysis import analyze as examine_module
from epoque.stylegan3.analysis import gallery
from epoque.stylegan3.analysis import reference as reference_module
from epoque.stylegan3.analysis import reproducibility as again
from epoque.stylegan3.analysis.attribute_labels import WORDS
from epoque.stylegan3.analysis.attributes import agreement, pass_rate, read_portraits
from epoque.stylegan3.analysis.figure_values import _describe_moves, figure_values
from epoque.stylegan3.analysis.layout import MOVES
from epoque.stylegan3.analysis.reference import embed, load_reference
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.generation.generate import generate
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.loading import load_generator
from epoque.stylegan3.measures.equivariance import measure_equivariance
from epoque.stylegan3.measures.features import HEADS
from epoque.stylegan3.networks.store import save_network

CARD = {"training": {"cfg": "t"}, "images": 9, "kimg": 2.0, "training_seconds": 90.0}


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory):
    """Two networks of 16 pixels in the place of the package's."""
    folder = tmp_path_factory.mktemp("data")
    save_network(
        small("t").generator, folder / "avatars-t", CARD | {"metrics": {"pfd": {"value": 3.5}}}
    )
    save_network(small("stylegan2").generator, folder / "avatars-stylegan2", CARD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "FOLDER", folder)
        patch.setattr(gallery, "FRAMES", 4)
        patch.setattr(gallery, "SAMPLES", 4)
        patch.setattr(examine_module, "PANEL", 8)
        yield folder


@pytest.fixture
def one_process(monkeypatch):
    """Spare the other process, which one test is enough for."""

    def digests(told):
        images = again.render_seeds(
            load_generator(told.network), told.seeds, again.MappingOptions(1.0)
        )
        return again.digests(images)

    monkeypatch.setattr(again, "_digests_of_subprocess", digests)


def config(**changes):
    return StyleGan3Config.parse(
        {"task": "analyze", "equivariance_images": 6, "device": "cpu"} | changes
    )


@pytest.fixture(scope="module")
def run(package, tmp_path_factory):
    """An examination to the end."""
    begun = start(LAB, config(), "stylegan3/seeds", tmp_path_factory.mktemp("runs"))
    return execute(begun, draw=False)


def test_the_images_are_those_of_generate(run, tmp_path):
    made = generate(load_generator("avatars-t"), [2, 674, 1024], tmp_path)
    for one in made:
        assert run.results["seeds"][str(one.start)]["sha256"] == one.sha256
        assert run.artifact(one.path.name) == one.path.read_bytes()
        assert sha256(one.path.read_bytes()).hexdigest() == one.sha256
    found = run.results
    assert [found[name] for name in ("again", "alone", "elsewhere", "distinct")] == [True] * 4


def test_its_metrics_and_results_have_words(run):
    assert find_unlabeled(run) == []


def test_running_out_of_memory_is_one_sentence(monkeypatch):
    def fail(*_):
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr("epoque.stylegan3.analysis.analyze.render_gallery", fail)
    with pytest.raises(UsageError, match="Memory ran out: a network of fewer pixels takes less"):
        list(LAB.train(config()))


def test_what_differs_is_told(monkeypatch):
    opened, wanted = load_generator("avatars-t"), config(seeds="1,2")
    images = again.render_seeds(opened, (1, 2), again.MappingOptions())
    monkeypatch.setattr(again, "_digests_of_subprocess", lambda _: ["another", "another"])
    images[0, 0, 0, 0] ^= 1  # one bit
    found = again.check_reproducibility(opened, wanted, images)
    assert found == {"again": False, "alone": False, "elsewhere": False, "distinct": True}


def test_the_other_process_says_why_it_fails(monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho something >&2\necho no disk >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(again.sys, "executable", str(broken))
    with pytest.raises(DataError, match="could not make the images: no disk"):
        again._digests_of_subprocess(config())


def test_decibels_are_those_of_the_command(run):
    for role, name in (("network", "avatars-t"), ("against", "avatars-stylegan2")):
        measured = measure_equivariance(load_generator(name), images=6)
        for measure, one in measured.items():
            told = run.results[role][measure]
            assert told["db"] == pytest.approx(one.decibels, rel=1e-3)
            assert told["low"] < told["db"] < told["high"]
    last = run.metrics.iloc[-1]
    assert run.metrics.index.tolist() == [4, 6]
    assert last["eq_t"] == run.results["network"]["eq_t"]["db"]
    assert last["against_eq_r"] == run.results["against"]["eq_r"]["db"]
    assert run.results["moved"] == 6


def test_a_network_is_described_by_its_card(run):
    network, against = run.results["network"], run.results["against"]
    assert (network["config"], against["config"]) == ("t", "stylegan2")
    assert (network["kimg"], network["training_minutes"], network["pfd"]) == (2.0, 1.5, 3.5)
    assert (network["licence"], against["pfd"], network["layers"]) == (None, None, 5)
    assert "seconds_per_image" not in network
    seconds = run.status.timings.numbers["seconds_per_image"]["network"]
    assert 0 < seconds["low"] <= seconds["median"] <= seconds["high"]


def test_what_is_interrupted_goes_on_to_the_same_numbers(run, tmp_path, one_process):
    begun = start(LAB, config(checkpoint_every=2), "stylegan3/seeds", tmp_path)

    class Sink:
        def __init__(self, _run):
            self.count = 0

        def log(self, event):
            self.count += type(event).__name__ == "Metrics"
            if self.count == 2:
                raise KeyboardInterrupt

        def close(self, state, reason=""):
            pass

    with pytest.raises(KeyboardInterrupt):
        execute(begun, [Sink], draw=False)
    assert begun.checkpoint_steps == [0, 4]
    done = resume(begun, draw=False)
    for role in ("network", "against"):
        for measure in ("eq_t", "eq_t_frac", "eq_r"):
            assert done.results[role][measure] == run.results[role][measure]
    assert done.results["seeds"] == run.results["seeds"]


def test_another_network_is_not_gone_on_with(run):
    begun = run.checkpoint(0)
    with pytest.raises(DamagedRunError, match="is not the one that this run began with"):
        next(LAB.train(config(against="avatars-t"), begun))


def test_a_network_alone(tmp_path, one_process):
    alone = start(
        LAB, config(against=None, seeds="7", truncation=0.5, equivariance_images=2), "x", tmp_path
    )
    done = execute(alone, draw=False)
    assert "against" not in done.results
    assert done.results["agreement"] is None
    with figure_style():
        draws = LAB.figures(done)
        for name in ("seed-7", "samples", "moves", "shift", "equivariance"):
            assert len(encode_png(draws[name]())) > 3000


def test_the_pictures_of_an_examination(run):
    wanted = "samples truncation mix walk moves shift styles equivariance"
    assert set(LAB.figures(run)) == {*wanted.split(), "seed-2", "seed-674", "seed-1024"}


def uniform(*levels):
    """Return images of 8 pixels a side, each of one level."""
    return np.array([np.full((8, 8, 3), level, np.uint8) for level in levels])


def test_what_a_text_says_is_read_off_the_pictures():
    edge = np.zeros((8, 8, 3), np.uint8)
    edge[:, 2] = 255
    followed = [np.roll(edge, round(8 * x), 1) for x, _degrees in MOVES]
    stayed = [edge] * len(MOVES)
    sliced = np.zeros((2, 3, 4), np.uint8)
    sliced[:, :2, 3] = 255  # the last column is not known
    sliced[1, 0, :3] = 255
    arrays = {
        "truncation": uniform(*[0, 0, 51, 0, 255, 0] * 2).reshape(2, 6, 8, 8, 3),
        "walk": uniform(0, 51, 255, 255, 0),
        "mix": uniform(9, 0, 100, 0).reshape(2, 2, 8, 8, 3),
        "moves_0": np.array(followed),
        "moves_1": np.array(stayed),
        **{f"{motion}_{i}": sliced for motion in ("shift", "walk") for i in (0, 1)},
    }
    told = SimpleNamespace(config=config(seeds="1,2"), snapshot=lambda step: arrays)
    values = figure_values(told)
    by_psi = {"psi_0": 0, "psi_25": 0, "psi_50": 0.2, "psi_75": 0, "psi_100": 1, "psi_125": 0}
    assert values["truncation"] == pytest.approx(by_psi)
    assert values["walk"] == pytest.approx({"largest": 1, "typical": 0.5, "seeds": 1})
    assert values["mix"] == pytest.approx({"column": 0, "row": 100 / 255})
    one, other = values["network"], values["against"]
    assert (one["moves"]["eighth"], one["moves"]["quarter"]) == (0, 0)
    assert min(other["moves"].values()) > 0.2  # it does not follow
    assert one["shift"] == pytest.approx((0.25 / 2) ** 0.5)
    assert one["step"] == pytest.approx((1 / 3) ** 0.5)
    told.config = config(seeds="1,2", against=None)
    assert "against" not in figure_values(told)


def test_a_picture_turned_with_its_input_is_at_no_distance():
    levels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    smooth = np.asarray(Image.fromarray(levels).resize((32, 32), Image.Resampling.BICUBIC))
    turned = [
        np.asarray(Image.fromarray(smooth).rotate(degrees, Image.Resampling.BICUBIC))
        for _x, degrees in MOVES
    ]
    moves = _describe_moves(np.array(turned))
    assert (moves["small_turn"], moves["large_turn"]) == (0, 0)
    assert moves["quarter"] > 0.05


def test_pictures_need_no_engine(run):
    code = (
        "import sys; from pathlib import Path; from epoque.bench.runs.run import Run\n"
        "from epoque.bench.lab import lab_of\n"
        "from epoque.bench.figures.plot import encode_png, figure_style\n"
        f"run = Run(Path({str(run.path)!r}))\n"
        "with figure_style():\n"
        "    for of in lab_of(run).figures(run, 'fr').values(): encode_png(of())\n"
        "print([m for m in ('torch', 'jax') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_settings_of_the_other_task_are_refused():
    with pytest.raises(ConfigError, match=r"seeds: .* with task train; it goes with task analyze"):
        StyleGan3Config.parse({"seeds": "1"})
    with pytest.raises(ConfigError, match=r"kimg: .* with task analyze; it goes with task train"):
        config(kimg="3")
    with pytest.raises(ConfigError, match="seeds: -1 is not allowed"):
        config(seeds="-1")
    with pytest.raises(UnknownNameError, match="avatars-t"):
        next(LAB.train(config(network="avatar-t")))


# What is seen


def test_every_attribute_has_words():
    assert {name: set(values) for name, values in WORDS.items()} == {
        name: set(values) for name, values in HEADS.items()
    }


def test_only_portraits_are_read(run):
    told = run.results["seeds"]["2"]
    assert [name for name, _value, _chance in told["attributes"]] == list(HEADS)
    assert told["certainty"] == pytest.approx(np.mean([p for *_, p in told["attributes"]]))
    images = np.zeros((1, 16, 16, 3), np.uint8)
    for card in ({}, {"training": {"data": "cats.zip"}}):
        opened = small("t")
        opened.card.update(card)
        assert read_portraits(opened, images) == [None]


def test_the_first_seeds_are_judged_as_the_three_are(run):
    images = again.render_seeds(load_generator("avatars-t"), range(8), again.MappingOptions())
    read = read_portraits(load_generator("avatars-t"), images)
    assert run.results["network"]["passing"] == pass_rate(read)
    assert run.results["panel"] == 8
    assert 0 < run.results["agreement"] < 1


def test_those_that_pass_are_counted():
    good = {"certainty": 0.9, "least_certainty": 0.9, "distance": 1.0}
    assert pass_rate([good, good | {"distance": 1.01}, good | {"certainty": 0.89}, good]) == 0.5
    assert pass_rate([]) is None


def test_images_of_two_networks_are_read_alike_or_not():
    def image(*values):
        return {"attributes": [("hair", value, 0.5) for value in values]}

    ones, others = [image("long", "red"), image("none", "none")], [image("long", "grey")] * 2
    assert agreement(ones, others) == 0.25
    assert agreement([], others) is None


def test_noise_is_no_portrait():
    known = load_reference()
    rng = torch.Generator().manual_seed(0)
    far = known.distances(torch.rand(4, 3, 64, 64, generator=rng) * 2 - 1)
    gray = known.distances(torch.zeros(1, 3, 64, 64))
    assert min(far + gray) > 1.1


def test_drawn_portraits_are():
    pytest.importorskip("python_avatars")
    from epoque.stylegan3.dataset.drawing import render_png
    from epoque.stylegan3.dataset.portraits import sample_portrait

    drawn = np.stack([np.asarray(render_png(sample_portrait(9, n), 64)) for n in range(24)])[
        ..., :3
    ]
    images = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1
    near = np.array(load_reference().distances(images))
    assert (near < 1).mean() > 0.8  # 19 of 20 on the average
    upside_down = np.array(load_reference().distances(images.flip(2)))
    assert (upside_down > 1).mean() > 0.9
    made = embed(images)
    assert made.reach > 0
    assert 0 < made.certainty < 1


def test_a_reference_of_another_reader_is_refused(monkeypatch, tmp_path):
    for path in reference_module.FOLDER.glob("portrait-*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = json.loads((tmp_path / "portrait-reference.json").read_text())
    (tmp_path / "portrait-reference.json").write_text(json.dumps(told | {"network": "other"}))
    monkeypatch.setattr(reference_module, "FOLDER", tmp_path)
    load_reference.cache_clear()
    with pytest.raises(DataError, match="is of another portrait-features"):
        load_reference()
    monkeypatch.undo()
    assert load_reference().reach > 0


def test_each_file_of_an_examination_may_be_damaged(run, one_process, tmp_path):
    """What can be made again is, to the same bytes; else nothing is changed, and one is told."""
    whole, ways, refused = content(run.path), list(DAMAGES.values()), []
    spare = f"checkpoints/step-{min(run.checkpoint_steps):010d}"
    for number, name in enumerate(file_names(run.path)):
        copy = Run(Path(shutil.copytree(run.path, tmp_path / run.id)))
        data = (copy.path / name).read_bytes()
        (copy.path / name).write_bytes(ways[number % len(ways)](data, data[::-1]))
        before = content(copy.path)
        try:
            resume(copy, draw=False)
        except DamagedRunError as error:
            refused.append(f"{name}: {error}")
            assert content(copy.path) == before
        else:
            found = content(copy.path)
            differ = {n for n in found | whole if found.get(n) != whole.get(n)}
            assert not differ or (  # a damaged one in reserve is left out
                name.startswith(spare)
                and differ == {"manifest.json", f"{spare}.json", f"{spare}.safetensors"}
            )
            assert Run(copy.path).is_complete
        shutil.rmtree(copy.path)
    assert all("no checkpoint is left to repair it from" in told for told in refused)
    assert {"results.json", "environment.json", "status.json"}.isdisjoint(
        told.split(":")[0] for told in refused
    )
