"""The language lab as the bench sees it; every heavy import stands inside a method."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from epoque.bench.events import Checkpoint, Event
from epoque.bench.evidence import Measure
from epoque.bench.i18n import mark
from epoque.bench.lab import Lab
from epoque.bench.progress import Progress, no_progress
from epoque.bench.sweeps.jobs import Needs
from epoque.bench.system.environment import torch_device
from epoque.bench.views import View

from .labels import FIGURE_CAPTIONS, RESULT_LABELS
from .name import NAME
from .views import VIEWS

if TYPE_CHECKING:
    from cyclopts import App
    from matplotlib.figure import Figure

    from epoque.bench.figures.film import Film
    from epoque.bench.runs.run import Run
    from epoque.bench.text_table import TextTable

    from .config import LanguageConfig

__all__ = ["LAB", "LanguageLab"]


class LanguageLab(Lab["LanguageConfig"]):
    """A transformer learns a text from scratch: to predict the next word, or hidden ones."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = mark("A transformer learns to predict the words of a text")
    views: ClassVar[tuple[View, ...]] = VIEWS
    result_labels: ClassVar[Mapping[str, str]] = RESULT_LABELS
    figure_captions: ClassVar[Mapping[str, str]] = FIGURE_CAPTIONS
    headline: ClassVar[tuple[str, ...]] = ("final_valid_loss", "perplexity", "accuracy")
    score: ClassVar[str] = "final_valid_loss"
    max_checkpoints: ClassVar[int | None] = 2
    """Each takes some hundred megabytes; with patience each also holds the best weights."""

    @property
    def config_class(self) -> "type[LanguageConfig]":
        """The class of its configs."""
        from .config import LanguageConfig

        return LanguageConfig

    def train(self, config: "LanguageConfig", resume: Checkpoint | None = None) -> Iterator[Event]:
        """Return the events of a training (see `epoque.language.training.train.train`)."""
        self.check_installed()
        from .training.train import train

        return train(config, resume)

    def evaluate(
        self, run: "Run[LanguageConfig]", progress: Progress = no_progress
    ) -> Mapping[str, Any]:
        """Return the numbers of a finished run (see `language.evaluation.evaluate`)."""
        self.check_installed()
        from .evaluation.evaluate import evaluate

        return evaluate(run, progress)

    def check_installed(self) -> None:
        """Check that PyTorch and transformers are there."""
        from .hub.open_model import check_installed

        check_installed()

    def check(self, config: "LanguageConfig") -> None:
        """Check that PyTorch, the device, the text, the tokenizer and first weights are there."""
        self.check_installed()
        from epoque.bench.torch.distributed import check_device

        from .data.tokenized_corpus import check_corpus

        check_device(config.device)
        tokenizer = check_corpus(config)
        if config.start_from is not None:
            from .training.checkpoint import choose_vocabulary
            from .training.start_weights import load_start_model

            assert tokenizer is not None
            load_start_model(config, choose_vocabulary(config, tokenizer))

    def measure_progress(
        self, config: "LanguageConfig", step: int, metrics: Mapping[str, float]
    ) -> tuple[float, float | None]:
        """Return the steps done of `max_steps`; a share where the corpus decides, or the clock."""
        if config.max_seconds is None and config.max_steps is not None:
            return step, config.max_steps
        share = metrics.get("progress")
        return (step, None) if share is None else (share, 1.0)

    def prepare(
        self,
        config: "LanguageConfig",
        resume: Checkpoint | None = None,
        progress: Progress = no_progress,
    ) -> str | None:
        """Train the tokenizer and encode the text, where they are not in the cache.

        Returns:
            What a long training will take, and what is learned from and measured on; also whether
            its threads are more than the cores. None of a short one whose texts are apart. It
            measures a few steps (see `epoque.language.training.estimate` and
            `epoque.language.data.overlap`).
        """
        self.check_installed()
        from epoque.bench.torch import threads
        from epoque.bench.torch.distributed import check_device

        from .data.corpus import load_splits
        from .data.overlap import describe_overlap
        from .data.tokenized_corpus import load_corpus
        from .training.estimate import describe_long_training
        from .training.resources import choose_threads

        check_device(config.device)
        load_corpus(config, progress=progress)
        notices = (
            describe_overlap(load_splits(config)),
            threads.describe_oversubscription(choose_threads(config, resume)),
            describe_long_training(config, resume),
        )
        return " ".join(filter(None, notices)) or None

    def needs(self, config: "LanguageConfig") -> Needs:
        """Return what a training needs: PyTorch computes on all cores.

        And trainings that are timed must not slow one another down.
        """
        return Needs(cores=None, gpus=1 if config.device.startswith("cuda") else 0)

    def device(self, config: "LanguageConfig") -> str:
        """Name what PyTorch computes on."""
        return torch_device(config.device)

    def figures(
        self, run: "Run[LanguageConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Figure]]":
        """Return what can be drawn from a run folder, name to the function that draws it."""
        from .figures.run_figures import figures

        return figures(run, language)

    def films(
        self, run: "Run[LanguageConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], Film]]":
        """Return the films that can be made of a run folder, name to what draws one."""
        from .figures.film import films

        return films(run, language)

    def commands(self) -> "App":
        """Return `epoque language …`: generate, fill-mask, perplexity, score, save and push."""
        from .commands import build_app

        return build_app(self.title)

    def tables(
        self, run: "Run[LanguageConfig]", language: str = "en"
    ) -> "Mapping[str, Callable[[], TextTable]]":
        """Return the table of examples (see `epoque.language.tables`)."""
        from .tables import examples_table

        return {"examples": lambda: examples_table(run, language)}

    def figure_values(self, run: "Run[LanguageConfig]") -> Mapping[str, Any]:
        """Return what a text says of a run's figures (see `language.figures.figure_values`)."""
        from .figures.figure_values import figure_values

        return figure_values(run)

    def claim_measures(self) -> Mapping[str, Measure]:
        """Return what the claims of its chapter are measured by (`epoque.language.claims`)."""
        from . import claims

        return {name: getattr(claims, name) for name in claims.__all__}


LAB = LanguageLab()
