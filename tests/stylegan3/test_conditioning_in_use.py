"""Networks that are asked for labels: every command and measure heeds them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from small import small

from epoque.bench.errors import ConfigError, DataError, UsageError
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3.analysis import gallery
from epoque.stylegan3.analysis import reproducibility as again
from epoque.stylegan3.analysis.analyze import analyze
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.conditioning import Conditioning
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.generation.directions import find_principal_directions
from epoque.stylegan3.generation.projection import ProjectionOptions, project
from epoque.stylegan3.generation.style_mixing import mix_styles
from epoque.stylegan3.generation.synthesis import MappingOptions, map_seeds
from epoque.stylegan3.loading import load_generator
from epoque.stylegan3.measures.equivariance import measure_equivariance, sum_squared_errors
from epoque.stylegan3.measures.image_sources import NetworkImages
from epoque.stylegan3.measures.path_length import PathImages
from epoque.stylegan3.measures.spectrum import network_spectrum
from epoque.stylegan3.networks.store import save_network

APP = build_app("")

NAMES = ("hair=short", "hair=long", "glasses=none", "glasses=round", "age")
PEOPLE = np.array(
    [[1, 0, 1, 0, 0.25], [0, 1, 1, 0, 0.5], [0, 1, 0, 1, 0.125], [0, 0, 1, 0, 1]], np.float32
)


@pytest.fixture
def people():
    """What a network knows that learned from vectors."""
    return Conditioning.from_labels(PEOPLE, NAMES)


@pytest.fixture
def folder(tmp_path, people, monkeypatch):
    """A network that learned from vectors, one of three classes, and one without labels."""
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    save_network(small(c_dim=5).generator, tmp_path / "people", {"labels": people.to_json()})
    save_network(small(c_dim=3).generator, tmp_path / "classes", {"labels": {"counts": [9, 0, 1]}})
    save_network(small().generator, tmp_path / "plain")
    return tmp_path


def run(*words):
    APP([str(word) for word in words], result_action="return_value")


def made(capsys, folder, network, *words):
    """The digests of the images of the seeds 0 to 5."""
    run("generate", "--network", folder / network, "--seeds", "0-5", "--out", folder / "out",
        "--json", "--quiet", *words)  # fmt: skip
    return [row["sha256"] for row in json.loads(capsys.readouterr().out)]


def test_images_of_labels(folder, capsys, tmp_path):
    drawn = made(capsys, folder, "people")
    assert drawn == made(capsys, folder, "people", "--class", "any")
    whole = "hair=long,glasses=round,age=0.5"
    named = made(capsys, folder, "people", "--class", whole)
    assert named == made(capsys, folder, "people", "--class", "0,1,0,1,0.5")
    assert named != drawn
    (tmp_path / "one.json").write_text("[0, 1, 0, 1, 0.5]")
    assert named == made(capsys, folder, "people", "--class", tmp_path / "one.json")
    of_two = made(capsys, folder, "classes", "--class", "2")
    of_any = made(capsys, folder, "classes", "--class", "any")
    assert of_any != of_two
    with pytest.raises(UsageError, match="class: this network needs a class, 0 to 2"):
        made(capsys, folder, "classes")


def test_an_image_has_the_label_of_its_seed(folder):
    opened = load_generator(folder / "people")
    together = map_seeds(opened.generator, [4, 5, 6], MappingOptions(label="age=0.5"))
    for seed, row in zip((4, 5, 6), together, strict=True):
        alone = map_seeds(opened.generator, [seed], MappingOptions(label="age=0.5"))[0]
        np.testing.assert_array_equal(alone, row)


def test_other_commands_take_labels(folder, tmp_path, people):
    words = ["--network", folder / "people", "--quiet", "--class", "hair=long"]
    run("film", *words, "--seeds", "0,1", "--frames", 2, "--out", tmp_path / "walk.webp")
    run("spectrum", folder / "people", *words[2:], "--images", 2, "--out", tmp_path / "all")
    for name in ("walk.webp", "all.npz"):
        assert (tmp_path / name).is_file(), name
    for command in (["mix", "--rows", "0", "--columns", "1"], ["directions"], ["layers"],
                    ["film", "--seeds", "1"], ["equivariance", "--images", 2]):  # fmt: skip
        given = ["--layer", "input"] if command == ["layers"] else []
        with pytest.raises(UsageError, match="class: hair=green is not allowed"):
            run(*command, *given, *words[:-1], "hair=green")


def test_mixing_and_searching_take_labels(people):
    opened = small(c_dim=5)
    opened.generator.labels = people
    tables = [
        mix_styles(opened, [0], [1], [0], options=MappingOptions(label=told))
        for told in ("age", "age=0")
    ]
    assert (np.array(tables[0]) != np.array(tables[1])).any()
    target = torch.zeros(1, 3, 16, 16)
    found = [
        project(opened, target, ProjectionOptions(1, 0, label=told)).w for told in (None, "age=3")
    ]
    assert not torch.equal(*found)
    with pytest.raises(UsageError, match="class: x is not allowed"):
        project(opened, target, ProjectionOptions(1, 0, label="x"))


def test_principal_components_are_of_all_labels(people):
    opened = small(c_dim=5)
    opened.generator.labels = people
    every, one = (
        find_principal_directions(opened, 2, samples=200),
        find_principal_directions(opened, 2, samples=200, label="1,0,1,0,0"),
    )
    assert not np.allclose(every.scales, one.scales, rtol=1e-3)


def test_measures_draw_the_labels_that_were_learned(people):
    opened = small(c_dim=5)
    plain = NetworkImages(opened, 8).key, PathImages(opened, 8).key
    first = sum_squared_errors(opened, range(2))
    opened.generator.labels = people
    images = NetworkImages(opened, 8).levels(range(8))
    for seed in range(8):
        drawn = people.sample(None, [numpy_rng(seed, "class")])[0]
        asked = NetworkImages(opened, 8, label=tuple(drawn.tolist())).levels(range(seed, seed + 1))
        assert abs(asked[0].int() - images[seed].int()).max() <= 1
    assert (NetworkImages(opened, 8).key, PathImages(opened, 8).key) != plain
    keys = {str(NetworkImages(opened, 8, label=told).key) for told in (None, "hair=long", "age")}
    assert len(keys) == 3
    assert not np.allclose(first, sum_squared_errors(opened, range(2)))
    paths = PathImages(opened, 4, label="hair=long").levels(range(2))
    assert abs(paths - PathImages(opened, 4, label="hair=short").levels(range(2))).max() > 0
    with pytest.raises(UsageError, match=r"^class: "):
        PathImages(opened, 4, label="3")


def test_a_state_is_of_its_labels(people, tmp_path):
    opened, state = small(c_dim=5), tmp_path / "state.npz"
    opened.generator.labels = people
    measure_equivariance(opened, images=2, label="hair=long", state=state)
    with pytest.raises(DataError, match="other settings"):
        measure_equivariance(opened, images=2, label="hair=short", state=state)


def test_a_spectrum_is_of_all_classes():
    opened = small(c_dim=3)
    every = network_spectrum(opened, 6)
    assert every.mean != network_spectrum(opened, 6, options=MappingOptions(label=1)).mean


# The command metrics


@pytest.fixture
def labelled(tmp_path):
    """A folder of 16 pictures with labels."""

    def make(name, labels):
        folder = tmp_path / name
        folder.mkdir()
        rng, rows = numpy_rng(0, name), []
        for number, label in enumerate(labels):
            file = f"{number:03}.png"
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(folder / file)
            rows.append([file, label])
        (folder / "dataset.json").write_text(json.dumps({"labels": rows}))
        return folder

    return make


def measured(capsys, *words):
    run("metrics", "--metrics", "swd", "--images", 16, "--json", "--quiet", *words)
    return json.loads(capsys.readouterr().out)


def test_labels_come_from_the_real_images_where_they_have_some(folder, labelled, capsys):
    ones, twos = labelled("ones", [1] * 16 + [2]), labelled("twos", [2] * 17)
    network = "--network", folder / "classes"
    found = {path.name: measured(capsys, *network, "--data", path) for path in (ones, twos)}
    assert [told["labels"] for told in found.values()] == ["ones", "twos"]
    wanted = measured(capsys, *network, "--data", twos, "--class", "2")
    assert found["twos"]["metrics"][0]["value"] == wanted["metrics"][0]["value"]
    (ones / "dataset.json").unlink()
    bare = measured(capsys, *network, "--data", ones)
    assert bare["labels"] == "the network's training"
    assert bare["metrics"][0]["value"] != found["ones"]["metrics"][0]["value"]
    run("metrics", *network, "--data", twos, "--metrics", "swd", "--images", 16, "--quiet")
    assert "labels drawn as in twos" in capsys.readouterr().out
    assert "labels" not in measured(capsys, "--network", folder / "plain", "--data", twos)


def test_vectors_come_from_the_real_images_too(folder, labelled, capsys):
    sets = [labelled(str(i), [row.tolist()] * 16) for i, row in enumerate(PEOPLE[:2])]
    found = [measured(capsys, "--network", folder / "people", "--data", path) for path in sets]
    told = ",".join(map(str, PEOPLE[1].tolist()))
    fixed = measured(capsys, "--network", folder / "people", "--data", sets[1], "--class", told)
    assert found[1]["metrics"][0]["value"] == fixed["metrics"][0]["value"]
    assert found[0]["labels"] == "0"


# Examining


def test_a_conditional_network_is_examined(folder, monkeypatch):
    monkeypatch.setattr(gallery, "FRAMES", 3)
    monkeypatch.setattr(gallery, "SAMPLES", 3)

    def snapshot(network, against, label):
        told = {"network": str(folder / network), "against": against and str(folder / against)}
        told |= {
            "task": "analyze",
            "equivariance_images": 2,
            "device": "cpu",
            "label": label,
            "seeds": "1",
        }
        return next(analyze(StyleGan3Config.parse(told))).arrays

    of_network = snapshot("people", "plain", "age=0.75")
    opened = load_generator(folder / "people")
    wanted = again.render_seeds(opened, [1], MappingOptions(label="age=0.75"))
    np.testing.assert_array_equal(of_network["seeds"], wanted)
    assert (wanted != again.render_seeds(opened, [1], MappingOptions())).any()
    for network, label, told in (
        ("classes", None, "label: this network needs a class"),
        ("classes", "7", "label: 7 is out of range"),
        ("plain", "0", "label: 0 is not allowed; this network has no classes"),
    ):
        with pytest.raises(UsageError, match=told):
            snapshot(network, None, label)


def test_the_other_process_is_told_the_label(folder, monkeypatch):
    said = []

    def failed(words, **_):
        said.append(words)
        raise KeyboardInterrupt

    monkeypatch.setattr(again.subprocess, "run", failed)
    config = StyleGan3Config.parse({"task": "analyze", "label": "-1"})
    with pytest.raises(KeyboardInterrupt):
        again._digests_of_subprocess(config)
    assert "--class=-1" in said[0]
    with pytest.raises(ConfigError, match=r"label: .* would be ignored with task"):
        StyleGan3Config.parse({"label": "1"})
