import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from epoque.bench.errors import DataError
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.distributions import sample_real_points
from epoque.gan2d.data.user_points import (
    UserPoints,
    count_outside,
    find_remarks,
    load_points,
    load_run_points,
    make_artifact,
)


def csv(path: Path, text: str, fit: bool = False) -> Any:
    path.write_text(text)
    return Gan2dConfig(data="csv", csv=str(path), fit=fit)


def drawing(*strokes: Any) -> Any:
    text = json.dumps({"strokes": strokes})
    return Gan2dConfig(data="drawing", drawing=text)


def image(path: Path) -> Any:
    return Gan2dConfig(data="image", image=str(path))


def test_a_formula_needs_no_points() -> None:
    assert load_points(Gan2dConfig(data="ring")) is None


def test_a_csv_is_drawn_from_as_it_is_and_keeps_points_outside(tmp_path: Path) -> None:
    config = csv(tmp_path / "p.csv", "x,y\n0.1,0.2\n0.3,0.4\n1.5,-2\n")
    user_points = load_points(config)
    assert user_points is not None
    assert count_outside(user_points.points) == 1
    drawn = sample_real_points(config, 300, seed=0)
    assert {tuple(p) for p in drawn.tolist()} == {tuple(p) for p in user_points.points.tolist()}


def test_fit_scales_into_the_square_and_keeps_proportions(tmp_path: Path) -> None:
    user_points = load_points(csv(tmp_path / "p.csv", "a;b\n100,0;0\n300,0;100,0\n", fit=True))
    assert user_points is not None
    np.testing.assert_allclose(user_points.points, [(0.1, 0.3), (0.9, 0.7)], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("0.1,0.2\n0.3,0.4\n", "line 1: numbers; the first line must name the columns"),
        ("x\n1\n", "line 1: 1 column; points need two"),
        ("x,y,z\n1,2,3\n", "line 1: 3 columns; points need two"),
        ("x,y\n", "has no points"),
        ("x,y\n1,2\n1,2\n", "one point only"),
        ("x,y\n1,2\n1\n", "line 3: 1 value; the header has 2"),
        ("x,y\n1,nan\n", "line 2: 'nan' is not a finite number"),
        ("x,y\n1,2\n\n3,four\n", "line 4: 'four' is not a finite number"),
        ("x,y\n0,0\n1e9,0\n", "coordinate of 1e+09"),
    ],
)
def test_a_fault_in_a_csv_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told.replace("+", r"\+")) as error:
        load_points(csv(tmp_path / "p.csv", text))
    assert "p.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_csv_is_said(tmp_path: Path) -> None:
    missing = Gan2dConfig(data="csv", csv=str(tmp_path / "no.csv"), fit=False)
    with pytest.raises(DataError, match="there is no such file"):
        load_points(missing)


def test_a_csv_that_is_too_large_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.files.csv_table.MAX_CSV_BYTES", 10)
    with pytest.raises(DataError, match=r"^\S+p.csv has 15 bytes; at most 10 are read.$"):
        load_points(csv(tmp_path / "p.csv", "x,y\n1,2\n3,4.55\n"))


def test_a_drawing_is_evenly_dense_however_fast_the_hand_moved() -> None:
    slow = [[0.1 + 0.4 * (i / 200) ** 4, 0.2] for i in range(201)]
    user_points = load_points(drawing(slow, [[0.1, 0.8], [0.9, 0.8]]))
    assert user_points is not None
    assert user_points.jitter == 0.02
    upper = user_points.points[:, 1] > 0.5
    assert upper.mean() == pytest.approx(2 / 3, abs=0.01)
    gaps = np.diff(np.sort(user_points.points[~upper, 0]))
    assert gaps.max() < 1.5 * gaps.mean()


def test_a_dot_counts_as_a_stroke_of_one_brush_width() -> None:
    user_points = load_points(drawing([[0.5, 0.5]], [[0.1, 0.1], [0.2, 0.1]]))
    assert user_points is not None
    assert (user_points.points == 0.5).all(axis=1).sum() == 10


def test_drawn_points_lie_around_the_strokes() -> None:
    drawn = sample_real_points(drawing([[0.2, 0.5], [0.8, 0.5]]), 5000, seed=1)
    assert drawn[:, 1].std() == pytest.approx(0.02, rel=0.05)
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_a_drawing_may_be_a_file_in_any_encoding_of_json(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"strokes": [[[0.2, 0.5], [0.8, 0.5]]]})
    (tmp_path / "a.json").write_bytes(text.replace("[", "[\r\n").encode(encoding))
    found = load_points(Gan2dConfig(data="drawing", drawing=str(tmp_path / "a.json")))
    known = load_points(Gan2dConfig(data="drawing", drawing=text))
    assert found is not None
    assert known is not None
    np.testing.assert_array_equal(found.points, known.points)


def test_a_drawing_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(DataError, match="it is a FIFO, not a file"):
        load_points(Gan2dConfig(data="drawing", drawing=str(tmp_path / "a.json")))


def test_a_drawing_may_be_a_file_and_a_long_one_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_text(json.dumps({"strokes": [[[0, 0], [1000, 1000]]]}))
    user_points = load_points(Gan2dConfig(data="drawing", drawing=str(path)))
    assert user_points is not None
    assert len(user_points.points) == pytest.approx(20_001, abs=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"strokes": []}', "is empty; draw something first"),
        ('{"strokes": [[], []]}', "is empty; draw something first"),
        ('{"strokes": [[[0.5, 0.5]]]}', "one point only"),
        ('{"strokes": [[[0.5, 0.5], [0.5, 0.5]]]}', "one point only"),
        ('{"strokes": [[[0.5, 0.5], [0.5, NaN]]]}', "stroke 1, point 2"),
        ('{"strokes": [[[0.5, 0.5]], [[0.5, 1e999]]]}', "stroke 2, point 1"),
        ('{"strokes": [[[0.5, true]]]}', "stroke 1, point 1"),
        ('{"strokes": [[[0.5, 0.5, 0.5]]]}', "stroke 1, point 1"),
        ('{"strokes": [3]}', "stroke 1: it is not a list"),
        ('{"strokes": 3}', "is no drawing"),
        ("[[0.5, 0.5]]", "is no drawing"),
        ('{"strokes"', "it is no JSON .line 1, column 11"),
        ("[" * 100_000, "nested too deeply"),
        ('{"strokes": [[[0, 0], [1e200, 0]]]}', "coordinate of 1e"),
        ("no/such/file.json", "there is no such file"),
        (".", "cannot be read"),
    ],
)
def test_a_fault_in_a_drawing_is_one_sentence(text: str, told: str) -> None:
    with pytest.raises(DataError, match=told) as error:
        load_points(Gan2dConfig(data="drawing", drawing=text))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
)


@settings(max_examples=150)
@given(JSON)
def test_whatever_json_comes_it_is_a_drawing_or_a_data_error(strokes: Any) -> None:
    config = Gan2dConfig(data="drawing", drawing=json.dumps({"strokes": strokes}))
    try:
        user_points = load_points(config)
    except DataError:
        return
    assert user_points is not None
    assert np.isfinite(user_points.points).all()
    assert len(user_points.points) >= 2


def paint(path: Path, background: str, ink: str, mode: str = "RGB") -> Path:
    picture = Image.new(mode, (300, 200), background)
    ImageDraw.Draw(picture).rectangle((100, 20, 199, 69), fill=ink)
    picture.save(path)
    return path


@pytest.mark.parametrize(("background", "ink"), [("white", "black"), ("#202020", "#f0e000")])
def test_a_silhouette_is_the_tone_that_is_not_the_backgrounds(
    tmp_path: Path, background: str, ink: str
) -> None:
    user_points = load_points(image(paint(tmp_path / "i.png", background, ink)))
    assert user_points is not None
    low, high = user_points.points.min(axis=0), user_points.points.max(axis=0)
    np.testing.assert_allclose([low, high], [(0.1, 0.3), (0.9, 0.7)], atol=0.025)
    counts = np.histogram2d(
        *user_points.points.T, bins=4, range=[(low[0], high[0]), (low[1], high[1])]
    )
    assert counts[0].min() > 0.7 * counts[0].max()


def test_transparency_makes_the_silhouette_and_up_is_up(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (90, 90), (0, 0, 0, 0))
    ImageDraw.Draw(picture).polygon([(45, 0), (0, 89), (89, 89)], fill=(0, 0, 0, 255))
    picture.save(tmp_path / "triangle.png")
    user_points = load_points(image(tmp_path / "triangle.png"))
    assert user_points is not None
    assert (user_points.points[:, 1] < 0.5).mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("kind", ["L", "P", "1"])
def test_other_kinds_of_images_are_read(tmp_path: Path, kind: str) -> None:
    path = paint(tmp_path / "rgb.png", "white", "black")
    Image.open(path).convert(kind).save(tmp_path / "i.gif")
    assert load_points(image(tmp_path / "i.gif")) is not None


def test_sixteen_bits_give_the_silhouette_of_eight(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:200, :300]
    inside = (rows - 90) ** 2 + (columns - 120) ** 2 < 60**2
    shaded = np.where(inside, 40 + columns // 8, 180 + rows // 8).astype(np.uint16)
    pictures = {
        "eight.png": shaded.astype(np.uint8),
        "sixteen.png": shaded * 257,
        "sixteen.tif": shaded * 257,
        "thirty-two.tif": (shaded * 257).astype(np.int32),
        "share.tif": (shaded / 255).astype(np.float32),
    }
    found = []
    for name, levels in pictures.items():
        Image.fromarray(levels).save(tmp_path / name)
        user_points = load_points(image(tmp_path / name))
        assert user_points is not None
        found.append(user_points.points)
    for points in found:
        np.testing.assert_array_equal(points, found[0])
    assert np.ptp(found[0], axis=0) == pytest.approx([0.8, 0.8], abs=0.03)


def test_a_fault_in_an_image_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(path: Path) -> str:
        with pytest.raises(DataError) as error:
            load_points(image(path))
        return str(error.value)

    assert "there is no such file" in told(tmp_path / "no.png")
    (tmp_path / "text.png").write_text("not an image")
    assert "is no picture" in told(tmp_path / "text.png")
    cut = paint(tmp_path / "cut.png", "white", "black")
    cut.write_bytes(cut.read_bytes()[:200])
    assert "is damaged" in told(cut)
    assert "same tone" in told(paint(tmp_path / "flat.png", "white", "white"))
    Image.new("RGBA", (9, 9), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    assert "transparent" in told(tmp_path / "clear.png")
    one = Image.new("L", (9, 9), 255)
    one.putpixel((4, 4), 0)
    one.save(tmp_path / "one.png")
    assert "one point only" in told(tmp_path / "one.png")
    monkeypatch.setattr("epoque.bench.files.images.MAX_IMAGE_PIXELS", 1000)
    assert "too large" in told(paint(tmp_path / "big.png", "white", "black"))


def test_the_runs_own_copy_gives_the_same_points_bit_for_bit(tmp_path: Path) -> None:
    for config in (
        drawing([[0.123456789, 0.2], [1 / 3, -0.5]]),
        csv(tmp_path / "p.csv", "x,y\n0.1,0.2\n123456.789,1e-30\n"),
    ):
        user_points = load_points(config)
        assert user_points is not None
        copy = make_artifact(user_points)
        (tmp_path / copy.name).write_bytes(copy.data)
        again = load_run_points(SimpleNamespace(check=str, path=tmp_path, config=config))  # type: ignore[arg-type]
        assert again is not None
        assert np.array_equal(again.points, user_points.points)
        assert again.jitter == user_points.jitter
        assert np.array_equal(
            sample_real_points(config, 9, 5, user_points), sample_real_points(config, 9, 5, again)
        )


def test_a_runs_own_copy_is_a_csv_that_is_learned_from(tmp_path: Path) -> None:
    user_points = load_points(drawing([[0.123456789, 0.2], [1 / 3, -0.5]]))
    assert user_points is not None
    (tmp_path / "data.csv").write_bytes(make_artifact(user_points).data)
    again = load_points(Gan2dConfig(data="csv", csv=str(tmp_path / "data.csv"), fit=False))
    assert again is not None
    assert np.array_equal(again.points, user_points.points)
    assert again.jitter == user_points.jitter
    fitted = load_points(csv(tmp_path / "p.csv", "x,y,jitter\n0,0,0.5\n8,4,0.5\n", fit=True))
    assert fitted is not None
    assert fitted.jitter == pytest.approx(0.05)


@pytest.mark.parametrize("jitters", [("0.1", "0.2"), ("-1", "-1"), ("1e7", "1e7")])
def test_a_jitter_is_one_number(tmp_path: Path, jitters: tuple[str, str]) -> None:
    rows = "".join(f"{i},{i},{jitter}\n" for i, jitter in enumerate(jitters))
    with pytest.raises(DataError, match="jitter must be one number"):
        load_points(csv(tmp_path / "p.csv", f"x,y,jitter\n{rows}"))


def test_a_damaged_copy_is_said(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x,y,jitter\n")
    with pytest.raises(DataError, match="is damaged"):
        load_run_points(SimpleNamespace(check=str, path=tmp_path, config=drawing()))  # type: ignore[arg-type]


def test_points_on_the_edge_are_inside() -> None:
    points = np.array([(0, 0), (1, 1), (1.0001, 0.5), (0.5, -0.0001)], np.float32)
    assert count_outside(points) == 2
    assert UserPoints(points, 0.0).jitter == 0


def collect_remarks(path, **settings):
    return list(find_remarks(Gan2dConfig.parse({"data": "csv", "csv": str(path), **settings})))


def test_points_outside_the_square_are_remarked_upon(tmp_path, monkeypatch):
    path = tmp_path / "points.csv"
    path.write_text("x;y\n0,5;0,5\n3,5;2\n4,5;7\n")
    read, away = collect_remarks(path)
    assert read.endswith("is read as: separator semicolon, decimal comma.")
    assert away.startswith("2 of 3 points lie outside the square from 0 to 1")
    assert collect_remarks(path, fit="true") == [read]
    monkeypatch.setenv("EPOQUE_LANG", "fr")
    assert collect_remarks(path)[1].startswith("2 points sur 3 se trouvent hors du carré")
    assert list(find_remarks(Gan2dConfig())) == []


def test_far_points_are_refused_with_the_remedy_and_fit_takes_any(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("x,y\n4800010,200008\n4800066,200027\n1e308,-1e308\n")
    with pytest.raises(DataError, match=r"coordinate of 1e\+308; at most 1,000,000 .* --fit true"):
        load_points(Gan2dConfig.parse({"data": "csv", "csv": str(path)}))
    fitted = load_points(Gan2dConfig.parse({"data": "csv", "csv": str(path), "fit": "true"}))
    np.testing.assert_allclose(fitted.points[2], [0.9, 0.1], atol=0.41)
    assert np.isfinite(fitted.points).all()
