"""How a setting is declared: what it is, what it takes, and what a form needs to show it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from .setting_effects import write_only

__all__ = ["MAX_THREADS", "setting", "sub_config", "threads_setting"]

MAX_THREADS = 1024
"""More than any one machine that this is made for has."""


def setting(
    default: Any,
    label: str,
    description: str,
    *,
    unit: str | None = None,
    scale: Literal["log"] | None = None,
    step: float | None = None,
    group: str | None = None,
    live: bool = False,
    only: Mapping[str, Any] | None = None,
    file: Sequence[str] | None = None,
    choices: Mapping[str, str] | None = None,
    **bounds: Any,
) -> Any:
    """Declare a field of a config.

    What a form needs is in the schema under the names of these arguments, without those that are
    not given; the paths of `only` are there those of the whole config.

    Args:
        default: the value when nothing is said.
        label: a learner's name for it, in English; French comes from the catalogue.
        description: one line, in English; French comes from the catalogue.
        unit: what the number counts ("iterations"), where it has a unit.
        scale: "log" for a number whose ratios matter more than its differences, such as a rate.
        step: how far one step of a slider or a stepper goes, in the setting's unit.
        group: under which heading of a form it stands, in English ("Data"); without one, under
            that of the part that it is in.
        live: whether it may change in the middle of a run, without starting over.
        only: when it has an effect: path of another setting to a tuple of the values that it needs
            (`{"model": ("mlp",)}`), or to `other_than(…)`; all of several conditions must hold. The
            paths are relative to the part in which the setting stands. Another value than the
            default where it has no effect is refused, if it never has one in the run.
        file: if its value names files, a folder or an address: the endings that files of the user's
            have, without a dot (`("csv",)`); an empty tuple if one file cannot be what it needs. A
            door that is open to others than the user takes no path and no address for it: only a
            file that is sent, and the names that ship (`epoque.studio.file_values`).
        choices: a learner's words for the values that it chooses among, in English, marked for
            translation; a form shows a value without one as it is written.
        bounds: pydantic's `gt`, `ge`, `lt`, `le`, `max_length`, `pattern`, …
    """
    extra = {
        "unit": unit,
        "scale": scale,
        "step": step,
        "group": group,
        "live": live or None,
        "only": write_only(only) if only else None,
        "file": None if file is None else list(file),
        "choices": dict(choices) if choices else None,
    }
    return _declare(default, label, description, extra, bounds)


def sub_config(
    default: BaseModel,
    label: str,
    description: str,
    *,
    context: str | None = None,
    group: str | None = None,
) -> Any:
    """Declare a part of a config that holds settings of its own.

    Args:
        default: the part when nothing is said; what is said of some of its settings leaves the
            others as they are here.
        label: a learner's name for it, in English; French comes from the catalogue.
        description: one line, in English; French comes from the catalogue.
        context: completes the label of a setting in it where that stands alone, as at an axis of a
            figure, in English: "{} of the generator"; by default the setting's label is enough.
        group: under which heading of a form its settings stand that name none, in English.
    """
    return _declare(default, label, description, {"context": context, "group": group}, {})


def _declare(
    default: Any,
    label: str,
    description: str,
    extra: Mapping[str, Any],
    bounds: Mapping[str, Any],
) -> Any:
    given = {name: value for name, value in extra.items() if value is not None}
    return Field(
        default, title=label, description=description, json_schema_extra=given or None, **bounds
    )


def threads_setting(**form: Any) -> Any:
    """Declare the field `threads` of a lab that computes with PyTorch (`bench.torch.threads`).

    Args:
        form: `group` and `only`, as `setting` takes them.
    """
    return setting(
        None,
        "Threads",
        "Of the processor. The last digits depend on them, so a run keeps their number; none: one "
        "for a small network, else one a core.",
        unit="threads",
        ge=1,
        le=MAX_THREADS,
        **form,
    )
