"""What may be set in the 2-D GAN lab."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from epoque.bench.config import Config, LocalPath, setting, sub_config
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.setting_paths import flatten

from .changes import Change, read_changes
from .network_config import DiscriminatorConfig, GeneratorConfig, LayerCost

__all__ = ["LIVE", "MAX_BYTES", "MAX_FLOPS", "Gan2dConfig", "LearningRateDecay", "Loss"]

MAX_FLOPS = 2e10
"""Of one iteration: about a second of one core."""
MAX_BYTES = 2**30
"""Of one training."""

Loss = Literal["log", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"]
LearningRateDecay = Literal["none", "linear", "cosine", "exponential"]

_PROBABILITY_LOSSES = ("log", "minimax", "least_squares")


class Gan2dConfig(Config):
    """A generator and a discriminator on points of the plane."""

    data: Literal[
        "line",
        "gaussians",
        "ring",
        "disjoint",
        "grid",
        "circle",
        "moons",
        "spiral",
        "checkerboard",
        "pinwheel",
        "image",
        "csv",
        "drawing",
    ] = setting("ring", "Real distribution", "Where the real points come from.")
    image: LocalPath | None = setting(
        None, "Image file", "For data image: real points fall on its dark or opaque part."
    )
    csv: LocalPath | None = setting(
        None, "CSV file", "For data csv: two numeric columns, one point a line."
    )
    fit: bool = setting(
        False, "Fit", "For data csv: scale the points into the square, proportions kept."
    )
    drawing: LocalPath | None = setting(
        None, "Drawing", "For data drawing: strokes as JSON text, or the path of a .json file."
    )
    noise: Literal["uniform", "gaussian", "normal"] = setting(
        "uniform",
        "Noise",
        "Uniform on 0 to 1; Gaussian around 0.5, cut to 0 to 1; or standard normal.",
    )
    noise_dims: int = setting(
        2, "Noise dimensions", "How many numbers the generator starts from.", ge=1, le=16
    )
    iterations: int = setting(
        2000,
        "Iterations",
        "One iteration: the discriminator's steps, then the generator's.",
        unit="iterations",
        ge=1,
        le=10_000_000,
    )
    batch_size: int = setting(
        150, "Batch size", "Real and generated points a step.", unit="points", ge=1, le=65_536
    )
    d_steps: int = setting(
        1, "Discriminator steps", "Its steps in each iteration.", unit="steps", ge=0, le=10
    )
    g_steps: int = setting(
        1, "Generator steps", "Its steps in each iteration.", unit="steps", ge=0, le=10
    )

    generator: GeneratorConfig = sub_config(
        GeneratorConfig(),
        "Generator",
        "The network that makes points of noise.",
        context="{} of the generator",
    )
    discriminator: DiscriminatorConfig = sub_config(
        DiscriminatorConfig(),
        "Discriminator",
        "The network that tells real points from generated ones.",
        context="{} of the discriminator",
    )

    loss: Loss = setting(
        "log",
        "Loss",
        "What the two networks play for; log is the non-saturating loss.",
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing", "How far the label of real points lies below 1.", ge=0, le=0.5
    )
    label_smoothing_form: Literal["one_sided", "weight"] = setting(
        "one_sided",
        "Form of label smoothing",
        "One-sided: the label is 1 − s. Weight: as GAN Lab, log D(x) only counts 1 − s times.",
    )
    gradient_penalty: float = setting(
        0.0,
        "Gradient penalty",
        "WGAN-GP's weight: D's slope between real and fake points is drawn to 1.",
        ge=0,
        le=1000,
    )
    r1: float = setting(
        0.0, "R1 penalty", "Weight of D's squared slope at real points.", ge=0, le=1000
    )
    r2: float = setting(
        0.0, "R2 penalty", "Weight of D's squared slope at generated points.", ge=0, le=1000
    )
    weight_clip: float = setting(
        0.0, "Weight clipping", "Keep D's parameters between −c and c; 0 does not.", ge=0, le=100
    )
    instance_noise: float = setting(
        0.0,
        "Instance noise",
        "Standard deviation of noise on every point that the discriminator sees.",
        ge=0,
        le=10,
    )
    instance_noise_until: int | None = setting(
        None,
        "End of instance noise",
        "The iteration at which it has faded to nothing; none keeps it.",
        unit="iterations",
        ge=1,
    )
    unrolled_steps: int = setting(
        0,
        "Unrolled steps",
        "D steps that the generator looks ahead, and differentiates through.",
        unit="steps",
        ge=0,
        le=10,
    )
    ema: float = setting(
        0.0,
        "Averaging of the generator",
        "Decay of the moving average that is drawn and measured; 0 uses the last weights.",
        ge=0,
        lt=1,
    )
    lr_decay: LearningRateDecay = setting(
        "none", "Learning-rate decay", "How both learning rates fall."
    )
    lr_decay_until: int | None = setting(
        None,
        "End of the decay",
        "The iteration at which the last rate is reached; none: the last one.",
        unit="iterations",
        ge=1,
    )
    lr_final: float = setting(
        0.01, "Last learning rate", "As a share of the first, where it decays.", gt=0, le=1
    )

    log_every: int = setting(
        20, "Metrics interval", "How often losses are recorded.", unit="iterations", ge=1
    )
    evaluate_every: int = setting(
        500, "Evaluation interval", "How often divergences are measured.", unit="iterations", ge=1
    )
    snapshot_every: int = setting(
        50, "Snapshot interval", "How often what is drawn is kept.", unit="iterations", ge=1
    )
    changes: str = setting(
        "",
        "Changes",
        "Settings that change during the run, such as 500:loss=hinge,d_steps=5;800:d_steps=1.",
        max_length=100_000,
    )

    @property
    def parameter_count(self) -> int:
        """How many parameters both networks have."""
        return self._g_cost.parameters + self._d_cost.parameters

    @property
    def iteration_flops(self) -> float:
        """How many operations the matrix products of one iteration take (the rest is small).

        A penalty on D's slope is a backward pass that is differentiated: three passes' worth.
        """
        g, d = self._g_cost, self._d_cost
        d_step = g.forward + 2 * d.training + self._penalty_count * 3 * (d.training + d.first)
        look_ahead = self.unrolled_steps * 3 * (2 * d.training + g.forward)
        g_step = g.training + 2 * d.forward + look_ahead
        return float(self.batch_size * (self.d_steps * d_step + self.g_steps * g_step))

    @property
    def iteration_bytes(self) -> float:
        """How many bytes live at the same time: parameters, optimiser states, activations."""
        copies = 2 + 3 * self._penalty_count + 3 * self.unrolled_steps
        neurons = self._g_cost.neurons + self._d_cost.neurons
        activations = self.batch_size * neurons * 2 * copies
        return 4.0 * (activations + 8 * self.parameter_count)

    @property
    def _g_cost(self) -> LayerCost:
        return self.generator.count_cost(self.noise_dims, 2)

    @property
    def _d_cost(self) -> LayerCost:
        return self.discriminator.count_cost(2, 1)

    @property
    def _penalty_count(self) -> int:
        return sum(weight > 0 for weight in (self.gradient_penalty, self.r1, self.r2))

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        yield from self._data_conflicts()
        if self.d_steps == 0 and self.g_steps == 0:
            yield Problem("d_steps", "0 together with g_steps 0 would train nothing.")
        yield from self._discriminator_conflicts()
        if self.batch_size == 1 and "batch" in (self.generator.norm, self.discriminator.norm):
            yield Problem("batch_size", "1 is too few for batch normalisation; at least 2.")
        yield from self._size_conflicts()
        yield from self._change_conflicts()

    def _data_conflicts(self) -> Iterator[Problem]:
        files = {"image": self.image, "csv": self.csv, "drawing": self.drawing}
        for name, path in files.items():
            if self.data == name and not path:
                yield Problem(name, f"none given; data {name} needs it.")
            if self.data != name and path is not None:
                yield Problem(name, f"it would be ignored; add data = {name}.", ignored=True)

    def _discriminator_conflicts(self) -> Iterator[Problem]:
        output, loss = self.discriminator.output, self.loss
        if output == "linear" and loss in ("log", "minimax"):
            yield Problem(
                "discriminator.output",
                f"linear does not go with loss {loss}, which needs a probability; auto does.",
            )
        if output == "sigmoid" and loss not in _PROBABILITY_LOSSES:
            yield Problem(
                "discriminator.output",
                f"sigmoid does not go with loss {loss}, which takes plain numbers; auto does.",
            )
        penalties = {"gradient_penalty": self.gradient_penalty, "r1": self.r1, "r2": self.r2}
        for name, weight in penalties.items() if self.discriminator.norm == "batch" else ():
            if weight:
                yield Problem(
                    name,
                    "a penalty on the slope at each point needs a discriminator without "
                    "batch normalisation, which mixes the points; layer does.",
                )

    def _size_conflicts(self) -> Iterator[Problem]:
        """Refuse networks that would take too long or too much memory."""
        flops, needed = self.iteration_flops, self.iteration_bytes
        if flops <= MAX_FLOPS and needed <= MAX_BYTES:
            return
        larger = sum(self.discriminator.layers) > sum(self.generator.layers)
        yield Problem(
            "discriminator.layers" if larger else "generator.layers",
            f"with batch_size {self.batch_size:,} and {self.parameter_count:,} parameters one "
            f"iteration would take {flops / 1e9:,.1f} GFLOP and {needed / 2**20:,.0f} MiB; allowed "
            f"are {MAX_FLOPS / 1e9:,.0f} GFLOP and {MAX_BYTES / 2**20:,.0f} MiB.",
        )

    def _change_conflicts(self) -> Iterator[Problem]:
        try:
            changes = self.timeline()
        except ConfigError as error:
            yield from (Problem("changes", f"{p.field}: {p.message}") for p in error.problems)
            return
        for change, _ in changes:
            if change.step >= self.iterations:
                yield Problem("changes", f"{change} would come after the last iteration.")

    def timeline(self) -> "list[tuple[Change, Gan2dConfig]]":
        """Return each change with the config from then on.

        Raises:
            ConfigError: if a change cannot be read, or is not allowed during a run.
        """
        now, timeline = self, []
        for change in read_changes(self.changes):
            now = now.changed(change.values)
            timeline.append((change, now))
        return timeline

    def changed(self, values: Mapping[str, Any]) -> "Gan2dConfig":
        """Return the config with settings changed in the middle of a run.

        Args:
            values: path of a setting to value, text or not; or nested mappings of them.

        Raises:
            ConfigError: if a value is not allowed, or the setting cannot change during a run.
        """
        settings, flat = self.settings(), flatten(values)
        fixed = [path for path in flat if path in settings and path not in LIVE]
        if fixed:
            rule = "it cannot change during a run; start a new run."
            raise ConfigError([Problem(path, rule) for path in fixed])
        return self.replace(**{"changes": "", **flat})


LIVE = frozenset(
    [
        "generator.optimizer.name",
        "generator.optimizer.learning_rate",
        "generator.optimizer.momentum",
        "generator.optimizer.beta1",
        "generator.optimizer.beta2",
        "generator.optimizer.alpha",
        "discriminator.output",
        "discriminator.optimizer.name",
        "discriminator.optimizer.learning_rate",
        "discriminator.optimizer.momentum",
        "discriminator.optimizer.beta1",
        "discriminator.optimizer.beta2",
        "discriminator.optimizer.alpha",
        "d_steps",
        "g_steps",
        "loss",
        "label_smoothing",
        "label_smoothing_form",
        "gradient_penalty",
        "r1",
        "r2",
        "weight_clip",
        "instance_noise",
        "instance_noise_until",
        "ema",
        "lr_decay",
        "lr_decay_until",
        "lr_final",
    ]
)
"""The settings that may change during a run: they leave the shapes of all arrays alone."""
