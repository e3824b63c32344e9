"""The chapter of a sweep in a reader's own book: its figures, medians and effects."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from epoque.bench.errors import UsageError
from epoque.bench.figures.sweep_figures import sweep_figures
from epoque.bench.i18n import mark, translator
from epoque.bench.lab import lab_of
from epoque.bench.result_labels import find_label, translate_labels
from epoque.bench.sweeps.grid import to_cell
from epoque.bench.sweeps.sweep import Sweep

from .numbers import format_number

__all__ = ["sweep_blocks"]

MOST_VALUES = 7
"""Of an axis, in a table: its ends are always among them."""
CAPTIONS = {
    "distribution": mark("{result}, over all runs."),
    "curve": mark("{result}: the median over the seeds, with the central 95 %."),
    "map": mark("{result}: the median over the seeds."),
    "maps": mark("{result}: the median over the seeds."),
    "strip": mark("{result}, a dot for each run."),
}


def sweep_blocks(sweep: Sweep, source: str, language: str) -> Iterator[str]:
    """Yield what a template says of a sweep, a block each.

    Args:
        sweep: a finished one.
        source: how the template calls it, for instance `sweep("neuron/and")`.
        language: "en" or "fr".
    """
    chapter = _Chapter(sweep, source, language)
    try:
        figures = sweep_figures(sweep, language)
    except UsageError as error:  # no run of it has the number that it looks at
        yield str(error)
        return
    yield chapter.introduction()
    yield from map(chapter.figure, figures)
    for axis in chapter.axes:
        yield chapter.medians(axis)
        if chapter.seeds > 1:
            yield chapter.effect(axis)


class _Chapter:
    """What is said of one sweep.

    Attributes:
        axes: what it varies besides the seed: field to values.
        seeds: how many seeds each setting was run with.
    """

    def __init__(self, sweep: Sweep, source: str, language: str) -> None:
        lab, self._translate = lab_of(sweep), translator(language)
        settings = lab.config_class.settings()
        self._source, self._score = source, sweep.score
        self._language = language
        self._labels = {axis: settings[axis].label(language) for axis in sweep.axes}
        labels = translate_labels(lab.result_labels, language)
        self._result = find_label(labels, sweep.score) or sweep.score
        self.axes = {a: v for a, v in sweep.axes.items() if a != "seed" and len(v) > 1}
        self.seeds = len(sweep.axes.get("seed", ()))
        own = {axis: to_cell(sweep.config.get(axis)) for axis in self.axes}
        self._base = {a: own[a] if own[a] in v else v[0] for a, v in self.axes.items()}

    def introduction(self) -> str:
        """Say what varies, and over how many seeds."""
        _, axes = self._translate, ", ".join(self._labels[axis] for axis in self.axes)
        seeds = f"{{{{ seeds({self._source}) }}}}"
        if not axes:
            number = self._call("spread", {})
            words = _(
                "Over {seeds} seeds, the median and the central 95 % of {result} are {number}."
            )
            return words.format(seeds=seeds, result=self._result, number=number)
        words = _("What varies here: {axes}. Seeds for each setting: {seeds}.")
        return words.format(axes=axes, seeds=seeds)

    def figure(self, name: str) -> str:
        """Print a figure that the bench draws of every sweep."""
        caption = self._translate(CAPTIONS[name]).format(result=self._result)
        return f"{{{{ figure({self._source}, {_quote(name)}, caption={_quote(caption)}) }}}}"

    def medians(self, axis: str) -> str:
        """Print a table of the medians along an axis, the other axes held."""
        values, held = self.axes[axis], self._hold_others(axis)
        count = min(len(values), MOST_VALUES)
        chosen = [values[i * (len(values) - 1) // (count - 1)] for i in range(count)]
        rows = ",\n".join(
            f"  [{_number(value)}, {self._call('spread', {**held, axis: value}, bare=True)}]"
            for value in chosen
        )
        words = self._translate(
            "{result}: the median over the seeds, with the central 95 %{where}."
        )
        caption = _quote(words.format(result=self._result, where=self._where(axis)))
        header = f"[{_quote(self._labels[axis])}, {_quote(self._result)}]"
        return f"{{{{ grid({header}, [\n{rows}\n], caption={caption}) }}}}"

    def effect(self, axis: str) -> str:
        """Say by how much the result changes from one end of an axis to the other."""
        first, last = self.axes[axis][0], self.axes[axis][-1]
        ends = (f"{{{_quote(axis)}: {_quote(value)}}}" for value in (first, last))
        effect = (
            f"{{{{ effect({self._source}, {_quote(self._score)}, "
            f"{', '.join(ends)}{_at(self._hold_others(axis))}) }}}}"
        )
        words = self._translate(
            "From {axis} {first} to {last}, {result} changes by {effect}{where}: the median over "
            "the seeds, with its own 95 % interval."
        )
        return words.format(
            axis=self._labels[axis],
            result=self._result,
            effect=effect,
            where=self._where(axis),
            first=f"{{{{ {_number(first)} }}}}",
            last=f"{{{{ {_number(last)} }}}}",
        )

    def _call(self, function: str, at: Mapping[str, Any], *, bare: bool = False) -> str:
        call = f"{function}({self._source}, {_quote(self._score)}{_at(at)})"
        return call if bare else f"{{{{ {call} }}}}"

    def _hold_others(self, axis: str) -> dict[str, Any]:
        return {other: value for other, value in self._base.items() if other != axis}

    def _where(self, axis: str) -> str:
        """Return at which values the other axes are held, as the end of a sentence; or ""."""
        held = ", ".join(
            f"{self._labels[a]} {format_number(v, self._language, digits=None)}"
            for a, v in self._hold_others(axis).items()
        )
        return self._translate(" (at {held})").format(held=held) if held else ""


def _at(values: Mapping[str, Any]) -> str:
    """Return the axes' values as further arguments of a call; their names may hold dots."""
    inside = ", ".join(f"{_quote(axis)}: {_quote(value)}" for axis, value in values.items())
    return f", **{{{inside}}}" if inside else ""


def _number(value: Any) -> str:
    """Return what prints a value of an axis as the language writes it."""
    return f"number({_quote(value)}, digits=none)"


def _quote(value: Any) -> str:
    """Return a value as a template writes it."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
