"""The losses of both networks: their values, and which way they push."""

import math

import pytest
import torch

from epoque.stylegan3.training import losses

LOGITS = torch.tensor([[-2.0], [0.5], [3.0]])


@pytest.mark.parametrize(
    ("loss", "values", "slopes"),
    [
        (losses.real_loss, [2.1269, 0.4741, 0.0486], [-0.8808, -0.3775, -0.0474]),
        (losses.fake_loss, [0.1269, 0.9741, 3.0486], [0.1192, 0.6225, 0.9526]),
        (losses.hinge_real_loss, [3, 0.5, 0], [-1, -1, 0]),
        (losses.hinge_fake_loss, [0, 1.5, 4], [0, 1, 1]),
        (losses.hinge_generator_loss, [2, -0.5, -3], [-1, -1, -1]),
    ],
)
def test_values_and_slopes(loss, values, slopes):
    logits = LOGITS.clone().requires_grad_()
    found = loss(logits)
    assert found.flatten().tolist() == pytest.approx(values, abs=1e-4)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.flatten().tolist() == pytest.approx(slopes, abs=1e-4)


def test_only_the_difference_of_a_pair_counts():
    real, fake = LOGITS.clone().requires_grad_(), torch.tensor([[-2.0], [1.5], [1.0]])
    found = losses.relativistic_loss(real, fake)
    wanted = [-math.log(1 / (1 + math.exp(-t))) for t in (0.0, -1.0, 2.0)]
    assert found.flatten().tolist() == pytest.approx(wanted, abs=1e-6)
    torch.testing.assert_close(losses.relativistic_loss(real + 7, fake + 7), found)
    (gradient,) = torch.autograd.grad(found.sum(), real)
    assert gradient.flatten().tolist() == pytest.approx([-0.5, -0.7311, -0.1192], abs=1e-4)
