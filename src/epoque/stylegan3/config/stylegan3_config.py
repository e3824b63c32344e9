"""What may be set in the StyleGAN3 lab, all of it, and what follows from it."""

from collections.abc import Iterator

from epoque.bench.config import Config
from epoque.bench.errors import Problem

from .analysis import AnalysisSettings
from .architecture import ArchitectureSettings
from .augmentation import AugmentationSettings
from .dataset import DatasetSettings
from .ema import EmaSettings
from .loss import LossSettings
from .machine import MachineSettings
from .measures import MeasureSettings
from .network import NetworkSettings
from .optimization import OptimizationSettings
from .recording import RecordingSettings
from .stylegan2 import StyleGan2Settings
from .task import TaskSettings

__all__ = ["ANALYSIS_ONLY", "StyleGan3Config"]


# The last base comes first (see `SettingsGroup`): doors show settings from TaskSettings up.
class StyleGan3Config(
    MeasureSettings,
    RecordingSettings,
    MachineSettings,
    EmaSettings,
    AugmentationSettings,
    StyleGan2Settings,
    LossSettings,
    OptimizationSettings,
    NetworkSettings,
    DatasetSettings,
    ArchitectureSettings,
    AnalysisSettings,
    TaskSettings,
    Config,
):
    """A generator and a discriminator trained against each other, or a trained generator analyzed.

    An analysis makes images from seeds, looks at them, and measures how they move.
    """

    @property
    def steps(self) -> int:
        """Iterations of a run; of an analysis the images whose input is moved."""
        if self.task == "analyze":
            return self.equivariance_images
        return max(1, -int(-self.kimg * 1000 // self.batch))

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        part = self.batch_gpu or self.batch
        if self.batch % part:
            yield Problem("batch_gpu", f"{part} does not divide the batch size {self.batch}.")
        elif part > self.mbstd_group and part % self.mbstd_group:
            message = (
                f"{self.mbstd_group} does not divide the {part} images that are computed at once"
            )
            yield Problem("mbstd_group", f"{message}.")
        if self.data is None and self.resolution & (self.resolution - 1):
            yield Problem("resolution", f"{self.resolution} is not a power of two.")


ANALYSIS_ONLY = tuple(
    path
    for path, info in StyleGan3Config.settings().items()
    if any(c.path == "task" and "train" not in c.values for c in info.conditions)
)
"""What is set for analyzing a network, and for nothing else."""
