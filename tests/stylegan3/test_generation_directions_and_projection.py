"""Directions in the space of styles, and images brought into it."""

import numpy as np
import pytest
import torch
from PIL import Image
from small import small

from epoque.bench.errors import ConfigError, DataError, DivergenceError, UsageError
from epoque.bench.figures.plot import encode_svg, figure_style
from epoque.stylegan3.generation import directions as d
from epoque.stylegan3.generation import layer_noise
from epoque.stylegan3.generation.projection import (
    ProjectionOptions,
    project,
    projection_figure,
    pyramid_loss,
    read_target,
    write_projection,
)
from epoque.stylegan3.generation.synthesis import MappingOptions, map_seeds, synthesize_image
from epoque.stylegan3.images import to_uint8


def test_components_are_those_of_the_styles():
    opened = small()
    found = d.find_principal_directions(opened, 8, samples=3000)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(8), atol=1e-9)
    assert (np.diff(found.scales) <= 0).all()
    assert found.scores.sum() == pytest.approx(1)
    other = map_seeds(opened.generator, range(500))[:, 0].double().numpy()
    spread = (other @ found.vectors.T).std(0)
    np.testing.assert_allclose(spread[:3], found.scales[:3], rtol=0.2)
    first = d.find_principal_directions(opened, 2, samples=3000)
    np.testing.assert_array_equal(first.vectors, found.vectors[:2])
    with pytest.raises(UsageError, match="takes 1 to 8"):
        d.find_principal_directions(opened, 9)


def test_attributes_are_found_again():
    rng = np.random.default_rng(0)
    ws = rng.standard_normal((400, 8)) * np.arange(1, 9)
    true = np.zeros(8)
    true[[1, 4]] = 0.6, 0.8
    number = ws @ true + 0.1 * rng.standard_normal(400)
    for values in (number, (number > 0).astype(float), np.where(number > 0, 7.0, 3.0)):
        found = d.fit_attribute("a", ws, values)
        assert found.vectors[0] @ true > 0.97
        assert found.scores[0] > 0.9
        assert found.scales[0] == pytest.approx((ws @ found.vectors[0]).std())
    assert d.fit_attribute("a", ws, number).continuous == (True,)
    assert abs(d.fit_attribute("a", ws, rng.standard_normal(400)).scores[0]) < 0.2
    for values in (np.ones(400), np.full(400, np.nan)):
        with pytest.raises(DataError, match="give no direction"):
            d.fit_attribute("a", ws, values)


def test_fewer_samples_than_dimensions_are_enough():
    rng = np.random.default_rng(0)
    ws = rng.standard_normal((6, 64))
    assert np.isfinite(d.fit_attribute("a", ws, np.array([0, 1, 0, 1, 0, 1.0])).vectors).all()


def test_labels_as_csv(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("seed,smile,age\n2,1,30\n674,0,41.5\n")
    seeds, values = d.read_seed_labels(path)
    assert seeds == [2, 674]
    assert {name: of.tolist() for name, of in values.items()} == {
        "smile": [1, 0],
        "age": [30, 41.5],
    }
    path.write_text("seed;smile;age\n2;1;30\n674;0;41,5\n")
    assert d.read_seed_labels(path)[1]["age"].tolist() == [30, 41.5]
    for text, told in (
        ("smile\n1\n", "a column named seed"),
        ("seed,smile\n2,yes\n", "line 2: 'yes' is not a finite number"),
        ("seed,smile\n2\n", "line 2: 1 value; the header has 2"),
        ("seed,smile\n2.5,1\n", "line 2: the seed is 2.5"),
        ("", "is empty"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=told):
            d.read_seed_labels(path)
    with pytest.raises(DataError, match="no such file"):
        d.read_seed_labels(tmp_path / "none.csv")


def test_edits_and_their_files(tmp_path):
    opened = small()
    seeds = list(range(12))
    found = d.concat_directions(
        [
            d.find_principal_directions(opened, 1, samples=100),
            d.fit_attributes(opened, seeds, {"odd": np.array([s % 2 for s in seeds], float)}),
        ]
    )
    d.write_directions(found, tmp_path / "d.npz")
    again = d.read_directions(tmp_path / "d.npz", 8)
    assert again.names == ("", "odd")
    np.testing.assert_array_equal(again.vectors, found.vectors)
    with pytest.raises(DataError, match="another network"):
        d.read_directions(tmp_path / "d.npz", 16)
    table = d.edit_image(opened, 3, again, [-2.0, 0.0, 2.0], layers=[0, 1])
    plain = synthesize_image(opened.generator, map_seeds(opened.generator, [3])[0])
    np.testing.assert_array_equal(table[0][1], plain)
    assert (table[0][0] != table[0][2]).any()
    with figure_style():
        figure = d.direction_figure(table, again, [-2.0, 0.0, 2.0], 3, "fr")
        assert len(encode_svg(figure)) > 5000


def _target(opened, seed=5):
    ws = map_seeds(opened.generator, [seed], MappingOptions(0.7))
    return opened.generator.synthesis(ws, noise="const").clamp(-1, 1)


@pytest.mark.parametrize("kind", ["t", "stylegan2"])
def test_an_image_of_the_network_is_found_again(kind):
    opened = small(kind)
    target = _target(opened)
    found = project(opened, target, ProjectionOptions(steps=60, steps_plus=30))
    assert len(found.losses) == 90
    assert found.losses[59] < (0.5 if kind == "t" else 0.8) * found.losses[0]
    loss = pyramid_loss(target)
    with layer_noise.replace_noise(opened.generator, found.noise):
        one = loss(opened.generator.synthesis(found.w[None], noise="const"))
        each = loss(opened.generator.synthesis(found.w_plus[None], noise="const"))
    assert each <= one * 1.02 < found.losses[0]
    assert (found.w == found.w[0]).all()
    assert not (found.w_plus == found.w_plus[0]).all()


def test_a_search_goes_on_where_it_was_left(tmp_path):
    opened, state = small(), tmp_path / "state.npz"
    target, plan = _target(opened), ProjectionOptions(steps=6, steps_plus=4)
    whole = project(opened, target, plan)

    class StopError(Exception):
        pass

    for stop in (3, 8):

        def interrupt(done, count, stop=stop):
            if done == stop:
                raise StopError

        monkey = pytest.MonkeyPatch()
        monkey.setattr("epoque.stylegan3.generation.projection.KEEP_EVERY", 1)
        with pytest.raises(StopError):
            project(opened, target, plan, state=state, progress=interrupt)
        monkey.undo()
    told = []
    again = project(opened, target, plan, state=state, progress=lambda a, b: told.append(a))
    assert told == [9, 10]
    assert again.losses == whole.losses
    assert torch.equal(again.w, whole.w)
    assert torch.equal(again.w_plus, whole.w_plus)
    with pytest.raises(DataError, match="another search"):
        project(opened, target, ProjectionOptions(steps=7, steps_plus=4), state=state)
    state.write_bytes(b"PK")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        project(opened, target, plan, state=state)


def test_the_noise_of_stylegan2_is_looked_for_and_stays_noise(tmp_path):
    opened = small("stylegan2")
    before = layer_noise.noise_maps(opened.generator)
    target, steps = _target(opened), {"steps": 60, "steps_plus": 0}
    found = project(opened, target, ProjectionOptions(**steps))
    fixed = project(opened, target, ProjectionOptions(**steps, fit_noise=False))
    assert found.losses[-1] < 0.8 * found.losses[0]
    kept = layer_noise.noise_regularization(found.noise.values())
    assert kept < 1e-3 < layer_noise.noise_regularization(before.values())
    assert found.noise.keys() == before.keys() == {"b4.conv1", "b8.conv0", "b8.conv1",
                                                   "b16.conv0", "b16.conv1"}  # fmt: skip
    for name, noise in found.noise.items():
        assert layer_noise.noise_maps(opened.generator)[name] is before[name]  # given back
        assert not torch.allclose(noise, before[name], atol=0.1)
        assert noise.mean().abs() < 1e-6
        assert noise.square().mean() == pytest.approx(1, abs=1e-5)
    assert not fixed.noise
    write_projection(found, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        assert file["noise/b16.conv0"].shape == (16, 16)


def test_noise_that_carries_a_picture_is_told_from_noise():
    rng = torch.Generator().manual_seed(0)
    white = torch.randn(32, 32, generator=rng)
    drawn = layer_noise.normalize_noise(torch.linspace(-1, 1, 32).expand(32, 32))
    coarse = layer_noise.normalize_noise(torch.randn(4, 4, generator=rng).repeat_interleave(8, 0)
                                    .repeat_interleave(8, 1))  # fmt: skip
    for carrying in (drawn, coarse):
        assert layer_noise.noise_regularization([carrying]) > 20 * layer_noise.noise_regularization(
            [white]
        )


def test_the_loss_can_be_another_and_must_be_finite():
    opened = small()
    target = _target(opened)
    found = project(
        opened,
        target,
        ProjectionOptions(steps=3, steps_plus=0),
        loss=lambda images: (images - target).square().mean(),
    )
    assert found.losses[0] == pytest.approx(found.losses[0])
    assert torch.equal(found.w, found.w_plus)
    with pytest.raises(DivergenceError, match="not finite at iteration 1"):
        project(
            opened, target, ProjectionOptions(steps=3), loss=lambda images: images.sum() * torch.nan
        )


def test_the_pyramid_sees_every_scale():
    images = torch.zeros(1, 1, 32, 32)
    loss = pyramid_loss(images)
    assert loss(images) == 0
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    assert loss(images + 0.1 * checks) > 0.19  # the finest scale and the pixels
    assert loss(images + 0.1) == pytest.approx(0.2, abs=1e-5)  # the coarsest and the pixels


def test_targets_are_cropped_to_the_network(tmp_path):
    opened = small()
    wide = np.zeros((16, 40, 4), np.uint8)
    wide[:, 12:28] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_target(tmp_path / "wide.png", opened) == 1).all()
    gray = small(img_channels=1)
    assert read_target(tmp_path / "wide.png", gray).shape == (1, 1, 16, 16)
    (tmp_path / "no.png").write_bytes(b"no picture")
    for name, told in (("no.png", "is no picture"), ("none.png", "there is no such file")):
        with pytest.raises(DataError, match=told):
            read_target(tmp_path / name, opened)


def test_targets_are_read_as_pictures_of_a_set_are(tmp_path):
    """What is transparent is white, and deep levels keep their meaning."""
    opened, path = small(), tmp_path / "one.png"
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(path)
    assert (read_target(path, opened) == 1).all()
    Image.fromarray(np.full((16, 16), 40_000, np.uint16)).save(path)
    assert read_target(path, opened).mean() == pytest.approx(round(40_000 / 257) / 127.5 - 1)
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.save(path, transparency=1)
    assert (read_target(path, opened) == 1).all()
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match=r"one\.png is (no picture|damaged)"):
        read_target(path, opened)


def test_a_projection_is_drawn_and_written(tmp_path):
    opened = small()
    target = _target(opened)
    found = project(opened, target, ProjectionOptions(steps=2, steps_plus=2))
    with figure_style():
        assert len(encode_svg(projection_figure(opened, target, found, "fr"))) > 5000
    write_projection(found, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        assert file["w"].shape == file["w_plus"].shape == (1, 6, 8)
        assert len(file["losses"]) == 4
    again = to_uint8(opened.generator.synthesis(found.w[None]))[0]
    np.testing.assert_array_equal(again, synthesize_image(opened.generator, found.w))


@pytest.mark.parametrize("values", [{"steps": 0}, {"steps_plus": -1}, {"learning_rate": 0.0}])
def test_wrong_projections_are_told(values):
    with pytest.raises(UsageError):
        ProjectionOptions(**values).check()


def test_factors_are_what_the_layers_answer_to_most():
    opened = small("t", seed=3)
    found = d.factorize_semantics(opened, 8, samples=50)
    vectors = found.vectors
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(8), atol=1e-9)
    assert found.scores.sum() == pytest.approx(1)
    assert (np.diff(found.scores) <= 1e-12).all()
    layers = [m for n, m in opened.generator.synthesis.named_modules() if n.endswith(".affine")]
    gains = [
        sum(
            float((m.weight.double() @ torch.from_numpy(v.copy())).square().sum())
            for m in layers[1:]
        )
        for v in vectors
    ]
    np.testing.assert_allclose(np.array(gains) / sum(gains), found.scores, rtol=1e-6)
    with pytest.raises(ConfigError, match="components: 9 is not allowed"):
        d.factorize_semantics(opened, 9)
