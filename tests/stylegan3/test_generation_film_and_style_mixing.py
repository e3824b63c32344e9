"""The walk that begins again without a seam, and the table of mixed styles."""

import numpy as np
import pytest
from PIL import Image
from small import small

from epoque.bench.errors import UsageError
from epoque.bench.figures.plot import encode_svg, figure_style
from epoque.stylegan3.generation.film import interpolate_loop, write_film
from epoque.stylegan3.generation.style_mixing import mix_figure, mix_styles
from epoque.stylegan3.generation.synthesis import MappingOptions, map_seeds, synthesize_image


def test_the_walk_is_closed_and_smooth_and_meets_its_keyframes():
    keys = np.random.default_rng(0).standard_normal((5, 3))
    path = interpolate_loop(keys, 40)
    assert path.shape == (200, 3)
    np.testing.assert_allclose(path[::40], keys, atol=1e-12)
    loop = np.concatenate((path, path[:3]))
    steps, bends = abs(np.diff(loop, axis=0)).max(1), abs(np.diff(loop, 2, axis=0)).max(1)
    assert steps[-2:].max() < 1.2 * steps.max()  # the seam is no longer a step than others
    assert bends[-3:].max() <= bends.max()
    jerks = abs(np.diff(loop, 3, axis=0)).max(1)
    assert jerks[-3:].max() < 2 * np.abs(np.diff(path, 3, axis=0)).max()
    turned = interpolate_loop(np.roll(keys, 2, axis=0), 40)  # where it begins does not matter
    np.testing.assert_allclose(np.roll(path, 80, axis=0), turned, atol=1e-12)


def test_one_keyframe_stands_still():
    np.testing.assert_allclose(interpolate_loop(np.ones((1, 2)), 3), np.ones((3, 2)))


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_a_film_of_a_grid(kind, tmp_path):
    opened, told = small(c_dim=2), []
    write_film(
        opened,
        [1, 2, 3, 4],
        tmp_path / "new" / "walk",
        kinds=(kind,),
        grid=(2, 1),
        frames=3,
        frame_ms=50,
        options=MappingOptions(label=1),
        progress=lambda done, count: told.append((done, count)),
    )
    assert told == [(i, 6) for i in range(1, 7)]
    with Image.open(tmp_path / "new" / f"walk.{kind}") as image:
        assert image.size == (32, 16)
        assert image.n_frames == 6
        assert image.info["loop"] == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"walk.{kind}"]


@pytest.mark.parametrize(("fps", "total"), [(30, 600), (24, 750), (60, 300)])
def test_a_webp_lasts_as_long_as_it_is_told(fps, total, tmp_path):
    write_film(small(), [1, 2], tmp_path / "a", frames=9, frame_ms=1000 / fps)
    with Image.open(tmp_path / "a.webp") as image:
        lasting = []
        for place in range(image.n_frames):
            image.seek(place)
            image.load()
            lasting.append(image.info["duration"])
    assert abs(sum(lasting) - total) <= 1


def test_an_mp4_has_the_rate_told(tmp_path):
    av = pytest.importorskip("av")
    write_film(small(), [1], tmp_path / "a", kinds=("mp4",), frames=2, frame_ms=1000 / 30)
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert file.streams.video[0].average_rate == 30


def test_a_film_as_mp4(tmp_path):
    av = pytest.importorskip("av")
    opened = small()
    write_film(opened, [1, 2], tmp_path / "a", kinds=("mp4",), frames=4)
    with av.open(str(tmp_path / "a.mp4")) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(frames) == 8  # none is held: it begins again without a seam
    wanted = synthesize_image(opened.generator, map_seeds(opened.generator, [1])[0])
    assert abs(frames[0].astype(int) - wanted).mean() < 12  # lossy


def test_seeds_that_do_not_fill_the_grid_are_told(tmp_path):
    with pytest.raises(UsageError, match="grid: 3 keyframes cannot be dealt out over 2x1 places"):
        write_film(small(), [1, 2, 3], tmp_path / "a", grid=(2, 1))


def test_the_table_mixes_the_layers_told():
    opened = small("stylegan2")
    generator = opened.generator
    table = mix_styles(opened, [1, 2], [3, 4, 5], [0, 1])
    one, other = map_seeds(generator, [2, 5])
    both = one.clone()
    both[:2] = other[:2]
    np.testing.assert_array_equal(table[2][3], synthesize_image(generator, both))
    np.testing.assert_array_equal(table[2][0], synthesize_image(generator, one))
    np.testing.assert_array_equal(table[0][3], synthesize_image(generator, other))
    every = mix_styles(opened, [1], [3], range(generator.num_ws))
    np.testing.assert_array_equal(every[1][1], every[0][1])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_table_is_drawn_with_its_seeds(language):
    table = mix_styles(small(), [1, 2], [3], [0, 2, 3])
    with figure_style():
        figure = mix_figure(table, [1, 2], [3], [0, 2, 3], language)
        assert len(encode_svg(figure)) > 5000
    texts = [text.get_text() for text in figure.texts]
    assert any("0, 2–3" in text for text in texts)
    # The corner alone is the mean: its column holds the rows' own images, and has no head.
    assert figure.axes[0].get_title() == ""
    inside = [text.get_text() for text in figure.axes[0].texts]
    assert inside == [{"en": "mean", "fr": "moyenne"}[language]]
    assert {"1", "2"} == {axes.get_ylabel()[-1] for axes in figure.axes if axes.get_ylabel()}


def test_too_many_rows_are_told():
    with pytest.raises(UsageError, match="rows: 13 images are not allowed; 1 to 12 are"):
        mix_styles(small(), range(13), [1], [0])
