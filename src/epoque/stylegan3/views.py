"""What a live page draws of image generators: of their training, and of an analysis."""

from epoque.bench.i18n import mark
from epoque.bench.views import Curves, Images, View

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    Images(mark("Images of the averaged generator"), "images"),
    Images(mark("Images of the seeds"), "seeds"),
    Images(mark("From one seed to the next"), "walk"),
    Curves(mark("Losses"), {"loss_d": mark("discriminator"), "loss_g": mark("generator")}),
    Curves(
        mark("The discriminator's scores"),
        {"score_real": mark("real images"), "score_fake": mark("generated images")},
    ),
    Curves(
        mark("Augmentation"),
        {"augmentation": mark("probability"), "sign_real": mark("sureness of real images")},
    ),
    Curves(
        mark("Equivariance, decibels"),
        {
            "eq_t": mark("EQ-T, whole pixels"),
            "eq_t_frac": mark("EQ-T, fractions"),
            "eq_r": mark("EQ-R"),
        },
    ),
)
"""The arrays and metrics are those of `.training.train` and of `.analysis.analyze`."""
