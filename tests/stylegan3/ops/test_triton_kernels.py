"""The fused kernel against the plain path: on a GPU, or else by Triton's interpreter."""

import importlib.util
import os

import pytest
import torch
from golden import assert_near, golden, needs_golden
from ops_cases import RESAMPLING, cases

from epoque.stylegan3.ops import lowpass, reference, resampling_filter
from epoque.stylegan3.ops.dispatch import uses_fused

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton comes with PyTorch for CUDA; it is not here", allow_module_level=True)
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported

from epoque.stylegan3.ops import cuda

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
UP, DOWN = lowpass(12, 4.0, 6.0, 32), lowpass(12, 4.0, 5.0, 32)
RADIAL, WIDE = lowpass(12, 4.0, 6.0, 32, radial=True), lowpass(24, 4.0, 6.0, 64)
FACTORS = ("up", "down", "padding", "gain", "slope", "clamp")


def draw(*shape, seed=3):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def on_device(*tensors):
    return [None if tensor is None else tensor.to(DEVICE) for tensor in tensors]


def outcomes(module, x, filters, bias, **told):
    """The result, its gradients, and the gradient of those."""
    x, bias = x.clone().requires_grad_(), bias.clone().requires_grad_()
    y = module.filtered_lrelu(x, *filters, bias, **told)
    dy = torch.linspace(-1, 2, y.numel(), device=DEVICE).reshape(y.shape).requires_grad_()
    dx, db = torch.autograd.grad(y, (x, bias), dy, create_graph=True)
    (again,) = torch.autograd.grad(dx.square().sum() + db.sum(), dy)
    return y, dx, db, again


@pytest.mark.parametrize(
    ("shape", "filters", "told"),
    [
        pytest.param((2, 3, 26, 26), (UP, DOWN), {"up": 2, "down": 2}, id="the usual layer"),
        pytest.param(
            (1, 2, 20, 37),
            (WIDE, DOWN),
            {"up": 4, "down": 2, "padding": (17, 10, 3, 20)},
            id="a doubling layer, many tiles",
        ),
        pytest.param(
            (1, 2, 30, 26),
            (UP, RADIAL),
            {"up": 2, "down": 2, "padding": (11, 10, -3, 5), "clamp": 0.9},
            id="a radial filter",
        ),
        pytest.param(
            (1, 2, 9, 11), (None, WIDE), {"down": 4, "flip": True, "slope": 0.5}, id="down alone"
        ),
        pytest.param((1, 9, 5, 4), (UP, None), {"up": 3, "gain": 1.0}, id="up alone"),
    ],
)
def test_a_layer_and_its_derivatives_are_those_of_the_plain_path(shape, filters, told):
    told = {"padding": (9, 8, 9, 8)} | told
    x, bias, filters = draw(*shape), draw(shape[1], seed=4), on_device(*filters)
    found = outcomes(cuda, x, filters, bias, **told)
    wanted = outcomes(reference, x, filters, bias, **told)
    for one, other in zip(found, wanted, strict=True):
        assert_near(one.cpu(), other.detach().cpu().numpy(), 1e-5)


@needs_golden
@pytest.mark.parametrize("case", cases("filtered_lrelu"))
def test_the_official_numbers_of_a_layer(case):
    key, known = f"flrelu/{case['i']}", golden("ops")
    x, bias = on_device(known.tensor(f"{key}/x", torch.float32), known.tensor(f"{key}/b"))
    kernels = on_device(*(known.tensor(f"filter/{case[name]}") for name in ("fu", "fd")))
    x.requires_grad_()
    y = cuda.filtered_lrelu(
        x,
        *kernels,
        None if bias is None else bias.float(),
        flip=case["flip_filter"],
        **{name: case[name] for name in FACTORS},
    )
    assert_near(y.cpu(), known[f"{key}/y_float64"], 1e-5)
    y.backward(known.tensor(f"{key}/dy", torch.float32).to(DEVICE))
    assert_near(x.grad.cpu(), known[f"{key}/dx"], 1e-5)


@needs_golden
@pytest.mark.parametrize(
    "case", [c for c in cases("resampling") if c.values[0]["op"] == RESAMPLING[0]]
)
def test_the_official_numbers_of_resampling(case):
    key, known = f"upfirdn/{case['i']}", golden("ops")
    x, kernel = on_device(
        known.tensor(f"{key}/x", torch.float32), known.tensor(f"filter/{case['f']}")
    )
    told = {name: case[name] for name in ("up", "down", "padding", "gain")}
    y = cuda.upfirdn2d(x.requires_grad_(), kernel, flip=case["flip_filter"], **told)
    assert_near(y.cpu(), known[f"{key}/y_float64"], 1e-5)
    y.backward(known.tensor(f"{key}/dy", torch.float32).to(DEVICE))
    assert_near(x.grad.cpu(), known[f"{key}/dx"], 1e-5)


@pytest.mark.parametrize("last", [DOWN, RADIAL])
def test_half_precision_is_no_worse_than_on_the_plain_path(last):
    x, bias, filters = draw(1, 2, 26, 26), draw(2), on_device(UP, last)
    told = {"up": 2, "down": 2, "padding": 9, "clamp": 2.0}
    wanted = reference.filtered_lrelu(x, *filters, bias, **told)
    found = cuda.filtered_lrelu(x.half(), *filters, bias, **told)
    plain = reference.filtered_lrelu(x.half(), *filters, bias, **told)
    assert found.dtype == torch.float16
    assert (found - wanted).abs().mean() < 1.5 * (plain - wanted).abs().mean()


def test_what_is_no_number_is_not_hidden_by_the_clamp():
    x = draw(1, 1, 16, 16)
    x[0, 0, 8, 8] = torch.nan
    y = cuda.filtered_lrelu(x, *on_device(UP, DOWN), up=2, down=2, padding=9, clamp=1.0)
    assert y[0, 0, 8, 8].isnan()


def test_a_filter_that_was_changed_is_taken_apart_again():
    kernel, x = resampling_filter((1, 3, 3, 1)).to(DEVICE), draw(1, 1, 8, 8)
    before = cuda.upfirdn2d(x, kernel)
    kernel.mul_(2)
    torch.testing.assert_close(cuda.upfirdn2d(x, kernel), 2 * before)


def test_the_kernel_is_for_cuda():
    assert not uses_fused(torch.zeros(1))
    assert not uses_fused(draw(1).double())
    assert uses_fused(draw(1)) == (DEVICE.type == "cuda")
