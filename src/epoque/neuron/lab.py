"""The neuron lab as the bench sees it; every heavy import stands inside a method."""

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

    from .config import NeuronConfig

__all__ = ["LAB", "NeuronLab"]


class NeuronLab(Lab["NeuronConfig"]):
    """One neuron on logic gates, and the small networks that go further."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = mark("One neuron, and the small network that solves XOR")
    views: ClassVar[tuple[View, ...]] = VIEWS
    result_labels: ClassVar[Mapping[str, str]] = RESULT_LABELS
    figure_captions: ClassVar[Mapping[str, str]] = FIGURE_CAPTIONS
    constant_arrays: ClassVar[tuple[str, ...]] = ("x", "d", "x_test", "d_test")
    headline: ClassVar[tuple[str, ...]] = ("final_error", "final_error_max", "accuracy")

    @property
    def config_class(self) -> "type[NeuronConfig]":
        """The class of its configs."""
        from .config import NeuronConfig

        return NeuronConfig

    def train(self, config: "NeuronConfig", resume: Checkpoint | None = None) -> Iterator[Event]:
        """Yield the events of a training (see `epoque.neuron.train.train`)."""
        keep_compiled()
        from .train import train

        return train(config, resume)

    def live(
        self, config: "NeuronConfig", resume: Checkpoint | None = None
    ) -> "Live[NeuronConfig]":
        """Return a training under a hand (see `epoque.neuron.live`)."""
        keep_compiled()
        from .train import open_live

        return open_live(config, resume)

    def remarks(self, config: "NeuronConfig") -> Iterator[str]:
        """Yield how a CSV is read, and whether its inputs are too large."""
        from .data import remarks

        return remarks(config)

    def evaluate(
        self, run: "Run[NeuronConfig]", progress: Progress = no_progress
    ) -> Mapping[str, Any]:
        """Return the numbers of a finished run (see `epoque.neuron.evaluate.evaluate`)."""
        keep_compiled()
        from .evaluate import evaluate

        return evaluate(run)

    def check(self, config: "NeuronConfig") -> None:
        """Check that the engine is there, and that points of one's own can be read."""
        from epoque.bench.engine_setting import check_engine

        check_engine(config)
        if config.data == "csv":
            from .data import load

            config.check_weights_of(load(config).x.shape[1])

    def check_resume(self, config: "NeuronConfig", checkpoint: Checkpoint) -> None:
        """Check that the live engine that made a checkpoint is the one that is here."""
        from epoque.bench.engine_setting import check_engine, check_same_engine

        check_engine(config)
        check_same_engine(config, checkpoint)

    def measure_progress(
        self, config: "NeuronConfig", step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        """Return the iterations done, and how many a run takes."""
        return step, config.iterations

    def device(self, config: "NeuronConfig") -> str:
        """Name what JAX computes on, or the live engine."""
        return "WebAssembly" if config.engine == "wasm" else jax_device()

    def describe_engine(self, config: "NeuronConfig") -> Mapping[str, Any]:
        """Return the SHA-256 of the live engine, where it computes: its bytes are its version."""
        if config.engine != "wasm":
            return {}
        from epoque.bench.live_engine import engine_sha256

        return {"engine": "wasm", "engine_sha256": engine_sha256()}

    def live_engine(self, config: "NeuronConfig") -> str | None:
        """Return why the live engine does not compute a config; None if it does."""
        from .live_engine import live_engine

        return live_engine(config)

    def figures(
        self, run: "Run[NeuronConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder, name to the function that draws it."""
        from .figures import figures

        return figures(run, language)

    def films(
        self, run: "Run[NeuronConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Film]]":
        """Return the films that can be made of a run folder, name to what draws one."""
        from .figures import films

        return films(run, language)

    def sweep(self, base: "NeuronConfig", points: Columns) -> Columns | None:
        """Run many configs inside one compiled program (see `epoque.neuron.sweep.sweep`)."""
        keep_compiled()
        from .sweep import sweep

        return sweep(base, points)

    def commands(self) -> "App":
        """Return `epoque neuron …` (see `epoque.neuron.commands`)."""
        from .commands import build_app

        return build_app(self.title)

    def claim_measures(self) -> Mapping[str, Measure]:
        """Return what the claims of its chapter are measured by (`epoque.neuron.claims`)."""
        from . import claims

        return {name: getattr(claims, name) for name in claims.__all__}


LAB = NeuronLab()
