"""Smaller SVG: what matplotlib writes, as it looks, in a fraction of the bytes.

Numbers keep hundredths of a point, paths are relative, a style that neighbours share stands once
around them, names that nothing refers to go, and images of few colors get a palette.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ID_MARK", "compact_svg"]

ID_MARK = "\ue002"
"""Begins every name inside a compacted SVG; whoever shows it puts a prefix of its own there."""

MOST_COLORS = 256  # of a palette
MOST_STYLES = 4_096
"""Styles that are shortened once: markers have theirs each, and are thousands with a few styles."""

_LINK = "{http://www.w3.org/1999/xlink}href"
_DATA = "data:image/png;base64,"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_COMMAND = re.compile(r"([MLQCz])([^MLQCz]*)")
_POINTS = {"L": 2, "Q": 4, "C": 6}
"""Numbers of one step of a path's command."""
_REFERENCE = re.compile(r"#([\w.-]+)")
_NO_ROTATION = re.compile(r"rotate\(-?0(?: [^)]*)?\)")
_FAMILY = re.compile(r"(?:^|;)font-family:([^;]*)")
_MEASURES = ("x", "y", "width", "height", "transform")
_SHARED = ("style", "clip-path")
"""What a group around elements may say in their place."""


def compact_svg(svg: bytes) -> Element:
    """Return an SVG of matplotlib's as a tree without namespaces, in few bytes.

    Args:
        svg: as matplotlib writes it, letters as text or as shapes.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        _simplify(element)
    _remove_preamble(root)
    _rename(root)
    _fold(root)
    family = _take_family(root)
    root.attrib = {"viewBox": root.get("viewBox", ""), "stroke-linejoin": "round"}
    if family:
        root.set("font-family", family)
    return root


def _simplify(element: Element) -> None:
    """Shorten one element's own attributes, and drop the white space around it."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    is_text = element.tag == "text"
    element.text = (element.text or "").replace(ID_MARK, "\ufffd") if is_text else None
    if _LINK in element.attrib:
        element.set("href", element.attrib.pop(_LINK))
    for name in _MEASURES:
        value = _NO_ROTATION.sub("", element.attrib.pop(name, "")).strip()
        if value:
            decimals = 5 if "scale" in value or "matrix" in value else 2
            element.set(name, _round_numbers(value, decimals))
    if "d" in element.attrib:
        element.set("d", _shorten_path(element.attrib["d"]))
    if "style" in element.attrib:
        element.set("style", _shorten_style(element.attrib["style"], element.tag))
    if element.tag == "image":
        element.set("href", _shorten_image(element.get("href", "")))


def _remove_preamble(root: Element) -> None:
    """Remove the metadata, and the rule that would hold for the whole page around an SVG."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)


def _rename(root: Element) -> None:
    """Give what is referred to a short name in the order of its use; take all other names away."""
    defined = {element.get("id") for element in root.iter()}
    names: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            if "#" not in value or value.startswith("data:"):
                continue
            for name in _REFERENCE.findall(value):
                if name in defined:
                    names.setdefault(name, f"{ID_MARK}{len(names)}")
            element.set(key, _REFERENCE.sub(lambda m: f"#{names.get(m[1], m[1])}", value))
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name in names:
            element.set("id", names[name])


# Groups


def _fold(element: Element) -> None:
    """Share styles, and put the children of a group that says nothing in its place."""
    for child in element:
        _fold(child)
    if element.tag == "defs":
        for child in element:
            if child.tag == "path":  # a marker: each use of it has the whole style
                child.attrib.pop("style", None)
        return
    children = [piece for child in element for piece in _unwrap(child)]
    element[:] = list(_group(children)) if element.tag in ("svg", "g") else children
    if element.tag == "g" and len(element) > 0:
        _lift(element)


def _unwrap(child: Element) -> Iterator[Element]:
    if child.tag == "g" and not child.attrib:
        yield from child
    elif child.tag != "defs" or len(child):
        yield child


def _shared_attributes(element: Element) -> list[tuple[str, str]]:
    return [(name, element.attrib[name]) for name in _SHARED if name in element.attrib]


def _group(children: Iterable[Element]) -> Iterator[Element]:
    """Yield elements, those of one style in a row with it once around them."""
    row: list[Element] = []
    for child in children:
        if row and not (
            _shared_attributes(child) and _shared_attributes(child) == _shared_attributes(row[0])
        ):
            yield from _wrap(row)
            row = []
        row.append(child)
    yield from _wrap(row)


def _wrap(row: list[Element]) -> Iterator[Element]:
    if len(row) < 2:
        yield from row
        return
    group = Element("g")
    group.extend(row)
    _lift(group)
    yield group


def _lift(group: Element) -> None:
    """Move what all children share to their group, as far as that says nothing else."""
    for name in _SHARED:
        values = {child.get(name) for child in group}
        value = values.pop()
        if not values and value is not None and group.get(name) in (None, value):
            group.set(name, value)
            for child in group:
                del child.attrib[name]


def _take_family(root: Element) -> str:
    """Take the most frequent font family out of all styles; return it, or "" without text."""
    styled = [(e, m) for e in root.iter() if (m := _FAMILY.search(e.get("style", "")))]
    families = [match[1] for _, match in styled]
    if not families:
        return ""
    family = max(sorted(set(families)), key=families.count)
    for element, match in styled:
        if match[1] == family:
            style = _FAMILY.sub("", element.get("style", "")).strip(";")
            element.set("style", style)
            if not style:
                del element.attrib["style"]
    return family


# Numbers


def _format(value: float, decimals: int = 2) -> str:
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if text in ("-0", "0"):
        return "0"
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _round_numbers(text: str, decimals: int) -> str:
    return _NUMBER.sub(lambda match: _format(float(match[0]), decimals), text)


@lru_cache(MOST_STYLES)
def _shorten_style(style: str, tag: str) -> str:
    pairs = [part.partition(":") for part in style.split(";") if part.strip()]
    values = {name.strip(): value.strip() for name, _, value in pairs}
    if tag != "image" and "opacity" in values:  # that of a group would be of all its children
        opacity = values.pop("opacity")
        values |= {"fill-opacity": opacity, "stroke-opacity": opacity}
    return ";".join(f"{name}:{_shorten_value(value)}" for name, value in values.items())


def _shorten_value(value: str) -> str:
    return value if value.startswith(("#", "url", "'")) else _round_numbers(value, 2)


def _shorten_path(d: str) -> str:
    """Return a path's data in relative steps of hundredths, whose errors do not add up."""
    pieces: list[str] = []
    here = (0, 0)
    for command, text in _COMMAND.findall(d):
        numbers = [round(100 * float(number)) for number in text.split()]
        if command == "z":
            pieces.append("z")
        elif command == "M":
            pieces.append("M" + _join(numbers))
            here = (numbers[-2], numbers[-1])
        else:
            steps, here = _to_steps(numbers, _POINTS[command], here)
            same = pieces[-1].startswith(command.lower()) if pieces else False
            pieces.append((" " if same else command.lower()) + _join(steps))
            if same:
                pieces[-2:] = [pieces[-2] + pieces[-1].replace(" -", "-", 1)]
    return "".join(pieces)


def _to_steps(
    numbers: list[int], size: int, here: tuple[int, int]
) -> tuple[list[int], tuple[int, int]]:
    """Return absolute points as steps from the end of the one before, and where the last ends."""
    steps: list[int] = []
    for start in range(0, len(numbers), size):
        points = numbers[start : start + size]
        steps += [number - here[i % 2] for i, number in enumerate(points)]
        here = (points[-2], points[-1])
    return steps, here


def _join(hundredths: Iterable[int]) -> str:
    """Return numbers with no more between them than a reader needs to tell them apart."""
    pieces: list[str] = []
    for number in hundredths:
        piece = _format(number / 100)
        pieces.append(piece if not pieces or piece.startswith("-") else f" {piece}")
    return "".join(pieces)


# Images


def _shorten_image(source: str) -> str:
    """Return a PNG's data address; one of few colors becomes an image with a palette."""
    from PIL import Image

    if not source.startswith(_DATA):
        return source
    data = base64.b64decode(source.removeprefix(_DATA))
    with Image.open(BytesIO(data)) as opened:
        smaller = _encode_small(opened.convert("RGBA"))
    return _DATA + base64.b64encode(min(smaller, data, key=len)).decode()


def _encode_small(image: "Image.Image") -> bytes:
    """Return a PNG with the same pixels, with a palette or without opacity where it can."""
    import numpy as np
    from PIL import Image

    buffer = BytesIO()
    pixels = np.asarray(image)
    if (pixels[..., 3] == 255).all():
        flat = pixels[..., :3].reshape(-1, 3)
        colors, indices = np.unique(flat, axis=0, return_inverse=True)
        image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
        if len(colors) <= MOST_COLORS:
            image = Image.fromarray(indices.reshape(pixels.shape[:2]).astype(np.uint8), "P")
            image.putpalette(colors.astype(np.uint8).tobytes())
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
