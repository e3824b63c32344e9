"""What only StyleGAN2's generator has."""

from epoque.bench.config import SettingsGroup, setting

from .task import TRAIN

__all__ = ["StyleGan2Settings"]

_STYLEGAN2 = {**TRAIN, "cfg": ("stylegan2",)}


class StyleGan2Settings(SettingsGroup):
    """Its input, its mixed styles and its path length regularization."""

    fourier_input: bool = setting(
        False,
        "Fourier input",
        "Of StyleGAN2: begin with waves instead of a learned constant, as config B of StyleGAN3's "
        "paper. What it begins with can then be moved without a blur: the fair opponent of an "
        "alias-free generator.",
        group="Network",
        only=_STYLEGAN2,
    )
    style_mixing: float = setting(
        0.9,
        "Style mixing",
        "Of StyleGAN2: share of the parts in which later layers take another style.",
        ge=0,
        le=1,
        group="Training",
        step=0.05,
        only=_STYLEGAN2,
    )
    pl_weight: float = setting(
        2.0, "Path length weight", "Of StyleGAN2's path length regularisation; 0 for none.",
        ge=0, le=1e6, group="Training", scale="log", only=_STYLEGAN2,
    )  # fmt: skip
    pl_interval: int = setting(
        4,
        "Path length interval",
        "How often it is computed.",
        unit="iterations",
        ge=1,
        le=10_000,
        group="Training",
        step=1,
        only=_STYLEGAN2,
    )
