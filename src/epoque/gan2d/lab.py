"""The 2-D GAN lab as the bench sees it; every heavy import stands inside a method."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from epoque.bench.events import Checkpoint, Event
from epoque.bench.evidence import Measure
from epoque.bench.i18n import mark
from epoque.bench.lab import Lab
from epoque.bench.progress import Progress, no_progress
from epoque.bench.sweeps.columns import Columns
from epoque.bench.system.compilation_cache import keep_compiled
from epoque.bench.system.environment import jax_device
from epoque.bench.views import View

from .labels import FIGURE_CAPTIONS, RESULT_LABELS
from .name import NAME
from .views import VIEWS

if TYPE_CHECKING:
    from cyclopts import App
    from matplotlib.figure import Figure

    from epoque.bench.figures.film import Film
    from epoque.bench.live import Live
    from epoque.bench.runs.run import Run

    from .config import Gan2dConfig

__all__ = ["LAB", "Gan2dLab"]


class Gan2dLab(Lab["Gan2dConfig"]):
    """A generator learns to imitate points of the plane, a discriminator to tell them apart."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = mark("A generator and a discriminator play on points of the plane")
    views: ClassVar[tuple[View, ...]] = VIEWS
    result_labels: ClassVar[Mapping[str, str]] = RESULT_LABELS
    figure_captions: ClassVar[Mapping[str, str]] = FIGURE_CAPTIONS
    headline: ClassVar[tuple[str, ...]] = ("final_sliced_w1", "final_coverage", "final_precision")
    score: ClassVar[str] = "final_sliced_w1"

    @property
    def config_class(self) -> "type[Gan2dConfig]":
        """The class of its configs."""
        from .config import Gan2dConfig

        return Gan2dConfig

    def train(self, config: "Gan2dConfig", resume: Checkpoint | None = None) -> Iterator[Event]:
        """Return the events of a training (see `epoque.gan2d.training.train.train`)."""
        keep_compiled()
        from .training.train import train

        return train(config, resume)

    def live(self, config: "Gan2dConfig", resume: Checkpoint | None = None) -> "Live[Gan2dConfig]":
        """Return a training under a hand (see `epoque.gan2d.training.live`)."""
        keep_compiled()
        from .training.train import open_live

        return open_live(config, resume)

    def remarks(self, config: "Gan2dConfig") -> Iterator[str]:
        """Yield how a CSV is read, and whether its points lie outside the square."""
        from .data.user_points import find_remarks

        return find_remarks(config)

    def evaluate(
        self, run: "Run[Gan2dConfig]", progress: Progress = no_progress
    ) -> Mapping[str, Any]:
        """Return the numbers of a finished run (see `epoque.gan2d.evaluate.evaluate`)."""
        keep_compiled()
        from .evaluate import evaluate

        return evaluate(run)

    def check(self, config: "Gan2dConfig") -> None:
        """Check that the engine is there, and that points of one's own can be read."""
        from epoque.bench.engine_setting import check_engine

        check_engine(config)
        from .data.user_points import load_points

        load_points(config)

    def check_resume(self, config: "Gan2dConfig", checkpoint: Checkpoint) -> None:
        """Check that the live engine that made a checkpoint is the one that is here."""
        from epoque.bench.engine_setting import check_engine, check_same_engine

        check_engine(config)
        check_same_engine(config, checkpoint)

    def measure_progress(
        self, config: "Gan2dConfig", step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        """Return the iterations done, and how many a run takes."""
        return step, config.iterations

    def device(self, config: "Gan2dConfig") -> str:
        """Name what JAX computes on, or the live engine."""
        return "WebAssembly" if config.engine == "wasm" else jax_device()

    def describe_engine(self, config: "Gan2dConfig") -> Mapping[str, Any]:
        """Return the SHA-256 of the live engine, where it computes: its bytes are its version."""
        if config.engine != "wasm":
            return {}
        from epoque.bench.live_engine import engine_sha256

        return {"engine": "wasm", "engine_sha256": engine_sha256()}

    def live_engine(self, config: "Gan2dConfig") -> str | None:
        """Return why the live engine does not compute a config; None if it does."""
        from .live_engine import live_engine

        return live_engine(config)

    def figures(
        self, run: "Run[Gan2dConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder, name to the function that draws it."""
        from .figures.run_figures import figures

        return figures(run, language)

    def films(
        self, run: "Run[Gan2dConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Film]]":
        """Return the films that can be made of a run folder, name to what draws one."""
        from .figures.film import films

        return films(run, language)

    def sweep(self, base: "Gan2dConfig", points: Columns) -> Columns | None:
        """Run many configs inside one compiled program (see `gan2d.training.sweep`)."""
        keep_compiled()
        from .training.sweep import sweep

        return sweep(base, points)

    def commands(self) -> "App":
        """Return `epoque gan2d …` (see `epoque.gan2d.commands`)."""
        from .commands import build_app

        return build_app(self.title)

    def claim_measures(self) -> Mapping[str, Measure]:
        """Return what the claims of its chapter are measured by (`epoque.gan2d.claims`)."""
        from . import claims

        return {name: getattr(claims, name) for name in claims.__all__}


LAB = Gan2dLab()
