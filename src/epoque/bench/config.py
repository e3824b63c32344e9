"""What may be set: one schema behind four doors.

A lab's config is a frozen pydantic model derived from `Config`. The same class is the Python
API, the command line, the YAML recipe and the JSON schema that a web form is made from. Every
field is declared with `setting`, which insists on a label and a description. What occurs twice is
a part of the config, `Settings` of its own declared with `sub_config`; they are named by their path
(see `epoque.bench.setting_paths`) at every door.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

from .errors import ConfigError, Problem, format_value
from .files.path_list import LocalPath, PathOrHttps
from .setting_checks import check_conflicts, check_settings
from .setting_conflicts import Conflict, find_conflicts
from .setting_declaration import MAX_THREADS, setting, sub_config, threads_setting
from .setting_effects import Condition, iterate_ignored, other_than
from .setting_info import SettingInfo, collect_settings
from .setting_paths import flatten, nest, suggest_settings
from .setting_schema import build_schema
from .setting_types import allowed_values, read_text, suggest_values
from .weight_edits import Shapes

__all__ = [
    "MAX_THREADS",
    "Config",
    "Conflict",
    "LocalPath",
    "PathOrHttps",
    "Settings",
    "SettingsGroup",
    "other_than",
    "setting",
    "sub_config",
    "threads_setting",
]


class Settings(BaseModel):
    """A set of settings, checked as a whole: frozen, unknown keys, NaN and infinities refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    conflict_rules: ClassVar[tuple[Conflict, ...]] = ()
    """Which values do not go together, where data can say it: a form knows these rules too."""

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
    def from_record(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from what a record holds, as `parse` does.

        Settings without effect stay as they are: a point of a sweep may have some, and an earlier
        version may not have known that they have none.

        Raises:
            ConfigError: with every problem at once.
        """
        return cls._parse_flat(flatten(values), keep_ignored=True)

    @classmethod
    def _parse_flat(cls, flat: Mapping[str, object], *, keep_ignored: bool = False) -> Self:
        settings = cls.settings()
        wrong = [_find_misplaced(cls, path, v) for path, v in flat.items() if path not in settings]
        problems = [problem for problem in wrong if problem is not None]
        own = {path: value for path, value in flat.items() if path in settings}
        read = {path: cls._read(settings[path].field, value) for path, value in own.items()}
        try:
            config = cls.model_validate(nest(read), context=_KEEP_IGNORED if keep_ignored else None)
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
        cls,
        base: Mapping[str, object],
        overrides: Mapping[str, object],
        *,
        keep_ignored: bool = False,
    ) -> Self:
        values = {path: value for path, value in base.items() if path not in overrides}
        while True:
            try:
                return cls._parse_flat({**values, **overrides})
            except ConfigError as error:
                moot = values.keys() & _find_ignored(error)
                if not moot or not (moot := moot - cls._ignored_among(base)):
                    if keep_ignored:
                        return cls._parse_flat({**values, **overrides}, keep_ignored=True)
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
        return self._with_flat_overrides(self._flatten_given(), flatten(changes))

    def at_point(self, values: Mapping[str, object]) -> Self:
        """Return the config of a point of a sweep, validated like a new one.

        Other than with `replace`, a value of the point may be without effect: it has one at another
        (see `epoque.bench.sweeps.grid`).

        Args:
            values: settings by path.

        Raises:
            ConfigError: with every problem at once.
        """
        base = self._flatten_given()
        return self._with_flat_overrides(base, flatten(values), keep_ignored=True)

    def change(self, values: Mapping[str, object]) -> Self:
        """Return the config with settings changed in the middle of a run, validated.

        Other than with `replace`, what has no effect for now stays: it may have one again.

        Args:
            values: settings by path; of a part a mapping.

        Raises:
            ConfigError: with every problem at once.
        """
        return self._parse_flat({**self._flatten_given(), **flatten(values)}, keep_ignored=True)

    def _flatten_given(self) -> dict[str, object]:
        """Return path to value of the settings that are not as by default."""
        settings = self.settings()
        return {p: v for p, v in self.flatten().items() if v != settings[p].default}

    def copy_unchecked(self, path: str, value: object) -> Self:
        """Return a copy with one setting changed, which is not validated."""
        name, _, rest = path.partition(".")
        part = getattr(self, name)
        return self.model_copy(update={name: _copy(part, rest, value) if rest else value})

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields that are each right alone.

        Labs override this for what `conflict_rules` cannot say, and yield from `super()` too. A
        setting that has no effect beside the others is a problem that says so (`ignored`); where
        `setting(…, only=…)` can tell when it has one, nothing needs to be said here.
        """
        yield from find_conflicts(self, self.conflict_rules)

    def find_problems(self) -> Iterator[Problem]:
        """Yield all that is wrong between fields."""
        yield from self.conflicts()

    @model_validator(mode="after")
    def _no_conflicts(self, info: ValidationInfo) -> Self:
        if info.context is _KEEP_IGNORED:
            problems = [problem for problem in self.conflicts() if not problem.ignored]
        else:
            problems = list(self.find_problems())
        if problems:
            raise ConfigError(problems)
        return self


_KEEP_IGNORED = {"keep_ignored": True}
"""The context of a validation that takes settings without effect."""


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


class SettingsGroup(Settings, defer_build=True):
    """Some of a config's settings, in a file of their own: a base of the config, never built alone.

    Pydantic takes the settings of a class's last base first.
    """


class Config(Settings):
    """Base of every lab's config."""

    # Groups that a config is put together of put off what is needed to build one.
    model_config = ConfigDict(defer_build=False)

    seed: int = setting(
        0,
        "Seed",
        "Every random number of the run comes from this one: same seed, same bytes.",
        ge=0,
        le=2**32 - 1,
        group="Training",
    )
    checkpoint_every: int = setting(
        1000,
        "Checkpoint interval",
        "How often everything needed to resume is saved; the end is always saved.",
        unit="iterations",
        ge=1,
        le=10**9,
        scale="log",
        group="Recording",
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse settings that the command line and a form could not show.

        Raises:
            UsageError: if one is not declared with `setting`, takes a list, or has an effect `only`
                with a setting that there is not, or with a value that it cannot have; or if a rule
                of conflicts names such a setting or value.
        """
        super().__pydantic_init_subclass__(**kwargs)
        settings = list(collect_settings(cls))
        check_settings(cls.__name__, settings)
        check_conflicts(cls.__name__, cls.conflict_rules, settings)

    def moments(self) -> Iterator[Self]:
        """Yield the config and what becomes of it, for labs whose settings change during a run.

        A setting that has an effect at one of these moments is not without one.
        """
        yield self

    def weight_shapes(self) -> Shapes:
        """Return the shapes of the weights that may be set during a run, by name; by default none.

        Those under `held.…` say which weights are held (see `epoque.bench.weight_edits`).
        """
        return {}

    def find_problems(self) -> Iterator[Problem]:
        """Yield all that is wrong between fields, settings without effect first."""
        yield from self._iterate_ignored()
        yield from self.conflicts()

    def ignored_settings(self) -> set[str]:
        """Return the paths of the settings that never have an effect beside the others."""
        return {problem.field for problem in self._find_without_effect()}

    def _iterate_ignored(self) -> Iterator[Problem]:
        """Yield the settings that are not as by default and never have an effect."""
        defaults = _effects_of(type(self)).defaults
        for problem in self._find_without_effect():
            if self.get(problem.field) != defaults[problem.field]:
                yield problem

    def _find_without_effect(self) -> list[Problem]:
        """Return what is wrong with each setting that has no effect at any moment."""
        conditions = _effects_of(type(self)).conditions
        ignored = list(iterate_ignored(self, conditions))
        for moment in self.moments() if ignored else ():
            still = {p.field for p in iterate_ignored(moment, conditions)}
            ignored = [problem for problem in ignored if problem.field in still]
        return ignored

    def _repr_html_(self) -> str:
        """Return a card of the settings that are not as by default, for a notebook."""
        from .cards import SETTINGS, Card
        from .i18n import environment_language, translator

        language, usual = environment_language(), type(self)()
        rows = [
            (info.label(language), self.get(path))
            for path, info in self.settings().items()
            if self.get(path) != usual.get(path)
        ]
        note = "" if rows else translator(language)("All settings are as by default.")
        sections = [(SETTINGS, rows)] if rows else []
        return Card(type(self).__name__, note=note, sections=sections).html(language)

    @classmethod
    def json_schema(cls, language: str = "en") -> dict[str, Any]:
        """Return the JSON schema, with all words in `language` ("en" or "fr").

        A part is an object with properties of its own, each with its default there. Which values do
        not go together stands under `conflicts`.
        """
        schema = build_schema(cls, language, list(Config.model_fields))
        from .i18n import translator

        _ = translator(language)
        rules = [{**rule.to_json(), "message": _(rule.message)} for rule in cls.conflict_rules]
        return {**schema, "conflicts": rules}


@cache
def _settings_of(cls: type[Settings]) -> Mapping[str, SettingInfo]:
    return MappingProxyType({info.path: info for info in collect_settings(cls)})


@dataclass(frozen=True, slots=True)
class _Effects:
    """The settings of a class that do not always have an effect.

    Attributes:
        conditions: path to what each needs.
        defaults: path to its default, as it is when validated.
    """

    conditions: Mapping[str, tuple[Condition, ...]]
    defaults: Mapping[str, object]


@cache
def _effects_of(cls: type[Config]) -> _Effects:
    conditions = {path: info.conditions for path, info in _settings_of(cls).items()}
    conditions = {path: needs for path, needs in conditions.items() if needs}
    if not conditions:
        return _Effects({}, {})
    # With what has no effect allowed, since this is what tells that.
    usual = cls.model_validate({}, context=_KEEP_IGNORED)
    return _Effects(conditions, {path: usual.get(path) for path in conditions})


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
        message = f"{format_value(value)} is not allowed; it holds settings, such as {first}."
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
        field, value = settings[path].field, format_value(typed.get(path))
        if cause is not None:
            yield Problem(path, f"{value} {cause}")
            continue
        meant = suggest_values(path, field, value)
        yield Problem(path, f"{value} is not allowed; it takes {allowed_values(field)}.{meant}")
