"""The optimisers against PyTorch's own and against linear algebra; the schedules."""

import copy
import math

import pytest
import torch
from torch.nn import functional

from epoque.language import models
from epoque.language.config import LanguageConfig
from epoque.language.training import newton_schulz, optimizers, schedules
from epoque.language.training.newton_schulz import orthogonalize
from epoque.language.training.optimizers import MuonAdamW

STEPS = 100
JORDAN = ((3.4445, -4.7750, 2.0315),) * 5


def gradients(shape, count=STEPS):
    generator = torch.Generator().manual_seed(4)
    return [torch.randn(shape, generator=generator) for _ in range(count)]


def run(optimizer, parameter, grads):
    for grad in grads:
        parameter.grad = grad.clone()
        optimizer.step()
    return parameter.detach()


def start(*shape):
    return torch.nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(1)))


def matrix_group(parameter, matrix_count=1, **changes):
    group = {
        "params": [parameter],
        "muon": True,
        "matrix_counts": [matrix_count],
        "momentum": 0.95,
        "coefficients": JORDAN,
    }
    return [group | {"lr": 0.02, "weight_decay": 0.1} | changes]


def test_adamw_is_that_of_pytorch():
    ours, theirs, grads = start(13, 7), start(13, 7), gradients((13, 7))
    group = {"params": [ours], "lr": 1e-2, "weight_decay": 0.1}
    one = run(MuonAdamW([group], betas=(0.9, 0.95)), ours, grads)
    adamw = torch.optim.AdamW([theirs], lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    torch.testing.assert_close(one, run(adamw, theirs, grads), atol=1e-6, rtol=1e-5)


def test_sparse_steps_touch_their_rows_as_sparse_adam_does():
    ours, theirs = start(20, 6), start(20, 6)
    generator = torch.Generator().manual_seed(8)
    grads = []
    for _ in range(STEPS):
        rows = torch.randint(12, (1, 9), generator=generator)
        values = torch.randn(9, 6, generator=generator)
        grads.append(torch.sparse_coo_tensor(rows, values, (20, 6), check_invariants=True))
    group = {"params": [ours], "lr": 1e-2, "weight_decay": 0.0}
    one = run(MuonAdamW([group], betas=(0.9, 0.95)), ours, grads)
    adam = torch.optim.SparseAdam([theirs], lr=1e-2, betas=(0.0, 0.95))
    torch.testing.assert_close(one, run(adam, theirs, grads), atol=1e-5, rtol=1e-4)
    assert torch.equal(one[12:], start(20, 6)[12:])


def test_sparse_steps_in_every_row_equal_dense_ones():
    sparse, dense, grads = start(5, 3), start(5, 3), gradients((5, 3))
    group = {"lr": 1e-2, "weight_decay": 0.1}
    rows = [grad.to_sparse(1) for grad in grads]
    one = run(MuonAdamW([{"params": [sparse], **group}]), sparse, rows)
    other = run(MuonAdamW([{"params": [dense], **group}], betas=(0.0, 0.95)), dense, grads)
    torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("coefficients", [newton_schulz.COEFFICIENTS, JORDAN])
@pytest.mark.parametrize("shape", [(12, 12), (12, 20), (12, 40), (40, 12)])
def test_orthogonalised_keeps_directions_and_evens_lengths(shape, coefficients):
    """By the singular value decomposition, which the iteration knows nothing of."""
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    u, sizes, vh = torch.linalg.svd(matrix, full_matrices=False)
    sizes = torch.linspace(1, 0.05, len(sizes), dtype=torch.float64)
    made = orthogonalize((u @ torch.diag(sizes) @ vh)[None], coefficients)[0]
    inside = u.T @ made @ vh.T
    assert (inside - torch.diag(inside.diag())).abs().max() < 1e-9
    assert inside.diag().min() > 0.65
    assert inside.diag().max() < 1.29
    nearest = torch.linalg.norm(made - u @ vh) / torch.linalg.norm(u @ vh)
    assert nearest < 0.25


@pytest.mark.parametrize("coefficients", [JORDAN[:1], newton_schulz.COEFFICIENTS, JORDAN])
def test_the_short_way_for_long_matrices_is_the_long_way(coefficients):
    matrix = torch.randn(2, 16, 64, generator=torch.Generator().manual_seed(2))
    whole = orthogonalize(matrix, coefficients)
    padded = torch.cat((matrix, torch.zeros(2, 20, 64)), 1)
    torch.testing.assert_close(
        orthogonalize(padded, coefficients)[:, :16], whole, atol=1e-4, rtol=1e-3
    )


def test_orthogonalised_works_matrix_by_matrix_at_any_scale():
    matrices = torch.randn(3, 8, 20)
    matrices[1] *= 1e-4
    together = orthogonalize(matrices)
    alone = torch.cat([orthogonalize(one[None]) for one in matrices])
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(orthogonalize(1e3 * matrices), together, atol=1e-4, rtol=1e-3)
    assert torch.equal(orthogonalize(torch.zeros(1, 4, 4)), torch.zeros(1, 4, 4))


@pytest.mark.parametrize("shape", [(24, 24), (48, 12), (12, 48)])
def test_muon_is_that_of_pytorch(shape):
    """PyTorch iterates in bfloat16, hence the tolerance: a hundredth of the way gone."""
    ours, theirs, grads = start(*shape), start(*shape), gradients(shape)
    one = run(MuonAdamW(matrix_group(ours)), ours, grads)
    muon = torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.1)
    other = run(muon, theirs, grads)
    gone = torch.linalg.norm(other - start(*shape))
    assert torch.linalg.norm(one - other) < 0.02 * gone


def test_maps_that_share_a_matrix_step_as_if_apart():
    parts = [start(8, 12) for _ in range(3)]
    whole = torch.nn.Parameter(torch.cat([part.detach() for part in parts]))
    grads = gradients((24, 12), 20)
    together = run(MuonAdamW(matrix_group(whole, matrix_count=3)), whole, grads)
    for number, part in enumerate(parts):
        mine = [grad[8 * number : 8 * number + 8] for grad in grads]
        apart = run(MuonAdamW(matrix_group(part)), part, mine)
        torch.testing.assert_close(apart, together[8 * number : 8 * number + 8])


def test_matrices_may_rest_and_gather_gradients():
    ours, grads = start(8, 12), gradients((8, 12), 4)
    optimizer = MuonAdamW(matrix_group(ours, step_interval=2, weight_decay=0.0))
    momentum = torch.zeros(8, 12)
    for step, grad in enumerate(grads):
        before = ours.detach().clone()
        momentum = 0.95 * momentum + 0.05 * grad
        run(optimizer, ours, [grad])
        towards = orthogonalize((0.05 * grad + 0.95 * momentum)[None], JORDAN)[0]
        wanted = before - 0.02 * towards if step % 2 else before
        torch.testing.assert_close(ours.detach(), wanted)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_resumed_optimiser_goes_on_bit_by_bit(optimizer, sparse):
    every = {"muon_every": 3} if optimizer == "muon" else {}
    config = LanguageConfig(layers=2, width=16, heads=2, optimizer=optimizer, **every)
    straight = models.build_model(config, 40)
    straight.sparse_embedding = sparse
    first = optimizers.build_optimizer(straight, config)
    for step in range(4):
        descend(straight, first, step)
    resumed = copy.deepcopy(straight)
    second = optimizers.build_optimizer(resumed, config)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for step in range(4, 8):
        descend(straight, first, step)
        descend(resumed, second, step)
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def descend(model, optimizer, step):
    ids = torch.randint(40, (2, 8), generator=torch.Generator().manual_seed(step))
    hidden = model.compute_hidden_states(ids)
    weight = functional.embedding(
        torch.arange(30), model.output_weight, sparse=model.sparse_embedding
    )
    loss = functional.cross_entropy((hidden @ weight.T).flatten(0, 1), ids.flatten() % 30)
    loss.backward()
    optimizers.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@pytest.mark.parametrize("architecture", ["gpt2", "modern"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_both_learn(architecture, optimizer):
    config = LanguageConfig(
        layers=2, width=16, heads=2, optimizer=optimizer, architecture=architecture
    )
    model = models.build_model(config, 40)
    made = optimizers.build_optimizer(model, config)
    losses = [descend(model, made, 0) for _ in range(150)]
    assert losses[-1] < 0.5 * losses[0]


def test_groups_hold_every_parameter_once():
    for architecture, objective in (("gpt2", "causal"), ("bert", "masked"), ("modern", "masked")):
        config = LanguageConfig(
            architecture=architecture, objective=objective, layers=2, width=16, heads=2
        )
        model = models.build_model(config, 40)
        made = optimizers.build_optimizer(model, config)
        held = [parameter for group in made.param_groups for parameter in group["params"]]
        assert len(held) == len({id(parameter) for parameter in held})
        assert {id(p) for p in held} == {id(p) for p in model.parameters()}
        for group in made.param_groups:
            vectors = all(parameter.dim() == 1 for parameter in group["params"])
            assert (group["weight_decay"] == 0) == vectors
            assert group["lr"] == (0.01 if group["muon"] else 0.005)
            layers = {id(p) for p in model.layers.parameters() if p.dim() == 2}
            assert group["muon"] == all(id(p) in layers for p in group["params"])


def test_set_rate_scales_from_the_highest_rate():
    config = LanguageConfig(layers=1, width=16, heads=2)
    made = optimizers.build_optimizer(models.build_model(config, 40), config)
    for factor in (0.5, 0.1, 1.0):
        optimizers.set_learning_rates(made, factor)
        assert [group["lr"] for group in made.param_groups] == [0.01 * factor, 0.005 * factor]


def test_clip_is_that_of_pytorch_and_counts_sparse_rows_once():
    dense, other = start(4, 3), start(6, 3)
    dense.grad = torch.full((4, 3), 2.0)
    rows, values = torch.tensor([[1, 5, 1]]), torch.ones(3, 3)
    other.grad = torch.sparse_coo_tensor(rows, values, (6, 3), check_invariants=True)
    plain = [start(4, 3), start(6, 3)]
    plain[0].grad, plain[1].grad = dense.grad.clone(), other.grad.to_dense()
    wanted = torch.nn.utils.clip_grad_norm_(plain, 1.5).item()
    assert optimizers.clip_grad_norm_([dense, other, start(2)], math.inf) == pytest.approx(wanted)
    assert torch.equal(dense.grad, torch.full((4, 3), 2.0))
    assert optimizers.clip_grad_norm_([dense, other], 1.5) == pytest.approx(wanted)
    torch.testing.assert_close(dense.grad, plain[0].grad)
    torch.testing.assert_close(other.grad.to_dense(), plain[1].grad)


def test_clip_tells_what_is_not_finite():
    parameter = start(2, 2)
    parameter.grad = torch.tensor([[1.0, math.nan], [0.0, 1.0]])
    assert math.isnan(optimizers.clip_grad_norm_([parameter], 1.0))
    assert optimizers.clip_grad_norm_([start(3)], 1.0) == 0.0


def settings(schedule, **changes):
    return LanguageConfig(schedule=schedule, **changes)


def test_schedules_fall_as_they_say():
    shares = [0.0, 0.25, 0.5, 0.75, 1.0]

    def along(config):
        return [schedules.learning_rate_factor(config, 10**6, share) for share in shares]

    assert along(settings("constant")) == [1.0] * 5
    assert along(settings("linear")) == shares[::-1]
    cosine = [(1 + math.cos(math.pi * share)) / 2 for share in shares]
    assert along(settings("cosine")) == pytest.approx(cosine)
    assert along(settings("trapezoid", decay_share=0.5)) == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_warm_up_rises_in_equal_parts():
    config = settings("constant", warmup_steps=4)
    rising = [schedules.learning_rate_factor(config, step, 0.0) for step in range(6)]
    assert rising == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert schedules.learning_rate_factor(settings("linear"), 0, -0.1) == 1.0
    assert schedules.learning_rate_factor(settings("linear"), 9, 1.1) == 0.0
