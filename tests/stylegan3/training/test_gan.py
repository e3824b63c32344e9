"""The losses of each network: the official training's losses and gradients; regularisation."""

from typing import Any

import numpy as np
import pytest
import torch
from golden import assert_near, golden, needs_golden, network_of

from epoque.stylegan3 import networks
from epoque.stylegan3.training.gan import Gan, Losses, Microbatch, train_only
from epoque.stylegan3.training.losses import blur, path_lengths, r1_penalty
from epoque.stylegan3.training.optimizers import gradient_norm, make_lazy_adam, replace_non_finite

SETS = {"r1_0.5": {"r1_gamma": 0.5}, "r1_2_blur10": {"r1_gamma": 2.0, "blur_sigma": 6.0}}
NAMES = {
    "loss_g": "G/loss",
    "loss_d": "D/loss",
    "score_fake": "scores/fake",
    "score_real": "scores/real",
    "sign_real": "signs/real",
    "r1_penalty": "r1_penalty",
}


class _OfficialLatents(Gan):
    """Takes the random numbers that the official training was given."""

    def _map_latents(self, labels: Any, batch: Any, what: Any, update_emas: bool = False) -> Any:
        z = golden("train_step").tensor("z")
        return self.generator.mapping(z, None, update_emas=update_emas)


def make_gan(name: str) -> Gan:
    return _OfficialLatents(network_of("tiny_t"), network_of("disc_tiny"), **SETS[name])


def make_batch(images: torch.Tensor) -> Microbatch:
    none = torch.empty(len(images), 0)
    return Microbatch(images, none, none, 1.0, lambda _what, where: torch.Generator(where))


def reals() -> Microbatch:
    return make_batch(golden("train_step").tensor("real"))


def backward(gan: Gan, name: Any, losses: Losses, gain: float = 1.0) -> dict[str, torch.Tensor]:
    """Add the gradients of losses, as a step of the training does."""
    metrics: dict[str, torch.Tensor] = {}
    with train_only(gan.network(name), gan):
        for loss, values in losses:
            (loss.mean() * gain).backward()
            metrics.update(values)
    return metrics


def gradients(network: torch.nn.Module) -> list[torch.Tensor]:
    return [p.grad for p in network.parameters() if p.grad is not None]


def check(network: Any, seen: Any, place: str) -> None:
    """Compare the gradients' lengths, and what was seen, with the official training's."""
    told = golden("train_step")
    found = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
    wanted = told.under(f"{place}/grad_l2/")
    assert set(found) == set(wanted)
    for name, length in wanted.items():
        assert float(found[name].double().norm()) == pytest.approx(length, rel=1e-4, abs=1e-9), name
    for name, values in seen.items():
        assert_near(values, told[f"{place}/stat/Loss/{NAMES[name]}"].ravel(), 1e-5)


@needs_golden
@pytest.mark.parametrize("name", SETS)
def test_the_losses_give_the_official_gradients(name: str) -> None:
    gan = make_gan(name)
    check(gan.generator, backward(gan, "generator", gan.generator_loss(reals())), f"{name}/Gboth")
    if name == "r1_0.5":
        told = golden("train_step")
        for place, value in told.under(f"{name}/Gboth/grad/").items():
            grad = dict(gan.generator.named_parameters())[place].grad
            assert_near(grad, value, 1e-4)
        make_lazy_adam(gan.generator, 0.0025, None).step()
        for place, value in told.under(f"{name}/Gboth/param_after_adam/").items():
            parameter = dict(gan.generator.named_parameters())[place]
            # Adam's first step divides a gradient by its size: one that is 0 but for rounding may
            # go anywhere within the step, and rounding differs between processors.
            slope = parameter.grad.abs()
            clear = (slope > 1e-4 * slope.max()).numpy()
            stepped = parameter.detach().numpy()
            assert_near(np.where(clear, stepped, value), value, 1e-4)
            assert np.abs(stepped - value).max() <= 2 * 0.0025
    gan = make_gan(name)
    check(
        gan.discriminator,
        backward(gan, "discriminator", gan.discriminator_losses(reals())),
        f"{name}/Dmain",
    )
    for place, value in golden("train_step").under(f"{name}/Dmain/buffer_after/").items():
        assert_near(dict(gan.generator.named_buffers())[place], np.asarray(value), 1e-5)
    backward(gan, "discriminator", gan.gradient_penalties(reals()))
    check(gan.discriminator, {}, f"{name}/Dboth")
    gan = make_gan(name)
    check(
        gan.discriminator,
        backward(gan, "discriminator", gan.gradient_penalties(reals()), 16.0),
        f"{name}/Dreg",
    )


def test_the_penalty_is_the_squared_gradient() -> None:
    weight = torch.randn(3, 4, 4, requires_grad=True)
    images = torch.randn(5, 3, 4, 4, requires_grad=True)
    logits = (images * weight).sum([1, 2, 3])[:, None] * 2
    penalty = r1_penalty(logits, images)
    expected = 4 * weight.square().sum()
    torch.testing.assert_close(penalty, expected.expand(5))
    (slope,) = torch.autograd.grad(penalty.sum(), weight)
    torch.testing.assert_close(slope, 5 * 8 * weight)


def test_path_lengths_of_a_linear_map_are_those_of_its_matrix() -> None:
    rng = torch.Generator().manual_seed(0)
    matrix = torch.randn(2, 6, 3 * 8 * 8, generator=rng)
    ws = torch.randn(400, 2, 6, generator=rng, requires_grad=True)
    images = torch.einsum("nlw,lwp->np", ws, matrix).reshape(400, 3, 8, 8)
    lengths = path_lengths(images, ws, rng)
    # The mean of |Jᵀy|² over y is |J|² over the pixels of a channel; then the mean over layers.
    assert float(lengths.square().mean()) == pytest.approx(
        float(matrix.square().sum() / 64 / 2), rel=0.03
    )


def test_blur_keeps_a_constant_inside_and_fades_with_distance() -> None:
    flat = torch.ones(1, 1, 17, 17)
    assert float(blur(flat, 2.0)[0, 0, 8, 8]) == pytest.approx(1.0)
    assert blur(flat, 0.3) is flat
    dot = torch.zeros(1, 1, 17, 17)
    dot[0, 0, 8, 8] = 1
    spread = blur(dot, 2.0)[0, 0, 8]
    assert float(spread[10] / spread[8]) == pytest.approx(0.5, rel=1e-5)


def stylegan2(seed: int = 0, **settings: Any) -> Gan:
    spec = networks.StyleGan2Spec(
        img_resolution=16, channel_base=128, channel_max=8, z_dim=8, w_dim=8, mapping_layers=2
    )
    judge = networks.DiscriminatorSpec(img_resolution=16, channel_base=128, channel_max=8)
    made = networks.init_generator(spec, seed), networks.init_discriminator(judge, seed)
    return Gan(*made, r1_gamma=1.0, **settings)


def test_mixed_styles_come_from_two_draws() -> None:
    gan, batch = stylegan2(style_mixing_prob=1.0), make_batch(torch.zeros(4, 3, 16, 16))
    numbers = {"mixing": 1}

    def make_rng(what: str, where: torch.device) -> torch.Generator:
        return torch.Generator(where).manual_seed(numbers.get(what, sum(map(ord, what))))

    batch = Microbatch(batch.images, batch.labels, batch.gen_labels, 1.0, make_rng)
    _, ws = gan._generate(batch, 4)
    first, last = ws[:, :1], ws[:, -1:]
    same = (ws == first).all(2)
    place = int(same[0].sum())
    assert 0 < place < ws.shape[1]
    assert torch.equal(ws[:, :place], first.expand(-1, place, -1))
    assert torch.equal(ws[:, place:], last.expand(-1, ws.shape[1] - place, -1))


def test_the_path_length_penalty_draws_lengths_together() -> None:
    gan = stylegan2(pl_weight=2.0)
    batch = make_batch(torch.zeros(6, 3, 16, 16))
    seen = backward(gan, "generator", gan.path_length_penalty(batch), 4.0)
    assert seen["path_length"].shape == (3,)
    found = {n: p.grad for n, p in gan.generator.named_parameters()}
    assert any(g is not None and g.abs().max() > 0 for g in found.values())
    gan.pl_mean = float(seen["path_length"].mean())
    again = backward(gan, "generator", gan.path_length_penalty(batch), 4.0)
    assert float(again["path_penalty"].sum()) < float(seen["path_penalty"].sum())
    assert not gradients(gan.discriminator)


def test_lazy_adam_corrects_rate_and_memory() -> None:
    network = torch.nn.Linear(2, 2)
    (group,) = make_lazy_adam(network, 0.002, 16).param_groups
    assert group["lr"] == pytest.approx(0.002 * 16 / 17)
    assert group["betas"] == (0.0, pytest.approx(0.99 ** (16 / 17)))
    (group,) = make_lazy_adam(network, 0.002, None).param_groups
    assert (group["lr"], group["betas"]) == (0.002, (0.0, 0.99))


def test_gradients_out_of_range_are_replaced_in_half_precision_only() -> None:
    def wild() -> list[torch.Tensor]:
        return [torch.tensor([float("inf"), 1.0]), torch.tensor([float("nan")])]

    assert not np.isfinite(gradient_norm(wild()))
    found = wild()
    replace_non_finite(found)
    assert gradient_norm(found) == pytest.approx(1e5)
    assert [g.tolist() for g in found] == [[1e5, 1.0], [0.0]]


def test_half_precision_gives_nearly_the_same_gradients() -> None:
    batch = make_batch(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    found = []
    for low in (None, torch.bfloat16):
        gan = stylegan2(low_precision_dtype=low)
        backward(gan, "generator", gan.generator_loss(batch))
        found.append(torch.cat([g.flatten() for g in gradients(gan.generator)]))
    fine, rough = found
    assert fine.dtype == rough.dtype == torch.float32
    assert not torch.equal(fine, rough)
    assert float((fine - rough).norm() / fine.norm()) < 0.1
