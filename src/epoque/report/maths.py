r"""Formulas: LaTeX to MathML (for HTML), and MathML to Typst (for PDF).

`latex2mathml` reads the LaTeX; what it gives is parsed and checked against the elements of MathML
that a formula may consist of, so that nothing else can come into a page through a formula.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from epoque.bench.errors import UsageError
from epoque.bench.limits import MAX_FORMULA_CHARACTERS, MAX_FORMULA_DEPTH

__all__ = ["latex_to_mathml", "latex_to_typst"]

TAGS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "msub",
        "msup",
        "msubsup",
        "mfrac",
        "msqrt",
        "mroot",
        "mover",
        "munder",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
        "mphantom",
    ]
)
SHOWN = 60
"""Letters of a formula that an error shows."""
ATTRIBUTES = frozenset(
    [
        "accent",
        "columnalign",
        "columnlines",
        "columnspacing",
        "depth",
        "display",
        "displaystyle",
        "fence",
        "form",
        "height",
        "linethickness",
        "lspace",
        "mathbackground",
        "mathcolor",
        "mathvariant",
        "maxsize",
        "minsize",
        "movablelimits",
        "rowlines",
        "rowspacing",
        "rspace",
        "scriptlevel",
        "separator",
        "stretchy",
        "voffset",
        "width",
    ]
)
"""What an element may say of itself: how it looks, and nothing that a page would follow or run."""
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2} | {
    "msubsup": 3,
    "munderover": 3,
}
"""How many parts an element has, which a writer takes by their places."""
VALUE = re.compile(r"[\w#.%+ -]{0,60}", re.ASCII)
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
BIG = frozenset(["∑", "∏", "⋃", "⋂", "⨁", "⨂", "max", "min", "lim", "sup", "inf"])
SIGNS = ("−", "+", "±")
CLOSING = (")", "]", "}", "|", "′", "!")
FENCES = frozenset(["(", ")", "[", "]", "{", "}", "|", "‖", "∥"])


def latex_to_mathml(latex: str, *, display: bool = False) -> str:
    """Return a formula as MathML.

    Args:
        latex: LaTeX without dollars.
        display: whether it stands on its own line.

    Raises:
        UsageError: if it is not a formula that can be written.
    """
    root = _tree(latex)
    _space_out(root)
    _keep_fences_small(root)
    if display:
        _set_limits(root)
    root.set("xmlns", NAMESPACE)
    root.set("display", "block" if display else "inline")
    root.set("alttext", latex)
    return ElementTree.tostring(root, encoding="unicode")


@cache
def latex_to_typst(latex: str) -> str:
    """Return a formula in Typst's mathematics, without dollars.

    Raises:
        UsageError: if it is not a formula that can be written.
    """
    return _typst(_tree(latex))


def _tree(latex: str) -> Element:
    """Return the formula's checked MathML, without namespace."""
    from latex2mathml.converter import convert

    _check_size(latex)
    try:
        text = convert(latex)
        text = re.sub(r"&(?!#?\w+;)", "&amp;", text).replace(f' xmlns="{NAMESPACE}"', "")
        root = ElementTree.fromstring(text)
    except Exception as error:  # its many parse errors share no base class; RecursionError too
        reason = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
        raise UsageError(f"The formula ${_short(latex)}$ cannot be read: {reason}.") from None
    for node in root.iter():
        if node.tag not in TAGS:
            raise UsageError(
                f"The formula ${_short(latex)}$ cannot be written: it holds <{node.tag}>."
            )
        if len(node) != PARTS.get(node.tag, len(node)):
            problem = "an argument is missing"
            raise UsageError(f"The formula ${_short(latex)}$ cannot be read: {problem}.")
        for name, value in node.attrib.items():
            if name not in ATTRIBUTES or not VALUE.fullmatch(value):
                problem = f"it holds the attribute {name}={value[:40]!r}"
                raise UsageError(f"The formula ${_short(latex)}$ cannot be written: {problem}.")
        if (node.text or "").startswith("\\"):
            raise UsageError(
                f"The formula ${_short(latex)}$ uses the unknown command {_short(node.text)}."
            )
        if node.tag == "mi" and node.text == "&" and r"\&" not in latex:
            raise UsageError(f"The formula ${_short(latex)}$ uses & outside of a matrix or cases.")
    _join_decimals(root)
    return root


def _check_size(latex: str) -> None:
    """Check that a formula is no longer and no deeper than one that can be read.

    Raises:
        UsageError: if it is.
    """
    if len(latex) > MAX_FORMULA_CHARACTERS:
        size = f"{len(latex):,} characters; at most {MAX_FORMULA_CHARACTERS:,} are read"
        raise UsageError(f"The formula that begins with ${latex[:40]}$ has {size}.")
    depth = deepest = 0
    for sign in re.findall(r"[{}]|\\left\b|\\right\b|\\begin\b|\\end\b", latex):
        depth += 1 if sign in ("{", "\\left", "\\begin") else 0
        depth -= 1 if sign in ("}", "\\right", "\\end") else 0
        deepest = max(deepest, depth)
    if deepest > MAX_FORMULA_DEPTH:
        depth_reached = f"is nested {deepest:,} deep; at most {MAX_FORMULA_DEPTH} are read"
        raise UsageError(f"The formula that begins with ${latex[:40]}$ {depth_reached}.")


def _join_decimals(root: Element) -> None:
    """Make one number of `0{,}7`, which comes as number, comma, number."""
    for node in root.iter():
        at = 0
        while at + 2 < len(node):
            whole, comma, rest = node[at : at + 3]
            grouped = comma.tag == "mrow" and len(comma) == 1 and comma[0].text == ","
            if grouped and whole.tag == rest.tag == "mn":
                whole.text = f"{whole.text},{rest.text}"
                node.remove(comma)
                node.remove(rest)
            at += 1


def _space_out(root: Element) -> None:
    """Set the spaces that LaTeX sets by itself: none after a sign, a thin one around `ln`."""
    for node in list(root.iter()):
        around = [None, *node, None]
        for before, child, after in zip(around, node[:], around[2:], strict=False):
            if child.tag == "mo" and child.text in SIGNS and _opens(before):
                child.set("form", "prefix")
            if child.tag == "mi" and len(child.text or "") > 1:
                places = [(not _opens(before), 0), (after is not None and after.tag != "mo", 1)]
                for offset in (offset for needs_space, offset in reversed(places) if needs_space):
                    space = Element("mspace", width="0.167em")
                    node.insert(list(node).index(child) + offset, space)


def _keep_fences_small(root: Element) -> None:
    r"""Let strokes such as \lVert stay as large as letters, as LaTeX does without \left."""
    for node in root.iter("mo"):
        if node.text in FENCES:
            node.set("stretchy", node.get("stretchy", "false"))


def _set_limits(root: Element) -> None:
    """Set what an operator runs over below and above it, as LaTeX does on a line of its own."""
    for node in root.iter():
        if node.tag in LIMITS and node[0].text in BIG:
            node.tag = LIMITS[node.tag]
            node[0].set("movablelimits", "false")


def _opens(node: Element | None) -> bool:
    """Return whether what follows cannot be subtracted from this: nothing, or an operator."""
    return node is None or (node.tag == "mo" and node.text not in CLOSING)


def _typst(node: Element) -> str:
    if node.tag == "mspace":
        return f"#h({_length(node.get('width', '0em'))})"
    write = _WRITERS.get(node.tag)
    if write is None:
        return _row(node)
    return write(node)


def _length(width: str) -> str:
    return width if re.fullmatch(r"-?\d*\.?\d+(em|pt)", width) else "0em"


def _row(node: Element) -> str:
    return " ".join(filter(None, _pieces(list(node))))


def _pieces(children: list[Element]) -> Iterator[str]:
    """Yield each child; fences around a matrix, and stretchy ones, grow with what they hold."""
    if len(children) > 1 and children[0].get("stretchy") == "true":
        closed = children[-1].get("fence") == "true"
        yield _fence(children[0], children[1 : -1 if closed else None], children[-1:][:closed])
        return
    while children:
        if len(children) > 2 and children[1].tag == "mtable" and _is_fence(children[0]):
            yield _fence(children[0], children[1:2], children[2:3])
            children = children[3:]
        else:
            yield _typst(children[0])
            children = children[1:]


def _is_fence(node: Element) -> bool:
    return node.tag == "mo" and node.text in FENCES


def _fence(left: Element, inner: list[Element], right: list[Element]) -> str:
    parts = [_symbol(left.text or ""), *map(_typst, inner), *(_symbol(r.text or "") for r in right)]
    return f"lr({' '.join(filter(None, parts))})"


def _symbol(text: str) -> str:
    """Return one operator or letter, so that Typst reads it as nothing else."""
    return "".join(c if c.isalnum() and not c.isascii() else f"\\u{{{ord(c):x}}}" for c in text)


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _identifier(node: Element) -> str:
    text = node.text or ""
    if len(text) > 1:
        return f"op({_string(text)})" if text.isalpha() else f"upright({_string(text)})"
    upright = node.get("mathvariant") == "normal"
    letter = text if text.isalpha() and text.isascii() else _symbol(text)
    return f"upright({letter})" if upright and letter else letter


def _operator(node: Element) -> str:
    text = node.text or ""
    if text in ("|", "‖", "∥"):
        return f'class("normal", {_symbol(text)})'  # as in LaTeX: a bar, not a relation
    return f"op({_string(text)})" if len(text) > 1 and text.isalpha() else _symbol(text)


def _number(node: Element) -> str:
    text = node.text or ""
    if not re.fullmatch(r"\d+([.,]\d+)?", text):
        return _string(text)
    return text.replace(",", ' class("normal", \\u{2c}) ')


def _group(node: Element) -> str:
    """Return an argument of a function; an empty one must still be there."""
    return _typst(node).strip() or '""'


def _attach(*places: str) -> Callable[[Element], str]:
    def write(node: Element) -> str:
        base, *others = map(_group, node)
        if node[0].text in BIG:
            base = f"limits({base})"
        parts = [f"{place}: {other}" for place, other in zip(places, others, strict=True)]
        return f"attach({', '.join([base, *parts])})"

    return write


ACCENTS = {"^": "hat", "~": "tilde", "→": "arrow", "˙": "dot", "¨": "dot.double", "ˇ": "caron"}
LINES = {"―": "overline", "¯": "overline", "_": "underline", "⏞": "overbrace", "⏟": "underbrace"}


def _over(node: Element) -> str:
    base, mark = node
    text = (mark.text or "").strip()
    if text in LINES:
        return f"{LINES[text]}({_group(base)})"
    if text in ACCENTS:
        return f"accent({_group(base)}, {ACCENTS[text]})"
    return f"attach(limits({_group(base)}), t: {_group(mark)})"


def _under(node: Element) -> str:
    base, mark = node
    text = (mark.text or "").strip()
    if text in LINES:
        return f"{LINES[text].replace('over', 'under')}({_group(base)})"
    return f"attach(limits({_group(base)}), b: {_group(mark)})"


def _under_over(node: Element) -> str:
    base, low, high = map(_group, node)
    return f"attach(limits({base}), b: {low}, t: {high})"


def _matrix(node: Element) -> str:
    rows = [", ".join(map(_group, row)) for row in node]
    left = any(cell.get("columnalign") == "left" for row in node for cell in row)
    align = ", align: #left" if left else ""
    return f"mat(delim: #none{align}, {'; '.join(rows)})"


_WRITERS: dict[str, Callable[[Element], str]] = {
    "mi": _identifier,
    "mo": _operator,
    "mn": _number,
    "mtext": lambda node: _string(node.text or ""),
    "msub": _attach("b"),
    "msup": _attach("t"),
    "msubsup": _attach("b", "t"),
    "mfrac": lambda node: f"frac({_group(node[0])}, {_group(node[1])})",
    "msqrt": lambda node: f"sqrt({_row(node) or _string('')})",
    "mroot": lambda node: f"root({_group(node[1])}, {_group(node[0])})",
    "mover": _over,
    "munder": _under,
    "munderover": _under_over,
    "mtable": _matrix,
    "mphantom": lambda node: f"#hide($ {_row(node)} $)",
}


def _short(latex: str | None) -> str:
    """Return the beginning of a formula, for an error."""
    text = latex or ""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
