"""The claims of practical 2a: a GAN on points of the plane.

The lines were fixed before the studies were measured with all their seeds; trials with 8 seeds had
shown how long the runs must be. Where a claim names no sizes, they are GAN Lab's own and the ends
of what was swept.
"""

from epoque.bench.i18n import mark

from .measures2a import accuracy, at, column, fall_back, lost, match, more
from .rules import Claim, Effect, Statement

__all__ = ["CLAIMS"]

CURVE = 1.5  # a dimension nearer to a curve's than to an area's
MATCHED = 0.8  # a shape counts as made if this much of it is covered, with this much precision

UNIFORM = {"data": "gaussians", "noise": "uniform"}
GAUSSIAN = {"data": "gaussians", "noise": "gaussian"}
SMALLEST = {"generator_layers": "2"}
GANLAB = {"generator_layers": "10,10"}
LARGEST = {"generator_layers": "64,64,64,64"}
WEAK = {"generator_layers": "8,8", "discriminator_layers": "2,2"}
EVEN = {"generator_layers": "8,8", "discriminator_layers": "8,8"}
STRONG = {"discriminator_layers": "32,32,32", "d_steps": 10}
USUAL = {"discriminator_layers": "9,9,9", "d_steps": 3}
ONE, FIVE = {"d_steps": 1}, {"d_steps": 5}

DIVERGENCE = column("late_js", diverged=1.0)
SWING = column("swing_js", diverged=float("inf"))
GRADIENT = column("late_grad_norm_g", diverged=0.0)
DIMENSION = column("final_intrinsic_dimension", diverged=0.0)
NEVER = float("inf")

CLAIMS = (
    Claim(
        id="2.1",
        text=mark("With one-dimensional Gaussian noise the generated points follow only a curve."),
        sweeps=("gan2d-noise-dims",),
        lines=(
            Statement(
                quantity=mark("dimension of the generated points, noise of 1 dimension"),
                reported=mark("a curve (below 1.5)"),
                below=CURVE,
                measure=at("gan2d-noise-dims", DIMENSION, noise_dims=1),
            ),
            Effect(
                quantity=mark("dimension of the points: 2-D noise − 1-D noise"),
                reported=mark("only with 1-D noise"),
                measure=more("gan2d-noise-dims", DIMENSION, {"noise_dims": 2}, {"noise_dims": 1}),
            ),
        ),
    ),
    Claim(
        id="2.2",
        text=mark(
            "Uniform noise spreads the starts evenly; Gaussian noise concentrates them in the "
            "centre."
        ),
        sweeps=("gan2d-noise",),
        lines=(
            Effect(
                quantity=mark("share of the noise near its centre: Gaussian − uniform"),
                reported=mark("Gaussian in the centre"),
                measure=more(
                    "gan2d-noise",
                    column("first_noise_central", diverged=0.0),
                    GAUSSIAN,
                    UNIFORM,
                ),
            ),
            Effect(
                quantity=mark("share of the first points near their centre: Gaussian − uniform"),
                reported=mark("Gaussian in the centre"),
                measure=more(
                    "gan2d-noise", column("first_central", diverged=0.0), GAUSSIAN, UNIFORM
                ),
            ),
            Effect(
                quantity=mark("width of the first points: uniform − Gaussian"),
                reported=mark("uniform spread out"),
                measure=more(
                    "gan2d-noise", column("first_spread", diverged=0.0), UNIFORM, GAUSSIAN
                ),
            ),
        ),
    ),
    Claim(
        id="2.3",
        text=mark(
            "A small generator only makes a simple blob or a line; a bigger one makes complex "
            "shapes; one too strong may be long or unstable to train."
        ),
        sweeps=("gan2d-generator",),
        lines=(
            Statement(
                quantity=mark("match with the ring, generator 2"),
                reported=mark("no ring (below 0.8)"),
                below=MATCHED,
                measure=at("gan2d-generator", match, **SMALLEST),
            ),
            Effect(
                quantity=mark("match with the ring: generator 10-10 − 2"),
                reported=mark("bigger is better"),
                measure=more("gan2d-generator", match, GANLAB, SMALLEST),
            ),
            Effect(
                quantity=mark("iterations to converge: generator 64-64-64-64 − 10-10"),
                reported=mark("too strong is long"),
                measure=more(
                    "gan2d-generator", column("converged_at", diverged=NEVER), LARGEST, GANLAB
                ),
            ),
            Effect(
                quantity=mark("swing of the divergence: generator 64-64-64-64 − 10-10"),
                reported=mark("too strong is unstable"),
                measure=more("gan2d-generator", SWING, LARGEST, GANLAB),
            ),
        ),
    ),
    Claim(
        id="2.4",
        text=mark(
            "A weak discriminator is easily fooled and the result is poor; one far too strong "
            "stops the generator's gradients, or it collapses to one output."
        ),
        sweeps=("gan2d-capacity", "gan2d-gradients"),
        lines=(
            Effect(
                quantity=mark("points told right: discriminator 8-8 − 2-2"),
                reported=mark("weak is easily fooled"),
                measure=more("gan2d-capacity", accuracy, EVEN, WEAK),
            ),
            Effect(
                quantity=mark("divergence: discriminator 2-2 − 8-8"),
                reported=mark("weak is poor"),
                measure=more("gan2d-capacity", DIVERGENCE, WEAK, EVEN),
            ),
            Effect(
                quantity=mark("without gradient or collapsed: discriminator 32-32-32 − 9-9-9"),
                reported=mark("too strong stops it"),
                measure=more(
                    "gan2d-gradients", lost, STRONG | {"loss": "log"}, USUAL | {"loss": "log"}
                ),
            ),
            Effect(
                quantity=mark("the generator's gradient, minimax: discriminator 9-9-9 − 32-32-32"),
                reported=mark("too strong weakens it"),
                measure=more(
                    "gan2d-gradients",
                    GRADIENT,
                    USUAL | {"loss": "minimax"},
                    STRONG | {"loss": "minimax"},
                ),
            ),
        ),
    ),
    Claim(
        id="2.5",
        text=mark(
            "One discriminator step per generator step is unstable; five per generator step are "
            "steadier."
        ),
        sweeps=("gan2d-d-steps",),
        lines=(
            Effect(
                quantity=mark("swing of the divergence: one step − five steps"),
                reported=mark("five are steadier"),
                measure=more("gan2d-d-steps", SWING, ONE, FIVE),
            ),
            Effect(
                quantity=mark("divergence at the end less the best: one step − five steps"),
                reported=mark("five are steadier"),
                measure=more("gan2d-d-steps", fall_back, ONE, FIVE),
            ),
        ),
    ),
)
"""The five claims of practical 2a, in their order."""
