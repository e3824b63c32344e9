"""What may be set in the 2-D GAN lab."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from epoque.bench.config import Config, LocalPath, setting
from epoque.bench.errors import ConfigError, Problem

from .cost import refusals
from .training.schedule import Change, read_changes

__all__ = ["LIVE", "Activation", "Gan2dConfig", "Init", "Norm", "Optimizer"]

Width = Annotated[int, Field(ge=1, le=4096)]
Activation = Literal["relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid", "sine", "linear"]
Init = Literal[
    "ganlab",
    "lecun_normal",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "torch",
    "orthogonal",
    "zeros",
]
Norm = Literal["none", "batch", "layer"]
Optimizer = Literal["sgd", "momentum", "rmsprop", "adam"]

_PROBABILITY_LOSSES = ("log", "minimax", "least_squares")
_LAYERS = "Neurons in each hidden layer, for instance 10,10; an empty list is a linear network."
_OPTIMIZER = "How the gradient becomes a step."
_FILES = ("image", "csv", "drawing")


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

    generator_layers: tuple[Width, ...] = setting(
        (10, 10), "Generator layers", _LAYERS, max_length=16
    )
    generator_activation: Activation = setting(
        "relu", "Generator activation", "What each hidden neuron does to its sum."
    )
    generator_init: Init = setting(
        "ganlab", "Generator initialiser", "The distribution the first weights are drawn from."
    )
    generator_norm: Norm = setting(
        "none", "Generator normalisation", "What each hidden layer's sums are normalised over."
    )
    generator_output: Literal["tanh", "sigmoid", "linear"] = setting(
        "tanh", "Generator output", "The activation of the two coordinates."
    )
    generator_optimizer: Optimizer = setting("sgd", "Generator optimiser", _OPTIMIZER)
    generator_learning_rate: float = setting(
        0.03, "Generator learning rate", "How far each step goes.", gt=0, le=1000
    )
    generator_momentum: float = setting(
        0.9, "Generator momentum", "For momentum: the share of the last step kept.", ge=0, lt=1
    )
    generator_beta1: float = setting(
        0.9, "Generator beta 1", "For Adam: memory of the mean gradient.", ge=0, lt=1
    )
    generator_beta2: float = setting(
        0.999, "Generator beta 2", "For Adam: memory of the squared gradient.", ge=0, lt=1
    )
    generator_alpha: float = setting(
        0.99, "Generator alpha", "For RMSProp: memory of the squared gradient.", ge=0, lt=1
    )

    discriminator_layers: tuple[Width, ...] = setting(
        (9, 9, 9), "Discriminator layers", _LAYERS, max_length=16
    )
    discriminator_activation: Activation = setting(
        "relu", "Discriminator activation", "What each hidden neuron does to its sum."
    )
    discriminator_init: Init = setting(
        "ganlab", "Discriminator initialiser", "The distribution the first weights are drawn from."
    )
    discriminator_norm: Norm = setting(
        "none", "Discriminator normalisation", "What each hidden layer's sums are normalised over."
    )
    discriminator_spectral_norm: bool = setting(
        False,
        "Spectral normalisation",
        "Divide each of the discriminator's weight matrices by its largest singular value.",
    )
    discriminator_output: Literal["auto", "sigmoid", "linear"] = setting(
        "auto",
        "Discriminator output",
        "Auto: a probability for the log and least-squares losses, a plain number for the others.",
    )
    discriminator_optimizer: Optimizer = setting("sgd", "Discriminator optimiser", _OPTIMIZER)
    discriminator_learning_rate: float = setting(
        0.1, "Discriminator learning rate", "How far each step goes.", gt=0, le=1000
    )
    discriminator_momentum: float = setting(
        0.9, "Discriminator momentum", "For momentum: the share of the last step kept.", ge=0, lt=1
    )
    discriminator_beta1: float = setting(
        0.9, "Discriminator beta 1", "For Adam: memory of the mean gradient.", ge=0, lt=1
    )
    discriminator_beta2: float = setting(
        0.999, "Discriminator beta 2", "For Adam: memory of the squared gradient.", ge=0, lt=1
    )
    discriminator_alpha: float = setting(
        0.99, "Discriminator alpha", "For RMSProp: memory of the squared gradient.", ge=0, lt=1
    )

    loss: Literal["log", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"] = (
        setting("log", "Loss", "What the two networks play for.")
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
    lr_decay: Literal["none", "linear", "cosine", "exponential"] = setting(
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

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        yield from self._data_conflicts()
        if self.d_steps == 0 and self.g_steps == 0:
            yield Problem("d_steps", "0 together with g_steps 0 would train nothing.")
        yield from self._discriminator_conflicts()
        if self.batch_size == 1 and "batch" in (self.generator_norm, self.discriminator_norm):
            yield Problem("batch_size", "1 is too few for batch normalisation; at least 2.")
        yield from refusals(self)
        yield from self._change_conflicts()

    def _data_conflicts(self) -> Iterator[Problem]:
        for name in _FILES:
            given = getattr(self, name)
            if self.data == name and not given:
                yield Problem(name, f"none given; data {name} needs it.")
            if self.data != name and given is not None:
                yield Problem(name, f"it would be ignored; add data = {name}.", ignored=True)

    def _discriminator_conflicts(self) -> Iterator[Problem]:
        if self.discriminator_output == "linear" and self.loss in ("log", "minimax"):
            yield Problem(
                "discriminator_output",
                f"linear does not go with loss {self.loss}, which needs a probability; auto does.",
            )
        if self.discriminator_output == "sigmoid" and self.loss not in _PROBABILITY_LOSSES:
            yield Problem(
                "discriminator_output",
                f"sigmoid does not go with loss {self.loss}, which takes plain numbers; auto does.",
            )
        if self.discriminator_norm == "batch":
            for name in ("gradient_penalty", "r1", "r2"):
                if getattr(self, name):
                    yield Problem(
                        name,
                        "a penalty on the slope at each point needs a discriminator without "
                        "batch normalisation, which mixes the points; layer does.",
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
        now, found = self, []
        for change in read_changes(self.changes):
            now = now.changed(change.values)
            found.append((change, now))
        return found

    def changed(self, values: Mapping[str, Any]) -> "Gan2dConfig":
        """Return the config with settings changed in the middle of a run.

        Args:
            values: setting to value, text or not.

        Raises:
            ConfigError: if a value is not allowed, or the setting cannot change during a run.
        """
        fixed = [name for name in values if name in type(self).model_fields and name not in LIVE]
        if fixed:
            told = "it cannot change during a run; start a new run."
            raise ConfigError([Problem(name, told) for name in fixed])
        return self.replace(**{"changes": "", **values})


_ROLES = ("generator", "discriminator")
_HYPER = ("optimizer", "learning_rate", "momentum", "beta1", "beta2", "alpha")

LIVE = frozenset(
    [f"{role}_{name}" for role in _ROLES for name in _HYPER]
    + ["d_steps", "g_steps", "loss", "label_smoothing", "label_smoothing_form"]
    + ["gradient_penalty", "r1", "r2", "weight_clip", "discriminator_output"]
    + ["instance_noise", "instance_noise_until", "ema"]
    + ["lr_decay", "lr_decay_until", "lr_final"]
)
"""The settings that may change during a run: they leave the shapes of all arrays alone."""
