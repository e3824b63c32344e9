"""What is recorded of a training on the way."""

from epoque.bench.config import SettingsGroup, setting

from .task import TRAIN

__all__ = ["RecordingSettings"]


class RecordingSettings(SettingsGroup):
    """Metrics and grids of images, and how often."""

    log_every: int = setting(
        10,
        "Metrics interval",
        "How often losses are recorded.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only=TRAIN,
    )
    snapshot_every: int | None = setting(
        None,
        "Snapshot interval",
        "How often a grid of generated images is kept; none: fifty times a run.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only=TRAIN,
    )
    snapshot_images: int = setting(
        32,
        "Images of a snapshot",
        "In its grid.",
        unit="images",
        ge=1,
        le=1024,
        group="Recording",
        scale="log",
        only=TRAIN,
    )
