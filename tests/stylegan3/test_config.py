"""Settings: what goes together, what follows from them, and the recipes."""

from typing import Any

import pytest

from epoque.bench.errors import ConfigError
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.stylegan3 import networks
from epoque.stylegan3.config import Pipeline, StyleGan3Config
from epoque.stylegan3.training import augment
from epoque.stylegan3.training.specs import ImageShape, discriminator_spec, generator_spec


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"batch": 32, "batch_gpu": 12}, "batch_gpu: 12 does not divide the batch size 32"),
        ({"batch": 6}, "mbstd_group: 4 does not divide the 6 images"),
        ({"resolution": 48}, "resolution: 48 is not a power of two"),
        (
            {"data": "x.zip", "avatars": 99},
            "avatars: 99 would be ignored with data x.zip; it goes with data none.",
        ),
        (
            {"cfg": "stylegan2", "layers": 9},
            "layers: 9 would be ignored with cfg stylegan2; it goes with cfg t or r.",
        ),
        (
            {"cfg": "stylegan2", "first_cutoff": 3},
            "first_cutoff: 3.0 would be ignored with cfg stylegan2; it goes with cfg t",
        ),
        ({"cfg": "t", "first_cutoff": 8}, "first_cutoff: 8"),
        (
            {"pl_weight": 1},
            "pl_weight: 1.0 would be ignored with cfg t; it goes with cfg stylegan2.",
        ),
        ({"blur": 1}, "blur: 1.0 would be ignored with cfg t; it goes with cfg r."),
        (
            {"cfg": "r", "resume_from": "a.pkl", "blur": 1},
            "blur: 1.0 would be ignored with resume_from a.pkl; it goes with resume_from none.",
        ),
        ({"p": 0.3}, "p: 0.3 would be ignored with aug ada; it goes with aug fixed."),
        (
            {"aug": "noaug", "augpipe": "bg"},
            "augpipe: bg would be ignored with aug noaug; it goes with aug ada or fixed.",
        ),
        (
            {"aug": "fixed", "target": 0.5},
            "target: 0.5 would be ignored with aug fixed; it goes with aug ada.",
        ),
    ],
)
def test_what_does_not_go_together_is_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        StyleGan3Config.parse(settings)
    assert told in str(caught.value)


def test_a_batch_smaller_than_a_group_is_one_group() -> None:
    assert StyleGan3Config(batch=3).mbstd_group == 4


def test_what_follows_is_as_in_the_official_training() -> None:
    config = StyleGan3Config()
    assert config.steps == 781_250
    assert (config.generator_learning_rate, config.discriminator_learning_rate) == (0.0025, 0.002)
    assert StyleGan3Config(cfg="stylegan2").generator_learning_rate == 0.002
    assert config.r1_gamma(1024) == pytest.approx(6.5536)
    assert config.replace(gamma=0).r1_gamma(1024) == 0
    assert config.ema_half_life(100_000) == 5000
    assert config.ema_half_life(10**9) == 10_000
    assert config.ada_images == 500_000
    assert config.blur_sigma(0) == 0
    rotating = StyleGan3Config(cfg="r", batch=16)
    assert [rotating.blur_sigma(seen) for seen in (0, 50_000, 100_000, 10**6)] == [10, 5, 0, 0]
    assert rotating.ema_half_life(10**9) == 5000


def test_what_follows_is_other_with_the_networks_of_another_training() -> None:
    config = StyleGan3Config(cfg="r", resume_from="ffhq-1024-r")
    assert config.ada_images == 100_000
    assert config.blur_sigma(0) == 0
    assert config.ema_half_life(0) == 10_000


def test_the_networks_are_those_of_the_configs() -> None:
    shape = ImageShape(256, 3, 0)
    t = generator_spec(StyleGan3Config(batch=16), shape)
    assert t.to_json() == networks.StyleGan3Spec(
        img_resolution=256, magnitude_ema_beta=0.5 ** (16 / 20_000)
    ).to_json()  # fmt: skip
    r = generator_spec(StyleGan3Config(cfg="r", map_depth=4, layers=10), shape)
    assert isinstance(r, networks.StyleGan3Spec)
    assert (r.conv_kernel, r.channel_base, r.channel_max) == (1, 65_536, 1024)
    assert (r.use_radial_filters, r.mapping_layers, r.num_layers) == (True, 4, 10)
    assert (r.first_cutoff, r.first_stopband) == (2, 2**2.1)
    fine = generator_spec(StyleGan3Config(first_cutoff=4), shape)
    assert isinstance(fine, networks.StyleGan3Spec)
    assert (fine.first_cutoff, fine.first_stopband) == (4, 2 * 2**2.1)
    two = generator_spec(StyleGan3Config(cfg="stylegan2"), ImageShape(64, 1, 5))
    assert isinstance(two, networks.StyleGan2Spec)
    assert (two.mapping_layers, two.c_dim, two.img_channels) == (8, 5, 1)
    judge = discriminator_spec(StyleGan3Config(cfg="r", freezed=3, mbstd_group=2), shape)
    assert (judge.channel_base, judge.freeze_layers, judge.mbstd_group_size) == (32_768, 3, 2)


def test_the_augmentations_of_a_pipeline_are_the_official_ones() -> None:
    pipelines = Pipeline.__args__
    counts = {name: len(augment.pipeline_transforms(name)) for name in pipelines}
    assert counts == {
        "blit": 3, "geom": 4, "color": 5, "filter": 1, "noise": 1, "cutout": 1,
        "bg": 7, "bgc": 12, "bgcf": 13, "bgcfn": 14, "bgcfnc": 15,
    }  # fmt: skip


@pytest.mark.parametrize("name", [n for n in recipe_names() if n.startswith("stylegan3/")])
def test_recipes_name_settings_that_exist(name: str) -> None:
    config = StyleGan3Config.parse(find_recipe(name).config)
    shape = ImageShape(config.resolution, 3, 0)
    assert generator_spec(config, shape).img_resolution == config.resolution
    assert discriminator_spec(config, shape).img_resolution == config.resolution
