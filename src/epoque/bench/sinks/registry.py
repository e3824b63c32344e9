"""The sinks by the names that users type."""

from collections.abc import Iterable
from importlib.util import find_spec

from ..errors import MissingExtraError, UnknownNameError
from . import SinkFactory

__all__ = ["SINKS", "make"]

EXTRAS = {"mlflow": "mlflow", "tensorboard": "tensorboardX", "trackio": "trackio"}
"""Sinks that need an extra of the same name: the sink to the module that must be installed."""

SINKS = ("console", "json", *EXTRAS)


def make(names: Iterable[str]) -> list[SinkFactory]:
    """Return the factories of some sinks, each once, in the order given.

    Args:
        names: of `SINKS`.

    Raises:
        UnknownNameError: if there is no such sink.
        MissingExtraError: if the package that one needs is not installed.
    """
    return [_factory(name) for name in dict.fromkeys(names)]


def _factory(name: str) -> SinkFactory:
    if name in EXTRAS and find_spec(EXTRAS[name]) is None:
        raise MissingExtraError(f"Logging to {name}", name)
    match name:
        case "console":
            from .console import ConsoleSink

            return ConsoleSink
        case "json":
            from .json_lines import JsonLinesSink

            return JsonLinesSink
        case "mlflow":
            from .mlflow import MlflowSink

            return MlflowSink
        case "tensorboard":
            from .tensorboard import TensorBoardSink

            return TensorBoardSink
        case "trackio":
            from .trackio import TrackioSink

            return TrackioSink
    raise UnknownNameError("sink", name, SINKS, f" There are {', '.join(SINKS)}.")
