"""What may be set: one schema behind four doors.

A lab's config is a frozen pydantic model derived from `Config`. The same class is the Python
API, the command line, the YAML recipe and the JSON schema that a web form is made from. Every
field is declared with `setting`, which insists on a label and a description.
"""

import reprlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from .errors import ConfigError, Problem, did_you_mean
from .files.path_list import IS_PATHS, LocalPath, PathOrHttps
from .files.path_list import split as split_paths
from .i18n import translator
from .typed import is_number, is_several, is_whole, near_number

__all__ = [
    "MAX_THREADS",
    "Config",
    "LocalPath",
    "PathOrHttps",
    "Settings",
    "allowed_values",
    "kind_of",
    "setting",
    "threads_setting",
]

MAX_THREADS = 1024
"""More than any one machine that this is made for has."""

_NO_NUMBER = "no number"  # what pydantic refuses for a number of any kind


def setting(
    default: Any,
    label: str,
    description: str,
    *,
    unit: str | None = None,
    **bounds: Any,
) -> Any:
    """Declare a field of a config.

    Args:
        default: the value when nothing is said.
        label: a learner's name for it, in English; French comes from the catalogue.
        description: one line, in English; French comes from the catalogue.
        unit: what the number counts ("iterations"), where it has a unit.
        bounds: pydantic's `gt`, `ge`, `lt`, `le`, `max_length`, `pattern`, …
    """
    extra: dict[str, Any] | None = {"unit": unit} if unit else None
    return Field(default, title=label, description=description, json_schema_extra=extra, **bounds)


def threads_setting() -> Any:
    """Declare the field `threads` of a lab that computes with PyTorch (see `.threads`)."""
    return setting(
        None,
        "Threads",
        "Of the processor. The last digits depend on them, so a run keeps their number; none: one "
        "for a small network, else one a core.",
        unit="threads",
        ge=1,
        le=MAX_THREADS,
    )


class Settings(BaseModel):
    """A set of settings, checked as a whole: frozen, unknown keys, NaN and infinities refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from a mapping whose values may be text, as typed by a user.

        Args:
            values: field name to value. Text is read as the field's type: `"0.5"`, `"true"`,
                `"4,2"` for a tuple, `"none"` for an optional field; of paths see `path_list`.

        Raises:
            ConfigError: with every problem at once.
        """
        unknown = [
            Problem(name, "no such setting." + did_you_mean(name, cls.model_fields))
            for name in map(str, values)
            if name not in cls.model_fields
        ]
        known = {name: value for name, value in values.items() if name in cls.model_fields}
        try:
            config = cls.model_validate({k: _from_text(cls, k, v) for k, v in known.items()})
        except ValidationError as error:
            raise ConfigError([*unknown, *_problems(cls, error, known)]) from None
        if unknown:
            raise ConfigError(unknown)
        return config

    @classmethod
    def over(cls, usual: Mapping[str, Any], changes: Mapping[str, Any]) -> Self:
        """Build a config from usual settings, such as a recipe's, and what is set instead.

        A usual setting that the changes leave without effect goes back to its default. It is a
        mistake only where it has no effect among the usual ones either, or is a change itself.

        Raises:
            ConfigError: with every problem at once.
        """
        kept = {name: value for name, value in usual.items() if name not in changes}
        while True:
            try:
                return cls.parse({**kept, **changes})
            except ConfigError as error:
                moot = kept.keys() & _ignored(error)
                if not moot or not (moot := moot - cls._ignored_among(usual)):
                    raise
            kept = {name: value for name, value in kept.items() if name not in moot}

    @classmethod
    def _ignored_among(cls, values: Mapping[str, Any]) -> set[str]:
        try:
            cls.parse(values)
        except ConfigError as error:
            return _ignored(error)
        return set()

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated like a new one (see `over`).

        Raises:
            ConfigError: with every problem at once.
        """
        return self.over(self.model_dump(exclude_unset=True), changes)

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields that are each right alone; labs override this.

        A setting that has no effect beside the others is a problem that says so (`ignored`).
        """
        yield from ()

    @model_validator(mode="after")
    def _no_conflicts(self) -> Self:
        problems = list(self.conflicts())
        if problems:
            raise ConfigError(problems)
        return self


class Config(Settings):
    """Base of every lab's config."""

    seed: int = setting(
        0,
        "Seed",
        "Every random number of the run comes from this one: same seed, same bytes.",
        ge=0,
        le=2**32 - 1,
    )
    checkpoint_every: int = setting(
        1000,
        "Checkpoint interval",
        "How often everything needed to resume is saved; the end is always saved.",
        unit="iterations",
        ge=1,
        le=10**9,
    )

    @classmethod
    def json_schema(cls, language: str = "en") -> dict[str, Any]:
        """Return the JSON schema, with labels and descriptions in `language` ("en" or "fr")."""
        _ = translator(language)
        schema = cls.model_json_schema()
        schema.pop("description", None)
        for value in schema["properties"].values():
            value["title"], value["description"] = _(value["title"]), _(value["description"])
            if "unit" in value:
                value["unit"] = _(value["unit"])
        return schema


def _ignored(error: ConfigError) -> set[str]:
    return {problem.field for problem in error.problems if problem.ignored}


def _inner(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without its `| None`, and whether it had one."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return (kinds[0], True) if len(kinds) == 1 else (annotation, NoneType in kinds)
    return annotation, False


def _from_text(cls: type[Settings], name: str, value: Any) -> Any:
    """Read what text alone cannot tell pydantic: lists with commas, and "none"."""
    kind, optional = _inner(cls.model_fields[name].annotation)
    if not isinstance(value, str):
        return _NO_NUMBER if isinstance(value, bool) and kind in (int, float) else value
    if IS_PATHS in cls.model_fields[name].metadata:
        return split_paths(value)
    if optional and value.strip().lower() in ("none", "null", ""):
        return None
    if get_origin(kind) is not tuple:
        return _typed(kind, value)
    parts = value.split(",") if value.strip() else []  # an empty part is a mistake, and refused
    return [_typed(get_args(kind)[0], part.strip()) for part in parts]


def _typed(kind: Any, text: str) -> str:
    """Return a text, or one that is no number where pydantic takes more than is typed here."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    wrong = (kind is int and not is_whole(text)) or (kind is float and not is_number(text))
    return _NO_NUMBER if wrong else text


def kind_of(field: FieldInfo) -> str:
    """Return the type of a field in a word, as `--help` shows it: INT, FLOAT, LIST, …"""
    kind, _ = _inner(field.annotation)
    if get_origin(kind) is Annotated:
        kind, *marks = get_args(kind)
        if any(get_args(place)[1] in marks for place in (LocalPath, PathOrHttps)):
            return "PATH"
    if get_origin(kind) in _ORIGINS:
        return _ORIGINS[get_origin(kind)]
    return _KINDS.get(kind, "TEXT")


_ORIGINS: dict[Any, str] = {Literal: "CHOICE", tuple: "LIST"}
_KINDS: dict[Any, str] = {int: "INT", float: "FLOAT", bool: "BOOL", str: "TEXT"}


def allowed_values(field: FieldInfo) -> str:
    """Return what a field takes, in words: "a number greater than 0 and at most 100"."""
    kind, optional = _inner(field.annotation)
    words = _kind_in_words(kind, _bounds(field))
    return f"{words}, or none" if optional else words


def _bounds(field: FieldInfo) -> dict[str, Any]:
    names = ("gt", "ge", "lt", "le")
    return {n: getattr(m, n) for m in field.metadata for n in names if hasattr(m, n)}


def _kind_in_words(kind: Any, bounds: Mapping[str, Any]) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return _list_in_words(get_args(kind)[0])
    if get_origin(kind) is Annotated:
        field = FieldInfo.from_annotation(kind)
        return _kind_in_words(field.annotation, _bounds(field))
    signs = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    limits = [f"{signs[name]} {bound:,}" for name, bound in bounds.items() if name in signs]
    return " ".join([_IN_WORDS.get(kind, str(kind)), " and ".join(limits)]).strip()


_IN_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    str: "text",
    Path: "a path",
}


def _list_in_words(kind: Any) -> str:
    if kind is str or get_args(kind)[:1] == (str,):
        return "a list such as a.txt,b.txt"
    example = ",".join(get_args(kind)[:2]) if get_origin(kind) is Literal else "4,2"
    return f"a list such as {example} in which each is {_kind_in_words(kind, {})}"


def _problems(
    cls: type[Settings], error: ValidationError, typed: Mapping[str, Any]
) -> Iterator[Problem]:
    """Turn pydantic's errors into one sentence a field, the value as the user typed it."""
    seen = set()
    for item in error.errors():
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, ConfigError):
            yield from cause.problems
            continue
        name = str(item["loc"][0])
        if name in seen:
            continue
        seen.add(name)
        value = _shown(typed.get(name))
        if cause is not None:
            yield Problem(name, f"{value} {cause}")
            continue
        field = cls.model_fields[name]
        kind, _ = _inner(field.annotation)
        near = (
            did_you_mean(value, get_args(kind)) if _is_literal(kind) else _near(name, kind, value)
        )
        yield Problem(name, f"{value} is not allowed; it takes {allowed_values(field)}.{near}")


def _near(name: str, kind: Any, value: str) -> str:
    if meant := near_number(value, whole=kind is int) if kind in (int, float) else "":
        return f" Did you mean {meant}?"
    several = is_several(value) if kind is int else kind is float and ":" in value
    return f" Several values are an axis of a sweep: {name}={value}." if several else ""


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _shown(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else reprlib.repr(value)
    except ValueError:  # Python refuses to write a whole number of more than 4300 digits
        text = "a number of thousands of digits"
    return f"{text[:60]}…" if len(text) > 60 else text or "(empty)"
