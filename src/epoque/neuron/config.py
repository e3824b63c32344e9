"""What may be set in the neuron lab."""

import os
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from epoque.bench.config import Config, LocalPath, setting
from epoque.bench.errors import Problem, did_you_mean

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


class NeuronConfig(Config):
    """One neuron, or a small network of them, and the points it learns to tell apart."""

    model: Literal["perceptron", "mlp"] = setting(
        "perceptron", "Model", "One neuron, or a multi-layer perceptron (MLP)."
    )
    data: Literal["truth_table", "circle", "exclusive_or", "gaussian", "spiral", "csv"] = setting(
        "truth_table", "Data", "A truth table, one of four sets of 2-D points, or your own CSV."
    )
    truth_table: TruthTable = setting(
        "and",
        "Truth table",
        "A gate's name, or the outputs for the inputs 00, 01, 10, 11 (1 to 10 inputs).",
    )
    csv: CsvPath | None = setting(
        None, "CSV file", "Numeric columns with a header; the last column is the class, 0 or 1."
    )
    scale: Literal["none", "standard", "minmax"] = setting(
        "none",
        "Scaling of inputs",
        "CSV: inputs as they are, each with mean 0 and deviation 1, or each from 0 to 1.",
    )
    samples: int = setting(
        500, "Points", "How many 2-D points are drawn.", unit="points", ge=4, le=100_000
    )
    noise: float = setting(
        0.0, "Noise", "How far points stray, as a share of the set's size.", ge=0, le=0.5
    )
    train_share: float = setting(
        0.5, "Training share", "The share of the 2-D points that is learned from.", gt=0, lt=1
    )
    iterations: int = setting(
        1000,
        "Iterations",
        "Passes over all patterns.",
        unit="iterations",
        ge=1,
        le=10_000_000,
    )
    learning_rate: float = setting(
        0.7, "Learning rate", "How far each correction moves the weights.", gt=0, le=1000
    )
    rule: Literal["delta", "squared_error", "step"] = setting(
        "delta",
        "Learning rule",
        "Perceptron: input × error; the squared error's gradient; or Rosenblatt's step.",
    )
    update: Literal["online", "batch"] = setting(
        "online", "Update", "Perceptron: correct after each pattern, or once a pass."
    )
    init: Literal[
        "uniform", "normal", "zeros", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"
    ] = setting("uniform", "Initial weights", "The distribution the first weights are drawn from.")
    init_low: float = setting(-2.0, "Lowest initial weight", "For init uniform.", ge=-100, le=100)
    init_high: float = setting(0.0, "Highest initial weight", "For init uniform.", ge=-100, le=100)
    init_scale: float = setting(
        1.0, "Spread of initial weights", "Standard deviation, for init normal.", gt=0, le=100
    )
    hidden_layers: tuple[Width, ...] = setting(
        (2,), "Hidden layers", "MLP: neurons in each hidden layer, for instance 4,2.", max_length=16
    )
    activation: Literal["relu", "tanh", "sigmoid", "linear"] = setting(
        "tanh", "Activation", "MLP: what each hidden neuron does to its sum."
    )
    loss: Literal["cross_entropy", "squared_error", "hinge"] = setting(
        "cross_entropy", "Loss", "MLP: what training makes small."
    )
    optimizer: Literal["sgd", "momentum", "adam"] = setting(
        "sgd", "Optimiser", "MLP: how the gradient becomes a step."
    )
    momentum: float = setting(
        0.9, "Momentum", "MLP: the share of the last step kept, for optimizer momentum.", ge=0, lt=1
    )
    l1: float = setting(0.0, "L1 penalty", "MLP: weight of the sum of |w|.", ge=0, le=100)
    l2: float = setting(0.0, "L2 penalty", "MLP: weight of half the sum of w².", ge=0, le=100)
    batch_size: int | None = setting(
        None, "Batch size", "MLP: points a step; none takes all at once.", unit="points", ge=1
    )

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields; a setting that would be ignored is a mistake."""
        if self.data == "csv" and self.csv is None:
            yield Problem("csv", "none given; data csv needs the path of a file.")
        for field, selector, choices in _ONLY_WITH:
            if self.get(selector) not in choices and self._is_set(field):
                value = ",".join(map(str, v)) if isinstance(v := self.get(field), tuple) else v
                message = (
                    f"{value} would be ignored with {selector} {self.get(selector)}; "
                    f"it goes with {selector} {' or '.join(choices)}."
                )
                yield Problem(field, message, ignored=True)
        if self.init_low > self.init_high:
            yield Problem("init_low", f"{self.init_low} is above init_high ({self.init_high}).")

    def _is_set(self, field: str) -> bool:
        default = self.settings()[field].default
        value = self.get(field)
        return bool(value != (GATES[default] if field == "truth_table" else default))


_RANDOM_SETS = ("circle", "exclusive_or", "gaussian", "spiral")
_ONLY_WITH = (
    ("truth_table", "data", ("truth_table",)),
    ("csv", "data", ("csv",)),
    ("scale", "data", ("csv",)),
    ("samples", "data", _RANDOM_SETS),
    ("noise", "data", _RANDOM_SETS),
    ("train_share", "data", _RANDOM_SETS),
    ("rule", "model", ("perceptron",)),
    ("update", "model", ("perceptron",)),
    ("init_low", "init", ("uniform",)),
    ("init_high", "init", ("uniform",)),
    ("init_scale", "init", ("normal",)),
    ("hidden_layers", "model", ("mlp",)),
    ("activation", "model", ("mlp",)),
    ("loss", "model", ("mlp",)),
    ("optimizer", "model", ("mlp",)),
    ("momentum", "optimizer", ("momentum",)),
    ("l1", "model", ("mlp",)),
    ("l2", "model", ("mlp",)),
    ("batch_size", "model", ("mlp",)),
)
"""What only some choices look at: the field, the selector, and its choices that do."""
