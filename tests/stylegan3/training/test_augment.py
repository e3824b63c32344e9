"""Augmentation: the official pipeline's numbers at fixed percentiles, and what is drawn."""

from dataclasses import fields, replace
from math import pi
from typing import Any

import pytest
import torch
from golden import golden, needs_golden

from epoque.bench.errors import UsageError
from epoque.stylegan3.training import augment as module
from epoque.stylegan3.training.ada import AdaController
from epoque.stylegan3.training.augment import (
    AugmentParams,
    augment,
    pipeline_transforms,
    sample_params,
)
from epoque.stylegan3.training.grid_sample import grid_sample

BGC = pipeline_transforms("bgc")


def at_percentile(names: dict[str, Any], percentile: float, batch: int) -> AugmentParams:
    """What the official pipeline does at a percentile, which it takes as that of erf⁻¹."""
    even = 2 * percentile - 1
    normal = float(torch.erfinv(torch.tensor(even)))

    def all_(value: float, *shape: int) -> torch.Tensor:
        return torch.full((batch, *shape), float(value))

    bands = torch.ones(batch, 4)
    for index, used in enumerate(names.get("imgfilter_bands", [1, 1, 1, 1])):
        one = torch.ones(batch, 4)
        one[:, index] = 2**normal if used else 1.0
        bands = bands * module.normalize_gains(one)
    hole = torch.tensor([percentile, percentile, 0.5]).expand(batch, 3)
    every = {
        "xflip": {"flip": all_(int(percentile * 2))},
        "rotate90": {"quarters": all_(int(percentile * 4))},
        "xint": {"step": all_(even * 0.125, 2)},
        "scale": {"scale": all_(2 ** (normal * 0.2))},
        "rotate": {"turn": all_(even * pi)},
        "aniso": {"stretch": all_(2 ** (normal * 0.2))},
        "xfrac": {"shift": all_(normal * 0.125, 2)},
        "brightness": {"brightness": all_(normal * 0.2)},
        "contrast": {"contrast": all_(2 ** (normal * 0.5))},
        "lumaflip": {"luma": all_(int(percentile * 2))},
        "hue": {"hue": all_(even * pi)},
        "saturation": {"saturation": all_(2**normal)},
        "imgfilter": {"bands": bands},
        "cutout": {"hole": hole},
    }
    drawn = AugmentParams.identity(batch)
    for name in names.keys() & every.keys():
        drawn = replace(drawn, **every[name])
    return drawn


@needs_golden
@pytest.mark.parametrize("index", range(30))
def test_the_numbers_are_the_official_ones(index: int) -> None:
    told = golden("augment_equivariance")
    case = told.meta["cases"][index]
    images = told.tensor("x")
    drawn = at_percentile(case["kwargs"], case["debug_percentile"], len(images))
    difference = augment(images, drawn) - told.tensor(f"{index}/y")
    assert float(difference.abs().max()) < 3e-6


@needs_golden
def test_the_filters_are_the_official_ones() -> None:
    told = golden("augment_equivariance")
    taps = torch.tensor(module._SYM6) / sum(module._SYM6)
    torch.testing.assert_close(taps, told.tensor("buffer/Hz_geom"))
    torch.testing.assert_close(module._octave_filters(), told.tensor("buffer/Hz_fbank"))


def test_nothing_drawn_changes_nothing() -> None:
    images = torch.randn(3, 3, 16, 16)
    assert augment(images, AugmentParams.identity(3)) is images
    rng = torch.Generator().manual_seed(0)
    assert augment(images, sample_params(pipeline_transforms("bgcfnc"), 0.0, 3, rng)) is images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("pipeline", ["blit", "geom", "color", "filter", "noise", "cutout"])
def test_every_part_can_be_drawn(pipeline: Any, channels: int) -> None:
    images = torch.rand(5, channels, 16, 16, generator=torch.Generator().manual_seed(1))
    rng = torch.Generator().manual_seed(0)
    drawn = sample_params(pipeline_transforms(pipeline), 1.0, 5, rng)
    changed = augment(images, drawn, rng)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()
    assert not torch.equal(changed, images)


def test_each_is_done_as_often_as_asked() -> None:
    drawn = sample_params(
        pipeline_transforms("bgcfnc"), 0.3, 20_000, torch.Generator().manual_seed(0)
    )
    nothing = AugmentParams.identity(20_000)
    shares = {}
    for field in fields(AugmentParams):
        ours, unchanged = getattr(drawn, field.name), getattr(nothing, field.name)
        different = (ours != unchanged).reshape(20_000, -1)
        shares[field.name] = float(different[:, -1].float().mean())
    turned = (drawn.turn != 0) | (drawn.turn_after != 0)
    assert float(turned.float().mean()) == pytest.approx(0.3, abs=0.015)
    for name in ("scale", "stretch", "shift", "brightness", "contrast", "hue", "saturation",
                 "noise", "hole"):  # fmt: skip
        assert shares[name] == pytest.approx(0.3, abs=0.015), name
    assert shares["flip"] == pytest.approx(0.15, abs=0.015)
    assert shares["quarters"] == pytest.approx(0.225, abs=0.015)
    assert float(drawn.step.abs().max()) <= 0.125
    sizes = drawn.scale[drawn.scale != 1].log2()
    assert float(sizes.std()) == pytest.approx(0.2, rel=0.05)


def test_only_those_images_change_that_shall() -> None:
    images = torch.randn(3, 3, 16, 16)
    drawn = replace(AugmentParams.identity(3), flip=torch.tensor([0.0, 1.0, 0.0]))
    changed = augment(images, replace(drawn, contrast=torch.tensor([1.0, 1.0, 2.0])))
    assert torch.equal(changed[0], images[0])
    assert not torch.equal(changed[1], images[1])
    torch.testing.assert_close(changed[2], 2 * images[2])


def test_small_images_are_reflected_again_and_again() -> None:
    line = torch.arange(4.0).expand(1, 1, 4, 4)
    wide = module._pad_reflect(line, 7)[0, 0, 0]
    assert wide.tolist() == [1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2]


def test_other_channels_are_refused() -> None:
    drawn = replace(AugmentParams.identity(1), brightness=torch.ones(1))
    with pytest.raises(UsageError, match="2 channels"):
        augment(torch.zeros(1, 2, 16, 16), drawn)


def test_it_can_be_differentiated_twice() -> None:
    rng = torch.Generator().manual_seed(0)
    drawn = sample_params(BGC, 1.0, 2, rng)
    images = torch.randn(2, 3, 6, 6, generator=rng, dtype=torch.float64, requires_grad=True)

    def squared(x: torch.Tensor) -> torch.Tensor:
        return augment(x, drawn).pow(3).mean()

    assert torch.autograd.gradcheck(squared, images, fast_mode=True)
    assert torch.autograd.gradgradcheck(squared, images, fast_mode=True)


def test_sampling_agrees_with_pytorch_s() -> None:
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 5, 6, generator=rng, requires_grad=True)
    grid = torch.rand(2, 4, 4, 2, generator=rng) * 2.4 - 1.2
    ours = torch.autograd.grad(grid_sample(images, grid).square().sum(), images)[0]
    usual = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    theirs = torch.autograd.grad(usual.square().sum(), images)[0]
    torch.testing.assert_close(ours, theirs)


def test_the_controller_follows_the_signs() -> None:
    ada = AdaController(target=0.6, speed=1000)
    ada.record(9, 10)
    ada.adjust(100)
    assert ada.p == pytest.approx(0.1)
    ada.adjust(100)  # nothing seen since
    assert ada.p == pytest.approx(0.1)
    ada.record(5, 10)
    ada.adjust(250)
    assert ada.p == 0.0
    ada.record(10, 10)
    ada.adjust(5000)
    assert ada.p == 1.0
