"""Formulas: LaTeX to MathML and to Typst."""

from xml.etree import ElementTree

import pytest

from epoque.bench.errors import UsageError
from epoque.report.maths import latex_to_mathml, latex_to_typst

FORMULAS = [
    r"y = -w_0 + \sum_{i=1}^{n} x_i w_i",
    r"o = \frac{1}{1 + e^{-y}}",
    r"\left(\frac{a}{b}\right)^2",
    r"w_i \leftarrow w_i + \eta \, x_i \, (d - o), \qquad x_0 = -1",
    r"\{0, 1\}",
    r"|d - o|",
    r"0{,}025",
    r"\begin{cases}1 & y > 0\\0 & \text{otherwise}\end{cases}",
    r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}",
    r"\hat{y} + \overline{x} + \vec{x}",
    r"\mathbf{w}^\top x \in \mathbb{R}",
    r"\sqrt{x} + \sqrt[3]{x}",
    r"\operatorname{sign}(y) = \mathrm{XOR}",
    r"\lim_{x \to 0} f \quad \max_i x_i \quad \prod_{k}^K x'",
    r"\# \$ \% \_ \& / * ; '",
    r"\displaystyle\int_0^1 x \,dx",
]


@pytest.mark.parametrize("latex", FORMULAS)
def test_mathml_is_well_formed_and_says_its_source(latex: str) -> None:
    root = ElementTree.fromstring(latex_to_mathml(latex, display=True))
    assert root.tag == "{http://www.w3.org/1998/Math/MathML}math"
    assert root.get("alttext") == latex
    assert root.get("display") == "block"


@pytest.mark.parametrize("latex", FORMULAS)
def test_typst_sets_every_formula(latex: str) -> None:
    typst = pytest.importorskip("typst")
    page = f"$ {latex_to_typst(latex)} $"
    assert typst.compile(page.encode(), format="pdf", ignore_system_fonts=True)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("w_0", r"attach(w, b: 0)"),
        ("x^2_i", "attach(x, b: i, t: 2)"),
        (r"\frac{1}{2}", "frac(1, 2)"),
        ("0{,}7", '0 class("normal", \\u{2c}) 7'),
        ("0.7", "0.7"),
        (r"\log o", 'op("log") o'),
        (r"\text{a\"b}", '"a\\\\\\"b"'),
        (r"\sum_i^n", r"attach(limits(\u{2211}), b: i, t: n)"),
        (r"\left(a\right)", r"lr(\u{28} a \u{29})"),
        ("#", None),
    ],
)
def test_typst_of_small_formulas(latex: str, expected: str | None) -> None:
    told = latex_to_typst(latex)
    assert told == expected if expected else "#" not in told


@pytest.mark.parametrize(
    "latex",
    [r"\frac", r"\frac{a}", r"x + \sqrt[3]", "a_", r"\unknown x", "a & b",
     r"\text{<script>alert(1)</script>}", r"\left( a",
     r"\text{<b>x</b>}"],
)  # fmt: skip
def test_what_is_no_formula_is_one_sentence(latex: str) -> None:
    with pytest.raises(UsageError) as caught:
        latex_to_mathml(latex)
    assert latex in str(caught.value) or "unknown" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_long_formula_is_quoted_in_part() -> None:
    with pytest.raises(UsageError) as caught:
        latex_to_mathml(r"\unknown " + "x" * 3000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "latex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\href{https://example.org}{x}",
        r"\style{background:url(x)}{x}",
        r"\class{a}{x}",
        r"\color{url(x)}{x}",
    ],
)
def test_attributes_that_a_page_would_follow_are_refused(latex: str) -> None:
    for write in (latex_to_mathml, latex_to_typst):
        with pytest.raises(UsageError, match=r"cannot be written: it holds the attribute"):
            write(latex)


@pytest.mark.parametrize(
    "latex",
    [
        r"\color{red}x",
        r"\color{#ff8800}x",
        r"\binom{n}{k}",
        r"\begin{align}a&=b\\c&=d\end{align}",
        r"\begin{array}{c|c}a&b\\\hline c&d\end{array}",
        r"\rule{1em}{2em}",
        r"\substack{a\\b}",
        r"\displaystyle \big( x \big)",
        r"\hspace{3em}",
        r"\mathrm{KL}",
    ],
)
def test_attributes_of_looks_are_kept(latex: str) -> None:
    assert ElementTree.fromstring(latex_to_mathml(latex)) is not None


def test_a_formula_has_a_length_and_a_depth() -> None:
    with pytest.raises(UsageError, match="has 5,000 characters; at most 4,000 are read"):
        latex_to_mathml("x" * 5000)
    for deep in ("{a" * 41 + "}" * 41, r"\left(" * 41 + r"\right)" * 41):
        with pytest.raises(UsageError, match="nested 41 deep; at most 40 are read"):
            latex_to_mathml(deep)
    assert latex_to_mathml(r"\frac{1}{1+" * 15 + "x" + "}" * 15)


def test_limits_stand_below_operators_on_a_line_of_their_own() -> None:
    latex = r"\sup_{\lVert f \rVert_L \le 1} \sum_{i=1}^{N} x_i"
    shown = ElementTree.fromstring(latex_to_mathml(latex, display=True))
    tags = [node.tag.rpartition("}")[2] for node in shown.iter()]
    assert [tags.count(tag) for tag in ("munder", "munderover", "msub")] == [1, 1, 2]
    inline = latex_to_mathml(latex)
    assert "munder" not in inline
    assert inline.count('<mo stretchy="false">‖</mo>') == 2
