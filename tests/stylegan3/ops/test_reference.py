"""The operations against the official ones' numbers, and against what they must always be."""

import numpy as np
import pytest
import torch
from golden import assert_near, golden, needs_golden
from ops_cases import cases
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional

from epoque.stylegan3 import ops

on_both_paths = pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
"""Float64 is computed by the plain path, float32 by the compiled one."""

ROUNDING = {torch.float64: 1e-6, torch.float32: 3e-6}


def leaf_of(name, dtype):
    """An array, ready to be differentiated."""
    tensor = golden("ops").tensor(name, dtype)
    return None if tensor is None else tensor.requires_grad_()


def kernel(name, dtype):
    return golden("ops").tensor(f"filter/{name}", dtype)


def check(key, y, leaves):
    """Compare a result with the official one, and its gradients."""
    known, rounding = golden("ops"), ROUNDING[y.dtype]
    assert_near(y, known[f"{key}/y_float64"], rounding)
    y.backward(known.tensor(f"{key}/dy", y.dtype))
    for name, leaf in leaves.items():
        assert_near(leaf.grad, known[f"{key}/d{name}"], rounding)


@needs_golden
@on_both_paths
@pytest.mark.parametrize("case", cases("filtered_lrelu"))
def test_filtered_lrelu(case, dtype):
    key = f"flrelu/{case['i']}"
    leaves = {
        name: leaf_of(f"{key}/{name}", dtype)
        for name in ("x", "b")
        if f"{key}/{name}" in golden("ops")
    }
    y = ops.filtered_lrelu(
        leaves["x"],
        kernel(case["fu"], dtype),
        kernel(case["fd"], dtype),
        leaves.get("b"),
        flip=case["flip_filter"],
        **{name: case[name] for name in ("up", "down", "padding", "gain", "slope", "clamp")},
    )
    assert ("b" in leaves) == case["bias"]
    check(key, y, leaves)


@needs_golden
@on_both_paths
@pytest.mark.parametrize("case", cases("resampling"))
def test_resampling(case, dtype):
    key, x = f"upfirdn/{case['i']}", leaf_of(f"upfirdn/{case['i']}/x", dtype)
    factors = {"upsample2d": ("up",), "downsample2d": ("down",), "upfirdn2d": ("up", "down")}
    told = {name: case[name] for name in factors.get(case["op"], ())}
    told |= {name: case[name] for name in ("padding", "gain")}
    y = getattr(ops, case["op"])(x, kernel(case["f"], dtype), flip=case["flip_filter"], **told)
    check(key, y, {"x": x})


@needs_golden
@pytest.mark.parametrize("case", cases("filter_design"))
def test_filter_design(case):
    found = ops.lowpass(
        case["numtaps"], case["cutoff"], case["width"], case["fs"], radial=case["radial"]
    )
    assert_near(found, golden("ops")[f"design/{case['i']}/f"], 1e-7)


@needs_golden
@on_both_paths
@pytest.mark.parametrize("case", cases("bias_act"))
def test_bias_act(case, dtype):
    key = f"bias_act/{case['i']}"
    y = ops.bias_act(
        leaf_of(f"{key}/x", dtype),
        leaf_of(f"{key}/b", dtype),
        case["act"],
        slope=case["alpha"],
        gain=case["gain"],
        clamp=case["clamp"],
    )
    assert_near(y, golden("ops")[f"{key}/y"], ROUNDING[dtype])


@needs_golden
@on_both_paths
@pytest.mark.parametrize("case", cases("modconv"))
def test_modulated_conv2d(case, dtype):
    x, w, s, gain = (
        leaf_of(f"modconv/{case['i']}/{name}", dtype) for name in ("x", "w", "s", "input_gain")
    )
    assert (gain is not None) == case["input_gain"]
    y = ops.modulated_conv2d(
        x, w, s, demodulate=case["demodulate"], padding=case["padding"], input_gain=gain
    )
    assert_near(y, golden("ops")[f"modconv/{case['i']}/y"], ROUNDING[dtype])


@needs_golden
def test_the_filter_of_stylegan2():
    assert_near(ops.resampling_filter((1, 3, 3, 1)), golden("ops")["filter/sg2"], 0)


def draw(*shape):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize("taps", [6, 7, 24])
def test_a_lowpass_filter_is_symmetric_and_of_unit_sum(taps, radial):
    found = ops.lowpass(taps, 3.0, 4.0, 32, radial=radial)
    assert found.shape == ((taps, taps) if radial else (taps,))
    assert found.sum().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(found, found.flip(0), atol=1e-7, rtol=0)
    assert not radial or torch.equal(found, found.T)


@pytest.mark.parametrize("radial", [False, True])
def test_a_lowpass_filter_passes_low_and_stops_high_frequencies(radial):
    found = ops.lowpass(48, 4.0, 4.0, 32, radial=radial).double()
    row = found.sum(0) if radial else found
    response = np.abs(np.fft.fft(row.numpy(), 1024))
    frequency = np.abs(np.fft.fftfreq(1024, 1 / 32))
    assert response[frequency < 2].min() > 0.95
    assert response[frequency > 6].max() < 0.01
    assert np.interp(4.0, frequency[:512], response[:512]) == pytest.approx(0.5, abs=0.05)


def test_one_tap_is_no_filter():
    assert ops.lowpass(1, 3.0, 4.0, 32) is None


def test_upfirdn2d_is_its_definition():
    x, f = draw(1, 1, 4, 3), draw(3, 2)
    y = ops.upfirdn2d(x, f, up=(2, 3), down=(1, 2), padding=(1, 2, 0, 3), gain=0.5)
    large = np.zeros((4 * 3 + 3, 3 * 2 + 3))
    large[0:12:3, 1:7:2] = x[0, 0]
    wanted = np.zeros((15 - 2, 9 - 1))
    for i, j in np.ndindex(wanted.shape):
        wanted[i, j] = (large[i : i + 3, j : j + 2] * f.flip([0, 1]).numpy()).sum() / 2
    np.testing.assert_allclose(y[0, 0], wanted[::2], atol=1e-12)


def test_upsampling_then_downsampling_keeps_a_slow_signal():
    f = ops.lowpass(24, 4.0, 6.0, 32).double()
    place = (torch.arange(32, dtype=torch.float64) + 0.5) / 32
    x = (2 * torch.pi * place).sin()[None, None, :, None] * (4 * torch.pi * place).cos()
    y = ops.downsample2d(ops.upsample2d(x, f), f)
    torch.testing.assert_close(y[..., 12:-12, 12:-12], x[..., 12:-12, 12:-12], atol=2e-3, rtol=0)


def test_a_separable_filter_is_its_outer_product():
    x, f = draw(2, 3, 9, 8), draw(5)
    told = {"up": 3, "down": 2, "padding": (4, 5, 3, 6), "gain": 2.25}
    torch.testing.assert_close(ops.upfirdn2d(x, f, **told), ops.upfirdn2d(x, f.outer(f), **told))


def test_a_whole_step_at_the_input_is_a_whole_step_at_the_output():
    up = ops.lowpass(12, 4.0, 6.0, 32).double()
    x = functional.pad(draw(1, 2, 6, 6), [12, 12, 12, 12])
    y = ops.filtered_lrelu(x, up, up, draw(2), up=2, down=2, padding=[11, 10, 11, 10])
    moved = ops.filtered_lrelu(
        x.roll((1, -2), (2, 3)), up, up, draw(2), up=2, down=2, padding=[11, 10, 11, 10]
    )
    inside = (slice(None), slice(None), slice(9, -9), slice(9, -9))
    torch.testing.assert_close(moved[inside], y.roll((1, -2), (2, 3))[inside])


def test_demodulated_weights_do_not_know_the_scale_of_the_styles():
    x, w, s = draw(2, 3, 5, 5), draw(4, 3, 3, 3), draw(2, 3)
    y = ops.modulated_conv2d(x, w, s, padding=1)
    torch.testing.assert_close(ops.modulated_conv2d(x, 7 * w, 100 * s, padding=1), y)


def test_each_image_is_convolved_with_its_own_style():
    x, w, s = draw(3, 4, 6, 6), draw(5, 4, 3, 3), draw(3, 4)
    f = ops.resampling_filter((1, 3, 3, 1)).double()
    for told in ({}, {"up": 2, "kernel": f}):
        y = ops.modulated_conv2d(x, w, s, padding=1, **told)
        alone = [ops.modulated_conv2d(x[i:][:1], w, s[i:][:1], padding=1, **told) for i in range(3)]
        torch.testing.assert_close(y, torch.cat(alone), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 3])
def test_enlarging_is_inserting_zeros_convolving_and_filtering(size):
    x, w = draw(1, 2, 5, 5), draw(3, 2, size, size)
    f = ops.resampling_filter((1, 3, 3, 1)).double()
    y = ops.resampled_conv2d(x, w, f, up=2, padding=size // 2)
    pad = size // 2
    large = ops.upfirdn2d(x, None, up=2, padding=[2 + pad, 1 + pad] * 2, gain=4)
    plain = functional.conv2d(large, w.flip([2, 3]))
    assert y.shape == (1, 3, 10, 10)
    torch.testing.assert_close(y, ops.upfirdn2d(plain, f))


@pytest.mark.parametrize("size", [1, 3])
def test_halving_is_filtering_convolving_and_thinning_out(size):
    x, w = draw(1, 2, 8, 8), draw(3, 2, size, size)
    f = ops.resampling_filter((1, 3, 3, 1)).double()
    y = ops.resampled_conv2d(x, w, f, down=2, padding=size // 2)
    plain = functional.conv2d(ops.upfirdn2d(x, f, padding=1 + size // 2), w)
    assert y.shape == (1, 3, 4, 4)
    torch.testing.assert_close(y, plain[..., ::2, ::2])


def differentiable(function, *leaves):
    leaves = [leaf.requires_grad_() for leaf in leaves]
    return gradcheck(function, leaves) and gradgradcheck(function, leaves)


@pytest.mark.parametrize("clamp", [None, 0.8])
def test_filtered_lrelu_can_be_differentiated_twice(clamp):
    up, down = draw(4), draw(4, 4)
    assert differentiable(
        lambda x, b: ops.filtered_lrelu(x, up, down, b, up=2, down=2, padding=3, clamp=clamp),
        draw(1, 2, 4, 3),
        draw(2),
    )


def test_upfirdn2d_can_be_differentiated_twice():
    f = draw(3, 2)
    assert differentiable(
        lambda x: ops.upfirdn2d(x, f, up=2, down=3, padding=(-1, 2, 3, 0)).square(),
        draw(1, 2, 4, 3),
    )


@pytest.mark.parametrize("up", [1, 2])
def test_modulated_conv2d_can_be_differentiated_twice(up):
    f = ops.resampling_filter((1, 3, 3, 1)).double()
    assert differentiable(
        lambda x, w, s: ops.modulated_conv2d(x, w, s, padding=1, up=up, kernel=f),
        draw(2, 2, 3, 3),
        draw(2, 2, 3, 3),
        draw(2, 2),
    )


@pytest.mark.parametrize("name", ["linear", "lrelu", "tanh", "sigmoid", "elu", "softplus", "swish"])
def test_bias_act_can_be_differentiated_twice(name):
    assert differentiable(lambda x, b: ops.bias_act(x, b, name, gain=1.3), draw(2, 3), draw(3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_operations_keep_a_small_type(dtype):
    x, w, s = (draw(*shape).to(dtype) for shape in ((1, 2, 6, 6), (3, 2, 3, 3), (1, 2)))
    up = ops.lowpass(12, 4.0, 6.0, 32)
    y = ops.modulated_conv2d(x, w, s, padding=2)
    z = ops.filtered_lrelu(y, up, up, torch.zeros(3), up=2, down=2, padding=9)
    assert z.dtype == dtype
    assert z.isfinite().all()
