"""What may be set in the neuron lab."""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from epoque.bench.changes import read_changes
from epoque.bench.config import Conflict, LocalPath, setting
from epoque.bench.engine_setting import EngineName, engine_setting, find_engine_problems
from epoque.bench.errors import ConfigError, Problem, did_you_mean
from epoque.bench.i18n import mark
from epoque.bench.live_config import LiveConfig
from epoque.bench.weight_edits import HELD, Shapes, separate_weights

from .features import Features
from .labels import (
    ACTIVATION_CHOICES,
    DATA_CHOICES,
    FEATURE_CHOICES,
    INIT_CHOICES,
    LOSS_CHOICES,
    MODEL_CHOICES,
    OPTIMIZER_CHOICES,
    RULE_CHOICES,
    SCALE_CHOICES,
    UPDATE_CHOICES,
)
from .name import NAME

__all__ = ["GATES", "NeuronConfig"]

GATES = {
    "and": "0001",
    "or": "0111",
    "xor": "0110",
    "nand": "1110",
    "nor": "1000",
    "xnor": "1001",
    "implication": "1101",
}
"""Two-input gates: the desired output for the inputs 00, 01, 10, 11."""

MAX_INPUTS = 10

_RANDOM_SETS = ("circle", "exclusive_or", "gaussian", "spiral")


def _truth_table(text: str) -> str:
    """Return the zeros and ones of a gate's name or of a truth table."""
    text = text.strip()
    table = GATES.get(text.lower(), text)
    sizes = [2**n for n in range(1, MAX_INPUTS + 1)]
    if set(table) <= {"0", "1"} and len(table) in sizes:
        return table
    if table and set(table) <= {"0", "1"}:
        raise ValueError(
            f"has {len(table)} symbols; a truth table of n inputs has 2^n: 2, 4, 8, … 1024."
        )
    raise ValueError(
        f"is neither a gate ({', '.join(GATES)}) nor a truth table of zeros and ones such as 0110."
        + did_you_mean(text.lower(), GATES)
    )


TruthTable = Annotated[str, AfterValidator(_truth_table)]
CsvPath = Annotated[LocalPath, AfterValidator(os.path.abspath)]
"""Absolute, so that a run can be resumed from another folder."""
Width = Annotated[int, Field(ge=1, le=1024)]


class NeuronConfig(LiveConfig):
    """One neuron, or a small network of them, and the points it learns to tell apart."""

    conflict_rules: ClassVar[tuple[Conflict, ...]] = (
        Conflict(
            "csv",
            mark("none given; data csv needs the path of a file."),
            {"data": ("csv",), "csv": (None,)},
        ),
        Conflict(
            "init_low", mark("{init_low} is above init_high ({init_high})."), above="init_high"
        ),
    )

    model: Literal["perceptron", "mlp"] = setting(
        "perceptron",
        "Model",
        "One neuron, or a multi-layer perceptron (MLP).",
        group="Network",
        choices=MODEL_CHOICES,
    )
    data: Literal["truth_table", "circle", "exclusive_or", "gaussian", "spiral", "csv"] = setting(
        "truth_table",
        "Data",
        "A truth table, one of four sets of 2-D points, or your own CSV.",
        group="Data",
        choices=DATA_CHOICES,
    )
    truth_table: TruthTable = setting(
        "and",
        "Truth table",
        "A gate's name, or the outputs for the inputs 00, 01, 10, 11 (1 to 10 inputs).",
        group="Data",
        only={"data": ("truth_table",)},
    )
    csv: CsvPath | None = setting(
        None,
        "CSV file",
        "Numeric columns with a header; the last column is the class, 0 or 1.",
        group="Data",
        only={"data": ("csv",)},
        file=("csv",),
    )
    scale: Literal["none", "standard", "minmax"] = setting(
        "none",
        "Scaling of inputs",
        "CSV: inputs as they are, each with mean 0 and deviation 1, or each from 0 to 1.",
        group="Data",
        only={"data": ("csv",)},
        choices=SCALE_CHOICES,
    )
    samples: int = setting(
        500,
        "Points",
        "How many 2-D points are drawn.",
        unit="points",
        ge=4,
        le=100_000,
        group="Data",
        scale="log",
        only={"data": _RANDOM_SETS},
    )
    noise: float = setting(
        0.0,
        "Noise",
        "How far points stray, as a share of the set's size.",
        ge=0,
        le=0.5,
        group="Data",
        step=0.01,
        only={"data": _RANDOM_SETS},
    )
    train_share: float = setting(
        0.5,
        "Training share",
        "The share of the 2-D points that is learned from.",
        gt=0,
        lt=1,
        group="Data",
        step=0.05,
        only={"data": _RANDOM_SETS},
    )
    iterations: int = setting(
        1000,
        "Iterations",
        "Passes over all patterns.",
        unit="iterations",
        ge=1,
        le=10_000_000,
        group="Training",
        scale="log",
    )
    learning_rate: float = setting(
        0.7,
        "Learning rate",
        "How far each correction moves the weights.",
        gt=0,
        le=100_000,
        group="Training",
        scale="log",
        live=True,
    )
    rule: Literal["delta", "squared_error", "step"] = setting(
        "delta",
        "Learning rule",
        "Perceptron: input × error; the squared error's gradient; or Rosenblatt's step.",
        group="Training",
        only={"model": ("perceptron",)},
        live=True,
        choices=RULE_CHOICES,
    )
    update: Literal["online", "batch"] = setting(
        "online",
        "Update",
        "Perceptron: correct after each pattern, or once a pass.",
        group="Training",
        only={"model": ("perceptron",)},
        live=True,
        choices=UPDATE_CHOICES,
    )
    init: Literal[
        "uniform", "normal", "zeros", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"
    ] = setting(
        "uniform",
        "Initial weights",
        "The distribution the first weights are drawn from.",
        group="Network",
        choices=INIT_CHOICES,
    )
    init_low: float = setting(
        -2.0,
        "Lowest initial weight",
        "For init uniform.",
        ge=-100,
        le=100,
        group="Network",
        step=0.1,
        only={"init": ("uniform",)},
    )
    init_high: float = setting(
        0.0,
        "Highest initial weight",
        "For init uniform.",
        ge=-100,
        le=100,
        group="Network",
        step=0.1,
        only={"init": ("uniform",)},
    )
    init_scale: float = setting(
        1.0,
        "Spread of initial weights",
        "Standard deviation, for init normal.",
        gt=0,
        le=100,
        group="Network",
        scale="log",
        only={"init": ("normal",)},
    )
    features: Features = setting(
        (),
        "Derived inputs",
        "MLP: inputs besides x1 and x2, among x1_squared, x2_squared, x1_x2, sin_x1, sin_x2.",
        max_length=5,
        choices=FEATURE_CHOICES,
        group="Network",
        only={"model": ("mlp",), "data": _RANDOM_SETS},
    )
    hidden_layers: tuple[Width, ...] = setting(
        (2,),
        "Hidden layers",
        "MLP: neurons in each hidden layer, for instance 4,2.",
        max_length=16,
        group="Network",
        only={"model": ("mlp",)},
    )
    activation: Literal["relu", "tanh", "sigmoid", "linear"] = setting(
        "tanh",
        "Activation",
        "MLP: what each hidden neuron does to its sum.",
        group="Network",
        only={"model": ("mlp",)},
        live=True,
        choices=ACTIVATION_CHOICES,
    )
    loss: Literal["cross_entropy", "squared_error", "hinge"] = setting(
        "cross_entropy",
        "Loss",
        "MLP: what training makes small.",
        group="Training",
        only={"model": ("mlp",)},
        live=True,
        choices=LOSS_CHOICES,
    )
    optimizer: Literal["sgd", "momentum", "adam"] = setting(
        "sgd",
        "Optimiser",
        "MLP: how the gradient becomes a step.",
        group="Training",
        only={"model": ("mlp",)},
        live=True,
        choices=OPTIMIZER_CHOICES,
    )
    momentum: float = setting(
        0.9,
        "Momentum",
        "MLP: the share of the last step kept, for optimizer momentum.",
        ge=0,
        lt=1,
        group="Training",
        step=0.01,
        only={"optimizer": ("momentum",)},
        live=True,
    )
    l1: float = setting(
        0.0,
        "L1 penalty",
        "MLP: weight of the sum of |w|.",
        ge=0,
        le=100,
        group="Training",
        scale="log",
        only={"model": ("mlp",)},
        live=True,
    )
    l2: float = setting(
        0.0,
        "L2 penalty",
        "MLP: weight of half the sum of w².",
        ge=0,
        le=100,
        group="Training",
        scale="log",
        only={"model": ("mlp",)},
        live=True,
    )
    batch_size: int | None = setting(
        None,
        "Batch size",
        "MLP: points a step; none takes all at once.",
        unit="points",
        ge=1,
        group="Training",
        scale="log",
        only={"model": ("mlp",)},
        live=True,
    )

    snapshot_every: int | None = setting(
        None,
        "Snapshot interval",
        "How often what is drawn is kept; none: about 20 times in a run, of an MLP 100 times.",
        unit="iterations",
        ge=1,
        scale="log",
        group="Recording",
    )
    changes: str = setting(
        "",
        "Changes",
        "Settings and weights that change on the way, such as 500:learning_rate=0.1;800:w.0=1.5.",
        max_length=1_000_000,
        group="Recording",
    )
    engine: EngineName = engine_setting()

    def weight_shapes(self, inputs: int | None = None) -> Shapes:
        """Return the shapes of the weights, by their names in checkpoints, and of what holds them.

        Args:
            inputs: of a CSV, how many its points have; None where it was not read.
        """
        if self.data == "truth_table":
            inputs = len(self.truth_table).bit_length() - 1
        elif self.data != "csv":
            inputs = 2 + len(self.features)
        shapes: dict[str, tuple[int | None, ...]] = {}
        if self.model == "perceptron":
            shapes["w"] = (None if inputs is None else inputs + 1,)
        else:
            sizes = (inputs, *self.hidden_layers, 1)
            for layer, (before, after) in enumerate(pairwise(sizes), 1):
                shapes |= {f"w{layer}": (before, after), f"b{layer}": (after,)}
        # JAX's programs have no place for weights that stay.
        held = {HELD + name: shape for name, shape in shapes.items()}
        return {**shapes, **held} if self.engine == "wasm" else shapes

    def check_weights_of(self, inputs: int) -> None:
        """Check the changes of weights once a CSV was read.

        Args:
            inputs: how many its points have.

        Raises:
            ConfigError: if there is no such weight.
        """
        shapes = self.weight_shapes(inputs)
        try:
            for change in read_changes(self.changes):
                separate_weights(change.values, shapes)
        except ConfigError as error:
            problems = [Problem("changes", f"{p.field}: {p.message}") for p in error.problems]
            raise ConfigError(problems) from None

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        yield from super().conflicts()
        yield from self.find_change_problems()
        yield from find_engine_problems(NAME, self)
