"""A compacted SVG looks as it did, in a fraction of the bytes."""

import base64
import re
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from epoque.bench.figures.compact_svg import ID_MARK, compact_svg
from epoque.bench.figures.plot import color, encode_svg, figure_style, new_figure

PAGE = '#set page(width: auto, height: auto, margin: 0pt)\n#image("it.svg")'


def figure():
    """Return a figure with what figures have: curves, markers, bands, images, bars, text."""
    with figure_style():
        made = new_figure()
        left, right = made.subplots(1, 2)
        x = np.linspace(0, 6, 300)
        left.plot(x, np.sin(x), "--")
        left.fill_between(x, np.sin(x) - 0.2, np.sin(x) + 0.2, alpha=0.3)
        left.plot(x[::5], np.cos(x[::5]), "o", alpha=0.5, color=color("vermilion"))
        left.set_xlabel("Iteration")
        right.imshow(np.arange(30 * 30).reshape(30, 30) % 7)
        right.bar([2, 9, 20], [4, 20, 9], hatch="//", alpha=0.6)
        right.set_ylabel("number")
    return made


def serialize(root: ElementTree.Element) -> str:
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(root, "unicode").replace(ID_MARK, "i")


def render(svg: bytes, tmp_path) -> np.ndarray:
    typst = pytest.importorskip("typst")
    (tmp_path / "it.svg").write_bytes(svg)
    (tmp_path / "it.typ").write_text(PAGE)
    png = typst.compile(str(tmp_path / "it.typ"), format="png", ppi=200)
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), float)


def test_it_looks_the_same(tmp_path) -> None:
    svg = encode_svg(figure())
    small = serialize(compact_svg(svg))
    view = re.search(r'viewBox="0 0 (\S+) (\S+)"', small)
    small = small.replace("<svg ", f'<svg width="{view[1]}pt" height="{view[2]}pt" ', 1)
    before, after = render(svg, tmp_path), render(small.encode(), tmp_path)
    assert before.shape == after.shape
    assert np.ptp(before) > 200
    assert np.abs(before - after).mean() < 0.25
    assert (np.abs(before - after).max(axis=-1) > 40).mean() < 2e-3


def test_it_takes_a_fraction_of_the_bytes() -> None:
    made = figure()
    assert len(serialize(compact_svg(encode_svg(made)))) < 0.7 * len(encode_svg(made))
    assert len(serialize(compact_svg(encode_svg(made, letters="text")))) < 0.35 * len(
        encode_svg(made)
    )


def test_it_says_nothing_to_the_page_around_it() -> None:
    small = serialize(compact_svg(encode_svg(figure(), letters="text")))
    assert not re.search(r"<style|<metadata|xlink|<!--|<\?xml|ns0:", small)
    names = re.findall(r'id="(\w+)"', small)
    assert len(names) == len(set(names)) > 2
    assert set(re.findall(r'(?:href="|url\()#(\w+)', small)) == set(names)


def test_opacity_stays_with_each_thing() -> None:
    """Overlapping points would be paler in a group that is transparent as a whole."""
    small = serialize(compact_svg(encode_svg(figure())))
    assert not re.search(r"[\";]opacity", small)
    assert "fill-opacity:.5" in small


def test_an_image_of_few_colors_keeps_its_pixels() -> None:
    svg = encode_svg(figure())
    images = [
        re.findall(r'href="data:image/png;base64,\s*([^"]+)"', text)
        for text in (svg.decode(), serialize(compact_svg(svg)))
    ]
    (before,), (after,) = images
    assert len(after) < len(before)
    pixels = [
        np.asarray(Image.open(BytesIO(base64.b64decode(d))).convert("RGB")) for d in (before, after)
    ]
    assert np.array_equal(*pixels)


def test_steps_of_a_long_curve_do_not_drift() -> None:
    with figure_style():
        made = new_figure()
        axes = made.add_subplot()
        axes.plot(np.arange(3000), np.random.default_rng(0).normal(size=3000).cumsum())
    before = ElementTree.fromstring(encode_svg(made))
    long = max((e.get("d", "") for e in before.iter()), key=len)
    short = max((e.get("d", "") for e in compact_svg(encode_svg(made)).iter()), key=len)
    ends = re.findall(r"[-\d.]+", long)[-2:]
    x = y = 0.0
    for letter, text in re.findall(r"([Ml])([^Mlz]*)", short):
        numbers = np.array([float(n) for n in re.findall(r"-?\d*\.?\d+", text)]).reshape(-1, 2)
        if letter == "M":
            x, y = numbers[-1]
        else:
            x, y = np.array([x, y]) + numbers.sum(axis=0)
    assert [x, y] == pytest.approx([float(end) for end in ends], abs=0.02)
    assert len(short) < 0.6 * len(long)
