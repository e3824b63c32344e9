"""The sinks by the names that users type.

A package brings one by an entry point of the group `epoque.sinks` that names a `SinkFactory`, for
instance a class that is made of a run.
"""

from collections.abc import Iterable, Sequence

from ..errors import UsageError
from ..plugins import load_plugin, plugin_names
from . import SinkFactory, StudySinkFactory

__all__ = ["make_sinks", "make_study_sinks", "sink_names"]

GROUP = "epoque.sinks"


def sink_names() -> tuple[str, ...]:
    """Return the names of the sinks that installed packages bring."""
    return plugin_names(GROUP)


def make_sinks(sinks: Iterable[str | SinkFactory]) -> list[SinkFactory]:
    """Return the factories of some sinks, each once, in the order given.

    Args:
        sinks: of `sink_names`, or factories themselves.

    Raises:
        UnknownNameError: if there is no such sink.
        MissingExtraError: if the extra that one needs is not installed.
    """
    return [
        load_plugin(GROUP, "sink", sink) if isinstance(sink, str) else sink
        for sink in dict.fromkeys(sinks)
    ]


def make_study_sinks(sinks: Iterable[str | StudySinkFactory]) -> Sequence[StudySinkFactory]:
    """Return likewise those that take the points of sweeps and searches.

    Args:
        sinks: of `sink_names`, or factories themselves.

    Raises:
        UnknownNameError, MissingExtraError: see `make_sinks`.
        UsageError: if one takes runs only.
    """
    factories: list[StudySinkFactory] = []
    for sink in dict.fromkeys(sinks):
        if not isinstance(sink, str):
            factories.append(sink)
            continue
        factory = getattr(load_plugin(GROUP, "sink", sink), "for_study", None)
        if factory is None:
            raise UsageError(f"log: {sink} takes runs only, no sweeps and searches.")
        factories.append(factory)
    return factories
