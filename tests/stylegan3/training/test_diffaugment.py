"""DiffAugment: the bounds of each change, and gradients through all of them."""

import torch

from epoque.bench.seeds import torch_generator
from epoque.stylegan3.training.diffaugment import (
    _change_colors,
    _cut_out,
    _translate,
    diff_augment,
)


def _images(count=4, side=16):
    return torch.rand(count, 3, side, side, generator=torch_generator(1, "images")) * 2 - 1


def _numbers(*each):
    return torch.tensor(each, dtype=torch.float32).reshape(3, -1, 1, 1, 1)


def test_colors_stay_with_the_numbers_in_the_middle():
    images = _images(1)
    torch.testing.assert_close(_change_colors(images, _numbers(0.5, 0.5, 0.5)), images)
    brighter = _change_colors(images, _numbers(1.0, 0.5, 0.5))
    torch.testing.assert_close(brighter, images + 0.5)
    gray = _change_colors(images, _numbers(0.5, 0.0, 0.5))
    assert gray.var(1).max() < 1e-10
    flat = _change_colors(images, _numbers(0.5, 0.5, 0.0))
    torch.testing.assert_close(flat.std((1, 2, 3)), images.std((1, 2, 3)) / 2)


def test_a_shift_is_by_whole_pixels_up_to_an_eighth():
    images = _images(3)
    moved = _translate(images, torch.tensor([[0.0, 0.5, 0.999], [0.5, 0.5, 0.5]]))
    torch.testing.assert_close(moved[0, :, :-2], images[0, :, 2:])  # up by two of sixteen
    assert (moved[0, :, -2:] == 0).all()
    torch.testing.assert_close(moved[1], images[1])
    torch.testing.assert_close(moved[2, :, 2:], images[2, :, :-2])
    assert (moved[2, :, :2] == 0).all()


def test_a_hole_is_half_the_size():
    holes = _cut_out(torch.ones(2, 3, 16, 16), torch.tensor([[0.5, 0.0], [0.5, 0.0]]))
    assert (holes == 0).sum((1, 2, 3)).tolist() == [3 * 64, 3 * 16]


def test_the_same_numbers_change_alike_and_gradients_pass():
    images = _images().requires_grad_()
    one, other = (diff_augment(images, torch_generator(2, "changes")) for _ in range(2))
    assert torch.equal(one, other)
    (gradient,) = torch.autograd.grad(one.square().sum(), images)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().amax((1, 2, 3)) > 0).all()
