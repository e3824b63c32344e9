"""EQ-T and EQ-R: reference numbers, what they are of, what they go on from."""

import json
from math import degrees, inf, isnan, nan

import numpy as np
import pytest
import torch
from golden import FOLDER, needs_golden, network_of
from small import small

from epoque.bench.errors import DataError, UsageError
from epoque.stylegan3.generation.synthesis import synthesize, transform_input
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.loading import LoadedGenerator
from epoque.stylegan3.measures import equivariance
from epoque.stylegan3.measures.equivariance import (
    EQUIVARIANCE_METRICS,
    compute_psnr,
    estimate_psnr,
    measure_equivariance,
    measure_still_psnr,
    sum_squared_errors,
)
from epoque.stylegan3.measures.operators import (
    pseudo_rotate,
    rotate,
    translate_fractional,
    translate_integer,
)

# Reference numbers


def repeat_protocol(network):
    """Return the metrics of 32 images in batches of 4, with the draws of the reference numbers.

    A batch shares its movements. From PyTorch's generator of seed 0 come its inputs, a translation
    for EQ-T and one for EQ-T_frac in units of an eighth of the image, and an angle, from −1 to 1.
    """
    rng, size = torch.manual_seed(0), network.spec.img_resolution
    errors = {name: [] for name in EQUIVARIANCE_METRICS}

    def images_at(ws, *movement):
        with transform_input(network, transform_matrix(*movement)):
            return synthesize(network, ws, [0] * 4)

    with torch.no_grad():
        for _ in range(8):
            z = torch.randn(4, network.spec.z_dim, generator=rng)
            whole, fraction = (size / 8 * (2 * torch.rand(2, 2, generator=rng) - 1)).double()
            x, y = map(int, whole.round())
            u, v = map(float, fraction)
            angle = np.pi * (2 * float(torch.rand((), generator=rng)) - 1)
            ws = network.mapping(z)
            still = images_at(ws, 0, 0, 0)
            for name in EQUIVARIANCE_METRICS:
                if name == "eq_t":
                    images = images_at(ws, x / size, y / size, 0)
                    expected, mask = translate_integer(still, x, y)
                elif name == "eq_t_frac":
                    images = images_at(ws, u / size, v / size, 0)
                    expected, mask = translate_fractional(still, u, v)
                else:
                    images, inside = pseudo_rotate(images_at(ws, 0, 0, degrees(angle)), angle)
                    expected, valid = rotate(still, angle)
                    mask = inside & valid
                error = (images.double() - expected.double())[..., mask]
                errors[name].append((float(error.square().sum()), error.numel()))
    return {name: compute_psnr(np.array(sums)) for name, sums in errors.items()}


@needs_golden
@pytest.mark.parametrize("name", ["tiny_t", "tiny_r"])
def test_the_official_draws_give_the_official_decibels(name):
    with np.load(FOLDER / "metrics.npz") as file:
        official = json.loads(str(file["equivariance_json"]))["values"][name]
    decibels = repeat_protocol(network_of(name).eval())
    assert decibels["eq_t"] == pytest.approx(official[0], abs=0.002)
    assert decibels["eq_t_frac"] == pytest.approx(official[1], abs=0.002)
    # The official mask of rotations lies an eighth of a pixel off the middle: other pixels.
    assert decibels["eq_r"] == pytest.approx(official[2], abs=0.1)


@needs_golden
def test_rounding_has_no_part_in_the_decibels_of_tiny_r():
    network = network_of("tiny_r").eval()
    opened = LoadedGenerator(network, "tiny_r", torch.device("cpu"))
    single = sum_squared_errors(opened, [0])[0, :, 0]
    network.double()
    np.testing.assert_allclose(single, sum_squared_errors(opened, [0])[0, :, 0], rtol=0.02)


@needs_golden
def test_the_images_of_tiny_r_vary_more_than_its_decibels_differ():
    """92.87 dB are of 8 translations that 4 images share; of 1000 images they are 89.6."""
    opened = LoadedGenerator(network_of("tiny_r").eval(), "tiny_r", torch.device("cpu"))
    sums = sum_squared_errors(opened, range(12))[:, 0]
    each = [compute_psnr(one[None]) for one in sums]
    assert max(each) - min(each) > 6


# What it is of


@pytest.fixture(scope="module")
def opened():
    return small("t")


@pytest.fixture(scope="module")
def sums(opened):
    return sum_squared_errors(opened, range(6))


def test_errors_are_counted_where_pixels_are_valid(sums):
    assert sums.shape == (6, 3, 2)
    assert sums.dtype == np.float64
    assert (sums >= 0).all()
    counts = sums[..., 1]
    assert (counts % 3 == 0).all()  # three colours
    assert counts[:, 0].max() <= 3 * 16 * 16
    assert counts[:, 0].min() >= 3 * 14 * 14  # an eighth of 16 pixels is out of sight at most
    assert (counts[:, 1] < counts[:, 0]).all()  # taps beyond the edge
    assert ((counts[:, 2] > 0) & (counts[:, 2] <= 3 * 6 * 6)).all()


def test_an_image_is_the_same_in_any_order_and_company(opened, sums):
    backwards = sum_squared_errors(opened, [5, 3, 0])
    assert backwards.tobytes() == sums[[5, 3, 0]].tobytes()
    assert sum_squared_errors(opened, []).shape == (0, 3, 2)
    other = sum_squared_errors(opened, range(2), seed=1)
    assert (other != sums[:2]).any(axis=(1, 2)).all()


def test_a_flat_image_follows_any_movement(monkeypatch):
    flat = small("t")
    monkeypatch.setattr(
        equivariance, "synthesize", lambda _generator, ws, _seeds: torch.ones(len(ws), 3, 16, 16)
    )
    estimates = measure_equivariance(flat, images=3)
    assert estimates["eq_t"].decibels == inf
    assert estimates["eq_t"].low == estimates["eq_t"].high == inf
    assert estimates["eq_t_frac"].decibels > 120
    assert estimates["eq_r"].decibels > 80  # the taps of a place between pixels sum to about 1


@pytest.mark.parametrize(
    ("metric", "operator", "other"),
    [
        ("eq_t", "translate_integer", lambda images, x, y: translate_integer(images, x + 1, y)),
        ("eq_t_frac", "translate_fractional", lambda im, x, y: translate_fractional(im, x, y + 1)),
        ("eq_r", "rotate", lambda images, angle: rotate(images, -angle)),
    ],
)
def test_a_movement_that_the_image_does_not_follow_costs_decibels(
    monkeypatch, metric, operator, other
):
    network = small("r")
    exact = measure_equivariance(network, images=6)[metric].decibels
    monkeypatch.setattr(equivariance, operator, other)
    assert measure_equivariance(network, images=6)[metric].decibels < exact - 8


@pytest.mark.parametrize("kind", ["r", "stylegan2"])
def test_every_kind_of_generator_is_measured(kind):
    estimates = measure_equivariance(small(kind), images=3)
    assert list(estimates) == list(EQUIVARIANCE_METRICS)
    for psnr in estimates.values():
        assert psnr.images == 3
        assert psnr.low <= psnr.decibels <= psnr.high


def test_truncation_and_seed_change_what_is_measured(opened, sums):
    assert (sum_squared_errors(opened, range(2), psi=0.5) != sums[:2]).any()
    at_mean = sum_squared_errors(opened, range(2), psi=0.0)
    assert (at_mean[:, 0, 1] == sums[:2, 0, 1]).all()  # the movements are the same


# Decibels and intervals


def test_decibels_of_sums():
    assert compute_psnr(np.array([[4.0, 1.0]])) == 0
    assert compute_psnr(np.array([[0.0, 5.0], [0.04, 5.0]])) == pytest.approx(30)
    assert compute_psnr(np.array([[0.0, 5.0]])) == inf
    assert isnan(compute_psnr(np.zeros((3, 2))))
    assert isnan(compute_psnr(np.zeros((0, 2))))
    assert isnan(compute_psnr(np.array([[nan, 5.0]])))
    assert compute_psnr(np.array([[inf, 5.0]])) == -inf


def test_an_interval_holds_the_true_value_about_as_often_as_it_says(monkeypatch):
    monkeypatch.setattr(equivariance, "RESAMPLES", 200)
    rng, true, inside = np.random.default_rng(0), 10 * np.log10(4), 0
    for _ in range(60):
        one = np.stack((rng.gamma(2.0, 0.5, 60) * 100, np.full(60, 100.0)), 1)
        psnr = estimate_psnr(np.stack([one] * 3, 1))["eq_t"]
        assert psnr.low < psnr.decibels < psnr.high
        inside += psnr.low <= true <= psnr.high
    assert 50 <= inside <= 60


def test_the_ends_of_an_interval_are_numbers_where_some_images_are_exact():
    one = np.array([[0.0, 5.0], [0.0, 5.0], [0.05, 5.0]])
    psnr = estimate_psnr(np.stack([one] * 3, 1))["eq_r"]
    assert psnr.high == inf
    assert psnr.low < psnr.decibels < inf
    nothing = estimate_psnr(np.zeros((4, 3, 2)))["eq_r"]
    assert isnan(nothing.decibels)
    assert isnan(nothing.low)
    assert isnan(nothing.high)


def test_images_that_stay_where_they_are():
    flat = np.full((3, 64, 64, 3), 7, np.uint8)
    still = measure_still_psnr(flat)
    assert still["eq_t"] == inf
    assert still["eq_t_frac"] > 100  # the weights' sum is 1 but for rounding
    assert still["eq_r"] > 40  # a kernel that is cut does not keep a level quite
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3)).astype(np.uint8)
    # Two independent levels differ by 2 σ² = 2 · 2² / 12 in the square, but not where x = y = 0.
    assert measure_still_psnr(noise)["eq_t"] == pytest.approx(10 * np.log10(6), abs=0.2)
    assert measure_still_psnr(noise, 1) != measure_still_psnr(noise)
    assert measure_still_psnr(noise[:1], 2) == measure_still_psnr(noise[:1], 2)


def test_a_disc_that_stays_loses_nothing_when_turned() -> None:
    """What looks the same turned by any angle follows every rotation, and no shift."""
    x, y = np.meshgrid(*[np.arange(64) - 31.5] * 2)
    disc = 127.5 + 100 * np.exp(-(x**2 + y**2) / 200)
    still = measure_still_psnr(np.repeat(disc[None, ..., None], 3, 3).round().astype(np.uint8))
    assert still["eq_r"] > 40 > still["eq_t"]


# What it goes on from


def test_a_measure_that_was_interrupted_gives_the_same_bytes(opened, tmp_path):
    whole, part = tmp_path / "whole.npz", tmp_path / "part.npz"
    expected = measure_equivariance(opened, images=6, state=whole)
    seen = []

    def stop(done, total, _what=""):
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_equivariance(opened, images=6, state=part, progress=stop)
    assert seen == [(1, 6), (2, 6), (3, 6), (4, 6)]
    resumed = []
    found = measure_equivariance(
        opened, images=6, state=part, progress=lambda done, _total, _what="": resumed.append(done)
    )
    assert resumed == [5, 6]
    assert found == expected == measure_equivariance(opened, images=6)
    assert part.read_bytes() == whole.read_bytes()


def test_fewer_images_than_a_state_has_are_its_first(opened, tmp_path):
    state = tmp_path / "state.npz"
    measure_equivariance(opened, images=4, state=state)
    before = state.read_bytes()
    assert measure_equivariance(opened, images=2, state=state) == measure_equivariance(
        opened, images=2
    )
    assert state.read_bytes() == before


def test_a_state_is_kept_while_it_is_measured(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(equivariance, "PATIENCE", -1)
    state, sizes = tmp_path / "folder" / "state.npz", []

    def look(done, _total, _what=""):
        sizes.append(len(np.load(state)["sums"]) if state.exists() else 0)

    measure_equivariance(opened, images=3, state=state, progress=look)
    assert sizes == [0, 1, 2]


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"psi": 0.5}, {"opened": "r"}], ids=["seed", "psi", "network"]
)
def test_a_state_of_something_else_is_refused(opened, tmp_path, change):
    state = tmp_path / "state.npz"
    measure_equivariance(opened, images=2, state=state)
    other = small("t", seed=1) if "opened" in change else opened
    change.pop("opened", None)
    with pytest.raises(DataError, match="of another network or of other settings"):
        measure_equivariance(other, images=2, state=state, **change)


@pytest.mark.parametrize(
    "arrays",
    [
        {"sums": np.zeros((1, 3, 2))},
        {"settings": "x", "sums": np.zeros((1, 2))},
        {"settings": "x", "sums": np.zeros((1, 3, 2), np.float32)},
        None,
    ],
)
def test_a_damaged_state_is_told(opened, tmp_path, arrays):
    state = tmp_path / "state.npz"
    if arrays is None:
        state.write_bytes(b"PK nothing")
    else:
        np.savez(state, **arrays)
    with pytest.raises(DataError, match=r"state\.npz"):
        measure_equivariance(opened, images=2, state=state)


# What is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 1}, "--images 1: an interval needs 2 or more"),
        ({"images": -3}, "--images -3: an interval needs"),
        ({"seed": -1}, "Seed -1 is out of range"),
        ({"seed": 2**32}, "out of range: 0 to 4294967295"),
        ({"psi": inf}, "--truncation: inf is not allowed"),
        ({"label": 0}, "no classes"),
    ],
)
def test_values_that_are_not_allowed(opened, change, message):
    with pytest.raises(UsageError, match=message):
        measure_equivariance(opened, **{"images": 2} | change)


def test_too_little_memory_is_told(opened, monkeypatch):
    monkeypatch.setattr("epoque.stylegan3.memory.available_memory", lambda _device: 1000)
    with pytest.raises(UsageError, match="memory"):
        measure_equivariance(opened, images=2)
