"""The compiled path against the plain one: the same numbers, gradients and refusals."""

import io
import os
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest
import torch
from torch.nn import functional
from waiting import PATIENCE, wait_for

from epoque.stylegan3 import networks, ops
from epoque.stylegan3.networks import DiscriminatorSpec, StyleGan2Spec, StyleGan3Spec
from epoque.stylegan3.ops import dispatch as paths
from epoque.stylegan3.training.losses import path_lengths, r1_penalty

pytest.importorskip("numba")

UP, DOWN = (torch.tensor([-1, 0, 2, 3, 5, 4, 3, 4, 2, 1, -1, -1]) / 16 for _ in range(2))


def draw(*shape, seed=0):
    """Quarters of small whole numbers: sums of them are exact, and no path sees another sign."""
    return torch.randint(-6, 7, shape, generator=torch.Generator().manual_seed(seed)) / 4


def on(path, function, *tensors):
    """What a function makes of copies of tensors on a path, and first and second gradients."""
    leaves = [t.detach().clone(memory_format=torch.preserve_format) for t in tensors]
    with paths.use_backend(path):
        y = function(*(leaf.requires_grad_() for leaf in leaves))
        v = draw(*y.shape, seed=1).requires_grad_()
        slopes = torch.autograd.grad(y, leaves, v, create_graph=True)
        bent = sum((s * draw(*s.shape, seed=2)).sum() for s in slopes)
        (twice,) = torch.autograd.grad(bent, v)
    return y, *slopes, twice


def assert_same(function, *tensors, relative=1e-5):
    for found, wanted in zip(
        on("auto", function, *tensors), on("reference", function, *tensors), strict=True
    ):
        assert found.shape == wanted.shape
        difference = (found - wanted).abs().max().item()
        assert difference <= relative * max(wanted.abs().max().item(), 1e-3)


def cases(count):
    """Random filters, factors, paddings and sizes; some with tiles of more than one, some tiny."""
    rng = np.random.default_rng(7)
    for number in range(count):
        taps = [rng.choice([0, 1, 2, 3, 4, 6, 7, 12, 24]) for _ in range(2)]
        square = rng.random() < 0.3
        yield pytest.param(
            {
                "up": int(rng.integers(1, 5)),
                "down": int(rng.integers(1, 5)),
                "padding": [int(each) for each in rng.integers(-3, 13, 4)],
                "slope": float(rng.choice([0.25, 1.0, 0.0])),
                "flip": bool(rng.random() < 0.5),
            },
            (int(rng.integers(48, 60)), int(rng.integers(48, 90))),
            draw(taps[0]) if taps[0] else None,
            (draw(taps[1], 3) if square else draw(taps[1])) if taps[1] else None,
            id=str(number),
        )


@pytest.mark.parametrize(("told", "size", "up", "down"), list(cases(40)))
def test_filtered_lrelu(told, size, up, down):
    x, b = draw(2, 3, *size), draw(3)
    assert_same(lambda x, b: ops.filtered_lrelu(x, up, down, b, gain=1.25, **told), x, b)


@pytest.mark.parametrize(("told", "size", "up", "down"), list(cases(30)))
def test_upfirdn2d(told, size, up, down):
    told = {name: value for name, value in told.items() if name != "slope"}
    if up is None or down is None:
        told["up"] = 1, told["up"]
    x = draw(2, 3, *size)
    assert_same(lambda x: ops.upfirdn2d(x, down, gain=0.7, **told), x)


@pytest.mark.parametrize("clamp", [None, 0.8])
def test_a_clamp(clamp):
    x, b = draw(1, 2, 20, 20), draw(2)
    told = {"up": 2, "down": 2, "padding": 9, "gain": 1.25, "slope": 0.25, "clamp": clamp}
    assert_same(lambda x, b: ops.filtered_lrelu(x, UP, DOWN, b, **told), x, b)


def test_many_tiles():
    x, b = draw(1, 1, 200, 301), draw(1)
    told = {"up": 4, "down": 2, "padding": (-5, 20, 9, 14)}
    assert_same(lambda x, b: ops.filtered_lrelu(x, draw(24), DOWN, b, **told), x, b)


def test_padding_larger_than_a_tile():
    x, b = draw(1, 1, 6, 6), draw(1)
    told = {"padding": (600, 3, 2, 700)}
    assert_same(lambda x, b: ops.filtered_lrelu(x, None, DOWN, b, **told), x, b)


def test_a_radial_filter():
    radial = ops.lowpass(12, 4.0, 6.0, 32, radial=True)  # after the kinks, so any will do
    x, b = draw(2, 2, 18, 21), draw(2)
    told = {"up": 2, "down": 2, "padding": 10}
    assert_same(lambda x, b: ops.filtered_lrelu(x, UP, radial, b, **told), x, b)


@pytest.mark.parametrize("activation", ["lrelu", "linear", "tanh"])
@pytest.mark.parametrize("clamp", [None, 0.9])
def test_bias_act(activation, clamp):
    x, b = draw(3, 5, 7, 6), draw(5)
    assert_same(lambda x, b: ops.bias_act(x, b, activation, gain=0.8, clamp=clamp), x, b)
    assert_same(lambda x: ops.bias_act(x, None, activation, clamp=clamp), draw(4, 3, 9))


def test_a_layout_changes_nothing():
    x, b = draw(2, 4, 15, 17), draw(4)
    for other in (x.to(memory_format=torch.channels_last), x.transpose(2, 3), x[:, ::2, 1:, 3:]):
        told = {"up": 2, "down": 2, "padding": 10}
        bias = b[: other.shape[1]]
        assert_same(lambda x, b: ops.filtered_lrelu(x, UP, DOWN, b, **told), other, bias)  # noqa: B023
        assert_same(lambda x, b: ops.bias_act(x, b, "lrelu"), other, bias)
        y = ops.filtered_lrelu(other, UP, DOWN, bias, **told)
        assert torch.equal(
            y, ops.filtered_lrelu(other.contiguous(), UP, DOWN, bias.contiguous(), **told)
        )


@pytest.mark.parametrize("size", [(30, 30), (8, 40), (3, 3), (41, 67), (9, 133), (60, 5)])
@pytest.mark.parametrize("padding", [0, 1, 2])
@torch.no_grad()
def test_convolutions(size, padding):
    winograd = pytest.importorskip("epoque.stylegan3.ops.winograd")
    x, w = draw(2, 5, *size), draw(7, 5, 3, 3)
    found, wanted = winograd.conv3x3(x, w, padding), functional.conv2d(x, w, padding=padding)
    assert (found - wanted).abs().max() < 2e-5 * wanted.abs().max()


@pytest.mark.parametrize("told", [{"padding": 2}, {"padding": 0}, {"stride": 2}, {"groups": 2}])
@torch.no_grad()
def test_convolutions_of_many_channels(told):
    x, w = draw(1, 32 * told.get("groups", 1), 56, 60), draw(34, 32, 3, 3)
    found, wanted = paths.conv2d(x, w, **told), functional.conv2d(x, w, **told)
    assert (found - wanted).abs().max() < 2e-5 * wanted.abs().max()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_conv2d(batch, demodulate):
    x, w, s, g = draw(batch, 4, 7, 6), draw(5, 4, 3, 3), draw(batch, 4), draw(4)
    f = ops.resampling_filter((1, 3, 3, 1))
    for told in ({"input_gain": g}, {"up": 2, "kernel": f}):
        assert_same(
            lambda x, w, s: ops.modulated_conv2d(
                x,
                w,
                s,
                demodulate=demodulate,
                padding=1,
                **told,  # noqa: B023
            ),
            x,
            w,
            s,
            relative=3e-5,
        )


WIDE = {"z_dim": 8, "w_dim": 16, "img_resolution": 32, "channel_base": 1024, "channel_max": 48}
SPECS = {
    "t": StyleGan3Spec(**WIDE, num_layers=5),
    "r": StyleGan3Spec(**WIDE, num_layers=5, conv_kernel=1, use_radial_filters=True),
    "stylegan2": StyleGan2Spec(**WIDE, mapping_layers=2),
}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("batch", [1, 2])
@torch.no_grad()
def test_images(name, batch):
    network, z = networks.init_generator(SPECS[name], seed=1), draw(batch, 8)
    images = network(z)
    with paths.use_backend("reference"):
        wanted = network(z)
    assert (images - wanted).abs().max() < 1e-4 * wanted.abs().max()


def gradients(network, loss):
    network.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


@pytest.mark.parametrize("name", SPECS)
def test_gradients_of_a_generator(name):
    network, z = networks.init_generator(SPECS[name], seed=1), draw(2, 8)
    found = gradients(network, network(z).square().mean())
    with paths.use_backend("reference"):
        wanted = gradients(network, network(z).square().mean())
    assert (found - wanted).norm() < 1e-3 * wanted.norm()


def test_r1_and_path_lengths_can_be_learned_from():
    judge = networks.init_discriminator(
        DiscriminatorSpec(img_resolution=16, channel_base=128, channel_max=16), seed=1
    )
    painter = networks.init_generator(
        StyleGan2Spec(**WIDE | {"img_resolution": 16, "channel_max": 8}, mapping_layers=2), seed=2
    )

    def both():
        images = draw(4, 3, 16, 16).requires_grad_()
        ws = painter.mapping(draw(2, 8))
        lengths = path_lengths(painter.synthesis(ws), ws, torch.Generator().manual_seed(3))
        return gradients(judge, r1_penalty(judge(images), images).mean()), gradients(
            painter, lengths.square().mean()
        )

    found = both()
    with paths.use_backend("reference"):
        wanted = both()
    for one, other in zip(found, wanted, strict=True):
        assert (one - other).norm() < 2e-3 * other.norm()


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_seen(broken):
    x = draw(1, 2, 16, 16)
    x[0, 1, 5, 6] = broken
    y = ops.filtered_lrelu(x, UP, DOWN, up=2, down=2, padding=10, clamp=None)
    assert y[0, 0].isfinite().all()
    assert not y[0, 1].isfinite().all()
    assert y[0, 1, 12:, 14:].isfinite().all()
    flat = ops.bias_act(x, None, "lrelu")
    assert flat.isfinite().sum() == x.numel() - 1
    clamped = ops.bias_act(x, None, "lrelu", clamp=2.0)
    assert clamped.isnan().sum() == x.isnan().sum()


def test_gradients_that_are_not_numbers_are_seen():
    x = draw(1, 2, 16, 16).requires_grad_()
    y = ops.filtered_lrelu(x, UP, DOWN, up=2, down=2, padding=10)
    v = draw(*y.shape)
    v[0, 1, 3, 3] = float("nan")
    (slope,) = torch.autograd.grad(y, x, v)
    assert slope[0, 0].isfinite().all()
    assert not slope[0, 1].isfinite().all()


def test_the_number_of_threads_changes_no_byte():
    x, b = draw(2, 40, 60, 70).requires_grad_(), draw(40)
    seen = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            y = ops.filtered_lrelu(x, UP, DOWN, b, up=2, down=2, padding=10)
            z = ops.bias_act(x.repeat(1, 1, 4, 4), b, "lrelu")
            (slope,) = torch.autograd.grad(y.square().sum(), x)
            seen.append((y, z, slope))
    finally:
        torch.set_num_threads(1)
    for other in seen[1:]:
        assert all(torch.equal(one, two) for one, two in zip(seen[0], other, strict=True))


def test_several_threads_may_compute_at_once():
    x = draw(2, 40, 60, 70)
    wanted = ops.filtered_lrelu(x, UP, DOWN, up=2, down=2, padding=10)
    same = []

    def compute():
        y = ops.filtered_lrelu(x, UP, DOWN, up=2, down=2, padding=10)
        same.append(torch.equal(y, wanted))

    workers = [threading.Thread(target=compute) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert same == [True] * 4


def test_choosing_a_path_ends_with_its_block_and_is_the_thread_s_own():
    x, elsewhere = draw(1, 1, 4, 4), []
    assert paths.uses_compiled(x)
    with paths.use_backend("reference"):
        assert not paths.uses_compiled(x)
        other = threading.Thread(target=lambda: elsewhere.append(paths.uses_compiled(x)))
        other.start()
        other.join()
    assert paths.uses_compiled(x)
    assert elsewhere == [True]
    assert not paths.uses_compiled(x.double())
    assert not paths.uses_compiled(x.half())


@pytest.mark.parametrize("shape", [(0, 2, 8, 8), (1, 0, 8, 8), (1, 2, 3, 8)])
def test_what_the_plain_path_refuses_is_refused_alike(shape):
    told = []
    for path in ("auto", "reference"):
        with paths.use_backend(path):
            try:
                y = ops.filtered_lrelu(torch.zeros(shape), None, DOWN, torch.zeros(shape[1]))
                told.append(y.shape)
            except RuntimeError as error:
                told.append(str(error))
    assert told[0] == told[1]


def test_a_filter_that_is_learned_gets_its_gradient():
    f = draw(4).requires_grad_()
    ops.upfirdn2d(draw(1, 1, 8, 8), f).sum().backward()
    assert f.grad is not None
    assert f.grad.any()


PROGRAM = """
import os
import sys
if "absent" in sys.argv:
    class Absent:
        def find_spec(self, name, *rest):
            if name.partition(".")[0] == "numba":
                raise ModuleNotFoundError(name)
    import importlib.util
    known = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *rest: None if name == "numba" else known(name, *rest)
    sys.meta_path.insert(0, Absent())
import torch
from epoque.stylegan3 import ops
from epoque.stylegan3.ops import dispatch
f = ops.lowpass(12, 4.0, 6.0, 32)
x = torch.arange(2 * 30 * 40 * 40, dtype=torch.float32).reshape(2, 30, 40, 40).sin()
def total():
    return float(ops.filtered_lrelu(x, f, f, up=2, down=2, padding=10).numpy().sum())
if "fork" in sys.argv:
    torch.set_num_threads(2)  # after a fork, PyTorch's own functions would wait for ever
    parent = total()
    if os.fork() == 0:
        print(parent == total(), flush=True)
        os._exit(0)
    os.wait()
else:
    print(dispatch.uses_compiled(x), total())
"""


def run(*words):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_computes_the_same():
    assert run("fork") == ["True"]


def test_without_numba_the_plain_path_computes():
    told, total = run("absent")
    assert told == "False"
    assert float(total) == pytest.approx(float(run()[1]), rel=1e-4)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_told_of_a_long_compilation(monkeypatch):
    from epoque.stylegan3.ops import jit as compiling

    monkeypatch.setattr(compiling, "_PATIENCE", 0.0)
    seen = []

    class Slow:
        signatures = ()

        def __call__(self, *given):
            seen.append(given)
            if isinstance(sys.stderr, Terminal):  # it takes as long as it takes to say so
                wait_for(lambda: "Compiling" in sys.stderr.getvalue(), "the sentence")

    monkeypatch.setattr(sys, "stderr", Terminal())
    compiling.bind_compiled(Slow(), "given")(3, 4)
    assert seen == [("given", 0, 0), ("given", 3, 4)]
    assert "Compiling the image operations" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    compiling.bind_compiled(Slow(), "given")
    assert sys.stderr.getvalue() == ""


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch):
    from epoque.stylegan3.ops import jit as compiling

    def plain(x):
        return x + 1

    def njit(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(compiling, "njit", njit)
    assert compiling.jit_loop(plain)(2) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_without_hardware_a_small_type_is_computed_in_float32_and_rounded(dtype, monkeypatch):
    monkeypatch.setattr(paths, "has_half", lambda *_: False)
    x, w = ((draw(*shape) / 3).to(dtype) for shape in ((1, 2, 6, 6), (3, 2, 3, 3)))
    y = paths.conv2d(x, w, padding=2)
    exact = functional.conv2d(x.double(), w.double(), padding=2)
    assert y.dtype == dtype
    assert ((y - exact).abs() <= torch.finfo(dtype).eps * exact.abs()).all()
    wide = paths.conv_transpose2d(x, w.transpose(0, 1), stride=2)
    exact = functional.conv_transpose2d(x.double(), w.transpose(0, 1).double(), stride=2)
    assert ((wide - exact).abs() <= torch.finfo(dtype).eps * exact.abs()).all()
    up = ops.lowpass(12, 4.0, 6.0, 32)
    z = ops.filtered_lrelu(y, up, up, up=2, down=2, padding=9)
    wanted = ops.filtered_lrelu(y.float(), up, up, up=2, down=2, padding=9)
    assert torch.equal(z, wanted.to(dtype))
