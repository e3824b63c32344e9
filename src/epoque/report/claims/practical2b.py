"""The claims of practical 2b: images of seeds, and details that follow.

The report's images are by an official network, whose licence does not let it come with a book.
What is asked of ours is what the report says of any such network. The lines were fixed before the
networks of the package were trained.
"""

from epoque.bench.i18n import mark

from .measures2b import EXAMINED, beside, certainty_left, distance, told
from .rules import Apart, Claim, Fact, Statement

__all__ = ["CLAIMS"]

RUNS = (EXAMINED,)


def _image(number: str, seed: int, text: str) -> Claim:
    return Claim(
        id=number,
        text=text,
        runs=RUNS,
        lines=(
            Statement(
                quantity=mark("distance to the nearest drawn portrait, in their reach"),
                reported=mark("a face (up to 1)"),
                below=1.0,
                measure=distance(seed),
            ),
            Statement(
                quantity=mark("certainty of what is seen − that of 19 of 20 drawn portraits"),
                reported=mark("one can say what is seen (above 0)"),
                above=0.0,
                measure=certainty_left(seed),
            ),
        ),
    )


CLAIMS = (
    _image("2.6", 2, mark("A pretrained network makes the image of a face from seed 2.")),
    _image("2.7", 674, mark("A pretrained network makes the image of a face from seed 674.")),
    _image("2.8", 1024, mark("A pretrained network makes the image of a face from seed 1024.")),
    Claim(
        id="2.9",
        text=mark("The same seed and the same network always give the same image."),
        runs=RUNS,
        lines=(
            Fact(
                quantity=mark("the three images, made again"),
                reported=mark("the same images"),
                found=mark("the same bytes"),
                otherwise=mark("other bytes"),
                measure=told("again"),
            ),
            Fact(
                quantity=mark("each made alone, in the other order"),
                reported=mark("the same images"),
                found=mark("the same bytes"),
                otherwise=mark("other bytes"),
                measure=told("alone"),
            ),
            Fact(
                quantity=mark("made by another process"),
                reported=mark("the same images"),
                found=mark("the same bytes"),
                otherwise=mark("other bytes"),
                measure=told("elsewhere"),
            ),
            Fact(
                quantity=mark("the images of different seeds"),
                reported=mark("figures 15 to 17 differ"),
                found=mark("different bytes"),
                otherwise=mark("not all of them differ"),
                measure=told("distinct"),
            ),
        ),
    ),
    Claim(
        id="2.10",
        text=mark(
            "StyleGAN3 is free of aliasing: no texture sticks to the pixels, details follow the "
            "motion."
        ),
        runs=RUNS,
        lines=(
            Apart(
                quantity=mark("EQ-T, whole pixels, dB: config T · StyleGAN2"),
                reported=mark("config T follows better"),
                measure=beside("eq_t"),
            ),
            Apart(
                quantity=mark("EQ-T, fractions of pixels, dB: config T · StyleGAN2"),
                reported=mark("config T follows better"),
                measure=beside("eq_t_frac"),
            ),
            Apart(
                quantity=mark("EQ-R, rotations, dB: config T · StyleGAN2"),
                reported=mark("config T follows better"),
                measure=beside("eq_r"),
            ),
        ),
    ),
)
"""The five claims of practical 2b, in their order."""
