"""What a run of the neuron lab is about, in a few words."""

from collections.abc import Mapping
from pathlib import Path

from epoque.bench.figures.number_format import format_number
from epoque.bench.i18n import mark, translator

from .config import GATES, NeuronConfig

__all__ = ["describe_subject"]

MAX_NAME = 18  # letters
_DATA: Mapping[str, str] = {
    "circle": mark("Circle"),
    "exclusive_or": mark("Exclusive or"),
    "gaussian": mark("Two Gaussians"),
    "spiral": mark("Spiral"),
}


def describe_subject(config: NeuronConfig, language: str) -> str:
    """Return what a run is about, for the line under a title: "AND, learning rate 0.7"."""
    _ = translator(language)
    if config.data == "truth_table":
        gates = {table: gate.upper() for gate, table in GATES.items()}
        data = gates.get(config.truth_table, config.truth_table)
    else:
        data = Path(str(config.csv)).name if config.data == "csv" else _(_DATA[config.data])
    data = data if len(data) <= MAX_NAME else f"{data[: MAX_NAME - 1]}…"
    rate = _("learning rate {rate}").format(rate=format_number(config.learning_rate, language))
    return f"{data}, {rate}"
