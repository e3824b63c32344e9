"""What may be set in the 2-D GAN lab."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from epoque.bench.config import Conflict, LocalPath, other_than, setting, sub_config
from epoque.bench.engine_setting import EngineName, engine_setting, find_engine_problems
from epoque.bench.errors import Problem
from epoque.bench.i18n import mark
from epoque.bench.live_config import LiveConfig

from .labels import DATA_CHOICES, DECAY_CHOICES, LOSS_CHOICES, NOISE_CHOICES, SMOOTHING_CHOICES
from .name import NAME
from .network_config import DiscriminatorConfig, GeneratorConfig, LayerCost

__all__ = ["MAX_BYTES", "MAX_FLOPS", "Gan2dConfig", "LearningRateDecay", "Loss"]

MAX_FLOPS = 2e10
"""Of one iteration: about a second of one core."""
MAX_BYTES = 2**30
"""Of one training."""

Loss = Literal["log", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"]
LearningRateDecay = Literal["none", "linear", "cosine", "exponential"]

_PROBABILITY_LOSSES = ("log", "minimax", "least_squares")
_MIXES_POINTS = mark(
    "a penalty on the slope at each point needs a discriminator without batch normalisation, which "
    "mixes the points; layer does."
)
_LACKS_FILE = mark("none given; data {data} needs it.")
_IMAGES = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")


class Gan2dConfig(LiveConfig):
    """A generator and a discriminator on points of the plane."""

    conflict_rules: ClassVar[tuple[Conflict, ...]] = (
        *(
            Conflict(name, _LACKS_FILE, {"data": (name,), name: (None, "")})
            for name in ("image", "csv", "drawing")
        ),
        Conflict(
            "d_steps",
            mark("0 together with g_steps 0 would train nothing."),
            {"d_steps": (0,), "g_steps": (0,)},
        ),
        Conflict(
            "discriminator.output",
            mark("linear does not go with loss {loss}, which needs a probability; auto does."),
            {"discriminator.output": ("linear",), "loss": ("log", "minimax")},
        ),
        Conflict(
            "discriminator.output",
            mark("sigmoid does not go with loss {loss}, which takes plain numbers; auto does."),
            {"discriminator.output": ("sigmoid",), "loss": other_than(*_PROBABILITY_LOSSES)},
        ),
        *(
            Conflict(name, _MIXES_POINTS, {"discriminator.norm": ("batch",), name: other_than(0)})
            for name in ("gradient_penalty", "r1", "r2")
        ),
        *(
            Conflict(
                "batch_size",
                mark("1 is too few for batch normalisation; at least 2."),
                {"batch_size": (1,), norm: ("batch",)},
            )
            for norm in ("generator.norm", "discriminator.norm")
        ),
    )

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
    ] = setting(
        "ring",
        "Real distribution",
        "Where the real points come from.",
        group="Data",
        choices=DATA_CHOICES,
    )
    image: LocalPath | None = setting(
        None,
        "Image file",
        "For data image: real points fall on its dark or opaque part.",
        group="Data",
        only={"data": ("image",)},
        file=_IMAGES,
    )
    csv: LocalPath | None = setting(
        None,
        "CSV file",
        "For data csv: two numeric columns, one point a line.",
        group="Data",
        only={"data": ("csv",)},
        file=("csv",),
    )
    fit: bool = setting(
        False,
        "Fit",
        "For data csv: scale the points into the square, proportions kept.",
        group="Data",
        only={"data": ("csv",)},
    )
    drawing: LocalPath | None = setting(
        None,
        "Drawing",
        "For data drawing: strokes as JSON text, or the path of a .json file.",
        group="Data",
        only={"data": ("drawing",)},
        file=("json",),
    )
    noise: Literal["uniform", "gaussian", "normal"] = setting(
        "uniform",
        "Noise",
        "Uniform on 0 to 1; Gaussian around 0.5, cut to 0 to 1; or standard normal.",
        group="Data",
        choices=NOISE_CHOICES,
    )
    noise_dims: int = setting(
        2,
        "Noise dimensions",
        "How many numbers the generator starts from.",
        ge=1,
        le=16,
        group="Data",
        step=1,
    )
    iterations: int = setting(
        2000,
        "Iterations",
        "One iteration: the discriminator's steps, then the generator's.",
        unit="iterations",
        ge=1,
        le=10_000_000,
        group="Training",
        scale="log",
    )
    batch_size: int = setting(
        150,
        "Batch size",
        "Real and generated points a step.",
        unit="points",
        ge=1,
        le=65_536,
        group="Training",
        scale="log",
    )
    d_steps: int = setting(
        1,
        "Discriminator steps",
        "Its steps in each iteration.",
        unit="steps",
        ge=0,
        le=10,
        group="Training",
        step=1,
        live=True,
    )
    g_steps: int = setting(
        1,
        "Generator steps",
        "Its steps in each iteration.",
        unit="steps",
        ge=0,
        le=10,
        group="Training",
        step=1,
        live=True,
    )

    generator: GeneratorConfig = sub_config(
        GeneratorConfig(),
        "Generator",
        "The network that makes points of noise.",
        context="{} of the generator",
        group="Generator",
    )
    discriminator: DiscriminatorConfig = sub_config(
        DiscriminatorConfig(),
        "Discriminator",
        "The network that tells real points from generated ones.",
        context="{} of the discriminator",
        group="Discriminator",
    )

    loss: Loss = setting(
        "log",
        "Loss",
        "What the two networks play for; log is the non-saturating loss.",
        group="Training",
        live=True,
        choices=LOSS_CHOICES,
    )
    label_smoothing: float = setting(
        0.0,
        "Label smoothing",
        "How far the label of real points lies below 1.",
        ge=0,
        le=0.5,
        group="Training",
        step=0.05,
        live=True,
        only={"loss": _PROBABILITY_LOSSES},
    )
    label_smoothing_form: Literal["one_sided", "weight"] = setting(
        "one_sided",
        "Form of label smoothing",
        "One-sided: the label is 1 − s. Weight: as GAN Lab, log D(x) only counts 1 − s times.",
        group="Training",
        live=True,
        only={"label_smoothing": other_than(0), "loss": _PROBABILITY_LOSSES},
        choices=SMOOTHING_CHOICES,
    )
    gradient_penalty: float = setting(
        0.0,
        "Gradient penalty",
        "WGAN-GP's weight: D's slope between real and fake points is drawn to 1.",
        ge=0,
        le=1000,
        group="Training",
        scale="log",
        live=True,
    )
    r1: float = setting(
        0.0,
        "R1 penalty",
        "Weight of D's squared slope at real points.",
        ge=0,
        le=1000,
        group="Training",
        scale="log",
        live=True,
    )
    r2: float = setting(
        0.0,
        "R2 penalty",
        "Weight of D's squared slope at generated points.",
        ge=0,
        le=1000,
        group="Training",
        scale="log",
        live=True,
    )
    weight_clip: float = setting(
        0.0,
        "Weight clipping",
        "Keep D's parameters between −c and c; 0 does not.",
        ge=0,
        le=100,
        group="Training",
        scale="log",
        live=True,
    )
    instance_noise: float = setting(
        0.0,
        "Instance noise",
        "Standard deviation of noise on every point that the discriminator sees.",
        ge=0,
        le=10,
        group="Training",
        step=0.01,
        live=True,
    )
    instance_noise_until: int | None = setting(
        None,
        "End of instance noise",
        "The iteration at which it has faded to nothing; none keeps it.",
        unit="iterations",
        ge=1,
        group="Training",
        scale="log",
        live=True,
        only={"instance_noise": other_than(0)},
    )
    unrolled_steps: int = setting(
        0,
        "Unrolled steps",
        "D steps that the generator looks ahead, and differentiates through.",
        unit="steps",
        ge=0,
        le=10,
        group="Training",
        step=1,
    )
    ema: float = setting(
        0.0,
        "Averaging of the generator",
        "Decay of the moving average that is drawn and measured; 0 uses the last weights.",
        ge=0,
        lt=1,
        group="Training",
        step=0.001,
        live=True,
    )
    lr_decay: LearningRateDecay = setting(
        "none",
        "Learning-rate decay",
        "How both learning rates fall.",
        group="Training",
        live=True,
        choices=DECAY_CHOICES,
    )
    lr_decay_until: int | None = setting(
        None,
        "End of the decay",
        "The iteration at which the last rate is reached; none: the last one.",
        unit="iterations",
        ge=1,
        group="Training",
        scale="log",
        live=True,
        only={"lr_decay": other_than("none")},
    )
    lr_final: float = setting(
        0.01,
        "Last learning rate",
        "As a share of the first, where it decays.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        live=True,
        only={"lr_decay": other_than("none")},
    )

    log_every: int = setting(
        20,
        "Metrics interval",
        "How often losses are recorded.",
        unit="iterations",
        ge=1,
        group="Recording",
        scale="log",
    )
    evaluate_every: int = setting(
        500,
        "Evaluation interval",
        "How often divergences are measured.",
        unit="iterations",
        ge=1,
        group="Recording",
        scale="log",
    )
    snapshot_every: int | None = setting(
        None,
        "Snapshot interval",
        "How often what is drawn is kept; none: every 50 iterations, in a short run more often.",
        unit="iterations",
        ge=1,
        group="Recording",
        scale="log",
    )
    changes: str = setting(
        "",
        "Changes",
        "Settings that change during the run, such as 500:loss=hinge,d_steps=5;800:d_steps=1.",
        max_length=100_000,
        group="Recording",
    )
    engine: EngineName = engine_setting()

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
        yield from super().conflicts()
        yield from self._size_conflicts()
        yield from self.find_change_problems()
        yield from find_engine_problems(NAME, self)

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
