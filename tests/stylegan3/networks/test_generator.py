"""The generators against the official ones' numbers, and against what they must always be."""

import pytest
import torch
from golden import assert_near, golden, needs_golden, network_of, spec_of

from epoque.bench.errors import UsageError
from epoque.stylegan3 import networks
from epoque.stylegan3.generation.synthesis import transform_input
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.images import to_uint8
from epoque.stylegan3.latents import sample_latents
from epoque.stylegan3.networks import StyleGan2Spec, StyleGan3Spec
from epoque.stylegan3.networks.bands import layer_plans

ALIAS_FREE = ("tiny_t", "tiny_r", "tiny_cond", "tiny_gray")
ALL = (*ALIAS_FREE, "tiny_sg2")
SEEDS = (2, 674, 1024)
RADIAL = {"conv_kernel": 1, "channel_base": 65_536, "channel_max": 1024, "use_radial_filters": True}


def inputs(name, seed):
    """Random numbers and label of a seed."""
    return torch.from_numpy(sample_latents([seed], spec_of(name).z_dim)), golden(name).tensor(
        f"c/{seed}"
    )


def assert_image(image, known, key):
    """Compare an image, and its bytes, with the official ones."""
    assert_near(image, known[f"img/{key}"], 1e-4)
    off = to_uint8(image)[0].astype(int) - known[f"u8/{key}"]
    assert abs(off).max() <= 1
    assert (off != 0).mean() < 0.01


@needs_golden
@pytest.mark.parametrize("name", ALL)
def test_names_shapes_filters_and_order_are_the_official_ones(name):
    known, network = golden(name), networks.build_network(spec_of(name))
    state, wanted = network.state_dict(), known.state()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in wanted.items()}
    assert [n for n, _ in network.named_parameters()] == known.meta["param_names"]
    assert [n for n, _ in network.named_buffers()] == known.meta["buffer_names"]
    assert network.num_ws == known.meta["num_ws"]
    filters = [n for n in state if n.endswith("_filter")]
    assert filters
    for filter_name in filters:
        assert_near(state[filter_name], known[f"sd/{filter_name}"], 1e-6)


@needs_golden
@pytest.mark.parametrize("name", ALIAS_FREE)
def test_the_layers_are_planned_as_the_official_ones(name):
    for plan, known in zip(layer_plans(spec_of(name)), golden(name).meta["layers"], strict=True):
        assert plan.name == known["name"]
        assert (plan.up, plan.down) == (known["up"], known["down"])
        assert (plan.up_taps, plan.down_taps) == (known["up_taps"], known["down_taps"])
        assert list(plan.padding) == known["padding_x0x1y0y1"]
        assert (plan.to_image, plan.reducible) == (known["torgb"], known["use_fp16"])
        assert plan.rate == known["tmp_rate"]
        for band, side in ((plan.before, "in"), (plan.after, "out")):
            assert [band.size] * 2 == known[f"{side}_size"]
            assert (band.channels, band.rate) == (known[f"{side}_ch"], known[f"{side}_rate"])
            assert band.cutoff == pytest.approx(known[f"{side}_cutoff"])
            assert band.half_width == pytest.approx(known[f"{side}_half_width"])


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_images_of_seeds(name):
    known, network = golden(name), network_of(name)
    for seed in SEEDS:
        z, c = inputs(name, seed)
        assert_near(z, known[f"z/{seed}"], 0)
        assert_image(network(z, c), known, f"psi1/{seed}")
        assert_image(network(z, c, psi=0.5), known, f"psi0.5/{seed}")


@needs_golden
@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_styles_with_truncation_and_cutoff(name):
    known, network = golden(name), network_of(name)
    for seed in SEEDS:
        z, c = inputs(name, seed)
        assert_near(network.mapping(z, c), known[f"w/psi1/{seed}"], 1e-6)
        assert_near(network.mapping(z, c, psi=0.5), known[f"w/psi0.5/{seed}"], 1e-6)
        near = network.mapping(z, c, psi=0.7, cutoff=3)
        assert_near(near, known[f"w/psi0.7_cutoff3/{seed}"], 1e-6)


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", ALIAS_FREE)
@torch.no_grad()
def test_translated_and_rotated_images(name):
    known, network = golden(name), network_of(name)
    for index, moved in enumerate(known.meta["transforms"]):
        matrix = transform_matrix(*moved["translate"], moved["rotate"])
        assert_near(matrix, known[f"transform_inv/{index}"], 1e-12)
        network.synthesis.input.transform.copy_(torch.from_numpy(matrix))
        seed = SEEDS[index % 2]
        assert_image(network(*inputs(name, seed)), known, f"transform{index}/{seed}")


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_a_batch_of_three(name):
    given = [inputs(name, seed) for seed in SEEDS]
    z = torch.cat([z for z, _ in given])
    c = None if given[0][1] is None else torch.cat([c for _, c in given])
    assert_near(network_of(name)(z, c), golden(name)["img/batch3_psi1"], 1e-4)


@needs_golden
@pytest.mark.usefixtures("path")
@torch.no_grad()
def test_without_noise():
    known, network = golden("tiny_sg2"), network_of("tiny_sg2")
    for seed in SEEDS:
        assert_image(network(*inputs("tiny_sg2", seed), noise="none"), known, f"noise_none/{seed}")


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_activations_of_every_layer(name):
    known, network, seen = golden(name), network_of(name), {}
    for layer, module in network.synthesis.named_children():
        module.register_forward_hook(lambda _m, _i, y, at=layer: seen.update({at: y}))
    network(*inputs(name, SEEDS[0]))
    for layer, wanted in known.under("act_stride_c4_y4_x4/").items():
        assert_near(seen[layer][0, ::4, ::4, ::4], wanted, 1e-4)
        rms = seen[layer].square().mean().sqrt().item()
        assert rms == pytest.approx(known[f"act_rms/{layer}"].item(), rel=1e-5)


@needs_golden
@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", ALL)
def test_gradients(name):
    # In these two, an input of a leaky ReLU is 0 but for rounding: on processors that round
    # otherwise it takes the other slope, which moves the gradient by about 2e-3.
    near = 5e-3 if name in ("tiny_t", "tiny_r") else 1e-4
    known, network = golden(name), network_of(name)
    probe, z_and_c = known.tensor("grad/probe_randomstate99"), inputs(name, SEEDS[0])
    ws = network.mapping(*z_and_c).detach().requires_grad_()
    (network.synthesis(ws) * probe).sum().backward()
    assert_near(ws.grad, known["grad/ws"], near)
    norms = known.under("grad_l2/")
    assert norms.keys() == {n for n, _ in network.named_parameters() if n[:7] != "mapping"}
    for parameter, wanted in norms.items():
        found = network.get_parameter(parameter).grad.norm().item()
        assert found == pytest.approx(wanted.item(), rel=near, abs=1e-6)


# What follows needs no reference numbers.

PARAMETERS = {
    16: (37_768_199, 24_153_095, 16_014_350),
    32: (37_768_199, 24_153_095, 21_523_475),
    64: (37_768_199, 24_153_095, 27_032_600),
    128: (32_833_523, 21_366_701, 29_328_669),
    256: (28_472_133, 18_816_387, 30_034_338),
    512: (24_873_519, 16_665_594, 30_276_583),
    1024: (22_313_167, 15_093_151, 30_370_060),
}
"""Of config T, config R and StyleGAN2. Published: 22.3 M for T, 30.4 M for StyleGAN2 at 1024."""


@pytest.mark.parametrize("resolution", PARAMETERS)
def test_parameters_and_sizes_at_every_resolution(resolution):
    t = StyleGan3Spec(img_resolution=resolution)
    specs = (
        t,
        StyleGan3Spec(img_resolution=resolution, **RADIAL),
        StyleGan2Spec(img_resolution=resolution),
    )
    with torch.device("meta"):
        counts = tuple(
            sum(p.numel() for p in networks.build_network(s).parameters()) for s in specs
        )
    assert counts == PARAMETERS[resolution]
    for spec in specs[:2]:
        plans = layer_plans(spec)
        assert [p.after.size for p in plans[-2:]] == [resolution] * 2
        for plan in plans:
            assert _size_after(plan) == plan.after.size


def _size_after(plan):
    """The size that comes out of a layer, from its size before, kernel, filters and padding."""
    size = (plan.before.size + plan.kernel - 1) * plan.up + sum(plan.padding[:2])
    size -= plan.up_taps - 1 + plan.down_taps - 1
    return -(-size // plan.down)


def tiny(**changes):
    shape = {"z_dim": 16, "w_dim": 24, "img_resolution": 32, "channel_base": 512, "channel_max": 16}
    return StyleGan3Spec(**(shape | {"num_layers": 5} | changes))


def tiny2(**changes):
    shape = {"z_dim": 16, "w_dim": 24, "img_resolution": 16, "channel_base": 128, "channel_max": 16}
    return StyleGan2Spec(**(shape | {"mapping_layers": 2} | changes))


SPECS = {
    "t": tiny(),
    "r": tiny(conv_kernel=1, use_radial_filters=True),
    "labels": tiny(c_dim=3),
    "grey": tiny(img_channels=1, img_resolution=16),
    "odd": tiny(img_resolution=40, margin_size=3, num_critical=0, filter_size=3),
    "skip": tiny2(),
    "resnet": tiny2(architecture="resnet"),
    "orig": tiny2(architecture="orig", use_noise=False),
}


def some_inputs(spec, batch=2):
    z = torch.from_numpy(sample_latents(range(batch), spec.z_dim))
    c = torch.eye(spec.c_dim)[:batch] if spec.c_dim else None
    return z, c


@pytest.mark.parametrize("name", SPECS)
def test_a_new_network_makes_images_and_learns(name):
    spec = SPECS[name]
    network = networks.init_generator(spec, seed=4)
    with torch.no_grad():
        images = network(*some_inputs(spec), update_emas=True)
    assert images.shape == (2, spec.img_channels, spec.img_resolution, spec.img_resolution)
    assert 0.01 < images.std() < 3
    assert not torch.equal(images[0], images[1])
    network(*some_inputs(spec)).square().sum().backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_the_seed_decides_the_first_weights():
    first, again, other = (networks.init_generator(tiny(), seed=s).state_dict() for s in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    name = "synthesis.input.freqs"
    assert not torch.equal(first[name], other[name])
    assert first[name].norm(dim=1).max() <= 2


@torch.no_grad()
def test_an_update_follows_styles_and_magnitudes():
    network = networks.init_generator(tiny(w_avg_beta=0.75, magnitude_ema_beta=0.5))
    z, _ = some_inputs(tiny())
    w = network.mapping(z)[:, 0]
    network(z, update_emas=True)
    torch.testing.assert_close(network.mapping.w_avg, 0.25 * w.mean(0))
    layer = getattr(network.synthesis, network.synthesis.layer_names[0])
    power = network.synthesis.input(w).square().mean()
    torch.testing.assert_close(layer.magnitude_ema, (1 + power) / 2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(z)
    assert all(torch.equal(before[name], v) for name, v in network.state_dict().items())


@torch.no_grad()
def test_no_truncation_is_the_style_and_full_truncation_is_the_mean():
    network = networks.init_generator(tiny())
    network.mapping.w_avg.normal_(generator=torch.Generator().manual_seed(1))
    z, _ = some_inputs(tiny())
    mean = network.mapping.w_avg.expand(2, network.num_ws, -1)
    torch.testing.assert_close(network.mapping(z, psi=0), mean)
    torch.testing.assert_close(network.mapping(z, psi=0, cutoff=3)[:, :3], mean[:, :3])
    assert torch.equal(network.mapping(z, psi=0, cutoff=3)[:, 3:], network.mapping(z)[:, 3:])


@pytest.mark.parametrize("name", ["t", "r"])
@torch.no_grad()
def test_a_shift_by_whole_pixels_shifts_the_image(name):
    """The claim of the paper; what enters at the edges comes from the margins."""
    spec = SPECS[name]
    network = networks.init_generator(spec, seed=3).double()
    z, _ = some_inputs(spec)
    image = network(z)
    x, y = 4, -6
    matrix = transform_matrix(x / spec.img_resolution, y / spec.img_resolution, 0)
    network.synthesis.input.transform.copy_(torch.from_numpy(matrix))
    moved, wanted = network(z)[..., 2:-8, 6:-2], image.roll((y, x), (2, 3))[..., 2:-8, 6:-2]
    noise = (moved - wanted).square().mean()
    decibels = 10 * torch.log10(4 / noise)
    assert decibels > 45
    assert 10 * torch.log10(4 / (image[..., 2:-8, 6:-2] - wanted).square().mean()) < 35


@torch.no_grad()
def test_config_r_turns_by_a_right_angle():
    network = networks.init_generator(SPECS["r"], seed=3).double()
    z, _ = some_inputs(SPECS["r"])
    image = network(z)
    matrix = transform_matrix(0, 0, 90)
    network.synthesis.input.transform.copy_(torch.from_numpy(matrix))
    turned, wanted = network(z), image.rot90(1, (2, 3))
    assert 10 * torch.log10(4 / (turned - wanted).square().mean()) > 40


@torch.no_grad()
def test_an_alias_free_generator_has_no_noise():
    network = networks.init_generator(tiny())
    z, _ = some_inputs(tiny())
    assert torch.equal(network(z, noise="none"), network(z, noise="random"))


@torch.no_grad()
def test_random_noise_is_drawn_from_the_generator_given():
    network = networks.init_generator(tiny2())
    for name, parameter in network.named_parameters():
        if name.endswith("noise_strength"):
            parameter.fill_(0.5)
    z, _ = some_inputs(tiny2())
    first, again, other = (
        network(z, noise="random", rng=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    same = network(z[:1].expand(2, -1), noise="random", rng=torch.Generator().manual_seed(1))
    assert not torch.equal(same[0], same[1])


@pytest.mark.parametrize("name", ["t", "r", "skip", "resnet"])
@torch.no_grad()
def test_a_smaller_type_changes_little(name):
    network = networks.init_generator(SPECS[name])
    z, c = some_inputs(SPECS[name])
    exact, fast = network(z, c), network(z, c, low_precision_dtype=torch.bfloat16)
    assert fast.dtype == torch.float32
    assert not torch.equal(exact, fast)
    assert (exact - fast).square().mean() < 1e-3 * exact.square().mean()


@pytest.mark.parametrize("label", [None, torch.zeros(1, 2), torch.zeros(3)])
def test_a_missing_or_wrong_label_is_told(label):
    network = networks.init_generator(SPECS["labels"])
    with pytest.raises(UsageError, match="needs a label of 3 numbers for each image"):
        network(torch.zeros(1, 16), label)


def test_an_unknown_noise_is_told():
    with pytest.raises(UsageError, match="Noise is 'loud'; const, random and none"):
        networks.init_generator(tiny2())(torch.zeros(1, 16), noise="loud")


def test_a_stylegan2_with_waves_follows_its_input():
    spec = StyleGan2Spec(z_dim=8, w_dim=8, img_resolution=16, channel_base=64, channel_max=8,
                         mapping_layers=2, fourier_input=True)  # fmt: skip
    generator = networks.init_generator(spec, 0).eval().requires_grad_(False)
    assert not any(name.endswith("const") for name, _ in generator.named_parameters())
    ws = generator.mapping(torch.from_numpy(sample_latents([3], 8)), None)
    image = generator.synthesis(ws, noise="none")
    with transform_input(generator, transform_matrix(0.3, 0, 0)):
        moved = generator.synthesis(ws, noise="none")
    assert (moved - image).abs().max() > 0.01
    assert torch.equal(generator.synthesis(ws, noise="none"), image)
    again = networks.build_network(StyleGan2Spec.from_json(spec.to_json()))
    again.load_state_dict(generator.state_dict())
