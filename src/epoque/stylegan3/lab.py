"""The StyleGAN3 lab as the bench sees it; every heavy import stands inside a method."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from epoque.bench.errors import MissingExtraError
from epoque.bench.events import Checkpoint, Event
from epoque.bench.evidence import Measure
from epoque.bench.i18n import mark
from epoque.bench.lab import Lab, TrainCommand
from epoque.bench.progress import Progress, no_progress
from epoque.bench.sweeps.jobs import Needs
from epoque.bench.system.environment import torch_device
from epoque.bench.views import View

from .labels import RESULT_LABELS
from .name import NAME
from .views import VIEWS

if TYPE_CHECKING:
    from cyclopts import App
    from matplotlib.figure import Figure

    from epoque.bench.figures.film import Film
    from epoque.bench.runs.run import Run

    from .config import StyleGan3Config

__all__ = ["LAB", "StyleGan3Lab"]


TRAIN_HELP = """Train a generator on images of your own and save its run, as `epoque run` does.

The images are a zip or folder of equal square pictures, which `epoque stylegan3 dataset make` makes
of any pictures; without `--data` cartoon portraits are drawn. Every picture is looked at before the
first step. What is not set is as in the official training: 25,000 thousand images seen, in networks
made for 256 pixels and more. For small images `--cbase 4096 --cmax 128` are enough.

A training that is stopped goes on with `epoque resume last` and ends as if it had not been. Several
processes share it with `torchrun --nproc-per-node 2 -m epoque stylegan3 train …`. The generator is
then `--network last` of the other commands.

Example: `epoque stylegan3 train --data photos-64.zip --cfg t --batch 16 --kimg 1000`.
"""


class StyleGan3Lab(Lab["StyleGan3Config"]):
    """A generator of images learns against a discriminator, without aliases or with them.

    And one that has learned is analyzed: what it makes of seeds, and how that moves.
    """

    name: ClassVar[str] = NAME
    title: ClassVar[str] = mark("A generator learns to make images that hold together as they move")
    views: ClassVar[tuple[View, ...]] = VIEWS
    result_labels: ClassVar[Mapping[str, str]] = RESULT_LABELS
    headline: ClassVar[tuple[str, ...]] = ("final_kimg", "final_gap")
    score: ClassVar[str] = "final_gap"
    """How far apart the discriminator's answers to real and generated images are at the end: no
    measure of quality, but there is none without a network that knows the images."""
    max_checkpoints: ClassVar[int | None] = 2
    """Each takes some hundred megabytes; snapshots show the way."""

    @property
    def config_class(self) -> "type[StyleGan3Config]":
        """The class of its configs."""
        from .config import StyleGan3Config

        return StyleGan3Config

    def train(self, config: "StyleGan3Config", resume: Checkpoint | None = None) -> Iterator[Event]:
        """Return the events of a training or of an analysis.

        See `epoque.stylegan3.training.train.train` and `epoque.stylegan3.analysis.analyze`.
        """
        self.check_installed()
        if config.task == "analyze":
            from .analysis.analyze import analyze

            return analyze(config, resume)
        from .training.train import train

        return train(config, resume)

    def evaluate(
        self, run: "Run[StyleGan3Config]", progress: Progress = no_progress
    ) -> Mapping[str, Any]:
        """Return the numbers of a finished run (see `training.evaluate`, `analysis.evaluate`)."""
        self.check_installed()
        if run.metadata["config"].get("task") == "analyze":
            from .analysis.evaluate import evaluate as evaluate_analysis

            return evaluate_analysis(run)
        from .training.evaluate import evaluate

        return evaluate(run)

    def check_installed(self) -> None:
        """Check that PyTorch and accelerate are there."""
        try:
            import accelerate  # noqa: F401
            import torch  # noqa: F401
        except ImportError:
            raise MissingExtraError("The StyleGAN3 lab", "stylegan3") from None

    def check(self, config: "StyleGan3Config") -> None:
        """Check that PyTorch, the device, the set of images and the networks are there."""
        self.check_installed()
        from epoque.bench.torch.distributed import check_device

        check_device(config.device)
        if config.task == "analyze":
            from .analysis.analyze import check_networks

            check_networks(config)
        else:
            from .training.estimate import check_inputs

            check_inputs(config)

    def measure_progress(
        self, config: "StyleGan3Config", step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        """Return the steps done, and how many show as many images as the config says.

        Of an analysis, how many images are moved.
        """
        return step, config.steps

    def prepare(
        self,
        config: "StyleGan3Config",
        resume: Checkpoint | None = None,
        progress: Progress = no_progress,
    ) -> str | None:
        """Draw portraits, look at every picture, fetch networks, where that was not done before.

        Returns:
            What a long training will take, and whether its threads are too many; it measures a few
            steps (see `epoque.stylegan3.training.estimate.describe_cost`).
        """
        self.check_installed()
        from epoque.bench.torch import threads
        from epoque.bench.torch.distributed import check_device

        check_device(config.device)
        count = threads.saved_thread_count(resume.state if resume else {}) or config.threads or 1
        notices = [threads.describe_oversubscription(count)]
        if config.task == "analyze":
            from .analysis.analyze import fetch_networks

            fetch_networks(config, progress)
        else:
            from .training import estimate

            estimate.prepare_inputs(config, progress)
            notices.append(estimate.describe_cost(config, resume, progress))
        return " ".join(filter(None, notices)) or None

    def needs(self, config: "StyleGan3Config") -> Needs:
        """Return what a training needs: PyTorch computes on all cores."""
        return Needs(cores=None, gpus=1 if config.device.startswith("cuda") else 0)

    def device(self, config: "StyleGan3Config") -> str:
        """Name what PyTorch computes on."""
        return torch_device(config.device)

    def figures(
        self, run: "Run[StyleGan3Config]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder, name to the function that draws it."""
        if run.metadata["config"].get("task") == "analyze":
            from .analysis.figures import figures as analysis_figures

            return analysis_figures(run, language)
        from .figures import figures

        return figures(run, language)

    def films(
        self, run: "Run[StyleGan3Config]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Film]]":
        """Return the films that can be made of a run folder, name to what draws one."""
        if run.metadata["config"].get("task") != "analyze":
            return {}
        from .analysis.figures import films

        return films(run, language)

    def figure_values(self, run: "Run[StyleGan3Config]") -> Mapping[str, Any]:
        """Return what a text says of an analysis's figures (see `analysis.figure_values`)."""
        if run.metadata["config"].get("task") != "analyze":
            return {}
        from .analysis.figure_values import figure_values

        return figure_values(run)

    def train_command(self) -> TrainCommand:
        """Return the command for images of one's own: the settings of a training."""
        from .config import ANALYSIS_ONLY

        others = ("task", *ANALYSIS_ONLY)
        options: dict[str, tuple[str, ...]] = {
            name: () for name in self.config_class.model_fields if name not in others
        }
        options |= {"cfg": ("--config",), "resume_from": ("--resume",)}
        return TrainCommand(TRAIN_HELP, options)

    def commands(self) -> "App":
        """Return `epoque stylegan3 …`: networks in use, and sets of images."""
        from .commands import build_app

        return build_app(self.title)

    def claim_measures(self) -> Mapping[str, Measure]:
        """Return what the claims of its chapter are measured by (`epoque.stylegan3.claims`)."""
        from . import claims

        return {name: getattr(claims, name) for name in claims.__all__}


LAB = StyleGan3Lab()
