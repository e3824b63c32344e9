"""Descriptions of networks: to JSON and back, from official arguments, and what is refused."""

import json
from itertools import pairwise

import pytest
from golden import golden, needs_golden, spec_of
from pydantic import ValidationError

from epoque.bench.errors import DataError
from epoque.stylegan3.networks import (
    DiscriminatorSpec,
    StyleGan2Spec,
    StyleGan3Spec,
    parse_generator_spec,
    parse_official_generator,
)
from epoque.stylegan3.networks.bands import layer_plans

SPECS = [
    StyleGan3Spec(img_resolution=256),
    StyleGan3Spec(img_resolution=64, conv_clamp=None, c_dim=10, use_radial_filters=True),
    StyleGan2Spec(img_resolution=1024, resample_filter=(1, 2, 1), architecture="resnet"),
]


@pytest.mark.parametrize("spec", SPECS)
def test_a_generator_survives_json(spec):
    again = parse_generator_spec(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert type(again) is type(spec)


def test_a_discriminator_survives_json():
    spec = DiscriminatorSpec(img_resolution=32, mbstd_group_size=None, freeze_layers=3)
    assert DiscriminatorSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@needs_golden
@pytest.mark.parametrize("name", ["tiny_t", "tiny_r", "tiny_gray", "tiny_sg2", "disc_tiny_skip"])
def test_official_arguments_are_read(name):
    spec, told = spec_of(name), dict(golden(name).meta["init_kwargs"])
    for group in ("mapping_kwargs", "block_kwargs", "epilogue_kwargs"):
        values = told.pop(group, {})
        told |= {f"mapping_{k}" if group == "mapping_kwargs" else k: v for k, v in values.items()}
    told |= {"mapping_layers": told.pop("mapping_num_layers", spec.mapping_layers)}
    assert {k: v for k, v in spec.to_json().items() if k in told} == told


def test_arguments_may_stand_in_groups():
    grouped = {"img_resolution": 64, "synthesis_kwargs": {"block_kwargs": {"architecture": "orig"}}}
    hints = {"fused_modconv_default": "inference_only", "activation": "lrelu"}
    found = parse_official_generator("stylegan2", grouped | hints)
    assert found == StyleGan2Spec(img_resolution=64, architecture="orig")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "img_resolution is wrong: Field required"),
        ({"img_resolution": 64, "wings": 2}, "wings is wrong: Extra inputs are not permitted"),
        ({"img_resolution": "many"}, "img_resolution is wrong"),
        ({"img_resolution": 64, "activation": "relu"}, "activation is 'relu'; only 'lrelu'"),
        ({"img_resolution": 64, "mapping_kwargs": {"x": 1}}, "mapping_kwargs has 'x'"),
        ({"img_resolution": 64, "mapping_kwargs": 3}, "mapping_kwargs is 3"),
        ({"img_resolution": 48}, "img_resolution must be a power of two"),
        ({"img_resolution": 64, "conv_clamp": float("nan")}, "conv_clamp is wrong"),
        ({"img_resolution": 2**20}, "img_resolution is wrong"),
    ],
)
def test_wrong_arguments_are_told(arguments, told):
    with pytest.raises(DataError, match=f"^here: {told}"):
        parse_official_generator("stylegan2", arguments, "here")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"num_critical": 14}, "num_critical must be less than num_layers"),
        ({"first_cutoff": 32.0}, "first_cutoff must be less than half of img_resolution"),
        ({"first_stopband": 1.5}, "first_stopband must be greater than first_cutoff"),
    ],
)
def test_bands_that_cannot_be_are_told(changes, told):
    with pytest.raises(ValidationError, match=told):
        StyleGan3Spec(img_resolution=64, **changes)


def test_cutoffs_and_stopbands_grow_to_the_images():
    plans = layer_plans(StyleGan3Spec(img_resolution=1024))
    cutoffs = [plan.after.cutoff for plan in plans]
    assert cutoffs == sorted(cutoffs)
    assert (cutoffs[0], cutoffs[-1]) == (2.0, 512.0)
    ratios = {round(b / a, 9) for a, b in pairwise(cutoffs[:13])}
    assert len(ratios) == 1
    for plan in plans:
        assert plan.after.rate >= 2 * plan.after.cutoff
        assert plan.rate == 2 * max(plan.before.rate, plan.after.rate) or plan.to_image
        assert plan.reducible == (plan.after.rate > 64)
