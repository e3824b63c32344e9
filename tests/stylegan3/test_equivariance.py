"""The operators that move images, EQ-T and EQ-R, and what sticks to the pixels."""

from math import inf, pi

import numpy as np
import pytest
import torch
from golden import golden, needs_golden, network_of
from small import small

from epoque.bench.errors import DataError, UsageError
from epoque.bench.figures.plot import figure_style, svg_bytes
from epoque.stylegan3.generation.synthesis import map_seeds, transform_input
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.loading import LoadedGenerator
from epoque.stylegan3.measures.equivariance import equivariance, staying
from epoque.stylegan3.measures.operators import (
    pseudo_rotated,
    rotated,
    shifted,
    shifted_by_fraction,
)
from epoque.stylegan3.measures.slices import slice_figure, space_time


@needs_golden
@pytest.mark.parametrize(
    ("name", "operator", "arguments", "tolerance"),
    [
        ("int", shifted, (3, -2), 0),
        ("frac", shifted_by_fraction, (3.2, -0.96), 1e-6),
        ("rot0.4", rotated, (0.4,), 2e-4),
        ("pseudo0.4", pseudo_rotated, (0.4,), 1e-6),
    ],
)
def test_the_operators_are_the_official_ones(name, operator, arguments, tolerance):
    reference = golden("augment_equivariance")
    found, known = operator(reference.tensor("x"), *arguments)
    if f"eq/{name}_mask" in reference:
        np.testing.assert_array_equal(known, reference[f"eq/{name}_mask"][0, 0] > 0.5)
    assert known.sum() > 300
    difference = abs(found - reference.tensor(f"eq/{name}"))[..., known]
    assert difference.max() <= tolerance


def _waves(size=48):
    """A picture that is known everywhere: waves well below the band limit."""
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2

    def at(x, y):
        return (0.4 * x + 0.3 * y).sin() + (0.5 * y - 0.2 * x).cos()

    y, x = torch.meshgrid(place, place, indexing="ij")
    return at, x, y


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.0, -3.0), (0.3, 0.0), (-1.7, 4.45)])
def test_a_shift_by_a_fraction_moves_waves(shift):
    at, x, y = _waves()
    found, known = shifted_by_fraction(at(x, y)[None, None], *shift)
    wanted = at(x - shift[0], y - shift[1])
    assert abs(found[0, 0] - wanted)[known].max() < 0.02  # what Lanczos's three lobes can do
    whole, there = shifted(at(x, y)[None, None], round(shift[0]), round(shift[1]))
    if shift == (2.0, -3.0):
        assert (known == there).all()
        np.testing.assert_allclose(whole, found, atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.3, pi / 4, pi / 2, -2.5])
def test_a_rotation_turns_waves(angle):
    at, x, y = _waves()
    found, known = rotated(at(x, y)[None, None], angle)
    c, s = np.cos(angle), np.sin(angle)
    wanted = at(c * x - s * y, s * x + c * y)
    assert known.sum() > 300
    assert abs(found[0, 0] - wanted)[known].max() < 0.02
    filtered, known = pseudo_rotated(at(x, y)[None, None], angle)
    assert abs(filtered[0, 0] - at(x, y))[known].max() < 0.02


def test_a_shift_beyond_the_image_knows_nothing():
    found, known = shifted(torch.ones(1, 1, 4, 4), 4, 0)
    assert not found.any()
    assert not known.any()


@needs_golden
def test_a_network_with_little_aliasing_measures_as_the_official_code_does():
    official = {"eq_t": 57.53, "eq_t_frac": 58.14, "eq_r": 15.90}  # of 32 images of its own
    network = network_of("tiny_t").eval().requires_grad_(False)
    found = equivariance(LoadedGenerator(network, "tiny_t", torch.device("cpu")), images=8)
    for name, decibels in official.items():
        assert abs(found[name].decibels - decibels) < 6
        assert found[name].low < found[name].decibels < found[name].high
        assert found[name].images == 8


def test_measuring_goes_on_where_it_was_left(tmp_path):
    opened, state = small(), tmp_path / "state.npz"
    whole = equivariance(opened, images=5, batch=2)
    first = equivariance(opened, images=2, batch=2, state=state)
    told = []
    again = equivariance(
        opened, images=5, batch=2, state=state, progress=lambda done, count: told.append(done)
    )
    assert told == [4, 5]  # the first two were kept
    assert again == whole
    assert first != whole
    assert equivariance(opened, images=2, state=state) == first
    with pytest.raises(DataError, match="another network or other settings"):
        equivariance(opened, images=5, seed=1, state=state)
    with pytest.raises(DataError, match="another network or other settings"):
        equivariance(small(seed=1), images=5, state=state)
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read as a zip"):
        equivariance(opened, images=5, state=state)


def test_an_image_that_does_not_change_moves_perfectly():
    opened = small()
    with torch.no_grad():
        last = opened.generator.synthesis.get_submodule(opened.generator.synthesis.layer_names[-1])
        last.weight.zero_()
    found = equivariance(opened, images=2)
    assert {m.decibels for m in found.values()} == {inf}


def test_what_cannot_be_measured_is_told():
    with pytest.raises(UsageError, match="--images 1: an interval needs 2 or more"):
        equivariance(small(), images=1)
    assert equivariance(small(c_dim=3), images=2)["eq_t"].images == 2


def first_input(generator, matrix):
    """What StyleGAN2's first layer is given while the network is moved, for two images."""
    first, seen = generator.synthesis.get_submodule("b4.conv1"), []
    with transform_input(generator, matrix):
        handle = first.register_forward_pre_hook(lambda _, given: seen.append(given[0].double()))
        generator.synthesis(map_seeds(generator, [0, 0]))
        handle.remove()
    assert not first._forward_pre_hooks
    return seen[0]


def test_the_constant_of_stylegan2_is_moved_as_an_image_is():
    generator = small("stylegan2").generator
    constant = generator.synthesis.get_submodule("b4").const.double()[None].expand(2, -1, -1, -1)
    np.testing.assert_allclose(first_input(generator, np.eye(3)), constant, atol=1e-5)
    found = first_input(generator, transform_matrix(0.25, -0.5, 0))
    wanted, known = shifted(constant, 1, -2)  # of four places one to the right, two up
    np.testing.assert_allclose((found - wanted)[..., known], 0, atol=1e-5)
    each = np.stack([transform_matrix(0, 0, 90), transform_matrix(-0.25, 0, 0)])
    turned, left = first_input(generator, each)
    np.testing.assert_allclose(turned, constant[0].rot90(1, (1, 2)), atol=1e-5)
    wanted, known = shifted(constant, -1, 0)
    np.testing.assert_allclose((left - wanted[1])[..., known], 0, atol=1e-5)


def test_stylegan2_is_measured_too():
    found = equivariance(small("stylegan2"), images=2)
    assert all(0 < one.decibels < 60 for one in found.values())


def test_what_stays_has_few_decibels_where_much_differs():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 16, 16, 3), np.uint8)
    assert 4 < staying(noise) < 9  # two colours apart by chance: an error of 2/3, or 7.8 dB
    assert staying(np.full((2, 16, 16, 3), 7, np.uint8)) == inf


def test_the_slice_of_a_shift_stands_upright():
    opened = small()
    found = space_time(opened, 2, motion="shift", frames=8, row=1.0)
    assert found.pixels.shape == (8, 16, 4)
    assert found.row == 15
    np.testing.assert_array_equal(found.image[15], found.pixels[0, :, :3])
    known = (found.pixels[..., 3] == 255).all(0)
    assert 3 <= known.sum() < 16
    moved = found.pixels[:, known, :3].astype(int)
    assert abs(moved - moved[0]).max() < abs(moved[0] - moved[0].mean()).max()


@pytest.mark.parametrize("motion", ["walk", "shift"])
def test_slices_are_drawn(motion):
    with figure_style("dark"):
        one = space_time(small(), 1, motion=motion, frames=4)
        figure = slice_figure([one, one], motion, "fr")
        assert len(svg_bytes(figure)) > 5000
    assert space_time(small("stylegan2"), 1, motion="shift", frames=4).pixels.any()
    assert space_time(small("stylegan2"), 2**32 - 1, motion="walk", frames=4).pixels.any()


def test_wrong_slices_are_told():
    with pytest.raises(UsageError, match="takes shift or walk"):
        space_time(small(), 1, motion="jump")
    with pytest.raises(UsageError, match="must be 0 to 1"):
        space_time(small(), 1, row=float("nan"))
