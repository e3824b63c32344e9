"""What a live page draws of a generator and a discriminator on points of the plane."""

from epoque.bench.i18n import mark
from epoque.bench.views import Arrows, Cells, Curves, Lattice, Plane, Points, View

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    Plane(
        mark("Points"),
        (
            Cells("d", mark("the discriminator's answers")),
            Lattice("manifold", mark("the generator's manifold")),
            Points("real", mark("real points"), "blue"),
            Points("fake", mark("generated points"), "vermilion", "ring"),
            Arrows("gradients", "fake", mark("the discriminator's gradients")),
        ),
    ),
    Curves(mark("Losses"), {"loss_d": mark("discriminator"), "loss_g": mark("generator")}),
    Curves(
        mark("Length of the gradients"),
        {"grad_norm_d": mark("discriminator"), "grad_norm_g": mark("generator")},
        log=True,
    ),
    Curves(
        mark("The discriminator's accuracy"),
        {"accuracy_real": mark("real points"), "accuracy_fake": mark("generated points")},
    ),
    Curves(
        mark("Divergences, bits"),
        {"js": mark("Jensen-Shannon"), "kl": mark("Kullback-Leibler")},
    ),
    Curves(mark("Distance, widths"), {"sliced_w1": mark("sliced Wasserstein")}),
    Curves(mark("Coverage"), {"coverage": mark("coverage"), "precision": mark("precision")}),
)
"""The arrays are those of `epoque.gan2d.training.snapshots`."""
