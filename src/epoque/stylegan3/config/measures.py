"""By which measures a training is judged on the way."""

from typing import Literal

from epoque.bench.config import PathOrHttps, SettingsGroup, other_than, setting

from ..labels import METRIC_CHOICES
from .task import TRAIN

__all__ = ["MeasureSettings", "Measured"]

Measured = Literal[
    "pfd", "pkd", "pprecision", "precall", "swd", "octaves", "edges", "shares", "efd", "ekd",
    "eprecision", "erecall", "fid", "kid", "eq_t", "eq_t_frac", "eq_r",
]  # fmt: skip


class MeasureSettings(SettingsGroup):
    """The measures of the averaged generator, and how often they are taken."""

    metrics: tuple[Measured, ...] = setting(
        (),
        "Measures",
        "Taken of the averaged generator now and then: of portraits pfd, pkd, pprecision, precall "
        "(in the features of a small network that knows them) and shares (of attributes); of any "
        "images swd (patches), octaves and edges (sharpness), efd, ekd, eprecision, erecall "
        "(EfficientNet, extra features), fid and kid (Inception); eq_t, eq_t_frac, eq_r (how "
        "images follow a moved input).",
        max_length=17,
        choices=METRIC_CHOICES,
        group="Measures",
        only=TRAIN,
    )
    inception: PathOrHttps | None = setting(
        None,
        "Inception's weights",
        "For fid and kid: a file or an https address; none: NVIDIA's, fetched once, whose licence "
        "allows research and evaluation only.",
        min_length=1,
        max_length=4096,
        group="Measures",
        only={**TRAIN, "metrics": ("fid", "kid")},
        file=("pkl",),
    )
    metrics_every: int | None = setting(
        None,
        "Measures interval",
        "How often they are taken; none: ten times a run.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Measures",
        scale="log",
        only={**TRAIN, "metrics": other_than(())},
    )
    metrics_images: int = setting(
        500,
        "Images measured",
        "How many are generated each time, compared with as many real ones.",
        unit="images",
        ge=16,
        le=100_000,
        group="Measures",
        scale="log",
        only={**TRAIN, "metrics": other_than(())},
    )

    @property
    def needs_inception(self) -> bool:
        """Whether a measure needs Inception's weights."""
        return not {"fid", "kid"}.isdisjoint(self.metrics)
