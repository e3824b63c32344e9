"""Which weights of a training are measured and kept, and how often."""

from epoque.bench.config import SettingsGroup, other_than, setting

__all__ = ["EvaluationSettings"]


class EvaluationSettings(SettingsGroup):
    """Averaging, early stopping, and what is recorded on the way."""

    ema: float = setting(
        0.0,
        "Averaging of the weights",
        "Decay of the moving average that is measured and kept; 0 uses the last weights.",
        ge=0,
        lt=1,
        group="Training",
        step=0.001,
    )
    patience: int = setting(
        0,
        "Patience",
        "Stop after so many evaluations without a better loss, and keep the best; 0 does not.",
        unit="evaluations",
        ge=0,
        le=10**6,
        group="Training",
        step=1,
    )

    log_every: int = setting(
        10,
        "Metrics interval",
        "How often losses are recorded.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
    )
    evaluate_every: int | None = setting(
        None,
        "Evaluation interval",
        "How often the validation text is measured, besides each epoch's end; none: only then.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
    )
    evaluation_blocks: int | None = setting(
        None,
        "Blocks of an evaluation",
        "Measured on the way, drawn once from the seed; none: all. The end measures all.",
        unit="blocks",
        ge=1,
        group="Recording",
        scale="log",
    )
    evaluation_share: float | None = setting(
        0.3,
        "Share of the measuring",
        "With most seconds: operations of all measuring beside those of the training, at most; "
        "where all the text takes more, a sample is measured. None: all the text, however long.",
        gt=0,
        le=1000,
        group="Recording",
        scale="log",
        only={"max_seconds": other_than(None)},
    )
    sample_every: int | None = setting(
        None,
        "Sampling interval",
        "How often the model writes a text that the run keeps; none: never.",
        unit="steps",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only={"objective": ("causal",)},
    )
    evaluate_epochs: bool = setting(
        True,
        "Measure each epoch whole",
        "At the end of each epoch also measure all validation blocks, and all masks.",
        group="Recording",
    )
