"""The claims of practical 1: one neuron."""

from epoque.bench.i18n import mark

from .measures1 import (
    apart,
    at,
    difference,
    largest_input_weight,
    no_line,
    ratio,
    share_of_rise,
    smallest_input_weight,
    sums,
    swing,
    weights,
)
from .rules import Claim, Fact, Number, Share, Statement

__all__ = ["CLAIMS"]

SAME = 0.01  # two weights are "≈" if they differ by less than 1 %
SMALL = 0.05  # an oscillation is "small" if it is less than 5 % of the weight

CLAIMS = (
    Claim(
        id="1.1",
        text=mark("AND: the error falls, to about 0.01 at iteration 400."),
        runs=("neuron/and",),
        sweeps=("and",),
        lines=(
            Statement(
                quantity=mark("fall of the error from iteration 1 to 400"),
                reported=mark("falls"),
                above=0,
                measure=difference(at("and", "final_error", 1), at("and", "final_error", 400)),
            ),
            Number(
                quantity=mark("error at iteration 400"),
                reported="0.01",
                about=True,
                measure=at("and", "final_error", 400),
            ),
        ),
    ),
    Claim(
        id="1.2",
        text=mark("AND: the final weights are 14.4961, 9.5617 and 9.5555."),
        runs=("neuron/and",),
        sweeps=("and",),
        lines=weights("and", 1000, "14.4961", "9.5617", "9.5555"),
    ),
    Claim(
        id="1.3",
        text=mark("AND: w0 is 1.55 times w1."),
        runs=("neuron/and",),
        sweeps=("and",),
        lines=(
            Number(
                quantity=mark("w0 / w1 at iteration 1000"),
                reported="1.55",
                measure=ratio(at("and", "w0", 1000), at("and", "w1", 1000)),
            ),
        ),
    ),
    Claim(
        id="1.4",
        text=mark("AND: y is −14.5 for 00, −4.96 for one input and 4.62 for 11."),
        runs=("neuron/and",),
        sweeps=("and",),
        lines=sums("and", "-14.5", "-4.96", "4.62"),
    ),
    Claim(
        id="1.5",
        text=mark(
            "AND: the weights move fast until iteration 200, w1 ≈ w2, w0 stays above them, and all "
            "still rise at iteration 1000."
        ),
        runs=("neuron/and",),
        sweeps=("and",),
        lines=(
            Statement(
                quantity=mark("share of the rise of w0 done by iteration 200"),
                reported=mark("fast until 200 (more than half)"),
                above=0.5,
                measure=share_of_rise,
            ),
            Statement(
                quantity=mark("|w1 − w2| / w1 at iteration 1000"),
                reported=mark("w1 ≈ w2 (less than 1 %)"),
                below=SAME,
                measure=apart("and", 1000),
            ),
            Statement(
                quantity=mark("w0 − max(w1, w2) at iteration 1000"),
                reported=mark("w0 above"),
                above=0,
                measure=difference(at("and", "w0", 1000), largest_input_weight("and", 1000)),
            ),
            Statement(
                quantity=mark("rise of w0 from iteration 900 to 1000"),
                reported=mark("still rising"),
                above=0,
                measure=difference(at("and", "w0", 1000), at("and", "w0", 900)),
            ),
        ),
    ),
    Claim(
        id="1.6",
        text=mark(
            "AND with learning rate 0.01: the error first rises to about 0.64 and ends at about "
            "0.38; w0 ≈ 2.7, w1 and w2 ≈ 1.6."
        ),
        runs=("neuron/and-slow",),
        sweeps=("and-slow",),
        lines=(
            Statement(
                quantity=mark("rise of the error from iteration 1 to its peak"),
                reported=mark("rises first"),
                above=0,
                measure=difference(
                    at("and-slow", "peak_error", 1000), at("and-slow", "final_error", 1)
                ),
            ),
            Number(
                quantity=mark("error at its peak"),
                reported="0.64",
                about=True,
                measure=at("and-slow", "peak_error", 1000),
            ),
            Number(
                quantity=mark("error at iteration 1000"),
                reported="0.38",
                about=True,
                measure=at("and-slow", "final_error", 1000),
            ),
            *weights("and-slow", 1000, "2.7", "1.6", "1.6", about=True),
        ),
    ),
    Claim(
        id="1.7",
        text=mark(
            "AND with learning rate 10: the error goes from 1.0 to 0 in under 10 iterations; the "
            "weights jump to 20 to 25; w1 ≈ 18 and w2 ≈ 16."
        ),
        runs=("neuron/and-fast",),
        sweeps=("and-fast",),
        lines=(
            Number(
                quantity=mark("error at iteration 1"),
                reported="1.0",
                measure=at("and-fast", "final_error", 1),
            ),
            Number(
                quantity=mark("error at iteration 9"),
                reported="0.0",
                measure=at("and-fast", "final_error", 9),
            ),
            Number(
                quantity=mark("w0 at iteration 9"),
                reported="20 to 25",
                measure=at("and-fast", "w0", 9),
            ),
            Number(
                quantity=mark("final w1"),
                reported="18",
                about=True,
                measure=at("and-fast", "w1", 1000),
            ),
            Number(
                quantity=mark("final w2"),
                reported="16",
                about=True,
                measure=at("and-fast", "w2", 1000),
            ),
        ),
    ),
    Claim(
        id="1.8",
        text=mark(
            "AND, 50 iterations: the error is about 0.18, and the weights make small regular "
            "oscillations."
        ),
        runs=("neuron/and-short",),
        sweeps=("and-short",),
        lines=(
            Number(
                quantity=mark("error at iteration 50"),
                reported="0.18",
                about=True,
                measure=at("and-short", "final_error"),
            ),
            Statement(
                quantity=mark("fall of w0 at the last pattern of a pass, as a share of w0"),
                reported=mark("small oscillations (less than 5 %)"),
                above=0,
                below=SMALL,
                measure=ratio(swing("and-short"), at("and-short", "w0")),
            ),
        ),
    ),
    Claim(
        id="1.9",
        text=mark(
            "OR: the final weights are 4.92, 10.77 and 10.77; y is −4.92 for 00, 5.84 for one "
            "input and 16.62 for 11."
        ),
        runs=("neuron/or",),
        sweeps=("or",),
        lines=(
            *weights("or", 1000, "4.92", "10.77", "10.77"),
            *sums("or", "-4.92", "5.84", "16.62"),
        ),
    ),
    Claim(
        id="1.10",
        text=mark("OR converges faster than AND; w1 ≈ w2 > w0."),
        runs=("neuron/or", "neuron/and"),
        sweeps=("or", "and"),
        lines=(
            Statement(
                quantity=mark("error at iteration 200: AND − OR"),
                reported=mark("OR is faster"),
                above=0,
                measure=difference(at("and", "final_error", 200), at("or", "final_error", 200)),
            ),
            Statement(
                quantity=mark("iterations until every pattern is right: AND − OR"),
                reported=mark("OR is faster"),
                above=0,
                measure=difference(at("and", "converged_at", 1000), at("or", "converged_at", 1000)),
            ),
            Statement(
                quantity=mark("largest error at iteration 1000: AND − OR"),
                reported=mark("OR is faster"),
                above=0,
                measure=difference(
                    at("and", "final_error_max", 1000), at("or", "final_error_max", 1000)
                ),
            ),
            Statement(
                quantity=mark("|w1 − w2| / w1 at iteration 1000"),
                reported=mark("w1 ≈ w2 (less than 1 %)"),
                below=SAME,
                measure=apart("or", 1000),
            ),
            Statement(
                quantity=mark("min(w1, w2) − w0 at iteration 1000"),
                reported=mark("w0 below"),
                above=0,
                measure=difference(smallest_input_weight("or", 1000), at("or", "w0", 1000)),
            ),
        ),
    ),
    Claim(
        id="1.11",
        text=mark(
            "XOR: the error is stuck near 0.6, the weights oscillate in bands, and end at −0.4, "
            "−0.8 and −0.4."
        ),
        runs=("neuron/xor",),
        sweeps=("xor",),
        lines=(
            Number(
                quantity=mark("error at iteration 1000"),
                reported="0.6",
                about=True,
                measure=at("xor", "final_error", 1000),
            ),
            Statement(
                quantity=mark("|change of the error| from iteration 900 to 1000"),
                reported=mark("stuck (less than 0.001)"),
                below=0.001,
                measure=lambda e: difference(
                    at("xor", "final_error", 1000), at("xor", "final_error", 900)
                )(e).abs(),
            ),
            Statement(
                quantity=mark("width of the band of w0 within a pass"),
                reported=mark("oscillate (more than 0.1)"),
                above=0.1,
                measure=swing("xor", 1000),
            ),
            *weights("xor", 1000, "-0.4", "-0.8", "-0.4"),
        ),
    ),
    Claim(
        id="1.12",
        text=mark(
            "XOR cannot be learned by one neuron: no line separates its points; two lines do."
        ),
        runs=("neuron/xor", "neuron/xor-mlp"),
        sweeps=("xor",),
        lines=(
            Fact(
                quantity=mark("a line that separates the two classes"),
                reported=mark("there is none"),
                found=mark("none: proved by the linear programme"),
                otherwise=mark("one was found"),
                measure=no_line,
            ),
            Statement(
                quantity=mark("share of the patterns that one neuron gets right"),
                reported=mark("never all (below 1)"),
                below=1,
                measure=at("xor", "accuracy", 1000),
            ),
            Fact(
                quantity=mark("the two lines of the hidden neurons separate them"),
                reported=mark("they do"),
                found=mark("they do: all four patterns are right"),
                otherwise=mark("they do not"),
                measure=lambda e: e.results("neuron/xor-mlp")["accuracy"] == 1,
            ),
        ),
    ),
    Claim(
        id="1.13",
        text=mark("A multi-layer perceptron solves XOR."),
        runs=("neuron/xor-mlp",),
        sweeps=("xor-mlp",),
        lines=(
            Fact(
                quantity=mark("a multi-layer perceptron that gets all four patterns right"),
                reported=mark("there is one"),
                found=mark("found"),
                otherwise=mark("not found"),
                measure=lambda e: bool((at("xor-mlp", "solved")(e) == 1).any()),
            ),
            Share(
                quantity=mark("seeds from which two hidden neurons solve it"),
                reported=mark("solves it (more than half)"),
                above=0.5,
                measure=at("xor-mlp", "solved"),
            ),
        ),
    ),
)
"""The thirteen claims of practical 1, in their order."""
