from pathlib import Path

import pytest

from epoque.bench.errors import ConfigError
from epoque.neuron.config import GATES, NeuronConfig
from epoque.neuron.lab import LAB


def problem(**settings: object) -> str:
    with pytest.raises(ConfigError) as caught:
        NeuronConfig.parse(settings)
    (found,) = caught.value.problems
    return f"{found.field}: {found.message}"


@pytest.mark.parametrize(("gate", "table"), GATES.items())
def test_a_gate_is_its_truth_table(gate: str, table: str) -> None:
    assert NeuronConfig(truth_table=gate).truth_table == table
    assert NeuronConfig(truth_table=f" {gate.upper()} ").truth_table == table
    assert NeuronConfig(truth_table=table).truth_table == table


@pytest.mark.parametrize("inputs", range(1, 11))
def test_truth_tables_have_one_to_ten_inputs(inputs: int) -> None:
    table = "01" * 2 ** (inputs - 1)
    assert NeuronConfig(truth_table=table).truth_table == table


@pytest.mark.parametrize("table", ["011", "1", "0" * 3, "0" * 2048])
def test_a_truth_table_of_the_wrong_length(table: str) -> None:
    told = problem(truth_table=table)
    assert told.startswith("truth_table: ")
    assert f"has {len(table)} symbols; a truth table of n inputs has 2^n" in told


@pytest.mark.parametrize("table", ["01a1", "", "012", "０１１０"])
def test_a_truth_table_of_other_symbols(table: str) -> None:
    assert "is neither a gate (and, or, xor" in problem(truth_table=table)


def test_the_nearest_gates_are_named() -> None:
    assert problem(truth_table="implikation").endswith("Did you mean implication?")


@pytest.mark.parametrize("rate", ["0", "-0.1", "nan", "1e400", "-inf", "200000", "fast", 0.0])
def test_a_bad_learning_rate(rate: object) -> None:
    told = problem(learning_rate=rate)
    assert told == (
        f"learning_rate: {rate} is not allowed; "
        "it takes a finite number greater than 0 and at most 100,000."
    )


@pytest.mark.parametrize(
    ("settings", "field", "goes_with"),
    [
        ({"hidden_layers": "4,2"}, "hidden_layers", "model mlp"),
        ({"l1": 0.1}, "l1", "model mlp"),
        ({"batch_size": 2}, "batch_size", "model mlp"),
        ({"model": "mlp", "rule": "step"}, "rule", "model perceptron"),
        ({"model": "mlp", "update": "batch"}, "update", "model perceptron"),
        ({"model": "mlp", "momentum": 0.5}, "momentum", "optimizer momentum"),
        ({"samples": 10}, "samples", "data circle or exclusive_or or gaussian or spiral"),
        ({"data": "spiral", "truth_table": "or"}, "truth_table", "data truth_table"),
        ({"csv": "points.csv"}, "csv", "data csv"),
        ({"init": "zeros", "init_low": -1}, "init_low", "init uniform"),
        ({"init_scale": 2}, "init_scale", "init normal"),
    ],
)
def test_a_setting_that_would_be_ignored(
    settings: dict[str, object], field: str, goes_with: str
) -> None:
    told = problem(**settings)
    assert told.startswith(f"{field}: ")
    assert told.endswith(f"it goes with {goes_with}.")


def test_conflicts_of_data_and_range() -> None:
    assert problem(data="csv") == "csv: none given; data csv needs the path of a file."
    assert problem(init_low=1) == "init_low: 1 is above init_high (0)."


@pytest.mark.parametrize(
    "config",
    [
        NeuronConfig(),
        NeuronConfig(truth_table="xor", rule="step", update="batch", init="zeros"),
        NeuronConfig(model="mlp", data="circle", samples=10, hidden_layers=(3, 2), l2=0.1),
        NeuronConfig(data="csv", csv="points.csv"),
    ],
)
def test_a_resolved_config_is_read_back(config: NeuronConfig) -> None:
    assert NeuronConfig.parse(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("5:w.3=1", "w.3: there is no such weight; w has 3 numbers, counted from 0."),
        ("5:w1.0.0=1", "w1.0.0: there are no such weights; this model has w."),
        ("5:w.0=nan", "w.0: nan is not allowed; a weight is a finite number."),
        ("5:held.w.0=1", "held.w.0: this engine holds no weights; the engine wasm does."),
    ],
)
def test_a_change_of_a_weight_that_is_wrong(changes: str, told: str) -> None:
    assert problem(iterations=9, changes=changes) == f"changes: {told}"


def test_weights_have_the_shapes_of_the_model() -> None:
    network = NeuronConfig(model="mlp", data="circle", hidden_layers=(4, 3), engine="wasm")
    shapes = network.weight_shapes()
    assert shapes["w1"] == shapes["held.w1"] == (2, 4)
    assert (shapes["w3"], shapes["b3"]) == ((3, 1), (1,))
    assert NeuronConfig(truth_table="01101001").weight_shapes() == {"w": (4,)}


def test_of_a_csv_the_inputs_are_counted_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("a,b,c,d\n1,2,3,0\n4,5,6,1\n")
    config = NeuronConfig(data="csv", csv=str(path), iterations=9, changes="5:w.3=1")
    LAB.check(config)
    with pytest.raises(
        ConfigError, match=r"changes: w\.4: there is no such weight; w has 4 numbers"
    ):
        LAB.check(config.replace(changes="5:w.4=1"))


def test_an_error_repeats_the_beginning_of_a_long_change() -> None:
    many = ",".join(f"w.{i}=0.12345678901234567" for i in range(11))
    told = problem(truth_table="01" * 512, iterations=9, changes=f"9:{many}")
    assert told.endswith("… would come after the last iteration.")
    assert len(told) < 300
