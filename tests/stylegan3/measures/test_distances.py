"""The measures' formulas: against official numbers, closed forms, and repeated draws."""

import json

import numpy as np
import pytest
import torch
from golden import FOLDER, needs_golden

from epoque.stylegan3.measures import patches
from epoque.stylegan3.measures.distances import (
    frechet_distance,
    frechet_error,
    inception_score,
    is_inside_manifold,
    kernel_distance,
    kernel_error,
    moments,
    neighbor_radii,
    subset_sampler,
)
from epoque.stylegan3.measures.path_length import trim_outliers


@needs_golden
def test_the_formulas_give_the_official_numbers():
    with np.load(FOLDER / "metrics.npz") as file:
        real, made, wanted = file["real"], file["gen"], dict(file)
    assert frechet_distance(moments(real), moments(made)) == pytest.approx(
        float(wanted["fid"]), rel=1e-9
    )
    drawn = np.random.RandomState(0)
    found = kernel_distance(
        real, made, subsets=20, most=100, choose=lambda n, k: drawn.choice(n, k, replace=False)
    )
    assert found.mean() == pytest.approx(float(wanted["kid_seed0_subsets20_max100"]), rel=1e-7)
    assert is_inside_manifold(made, real).mean() == pytest.approx(
        float(wanted["precision"]), abs=1e-6
    )
    assert is_inside_manifold(real, made).mean() == pytest.approx(float(wanted["recall"]), abs=1e-6)
    assert json.loads(str(wanted["equivariance_json"]))


def test_the_frechet_distance_of_distributions_that_differ_in_one_way():
    eye, zero = np.eye(5), np.zeros(5)
    assert frechet_distance((zero, eye), (zero, eye)) == pytest.approx(0, abs=1e-12)
    assert frechet_distance((zero, eye), (zero + 2, eye)) == pytest.approx(20)
    assert frechet_distance((zero, eye), (zero, 9 * eye)) == pytest.approx(5 * (3 - 1) ** 2)
    flat = np.diag([1.0, 1, 0, 0, 0])  # singular: it has no inverse
    assert frechet_distance((zero, flat), (zero, eye)) == pytest.approx(3)


@pytest.fixture(scope="module")
def draws():
    """Features of one pair of sets after another, of the same two distributions."""
    rng = np.random.default_rng(3)
    mixed = rng.normal(size=(12, 12)) / 6

    def draw():
        made = rng.normal(size=(300, 12)) @ mixed * 1.1 + 0.05
        return rng.normal(size=(400, 12)) @ mixed, made

    return draw


def test_standard_errors_tell_how_far_repeated_measures_lie_apart(draws):
    pairs = [draws() for _ in range(150)]
    for measure, error in (
        (lambda r, m: frechet_distance(moments(r), moments(m)), frechet_error),
        (
            lambda r, m: kernel_distance(r, m, subsets=1, most=300, choose=subset_sampler(0))[0],
            kernel_error,
        ),
    ):
        apart = np.std([measure(*pair) for pair in pairs])
        told = np.mean([error(*pair) for pair in pairs[:20]])
        assert 0.75 < told / apart < 1.5


def test_the_kernel_distance_is_unbiased():
    rng = np.random.default_rng(0)
    same = [rng.normal(size=(2, 60, 8)) for _ in range(60)]
    found = [
        kernel_distance(*pair, subsets=1, most=60, choose=subset_sampler(0))[0] for pair in same
    ]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(60)
    apart = same[0][0], same[0][1] + 1
    assert kernel_distance(*apart, subsets=3, most=50, choose=subset_sampler(1)).min() > 0.1


def test_an_image_is_inside_up_to_the_third_neighbour():
    known = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    assert neighbor_radii(known, 3).tolist() == [7, 6, 4, 7]
    assert neighbor_radii(known, 1).tolist() == [1, 1, 2, 4]
    images = np.array([[-1.0], [-1.5], [5.5], [11.5]], np.float32)
    assert is_inside_manifold(images, known, 1).tolist() == [True, False, True, False]


def test_the_score_is_the_number_of_classes_of_sure_and_varied_answers():
    sure = np.full((40, 4), 1e-6)
    sure[np.arange(40), np.arange(40) % 4] = 1
    np.testing.assert_allclose(inception_score(sure, 5), 4, rtol=1e-3)
    np.testing.assert_allclose(inception_score(np.full((40, 4), 0.25), 5), 1)


def test_path_lengths_lose_their_ends():
    lengths = np.random.default_rng(0).permutation(200).astype(float)
    kept = trim_outliers(lengths)
    assert (kept.min(), kept.max()) == (1, 198)


def _images(count, seed, blur=False):
    rng = torch.Generator().manual_seed(seed)
    found = torch.nn.functional.interpolate(
        torch.rand(count, 3, 8, 8, generator=rng), scale_factor=4, mode="bilinear"
    )
    if not blur:
        found = found + 0.2 * torch.rand(count, 3, 32, 32, generator=rng)
    return (found * 200).to(torch.uint8)


def test_patches_take_an_image_apart_into_scales():
    assert patches.scales(64) == [64, 32, 16]
    assert patches.scales(24) == [24]
    assert patches.scales(1024)[-1] == 16
    images = _images(3, 0).float()
    fine, coarse = patches._pyramid(images, 32)
    assert coarse.shape[2] == 16
    torch.testing.assert_close(fine + patches._upsample(coarse), images)
    flat = torch.full((1, 3, 32, 32), 7, dtype=torch.uint8)
    row = patches.extract_patches(flat, range(1)).reshape(2, -1)
    assert abs(row[0]).max() < 1e-2  # nothing is new at the finer scale
    assert (abs(row[1] - 7) < 1e-2).all()


def test_places_follow_from_the_image_s_number():
    images = _images(6, 1)
    whole = patches.extract_patches(images, range(6))
    np.testing.assert_array_equal(whole[4:], patches.extract_patches(images[4:], range(4, 6)))
    assert whole.shape == (6, 2 * patches.EACH * 3 * 49)


def test_the_sliced_distance_sees_blur_at_the_finest_scale():
    def described(seed, *, blur=False):
        return patches.extract_patches(_images(60, seed, blur), range(60))

    real = described(2)
    near, error = patches.sliced_distances(real, described(3), 32)
    far, _ = patches.sliced_distances(real, described(3, blur=True), 32)
    assert list(near) == [32, 16]
    assert far[32] > 1.3 * near[32]
    assert far[16] < 1.3 * near[16]
    assert 0 < error < np.mean(list(near.values()))
    same, _ = patches.sliced_distances(real, real, 32)
    assert max(same.values()) == 0
    assert patches.sliced_distances(real, described(3), 32) == (near, error)


def test_a_resampled_distance_is_the_area_between_distributions():
    rng = np.random.default_rng(0)
    one = rng.normal(size=5 * patches.EACH).astype(np.float32)
    other = rng.normal(0.4, size=5 * patches.EACH).astype(np.float32)
    even = np.full((patches.RESAMPLES, 5), 0.2, np.float32)
    found = patches._bootstrap(one, other, even, even)
    np.testing.assert_allclose(found, patches._line_distance(one, other), rtol=1e-4)
    assert patches._line_distance(one, other[:-1]) == pytest.approx(
        patches._line_distance(one, other), rel=0.05
    )
