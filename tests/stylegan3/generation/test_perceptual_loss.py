"""How far images look from a target, and a search that makes it small."""

import numpy as np
import pytest
import torch
from PIL import Image
from small import small
from torch.nn import functional

from epoque.bench.errors import DataError, MissingExtraError, UsageError
from epoque.cli import main
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.dataset.drawing import render_png
from epoque.stylegan3.dataset.portraits import sample_portrait
from epoque.stylegan3.generation.perceptual_loss import portrait_features, vgg_features
from epoque.stylegan3.generation.projection import ProjectionOptions, project
from epoque.stylegan3.measures.official_features import VggFeatures
from epoque.stylegan3.networks.store import save_network
from epoque.stylegan3.official.vgg import Vgg

APP = build_app("")


class Shown(torch.nn.Module):
    """Stands for VGG, and remembers what it was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def perceptual(self, levels):
        self.shown.append((tuple(levels.shape), levels.min().item(), levels.max().item()))
        return functional.adaptive_avg_pool2d(levels, 2).flatten(1) / 255


def vgg(network=None, lpips="weights"):
    return VggFeatures(network or Shown(), "vgg.pt", "digest", "names", "cpu", lpips)


def _images(*seeds, side=64):
    return torch.stack([torch.rand(3, side, side, generator=_rng(s)) * 2 - 1 for s in seeds])


def _rng(seed):
    return torch.Generator().manual_seed(seed)


def test_images_that_look_alike_are_near():
    looks = portrait_features("cpu")
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    loss = looks.loss(ramp)
    assert loss(ramp) == pytest.approx(0, abs=1e-9)
    near, far = loss(ramp + 0.02), loss(ramp.flip(3))
    assert 0 < near < far / 10
    assert far < 2
    assert loss(torch.cat((ramp, ramp.flip(3)))) == pytest.approx(float(far) / 2, rel=1e-4)
    for images in (ramp[:, :1], functional.avg_pool2d(ramp, 4)):  # grey ones, other sizes
        assert torch.isfinite(looks.loss(images)(images))


def test_the_gradient_says_how_to_look_alike():
    target, images = _images(1), _images(2).requires_grad_()
    loss = portrait_features("cpu").loss(target)
    before = loss(images)
    (gradient,) = torch.autograd.grad(before, images)
    assert loss(images - 0.1 * gradient / gradient.abs().max()) < before


@pytest.mark.parametrize(("side", "seen"), [(16, 64), (64, 64), (128, 128), (512, 256)])
def test_vgg_is_shown_levels_of_a_size_it_knows(side, seen):
    network = Shown()
    looks = vgg_features(vgg(network))
    images = _images(0, side=side)
    assert looks.loss(images)(images) == 0
    shape, low, high = network.shown[-1]
    assert shape == (1, 3, seen, seen)
    assert 0 <= low < 127 < high <= 255


def test_vgg_itself_tells_images_apart_at_the_smallest_size():
    with torch.device("meta"):  # its dense layers are large, and not asked
        network = Vgg()
    network.features.to_empty(device="cpu")
    for name, one in network.features.named_parameters():
        one.detach().normal_(0, 0.0 if "bias" in name else 0.05, generator=_rng(0))
    for number, width in enumerate((64, 128, 256, 512, 512)):
        setattr(network, f"lin{number}", torch.full((width,), 1 / width))
    network.mean, network.std = torch.full((1, 3, 1, 1), 0.45), torch.full((1, 3, 1, 1), 0.22)
    images = _images(1, side=16).requires_grad_()
    loss = vgg_features(vgg(network.requires_grad_(False))).loss(_images(2, side=16))(images)
    assert 0 < loss.item() < 10
    assert torch.autograd.grad(loss, images)[0].abs().max() > 0


def test_a_file_without_the_distance_is_refused():
    with pytest.raises(DataError, match=r"vgg\.pt does not hold the weights .*; name their file"):
        vgg_features(vgg(lpips=""))


def test_a_search_makes_pixels_and_looks_alike(tmp_path):
    opened, looks = small(), portrait_features("cpu")
    target = opened.generator.synthesis(torch.ones(1, 6, 8), noise="const").clamp(-1, 1)
    plan, state = ProjectionOptions(steps=12, steps_plus=0), tmp_path / "state.npz"
    only = project(opened, target, plan, loss=lambda images: 0 * images.sum(), perceptual=looks)
    assert only.losses[-1] < 0.7 * only.losses[0]
    plain = project(opened, target, ProjectionOptions(steps=1, steps_plus=0))
    both = project(opened, target, plan, perceptual=looks, state=state)
    assert both.losses[0] == pytest.approx(plain.losses[0] + only.losses[0], rel=1e-5)
    assert both.losses[-1] < 0.7 * both.losses[0]
    assert project(opened, target, plan, perceptual=looks, state=state).losses == both.losses
    for others in (None, vgg_features(vgg())):  # another idea of looks makes it another search
        with pytest.raises(DataError, match="another search"):
            project(opened, target, plan, perceptual=others, state=state)


def run(*words):
    APP([str(word) for word in words], result_action="return_value")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a picture, a network of portraits, and one of other pictures."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 16), "teal").save("teal.png")
    save_network(small().generator, tmp_path / "t")
    save_network(small().generator, tmp_path / "portraits", {"training": {"avatars": 100}})
    save_network(small().generator, tmp_path / "photos", {"training": {"data": "photos.zip"}})
    return tmp_path


def _losses(*words, image="teal.png"):
    run("project", image, "--steps", 2, "--steps-plus", 0, *words)
    with np.load("projected.npz") as file:
        return file["losses"].tolist()


def test_networks_of_portraits_are_asked_for_looks_of_portraits(place, capsys):
    try:
        render_png(sample_portrait(7, 0), 64).save("drawn.png")
    except MissingExtraError as error:
        pytest.skip(str(error))
    plain = _losses("--network", "photos", image="drawn.png")
    assert "Looks" not in capsys.readouterr().out
    looks = _losses("--network", "portraits", image="drawn.png")
    assert looks[0] > plain[0]
    told = "Looks are compared in the features of the package's network of cartoon portraits."
    assert told in capsys.readouterr().out
    words = "--network", "photos", "--perceptual", "portraits"
    assert _losses(*words, image="drawn.png") == looks
    words = "--network", "portraits", "--perceptual", "none"
    assert _losses(*words, image="drawn.png") == plain


def test_a_picture_that_is_no_portrait_is_compared_in_pixels(place, capsys):
    plain = _losses("--network", "portraits", "--perceptual", "none")
    capsys.readouterr()
    assert _losses("--network", "portraits") == plain
    streams = capsys.readouterr()
    assert "Looks" not in streams.out
    assert "The picture is no drawn portrait" in streams.err


def test_vgg_is_asked_when_its_file_is_named(place, monkeypatch, capsys):
    asked = []

    def opened(told, device, progress, *, lpips):
        asked.append((told, lpips and str(lpips)))
        return vgg()

    monkeypatch.setattr("epoque.stylegan3.measures.official_features.load_vgg", opened)
    plain = _losses("--network", "t")
    by_file = _losses("--network", "portraits", "--vgg", "v.pt", "--lpips", "l.pt")
    assert by_file[0] > plain[0]
    assert _losses("--network", "t", "--perceptual", "vgg") == by_file
    assert asked == [("v.pt", "l.pt"), (None, None)]
    assert "VGG-16 (vgg.pt; recognised by names)" in capsys.readouterr().out
    for perceptual in ("none", "portraits"):
        with pytest.raises(UsageError, match=f"lpips: --perceptual {perceptual} would ignore it"):
            _losses("--network", "t", "--perceptual", perceptual, "--lpips", "l.pt")


def test_other_features_are_refused(place, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["stylegan3", "project", "teal.png", "--perceptual", "alex"])
    assert caught.value.code == 2
    message = "--perceptual: alex is not allowed; it takes one of none, portraits, vgg.\n"
    assert capsys.readouterr().err.endswith(message)
