"""Measuring sources of images, what is kept of it, reading attributes, and the command."""

import io
import json
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from small import small

from epoque.bench.errors import DataError, MissingExtraError, UnknownNameError, UsageError
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.dataset.portraits import GROUPS, sample_portrait
from epoque.stylegan3.generation.synthesis import map_seeds, synthesize_image
from epoque.stylegan3.measures import extraction
from epoque.stylegan3.measures.attributes import predict_attributes
from epoque.stylegan3.measures.detectors import PatchDetector, PortraitDetector
from epoque.stylegan3.measures.equivariance import EQUIVARIANCE_METRICS, Psnr
from epoque.stylegan3.measures.extraction import extract_features
from epoque.stylegan3.measures.features import HEADS, WIDTH, card, portrait_net, resize_images
from epoque.stylegan3.measures.image_sources import NetworkImages, SetImages
from epoque.stylegan3.measures.metrics import (
    ALWAYS,
    METRICS,
    TOGETHER,
    compute_metrics,
    default_image_count,
    parse_metrics,
)
from epoque.stylegan3.measures.path_length import PathImages
from epoque.stylegan3.measures.train_features import accuracy, targets, train, write_network
from epoque.stylegan3.networks.store import save_network

APP = build_app("")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache folder for each test."""
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pictures(tmp_path):
    """Make a folder of pictures: so many, of a seed, brighter or not."""

    def make(name, count=20, seed=0, brighter=0):
        rng, folder = numpy_rng(seed, "pictures"), tmp_path / name
        folder.mkdir()
        for number in range(count):
            small = Image.fromarray(rng.integers(0, 200, (4, 4, 3), np.uint8) + np.uint8(brighter))
            small.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{number:03}.png")
        return folder

    return make


def test_a_network_s_images_are_those_of_generate():
    opened = small()
    found = NetworkImages(opened, 5, first=3, psi=0.7).levels(range(1, 4))
    assert found.shape == (3, 3, 16, 16)
    for number, image in zip(range(4, 7), found, strict=True):
        from epoque.stylegan3.generation.synthesis import MappingOptions

        wanted = synthesize_image(
            opened.generator, map_seeds(opened.generator, [number], MappingOptions(0.7))[0]
        )
        assert abs(image.numpy().transpose(1, 2, 0).astype(int) - wanted).max() <= 1


def test_a_conditional_network_draws_a_class_for_each_image():
    opened = small(c_dim=3)
    drawn = NetworkImages(opened, 6).levels(range(6))
    fixed = [NetworkImages(opened, 6, label=c).levels(range(6)) for c in range(3)]
    classes = [
        next(c for c in range(3) if abs(fixed[c][i].int() - drawn[i].int()).max() <= 1)
        for i in range(6)
    ]
    assert len(set(classes)) > 1
    with pytest.raises(UsageError, match="out of range"):
        NetworkImages(opened, 6, label=3)


def test_seeds_stay_in_range():
    with pytest.raises(UsageError, match="out of range"):
        NetworkImages(small(), 10, first=2**32 - 5)


def test_keys_follow_from_content(pictures):
    one, other = pictures("one"), pictures("other", seed=1)
    assert SetImages(one).key != SetImages(other).key
    assert SetImages(one).key == SetImages(one).key
    assert SetImages(one, limit=5).key != SetImages(one, limit=5, seed=1).key
    assert SetImages(one, mirror=True).count == 40
    before = SetImages(one).key
    Image.new("RGB", (16, 16)).save(one / "000.png")
    assert SetImages(one).key != before
    nets = [NetworkImages(small(seed=i), 4).key for i in (0, 0, 1)]
    assert nets[0] == nets[1] != nets[2]


class Counting:
    """Numbered images, which notes what is asked of it and may break off."""

    name, size = "counting", 16

    def __init__(self, count, last=10**9):
        self.count, self.last, self.asked = count, last, []
        self.key = {"test": "counting"}

    def levels(self, numbers):
        if numbers.stop > self.last:
            raise KeyboardInterrupt
        self.asked += numbers
        return torch.stack([torch.full((3, 16, 16), i % 256, dtype=torch.uint8) for i in numbers])


class Means:
    """What stands for an image: its mean, and its number."""

    name = "means"

    def __init__(self, version=1):
        self.key = {"means": version}

    def __call__(self, levels, numbers):
        return np.stack([levels.float().mean((1, 2, 3)).numpy(), np.array(numbers)], 1)


def test_an_interrupted_extraction_goes_on(monkeypatch, own_cache):
    monkeypatch.setattr(extraction, "PART", 8)
    monkeypatch.setattr(extraction, "PATIENCE", -1.0)
    whole = Counting(21)
    told = []
    (wanted,) = extract_features(whole, [Means(0)], batch=3, progress=lambda *at: told.append(at))
    assert told[-1] == (21, 21)
    assert wanted[:, 1].tolist() == list(range(21))
    broken = Counting(21, last=15)
    with pytest.raises(KeyboardInterrupt):
        extract_features(broken, [Means()], batch=3)
    again = Counting(21)
    (found,) = extract_features(again, [Means()], batch=3)
    np.testing.assert_array_equal(found, wanted)
    assert again.asked[0] == broken.asked[-1] + 1
    known = Counting(13)  # fewer of the same: nothing is made
    np.testing.assert_array_equal(extract_features(known, [Means()], batch=3)[0], wanted[:13])
    assert not known.asked
    both = Counting(21)  # what one detector knows is not computed for it again
    found = extract_features(both, [Means(), Means(2)], batch=5)
    np.testing.assert_array_equal(found[0], found[1])
    for path in own_cache.glob("features/*/part-000001.npz"):
        path.write_bytes(path.read_bytes()[:50])
    damaged = Counting(21)
    np.testing.assert_array_equal(extract_features(damaged, [Means()], batch=3)[0], wanted)
    assert damaged.asked == list(range(8, 16))


def test_measures_tell_likes_from_unlikes(pictures):
    real = SetImages(pictures("real", 40))
    near = SetImages(pictures("near", 40, seed=1))
    far = SetImages(pictures("far", 40, seed=1, brighter=55))
    ones, others = (
        {one.name: one for one in compute_metrics(ALWAYS, made, real, batch=7)}
        for made in (near, far)
    )
    assert set(ones) == set(ALWAYS)
    assert others["pfd"].value > ones["pfd"].high
    assert others["pkd"].value > ones["pkd"].value
    for one in ones.values():
        assert one.low <= one.value <= one.high
        assert (one.images, one.reals) == (40, 40)
        assert one.better == METRICS[one.name].better
    assert ones["swd"].value == pytest.approx(np.mean(list(ones["swd"].parts.values())))
    same = compute_metrics(ALWAYS, real, real)
    assert [one.value for one in same if one.name != "pkd"] == pytest.approx(
        [0, 1, 1, 0, 0, 100, 0], abs=1e-6
    )


def test_the_official_measures_take_official_features(pictures):
    class Classes(Means):
        def __call__(self, levels, numbers):
            share = levels.float().mean((1, 2, 3)).numpy() / 255
            return np.stack([share, 1 - share], 1)

    real, made = SetImages(pictures("real")), SetImages(pictures("made", seed=1))
    have = {"inception": Means(), "vgg": Means(), "classes": Classes(3)}
    found = compute_metrics(["fid", "kid", "precision", "recall", "is"], made, real, official=have)
    assert [one.features for one in found] == ["means"] * 5
    assert found[-1].reals == 0
    assert 1 <= found[-1].value < 1.5
    with pytest.raises(UsageError, match="features inception are not there"):
        compute_metrics(["fid"], made, real)


def test_a_path_length_is_that_of_the_step():
    opened = small()

    class Apart(Means):
        def __call__(self, levels, numbers):
            one, other = levels.double().flatten(1).chunk(2)
            return (one - other).square().sum(1, keepdim=True).numpy() / 1e-8

    paths = PathImages(opened, 24, seed=1)
    (found,) = compute_metrics(["ppl"], paths, official={"lpips": Apart()}, batch=5)
    assert found.images == 24
    assert 0 < found.low < found.value < found.high
    first = paths.levels(range(3))
    assert first.shape == (6, 3, 16, 16)
    assert 0 < abs(first[:3] - first[3:]).max() < 1


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["pfd"], "too few"),
        (["fid"], "real images"),
        (["swd"], "swd compares images of one size"),
        (["pfd", "edges"], "edges compares images of one size"),
    ],
)
def test_what_cannot_be_measured_is_refused(pictures, tmp_path, names, told):
    made = SetImages(pictures("made", 4 if told == "too few" else 20))
    real = None
    if told != "real images":
        folder = tmp_path / "large"
        folder.mkdir()
        for number in range(20):
            Image.new("RGB", (32, 32)).save(folder / f"{number}.png")
        real = SetImages(folder)
    with pytest.raises(UsageError, match=told):
        compute_metrics(names, made, real)


def test_names_as_typed():
    assert parse_metrics(["pfd", "ppr", "pfd"]) == ["pfd", "pprecision", "precall"]
    assert parse_metrics(["fid50k_full", "pr50k3_full"]) == ["fid", "precision", "recall"]
    assert {name for group in TOGETHER.values() for name in group} <= set(METRICS)
    with pytest.raises(UnknownNameError, match="pfd"):
        parse_metrics(["pdf"])
    with pytest.raises(UsageError, match="at least one"):
        parse_metrics([])


# The network that knows portraits


@cache
def _portraits(count, size):
    from epoque.stylegan3.dataset.drawing import render_png

    try:
        pictures = [np.asarray(render_png(sample_portrait(7, i), size)) for i in range(count)]
    except MissingExtraError as error:
        pytest.skip(str(error))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _draw(count):
    """The first portraits of seed 7."""
    return _portraits(260, 64)[:count]


def test_portraits_are_read():
    images = _draw(60)
    found = predict_attributes(images)
    wanted = [sample_portrait(7, i).values for i in range(60)]
    for name in ("skin", "hair", "glasses", "clothes colour", "background"):
        right = sum(f[name].value == w[name] for f, w in zip(found, wanted, strict=True))
        assert right >= 56, name
    every = [r for one in found for r in one.values()]
    assert all(0 < r.probability <= 1 for r in every)
    sure = [r.probability for one in found for name, r in one.items() if name == "background"]
    assert np.mean(sure) > 0.9
    bald = [f["hair colour"].value for f, w in zip(found, wanted, strict=True)
            if "hair colour" not in w]  # fmt: skip
    assert bald.count("none") >= len(bald) - 1


@cache
def _levels(first, last):
    images = ((_portraits(260, 64)[first:last] + 1) * 127.5).round()
    return images.to(torch.uint8)


class Levels:
    """Drawings, as they are or blurred by so many pixels."""

    name, size = "drawings", 64

    def __init__(self, first, last, sigma=0.0):
        drawn = _levels(first, last)
        blurred = gaussian_filter(drawn.double().numpy(), (0, 0, sigma, sigma), mode="nearest")
        self.images = torch.from_numpy(blurred.round().astype(np.uint8)) if sigma else drawn
        self.count, self.key = len(drawn), {"drawings": [first, last, sigma]}

    def levels(self, numbers):
        return self.images[numbers.start : numbers.stop]


SHARP = ("octaves", "edges", "shares", "efd", "ekd", "eprecision", "erecall")


def test_a_blur_costs_and_other_drawings_cost_nothing():
    real, other, blurred = Levels(0, 130), Levels(130, 260), Levels(130, 260, sigma=0.6)
    fresh, soft = (compute_metrics(SHARP, made, real, batch=65) for made in (other, blurred))
    for one, worse in zip(fresh, soft, strict=True):
        noise = (one.high - one.low) / 2 / 1.96
        assert abs(worse.value - one.value) > 5 * noise, one.name
    value, softer = ({one.name: one for one in results} for results in (fresh, soft))
    assert abs(value["ekd"].value) < softer["ekd"].value / 10
    assert value["edges"].low < 100 < value["edges"].high
    assert value["octaves"].value < 1.5
    assert value["eprecision"].value > 0.8 < value["erecall"].value
    soft_octaves = softer["octaves"].parts
    assert list(soft_octaves) == ["1–2", "2–4", "4–8", "8–16", "16–32"]
    assert soft_octaves["16–32"] < -4 < -1.5 < soft_octaves["2–4"]


def test_larger_and_gray_images_are_read_too():
    large, plain = predict_attributes(_portraits(12, 128)), predict_attributes(_draw(12))
    same = [a["hair"].value == b["hair"].value for a, b in zip(large, plain, strict=True)]
    assert sum(same) >= 11
    assert len(predict_attributes(_draw(2).mean(1, keepdim=True))) == 2
    assert predict_attributes(torch.zeros(0, 3, 64, 64)) == []
    assert resize_images(torch.zeros(1, 1, 20, 20)).shape == (1, 3, 64, 64)


def test_the_card_tells_how_often_it_is_right():
    told = card()
    assert set(told["accuracy"]) == set(HEADS) == set(GROUPS)
    assert told["accuracy"]["hair"] > 0.95
    assert told["licence"] == "Apache-2.0"
    network = portrait_net()
    assert network.features(torch.zeros(2, 3, 64, 64)).shape == (2, WIDTH)


def test_features_have_unit_variance_over_portraits():
    features = PortraitDetector()(((_draw(100) + 1) * 127.5).to(torch.uint8), range(100))
    assert abs(features.mean(0)).mean() < 0.2
    assert 0.8 < features.std(0).mean() < 1.2


def test_the_training_repeats_and_learns(tmp_path):
    images = ((_draw(60) + 1) * 127.5).to(torch.uint8).numpy()
    labels = np.stack([sample_portrait(7, i).label() for i in range(60)])
    wanted = targets(labels)
    assert wanted["hair"][0] == list(HEADS["hair"]).index(sample_portrait(7, 0).values["hair"])
    one, other = (train(images, wanted, epochs=1, seed=3) for _ in range(2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    longer = train(images, wanted, epochs=4, seed=3)
    assert np.mean(list(accuracy(longer, images, wanted).values())) > np.mean(
        list(accuracy(one, images, wanted).values())
    )
    write_network(one, tmp_path, {"accuracy": {}})
    assert json.loads((tmp_path / "portrait-features.json").read_text())["sha256"]
    assert (tmp_path / "portrait-features.safetensors").stat().st_size < 1_000_000


# The command


def run(*words):
    APP([str(word) for word in words], result_action="return_value")


def test_the_command_measures_pictures(pictures, capsys):
    made, real = pictures("made"), pictures("real", seed=1)
    run("metrics", "--pictures", made, "--data", real, "--json", "--metrics", "pfd,ppr")
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["metrics"]] == ["pfd", "pprecision", "precall"]
    wanted = compute_metrics(["pfd"], SetImages(made), SetImages(real))[0]
    assert told["metrics"][0]["value"] == pytest.approx(wanted.value)
    assert told["real"] == "real"
    run("metrics", "--pictures", made, "--data", real, "--quiet")
    out = capsys.readouterr().out
    for name in ALWAYS:
        assert METRICS[name].title in out
    assert "20 images of made against 20 of real" in out


def test_the_command_measures_a_network(pictures, capsys, tmp_path):
    real = pictures("real")
    card = {"training": {"data": str(real)}}
    save_network(small().generator, tmp_path / "t", card)
    run("metrics", "--network", tmp_path / "t.json", "--images", 18, "--json", "--metrics", "swd")
    told = json.loads(capsys.readouterr().out)
    assert told["real"] == "real"
    assert told["metrics"][0]["images"] == 18
    assert list(told["metrics"][0]["parts"]) == ["16"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--metrics", "pfd"], "name what to measure: either it or --pictures"),
        (["--pictures", "P", "--network", "x"], "name what to measure: either it or --pictures"),
        (["--pictures", "P", "--metrics", "ppl"], "metrics: ppl is of a network"),
        (["--pictures", "P", "--metrics", "eqr50k"], "metrics: eq_r is of a network"),
        (["--pictures", "P"], "data: name the real images"),
        (["--pictures", "P", "--truncation", 0.5], "truncation: it would be ignored"),
        (["--pictures", "P", "--class", 1], "class: it would be ignored"),
        (["--pictures", "P", "--vgg", "x"], "vgg: it would be ignored; it is of other measures"),
        (["--network", "x", "--metrics", "is", "--reals", 5], "reals: it would be ignored"),
        (
            ["--network", "x", "--truncation", 0.5, "--metrics", "ppl,pfd"],
            "truncation: it would be",
        ),
        (["--pictures", "P", "--truncation", "nan"], "--truncation"),
    ],
)
def test_the_command_refuses(words, told, pictures):
    folder = pictures("made") if "P" in words else None
    with pytest.raises(UsageError, match=told):
        run("metrics", *(folder if word == "P" else word for word in words))


def test_the_command_names_what_it_does_not_know(pictures):
    folder = pictures("made")
    with pytest.raises(UnknownNameError, match="metric"):
        run("metrics", "--pictures", folder, "--metrics", "fif")
    with pytest.raises(DataError, match=r"nowhere\.pkl"):
        run("metrics", "--pictures", folder, "--data", folder, "--metrics", "fid",
            "--inception", "nowhere.pkl")  # fmt: skip
    (folder / "bad.png").write_bytes(b"\x89PNG" + bytes(30))
    with pytest.raises(DataError, match=r"bad\.png"):
        run("metrics", "--pictures", folder, "--data", folder)


def _moving_away(folder, monkeypatch):
    """Be in another folder from now on."""
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")


def test_real_images_are_those_that_the_network_learned_from(
    pictures, capsys, tmp_path, monkeypatch
):
    real, words = pictures("real"), ("--images", 16, "--metrics", "pfd", "--quiet")
    save_network(small().generator, tmp_path / "mine", {"training": {"data": str(real)}})
    save_network(small().generator, tmp_path / "theirs", {"training_set": {"path": "ffhq.zip"}})
    _moving_away(tmp_path, monkeypatch)
    network = "--network", tmp_path / "mine"
    run("metrics", *network, *words)
    assert "against 20 of real" in capsys.readouterr().out
    real.rename(tmp_path / "moved")
    with pytest.raises(UsageError, match=r"data: .*real, which mine learned from, is not there"):
        run("metrics", *network, *words)
    with pytest.raises(UsageError, match="data: the file of theirs does not tell where"):
        run("metrics", "--network", tmp_path / "theirs", *words)
    run("metrics", *network, *words, "--data", tmp_path / "moved")
    assert "against 20 of moved" in capsys.readouterr().out


def test_portraits_are_drawn_again_for_networks_that_learned_from_them(
    pictures, capsys, tmp_path, monkeypatch
):
    drawn, asked = pictures("drawn", 24), []
    monkeypatch.setattr("epoque.stylegan3.training.data.draw_avatars",
                        lambda count, size, _: asked.append((count, size)) or drawn)  # fmt: skip
    save_network(small().generator, tmp_path / "t", {"training": {"avatars": 24}})
    words = "--network", tmp_path / "t", "--metrics", "pfd", "--quiet"
    run("metrics", *words, "--images", 16)
    run("metrics", *words, "--images", 30)
    run("metrics", *words, "--images", 16, "--reals", 40)
    assert asked == [(16, 16), (24, 16), (40, 16)]
    assert "of drawn portraits" in capsys.readouterr().out


def test_official_names_stand_for_fifty_thousand_images(pictures, tmp_path, monkeypatch):
    assert default_image_count(["fid"]) == default_image_count(["ppr", "eq_t"]) == 1000
    for name in ("fid50k_full", "pr50k3_full", "ppl2_wend", "is50k", "eqt50k_int", "eqr50k"):
        assert default_image_count(["swd", name]) == 50_000
    assert parse_metrics(["eqt50k_int", "eqt50k_frac", "eqr50k"]) == list(EQUIVARIANCE_METRICS)
    save_network(small().generator, tmp_path / "t")
    asked = []
    monkeypatch.setattr("epoque.stylegan3.measures.moves.measure_equivariance",
                        lambda *_, images, **__: asked.append(images) or no_moves)  # fmt: skip
    no_moves = dict.fromkeys(EQUIVARIANCE_METRICS, Psnr(1.0, 0.5, 1.5, 2))
    for words in ([], ["--images", 16]):
        run("metrics", "--network", tmp_path / "t", "--metrics", "eqr50k", "--quiet", *words)
    assert asked == [50_000, 16]


def test_movements_are_measured_as_by_their_own_command(tmp_path, capsys, own_cache):
    save_network(small().generator, tmp_path / "t")
    words = "--network", tmp_path / "t", "--images", 3, "--json", "--quiet"
    run("metrics", *words, "--metrics", "eq_r,eqt50k_frac", "--truncation", 0.5)
    found = json.loads(capsys.readouterr().out)
    assert found["real"] is None
    assert [one["name"] for one in found["metrics"]] == ["eq_r", "eq_t_frac"]
    run("equivariance", *words, "--truncation", 0.5)
    told = json.loads(capsys.readouterr().out)
    for one in found["metrics"]:
        assert one["value"] == told[one["name"]]["db"]
        assert (one["unit"], one["images"]) == ("dB", 3)
    assert len(list(own_cache.glob("features/equivariance-*.npz"))) == 1


def test_patches_are_kept_small():
    levels = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    found = PatchDetector()(levels, range(2))
    buffer = io.BytesIO()
    np.save(buffer, found)
    assert buffer.tell() < 70_000
