"""What may be set: one schema behind four doors.

A lab's config is a frozen pydantic model derived from `Config`. The same class is the Python
API, the command line, the YAML recipe and the JSON schema that a web form is made from. Every
field is declared with `setting`, which insists on a label and a description. What occurs twice is
a part of the config, `Settings` of its own declared with `sub_config`; they are named by their path
(see `epoque.bench.setting_paths`) at every door.
"""

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from .errors import ConfigError, Problem, UsageError
from .files.path_list import LocalPath, PathOrHttps
from .i18n import translator
from .setting_info import SettingInfo, collect_settings
from .setting_paths import flatten, nest, suggest_settings
from .setting_types import allowed_values, check_type, read_text, suggest_values

__all__ = [
    "MAX_THREADS",
    "Config",
    "LocalPath",
    "PathOrHttps",
    "Settings",
    "setting",
    "sub_config",
    "threads_setting",
]

MAX_THREADS = 1024
"""More than any one machine that this is made for has."""


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


def sub_config(
    default: "Settings", label: str, description: str, *, context: str | None = None
) -> Any:
    """Declare a part of a config that holds settings of its own.

    Args:
        default: the part when nothing is said; what is said of some of its settings leaves the
            others as they are here.
        label: a learner's name for it, in English; French comes from the catalogue.
        description: one line, in English; French comes from the catalogue.
        context: completes the label of a setting in it where that stands alone, as at an axis of a
            figure, in English: "{} of the generator"; by default the setting's label is enough.
    """
    extra: dict[str, Any] | None = {"context": context} if context else None
    return Field(default, title=label, description=description, json_schema_extra=extra)


def threads_setting() -> Any:
    """Declare the field `threads` of a lab that computes with PyTorch (`bench.torch.threads`)."""
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

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: object) -> Any:
        """Fill up parts of which only some settings are given with their defaults here.

        Pydantic alone would take them from the part's class, which two parts may share.
        """
        if not isinstance(values, Mapping):
            return values
        values = _by_name(values)
        partial = {
            name: _merge(default, values[name])
            for name, default in _default_parts(cls).items()
            if isinstance(values.get(name), Mapping)
        }
        return {**values, **partial} if partial else values

    @classmethod
    def settings(cls) -> Mapping[str, SettingInfo]:
        """Return every setting by its path, in the order of the schema."""
        return _settings_of(cls)

    def get(self, path: str) -> Any:
        """Return the value of a setting, which exists, by its path."""
        return attrgetter(path)(self)

    def flatten(self) -> dict[str, Any]:
        """Return path to value of every setting, in the order of the schema."""
        return {path: read(self) for path, read in _getters_of(type(self)).items()}

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from a mapping whose values may be text, as typed by a user.

        Args:
            values: path of a setting to value, or nested mappings of them. Text is read as the
                field's type: `"0.5"`, `"true"`, `"4,2"` for a tuple, `"none"` for an optional
                field; of paths see `path_list`.

        Raises:
            ConfigError: with every problem at once.
        """
        return cls._parse_flat(flatten(values))

    @classmethod
    def _parse_flat(cls, flat: Mapping[str, object]) -> Self:
        settings = cls.settings()
        wrong = [_find_misplaced(cls, path, v) for path, v in flat.items() if path not in settings]
        problems = [problem for problem in wrong if problem is not None]
        own = {path: value for path, value in flat.items() if path in settings}
        read = {path: cls._read(settings[path].field, value) for path, value in own.items()}
        try:
            config = cls.model_validate(nest(read))
        except ValidationError as error:
            raise ConfigError([*problems, *_iterate_problems(cls, error, own)]) from None
        if problems:
            raise ConfigError(problems)
        return config

    @classmethod
    def _read(cls, field: FieldInfo, value: object) -> Any:
        """Return what a value stands for, if it is a text (see `read_text`)."""
        return read_text(field, value)

    @classmethod
    def with_overrides(cls, base: Mapping[str, Any], overrides: Mapping[str, Any]) -> Self:
        """Build a config from settings, such as a recipe's, and what is set instead of some.

        A setting of the base that the overrides leave without effect goes back to its default. It
        is a mistake only where it has no effect in the base either, or is an override itself.

        Args:
            base: as `parse` takes them.
            overrides: likewise.

        Raises:
            ConfigError: with every problem at once.
        """
        return cls._with_flat_overrides(flatten(base), flatten(overrides))

    @classmethod
    def _with_flat_overrides(
        cls, base: Mapping[str, object], overrides: Mapping[str, object]
    ) -> Self:
        values = {path: value for path, value in base.items() if path not in overrides}
        while True:
            try:
                return cls._parse_flat({**values, **overrides})
            except ConfigError as error:
                moot = values.keys() & _find_ignored(error)
                if not moot or not (moot := moot - cls._ignored_among(base)):
                    raise
            values = {path: value for path, value in values.items() if path not in moot}

    @classmethod
    def _ignored_among(cls, values: Mapping[str, object]) -> set[str]:
        try:
            cls._parse_flat(values)
        except ConfigError as error:
            return _find_ignored(error)
        return set()

    def replace(self, **changes: object) -> Self:
        """Return a copy with some settings changed, validated like a new one (`with_overrides`).

        Args:
            changes: settings by name or path; of a part a mapping, or the whole part.

        Raises:
            ConfigError: with every problem at once.
        """
        settings = self.settings()
        base = {p: v for p, v in self.flatten().items() if v != settings[p].default}
        return self._with_flat_overrides(base, flatten(changes))

    def copy_unchecked(self, path: str, value: object) -> Self:
        """Return a copy with one setting changed, which is not validated."""
        name, _, rest = path.partition(".")
        part = getattr(self, name)
        return self.model_copy(update={name: _copy(part, rest, value) if rest else value})

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


def _merge(default: Settings, values: Mapping[str, object]) -> dict[str, Any]:
    """Return a part's settings by name, completed by its defaults."""
    merged = {**default.__dict__, **_by_name(values)}
    for name in _default_parts(type(default)):
        if isinstance(merged[name], Mapping):
            merged[name] = _merge(default.__dict__[name], merged[name])
    return merged


def _by_name(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings by their names, those that are named by paths in mappings of their own."""
    return nest(flatten(values)) if any("." in str(name) for name in values) else values


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
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse settings that the command line and a form could not show.

        Raises:
            UsageError: if one is not declared with `setting`, or takes a list.
        """
        super().__pydantic_init_subclass__(**kwargs)
        for info in collect_settings(cls):
            where = f"The setting {info.path!r} of {cls.__name__}"
            if not (info.field.title and info.field.description):
                raise UsageError(f"{where} has no label; declare it with `setting(…)`.")
            check_type(where, info.field)

    def _repr_html_(self) -> str:
        """Return a card of the settings that are not as by default, for a notebook."""
        from .cards import SETTINGS, Card
        from .i18n import environment_language

        language, usual = environment_language(), type(self)()
        rows = [
            (info.label(language), self.get(path))
            for path, info in self.settings().items()
            if self.get(path) != usual.get(path)
        ]
        return Card(type(self).__name__, sections=[(SETTINGS, rows)] if rows else ()).html(language)

    @classmethod
    def json_schema(cls, language: str = "en") -> dict[str, Any]:
        """Return the JSON schema, with labels and descriptions in `language` ("en" or "fr").

        A part is an object with properties of its own, each with its default there.
        """
        schema = cls.model_json_schema()
        definitions = schema.pop("$defs", {})
        schema.pop("description", None)
        return _inline_parts(schema, definitions, cls().model_dump(mode="json"), language)


def _inline_parts(
    schema: dict[str, Any], definitions: Mapping[str, Any], defaults: Any, language: str
) -> dict[str, Any]:
    """Return an object's schema with its parts in place, defaults and words as they are there."""
    _ = translator(language)
    properties: dict[str, Any] = {}
    for name, value in schema["properties"].items():
        inlined = {**value, "title": _(value["title"]), "description": _(value["description"])}
        if "unit" in value:
            inlined["unit"] = _(value["unit"])
        inlined.pop("context", None)
        if reference := inlined.pop("$ref", None):
            part = definitions[reference.rpartition("/")[2]]
            inner = _inline_parts(part, definitions, defaults[name], language)
            inlined = {**inner, **inlined}
        properties[name] = {**inlined, "default": defaults[name]}
    return {**schema, "properties": properties}


@cache
def _settings_of(cls: type[Settings]) -> Mapping[str, SettingInfo]:
    return MappingProxyType({info.path: info for info in collect_settings(cls)})


@cache
def _getters_of(cls: type[Settings]) -> Mapping[str, "attrgetter[Any]"]:
    return {path: attrgetter(path) for path in _settings_of(cls)}


@cache
def _default_parts(cls: type[Settings]) -> Mapping[str, Settings]:
    fields = cls.model_fields.items()
    return {name: field.default for name, field in fields if isinstance(field.default, Settings)}


@cache
def _parts_of(cls: type[Settings]) -> frozenset[str]:
    """Return the paths of the parts, which hold settings."""
    names = [path.split(".")[:-1] for path in _settings_of(cls)]
    return frozenset(".".join(part[:end]) for part in names for end in range(1, len(part) + 1))


def _find_ignored(error: ConfigError) -> set[str]:
    return {problem.field for problem in error.problems if problem.ignored}


def _copy(part: BaseModel, path: str, value: object) -> BaseModel:
    name, _, rest = path.partition(".")
    return part.model_copy(
        update={name: _copy(getattr(part, name), rest, value) if rest else value}
    )


def _find_misplaced(cls: type[Settings], path: str, value: object) -> Problem | None:
    """Return what is wrong with a path that names no setting; nothing with a part left empty."""
    settings, parts = cls.settings(), _parts_of(cls)
    if path in parts:
        if value == {}:
            return None
        first = next(other for other in settings if other.startswith(f"{path}."))
        message = f"{_format_value(value)} is not allowed; it holds settings, such as {first}."
        return Problem(path, message)
    steps = path.split(".")
    for end in range(1, len(steps)):
        if (leaf := ".".join(steps[:end])) in settings:
            return Problem(path, f"{leaf} is a setting itself and holds no others.")
    return Problem(path, "no such setting." + suggest_settings(path, [*settings, *parts]))


def _iterate_problems(
    cls: type[Settings], error: ValidationError, typed: Mapping[str, object]
) -> Iterator[Problem]:
    """Turn pydantic's errors into one sentence a setting, the value as the user typed it."""
    settings, reported = cls.settings(), set()
    for item in error.errors():
        cause, steps = item.get("ctx", {}).get("error"), list(map(str, item["loc"]))
        if isinstance(cause, ConfigError):  # of the whole, or of a part, which knows no other path
            paths = (".".join(filter(None, [*steps, p.field])) for p in cause.problems)
            yield from (replace(p, field=f) for p, f in zip(cause.problems, paths, strict=True))
            continue
        # After the setting's own path pydantic says where in its value the mistake is.
        paths = (".".join(steps[:end]) for end in range(1, len(steps) + 1))
        path = next(path for path in paths if path in settings)
        if path in reported:
            continue
        reported.add(path)
        field, value = settings[path].field, _format_value(typed.get(path))
        if cause is not None:
            yield Problem(path, f"{value} {cause}")
            continue
        meant = suggest_values(path, field, value)
        yield Problem(path, f"{value} is not allowed; it takes {allowed_values(field)}.{meant}")


def _format_value(value: object) -> str:
    """Return a value as a sentence shows it: text as typed, and nothing of great length."""
    try:
        text = value if isinstance(value, str) else reprlib.repr(value)
    except ValueError:  # Python refuses to write a whole number of more than 4300 digits
        text = "a number of thousands of digits"
    return f"{text[:60]}…" if len(text) > 60 else text or "(empty)"
