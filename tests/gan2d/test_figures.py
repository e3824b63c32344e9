import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.figures.plot import encode_png, encode_svg, figure_style, render_rgb
from epoque.bench.figures.styles import HOUSE
from epoque.bench.runs.run import Run
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.figures.ends import read_ends
from epoque.gan2d.figures.film import film
from epoque.gan2d.figures.multiples import multiples
from epoque.gan2d.figures.run_figures import figures, history_figure, look, nearest
from epoque.gan2d.figures.scene import (
    Moment,
    Picture,
    choose_even_steps,
    choose_steps,
    draw,
    frame,
    moments,
)
from epoque.gan2d.figures.words import describe_moment

Train = Callable[..., Run]


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip()]


def moment(**changes: Any) -> Moment:
    """Return a moment whose manifold is the lattice itself."""
    side = np.linspace(0, 1, 21)
    arrays = {
        "real": np.full((450, 2), 0.25),
        "fake": np.full((450, 2), 0.75),
        "d": np.full((30, 30), 0.5),
        "manifold": np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1),
        "gradients": np.zeros((450, 2)),
        "probability": np.float32(1),
    }
    return Moment(7, {**arrays, **changes}, np.ones((20, 20)))


def test_every_figure_of_a_run_is_drawn_in_both_languages_and_themes(train_run: Train) -> None:
    run = train_run()
    for language, theme in (("en", "light"), ("fr", "dark")):
        with figure_style(theme):  # type: ignore[arg-type]
            pictures = {name: draw() for name, draw in figures(run, language).items()}
        assert list(pictures) == [
            *("points", "manifold", "history", "losses"),
            *("discriminator", "gradients", "divergence", "modes"),
        ]
        for figure in pictures.values():
            pixels = render_rgb(figure, 60)
            paper = tuple(int(HOUSE.colors[theme]["paper"][i : i + 2], 16) for i in (1, 3, 5))
            assert tuple(pixels[2, 2]) == paper
            assert pixels.std() > 4


def test_nothing_reaches_over_a_figures_edge(train_run: Train) -> None:
    for language, settings in (("en", {}), ("fr", {"loss": "wasserstein", "noise_dims": 1})):
        with figure_style():
            for name, make in figures(train_run(**settings), language).items():
                figure = make()
                figure.draw_without_rendering()
                box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
                assert min(box.x0, box.y0) > 0, name
                assert box.x1 < width, name
                assert box.y1 < height, name


def test_the_longest_line_under_a_title_has_room() -> None:
    config = Gan2dConfig(data="csv", csv="/tmp/my-measured-points-of-2026.csv", iterations=10**7)
    fake = np.full((450, 2), 3.0)
    longest = Moment(9_999_999, moment(fake=fake).arrays, np.ones((20, 20)))
    with figure_style():
        picture = Picture(("d",), "fr", probability=True)
        figure = picture.show(longest, describe_moment(config, longest, "fr"))
    figure.draw_without_rendering()
    assert figure.get_tightbbox().x1 < figure.get_figwidth()


def test_figures_say_what_they_show(train_run: Train) -> None:
    with figure_style():
        pictures = {name: make() for name, make in figures(train_run(), "en").items()}
    assert "Real and generated points" in texts(pictures["points"])
    assert any(
        t.startswith("Eight Gaussians") and "iteration 60" in t for t in texts(pictures["points"])
    )
    assert "uphill for the discriminator" in texts(pictures["points"])
    assert "Modes covered, of 8" in texts(pictures["modes"])
    assert len(pictures["history"].axes) == 6
    assert "iteration 0" in texts(pictures["history"])
    assert "iteration 60" in texts(pictures["history"])


def test_a_critic_has_no_numbers_on_its_shades_and_no_border(train_run: Train) -> None:
    run = train_run(loss="wasserstein", noise_dims=1)
    assert "discriminator" not in figures(run)
    with figure_style():
        found = texts(figures(run)["points"]())
    assert {"lower", "higher", "D(x)"} <= set(found)


def test_same_run_same_bytes(train_run: Train) -> None:
    run = train_run()
    with figure_style():
        for name in ("points", "manifold", "losses"):
            first, again = figures(run)[name](), figures(run)[name]()
            assert encode_svg(first) == encode_svg(again)
            assert encode_png(first) == encode_png(again)


def test_drawing_loads_no_training_engine(train_run: Train) -> None:
    code = (
        "import sys; from pathlib import Path; import epoque.bench.runs.run as r;"
        "from epoque.gan2d.figures.run_figures import figures;"
        f"run = r.Run(Path({str(train_run().path)!r}));"
        "[make() for make in figures(run).values()];"
        "print({'jax', 'torch', 'scipy'} & set(sys.modules))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "set()"


def test_a_missing_or_damaged_snapshot_is_said(train_run: Train) -> None:
    run = train_run(seed=3)
    path = run.path / "snapshots" / f"step-{60:010d}.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DamagedRunError, match="is not what the finished run saved"):
        figures(run)["points"]()
    (run.path / "manifest.json").unlink()
    with pytest.raises(DamagedRunError, match="cut short"):
        figures(run)["points"]()
    with pytest.raises(UsageError, match="no language"):
        figures(run, "de")


def pixel(shown: Moment, layers: Any, x: float, y: float) -> Any:
    """Return the colour of one place of the square."""
    with figure_style():
        picture = Picture(layers, "en", probability=True)
        pixels = render_rgb(picture.show(shown, "s"), 100)
        column, row = picture.axes.transData.transform((x, y))
    return pixels[len(pixels) - 1 - int(row), int(column)].astype(int)


def test_the_answer_is_blue_where_it_says_real_and_up_is_up() -> None:
    d = np.zeros((30, 30))
    d[15:] = 1.0  # the upper half
    red, _, blue = pixel(moment(d=d), ("d",), 0.5, 0.9)
    assert blue > red + 30
    red, _, blue = pixel(moment(d=d), ("d",), 0.5, 0.1)
    assert red > blue + 30
    assert pixel(moment(), ("d",), 0.5, 0.9).min() > 250


def test_real_points_are_blue_and_generated_ones_vermilion() -> None:
    red, _, blue = pixel(moment(), ("real", "fake"), 0.25, 0.25)
    assert blue > red + 60
    red, _, blue = pixel(moment(), ("real", "fake"), 0.75, 0.75)
    assert red > blue + 60


def test_the_manifold_is_more_opaque_where_more_points_fall() -> None:
    side = np.linspace(0, 1, 21) ** 2  # dense near 0
    crowded = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
    dense = pixel(moment(manifold=crowded), ("manifold",), 0.03, 0.02)
    sparse = pixel(moment(manifold=crowded), ("manifold",), 0.9, 0.87)
    assert dense.sum() < sparse.sum() - 100


def test_a_collapsed_manifold_and_a_flat_critic_are_drawn_without_a_warning() -> None:
    flat = moment(
        manifold=np.full((21, 21, 2), 0.4), probability=np.float32(0), d=np.full((30, 30), 3.0)
    )
    assert pixel(flat, ("d", "manifold", "gradients", "real", "fake"), 0.6, 0.1).min() > 245


def test_arrows_point_up_the_gradient_and_stay_short() -> None:
    gradients = np.zeros((450, 2))
    gradients[:, 1] = 100.0
    with figure_style():
        from epoque.bench.figures.plot import new_figure

        axes = new_figure().add_subplot()
        frame(axes)
        (kites,) = draw(axes, moment(gradients=gradients), ("gradients",))
        corners = kites.get_paths()[0].vertices  # type: ignore[attr-defined]
    assert corners[:, 1].max() == pytest.approx(0.85, abs=1e-6)
    assert corners[:, 1].min() == pytest.approx(0.75, abs=1e-6)


def test_points_outside_the_picture_are_counted() -> None:
    fake = np.full((450, 2), 0.5)
    fake[:7, 0] = 1.2
    assert moment(fake=fake).outside() == 7


def test_chosen_steps_hold_the_ends_and_more_of_the_beginning() -> None:
    assert choose_steps([0, 5], 6) == [0, 5]
    assert choose_steps(list(range(0, 70, 10)), 6)[-1] == 60
    many = choose_steps(list(range(1001)), 6)
    assert many == [0, 40, 160, 360, 640, 1000]


def test_a_series_is_even() -> None:
    assert choose_even_steps([0, 5], 6) == [0, 5]
    assert choose_even_steps([0, 1, 2, 3, 50, 100], 3) == [0, 50, 100]
    assert choose_even_steps(list(range(0, 401, 10)), 6) == [0, 80, 160, 240, 320, 400]


def test_many_runs_stand_side_by_side_in_order(train_run: Train) -> None:
    runs = [train_run(d_steps=d, seed=s) for d in (3, 1) for s in (0, 1)]
    with figure_style():
        figure = multiples(read_ends(runs[:3]), "d_steps", "seed")
    assert "Columns: Discriminator steps; rows: Seed" in texts(figure)
    assert [axes.get_title(loc="center") for axes in figure.axes] == ["1", "3", "", ""]
    assert [bool(axes.images) for axes in figure.axes] == [True, True, False, True]
    ends = moments(runs[0], [60])[0].arrays["fake"]
    shown = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 450]  # type: ignore[arg-type]
    np.testing.assert_array_equal(shown[1].get_xdata(), ends[:, 0])


def test_what_cannot_stand_side_by_side_is_said(train_run: Train) -> None:
    with pytest.raises(UsageError, match="no run"):
        multiples([], "d_steps")
    with pytest.raises(UsageError, match="no setting 'steps'"):
        multiples(read_ends([train_run()]), "steps")


def test_a_film_has_a_frame_a_snapshot(train_run: Train, tmp_path: Path) -> None:
    run = train_run()
    film(run, tmp_path / "film", "fr", "dark", kinds=("webp",))
    with Image.open(tmp_path / "film.webp") as image:
        assert image.n_frames == len(run.snapshot_steps()) == 13  # type: ignore[attr-defined]
        image.seek(0)
        first = np.asarray(image.convert("RGB"), int)
        image.seek(12)
        assert np.abs(np.asarray(image.convert("RGB"), int) - first).max() > 60
    assert [path.name for path in tmp_path.iterdir()] == ["film.webp"]


def test_any_moment_can_be_looked_at(train_run: Train) -> None:
    run = train_run()
    assert (nearest(run), nearest(run, 22), nearest(run, 0)) == (60, 20, 0)
    with figure_style():
        figure = look(run, 22, ("fake",))
    assert "Eight Gaussians, iteration 20" in texts(figure)
    assert not figure.axes[0].images
    shown = max(figure.axes[0].lines, key=lambda line: len(line.get_xdata()))  # type: ignore[arg-type]
    np.testing.assert_array_equal(shown.get_xdata(), run.snapshot(20)["fake"][:, 0])


def test_a_film_needs_snapshots(train_run: Train, tmp_path: Path) -> None:
    run = train_run(seed=9)
    for path in (run.path / "snapshots").iterdir():
        path.unlink()
    for make in (lambda: film(run, tmp_path / "film"), lambda: history_figure(run, "en")):
        with pytest.raises(UsageError, match="has no snapshots"):
            make()
