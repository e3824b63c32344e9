"""What a declaration of settings is refused for, when the class of a config is made."""

from collections.abc import Mapping, Sequence

from .errors import UsageError
from .setting_conflicts import Conflict
from .setting_effects import Condition
from .setting_info import SettingInfo
from .setting_paths import suggest_settings
from .setting_types import allowed_values, check_type, takes_value

__all__ = ["check_conflicts", "check_settings"]


def check_settings(config: str, settings: Sequence[SettingInfo]) -> None:
    """Check that every setting can be shown, typed and compared, and has an effect sometimes.

    Args:
        config: the name of the class.
        settings: all of its settings.

    Raises:
        UsageError: if one is not declared with `setting`, takes a list, or has an effect `only`
            with a setting that there is not, or with a value that it cannot have; or if it has a
            word for such a value.
    """
    infos = {info.path: info for info in settings}
    for path, info in infos.items():
        where = f"The setting {path!r} of {config}"
        if not (info.field.title and info.field.description):
            raise UsageError(f"{where} has no label; declare it with `setting(…)`.")
        check_type(where, info.field)
        for value in _choices_of(info):
            if not takes_value(info.field, value):
                raise UsageError(
                    f"{where} has a word for {value!r}, but takes {allowed_values(info.field)}."
                )
        for condition in info.conditions:
            _check_condition(f"{where} has an effect only with", condition, infos)


def check_conflicts(
    config: str, rules: Sequence[Conflict], settings: Sequence[SettingInfo]
) -> None:
    """Check that rules of conflicts name settings that there are, and values that they take.

    Args:
        config: the name of the class.
        rules: its rules.
        settings: all of its settings.

    Raises:
        UsageError: if one does not.
    """
    infos = {info.path: info for info in settings}
    for rule in rules:
        where = f"The conflict at {rule.field!r} of {config} looks at"
        for path in sorted(rule.paths - infos.keys()):
            raise UsageError(f"{where} {path!r}, no setting.{suggest_settings(path, infos)}")
        for condition in rule.conditions:
            _check_condition(where, condition, infos)


def _choices_of(info: SettingInfo) -> list[str]:
    """Return the values that it has words for."""
    extra = info.field.json_schema_extra
    choices = extra.get("choices") if isinstance(extra, dict) else None
    return list(choices) if isinstance(choices, dict) else []


def _check_condition(where: str, condition: Condition, infos: Mapping[str, SettingInfo]) -> None:
    """Check that a condition names a setting and, of one with choices, some of them."""
    other = infos.get(condition.path)
    if other is None:
        hint = suggest_settings(condition.path, infos)
        raise UsageError(f"{where} {condition.path!r}, no setting.{hint}")
    for value in condition.values:
        if not takes_value(other.field, value):
            raise UsageError(
                f"{where} {condition.path} {value!r}, which takes {allowed_values(other.field)}."
            )
