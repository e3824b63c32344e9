"""The cards of runs, sweeps and searches.

What is damaged is said on the card instead of being shown: a notebook must not fail because of it.
"""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Protocol

from .cards import AXES, RESULTS, SETTINGS, Card, Curve, Rows, finite_points
from .command_line import build_command_line, changed_settings
from .config import Config
from .errors import EpoqueError
from .i18n import environment_language, mark, translator
from .plugins import LABS, load_plugin
from .setting_info import collect_settings

__all__ = ["run_card", "search_card", "sweep_card"]

MOST_RESULTS = 8

MEDIAN, BEST_SO_FAR = mark("{name} (median)"), mark("{name} (best so far)")
STEP, TRIAL = mark("step"), mark("trial")
POINTS, MEASURED = mark("points"), mark("{done} of {all}")


class _Record(Protocol):
    """What a card asks of a run, a sweep or a search."""

    id: str
    recipe: str
    lab_name: str
    config: Config
    status: Any


def run_card(run: Any) -> str:
    """Return the card of a run as HTML."""
    return _record_card(run, _run_card)


def sweep_card(sweep: Any) -> str:
    """Return the card of a sweep as HTML."""
    return _record_card(sweep, _sweep_card)


def search_card(search: Any) -> str:
    """Return the card of a search as HTML."""
    return _record_card(search, _search_card)


def _record_card(record: Any, card: Any) -> str:
    language = environment_language()
    try:
        content: Card = card(record, language)
    except EpoqueError as error:
        content = Card(record.id, state="damaged", note=str(error))
    return content.html(language)


def _run_card(run: Any, language: str) -> Card:
    status, headline = run.status, load_plugin(LABS, "lab", run.lab_name).headline
    results = run.results if status.state == "finished" else {}
    names = [*(name for name in headline if name in results), *results]
    rows = [(name, results[name]) for name in dict.fromkeys(names) if _is_plain(results[name])]
    return Card(
        run.id,
        run.recipe,
        status.state,
        status.reason,
        _sections(run, language, rows[:MOST_RESULTS]),
        _run_curve(run, headline, language),
        build_command_line("run", run.recipe, run.config),
    )


def _run_curve(run: Any, headline: tuple[str, ...], language: str) -> Curve | None:
    """Return the metric that the headline result is the end of, or else the first metric."""
    rows = list(run.metric_rows())
    names = dict.fromkeys(name for row in rows for name in row if name != "step")
    preferred = [name.removeprefix("final_") for name in headline]
    for name in [*(name for name in preferred if name in names), *names]:
        points = finite_points([(row["step"], row.get(name)) for row in rows])
        if len(points) > 1:
            return Curve(name, translator(language)(STEP), points)
    return None


def _sweep_card(sweep: Any, language: str) -> Card:
    table, score = sweep.table, sweep.score
    axes = dict(sweep.axes_text)
    _ = translator(language)
    progress = _(MEASURED).format(done=len(table), all=sweep.metadata["points"])
    rows: list[tuple[str, Any]] = [(_(POINTS), progress)]
    curve = None
    if score in table and len(table):
        best = table[score].astype(float)
        if best.notna().any():
            row = table.loc[best.idxmin()]
            rows.append((score, float(best.min())))
            rows += [(name, row[name]) for name in axes if name in table]
        curve = _sweep_curve(table, score, list(axes), language)
    return _study_card(sweep, rows, curve, language)


def _sweep_curve(table: Any, score: str, axes: list[str], language: str) -> Curve | None:
    """Return the median of the score over the values of the first axis of several numbers."""
    for name in [*(axis for axis in axes if axis != "seed"), "seed"]:
        if name in table and table[name].nunique() > 1 and table[name].dtype.kind in "if":
            medians = table.groupby(name)[score].median()
            places = enumerate(medians.items())
            points = finite_points([(place, float(value)) for place, (_, value) in places])
            ends = f"{medians.index[0]:.4g}", f"{medians.index[-1]:.4g}"
            title = translator(language)(MEDIAN).format(name=score)
            return Curve(title, name, points, ends) if len(points) > 1 else None
    return None


def _search_card(search: Any, language: str) -> Card:
    objective = search.objective
    summary = search.rank_trials() if len(search.table) else None
    rows: list[tuple[str, Any]] = []
    curve = None
    if summary is not None and len(summary):
        column = f"{objective}_median"
        best = summary.iloc[0]
        rows = [(objective, float(best[column]))]
        rows += [(name, best[name]) for name in search.axes_text if name in summary]
        in_order = summary.sort_values("trial")[column].astype(float).tolist()
        best_of = min if search.worst_value > 0 else max
        points = finite_points(list(enumerate(accumulate(in_order, best_of), 1)))
        _ = translator(language)
        curve = Curve(_(BEST_SO_FAR).format(name=objective), _(TRIAL), points)
    return _study_card(search, rows, curve, language)


def _study_card(study: Any, rows: Rows, curve: Curve | None, language: str) -> Card:
    axes, status = dict(study.axes_text), study.status
    return Card(
        study.id,
        study.recipe,
        status.state,
        status.reason,
        [*_sections(study, language, rows, swept=axes), (AXES, list(axes.items()))],
        curve,
        study.command,
    )


def _sections(
    record: _Record, language: str, results: Rows, swept: Mapping[str, str] | None = None
) -> list[tuple[str, Rows]]:
    """Return the settings that differ from the recipe's, by a learner's names, and the results."""
    config = record.config
    labels = {info.path: info.label(language) for info in collect_settings(type(config))}
    changed = changed_settings(record.recipe, config, swept or ())
    settings = [(labels.get(path, path), value) for path, value in changed.items()]
    sections: list[tuple[str, Rows]] = [(SETTINGS, settings)] if settings else []
    return [*sections, (RESULTS, results)] if results else sections


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, int | float | str)
