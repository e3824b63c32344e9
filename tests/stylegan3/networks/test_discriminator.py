"""The discriminator against the official one's numbers, and against what it must always be."""

import pytest
import torch
from golden import assert_near, golden, needs_golden, network_of, spec_of
from torch.nn import functional

from epoque.bench.errors import UsageError
from epoque.stylegan3 import networks
from epoque.stylegan3.networks import DiscriminatorSpec

NAMES = ("disc_tiny", "disc_tiny_cond", "disc_tiny_skip")


@needs_golden
@pytest.mark.parametrize("name", NAMES)
def test_names_shapes_and_what_is_trained_are_the_official_ones(name):
    known, network = golden(name), networks.build_network(spec_of(name))
    state, wanted = network.state_dict(), known.state()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in wanted.items()}
    assert [n for n, _ in network.named_parameters()] == known.meta["trainable"]
    assert {n for n, _ in network.named_buffers()} == set(known.meta["buffers"])


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [1, 2, 4])
@torch.no_grad()
def test_logits(name, batch):
    known, c = golden(name), golden(name).tensor("c")
    found = network_of(name)(known.tensor("images")[:batch], None if c is None else c[:batch])
    assert_near(found, known[f"logits/batch{batch}"], 1e-5)


def in_float64(name):
    """Network, images and labels. In float32 the R1 gradient's own rounding error is 2e-3."""
    known = golden(name)
    images = known.tensor("images", torch.float64).requires_grad_()
    return network_of(name).double(), images, known.tensor("c", torch.float64)


def assert_gradients(network, known):
    """Compare the norm of each parameter's gradient; official ones are float32."""
    largest = max(value.item() for value in known.values())
    assert known.keys() == {n for n, _ in network.named_parameters()}
    for name, wanted in known.items():
        gradient = network.get_parameter(name).grad
        found = 0.0 if gradient is None else gradient.norm().item()
        assert found == pytest.approx(wanted.item(), rel=2e-4, abs=1e-6 * largest), name


@needs_golden
@pytest.mark.parametrize("name", NAMES)
def test_r1_penalty_and_its_gradients(name):
    known = golden(name)
    network, images, c = in_float64(name)
    (slope,) = torch.autograd.grad(network(images, c).sum(), images, create_graph=True)
    assert_near(slope, known["r1/grad_images"], 1e-4)
    penalty = slope.square().sum([1, 2, 3])
    assert_near(penalty, known["r1/penalty"], 1e-5)
    penalty.mean().backward()
    assert_gradients(network, known.under("grad_l2_r1_gamma2/"))


@needs_golden
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_the_loss_of_real_images(name):
    network, images, c = in_float64(name)
    functional.softplus(-network(images, c)).mean().backward()
    assert_gradients(network, golden(name).under("grad_l2_softplus_real/"))


# What follows needs no reference numbers.

PARAMETERS = {
    16: 16_525_313,
    32: 21_507_073,
    64: 26_488_833,
    128: 28_389_121,
    256: 28_864_129,
    512: 28_982_849,
    1024: 29_012_513,
}


@pytest.mark.parametrize("resolution", PARAMETERS)
def test_parameters_at_every_resolution(resolution):
    with torch.device("meta"):
        network = networks.build_network(DiscriminatorSpec(img_resolution=resolution))
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[resolution]


def tiny(**changes):
    shape = {"img_resolution": 16, "channel_base": 128, "channel_max": 16, "mapping_layers": 2}
    return DiscriminatorSpec(**(shape | changes))


SPECS = {
    "resnet": tiny(),
    "skip": tiny(architecture="skip"),
    "orig": tiny(architecture="orig", mbstd_num_channels=0),
    "labels": tiny(c_dim=3, cmap_dim=7),
    "grey": tiny(img_channels=1, mbstd_group_size=2, mbstd_num_channels=2),
    "smallest": tiny(img_resolution=8, architecture="skip"),
}


def some_images(spec, batch=4):
    generator = torch.Generator().manual_seed(3)
    shape = (batch, spec.img_channels, spec.img_resolution, spec.img_resolution)
    labels = torch.eye(3)[torch.arange(batch) % 3] if spec.c_dim else None
    return torch.randn(shape, generator=generator), labels


@pytest.mark.parametrize("name", SPECS)
def test_a_new_network_judges_and_learns(name):
    images, c = some_images(SPECS[name])
    network = networks.init_discriminator(SPECS[name], seed=1)
    logits = network(images, c)
    assert logits.shape == (4, 1)
    assert logits.unique().numel() == 4
    images.requires_grad_()
    (slope,) = torch.autograd.grad(network(images, c).sum(), images, create_graph=True)
    (logits.sum() + slope.square().sum()).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_frozen_layers_are_the_first_and_cannot_be_thawed():
    known = [n for n, _ in networks.init_discriminator(tiny()).named_parameters()]
    frozen = networks.init_discriminator(tiny(freeze_layers=4)).requires_grad_(True)
    left = [n for n, _ in frozen.named_parameters()]
    assert left == [n for n in known if not n.startswith("b16.")]
    whole = networks.init_discriminator(tiny())
    assert frozen.state_dict().keys() == whole.state_dict().keys()


@torch.no_grad()
def test_images_are_compared_within_their_group():
    spec = tiny(mbstd_group_size=2)
    network = networks.init_discriminator(spec)
    images, _ = some_images(spec)
    changed = images.clone()
    changed[2] = -1
    moved = (network(images) != network(changed)).flatten().tolist()
    assert moved == [True, False, True, False]


def test_a_batch_that_makes_no_groups_is_told():
    with pytest.raises(UsageError, match="A batch of 6 images does not divide into groups of 4"):
        networks.init_discriminator(tiny())(torch.zeros(6, 3, 16, 16))


def test_a_missing_label_is_told():
    network = networks.init_discriminator(tiny(c_dim=3))
    with pytest.raises(UsageError, match="needs a label of 3 numbers for each image; none"):
        network(torch.zeros(4, 3, 16, 16))


@torch.no_grad()
def test_a_smaller_type_changes_little():
    network = networks.init_discriminator(tiny())
    images, _ = some_images(tiny())
    exact, fast = network(images), network(images, low_precision_dtype=torch.bfloat16)
    assert fast.dtype == torch.float32
    assert not torch.equal(exact, fast)
    torch.testing.assert_close(exact, fast, atol=0.1, rtol=0)
