"""What a config says of each of its settings, in whatever part it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .i18n import translator
from .setting_effects import Condition, read_conditions

__all__ = ["SettingInfo", "collect_settings"]


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting of a config, in whatever part it stands.

    Attributes:
        path: its name, after those of the parts that it stands in: `generator.layers`.
        field: its declaration: type, bounds, description.
        default: its value there when nothing is said; two parts of one class may differ in it.
        contexts: how each part around it completes its label: `{} of the generator`.
        group: the heading of a form under which it stands, in English; "" if none is said.
    """

    path: str
    field: FieldInfo
    default: Any
    contexts: tuple[str, ...] = ()
    group: str = ""

    def label(self, language: str = "en") -> str:
        """Return a learner's name for it: "Learning rate of the generator"."""
        _ = translator(language)
        text = _(str(self.field.title))
        for context in reversed(self.contexts):
            text = _(context).format(text)
        return text

    def choice_words(self, language: str = "en") -> dict[str, str]:
        """Return a learner's words for the values that it chooses among; empty if it has none."""
        _ = translator(language)
        return {value: _(word) for value, word in (_extra(self.field, "choices") or {}).items()}

    @property
    def is_live(self) -> bool:
        """Whether it may change in the middle of a run."""
        return bool(_extra(self.field, "live"))

    @property
    def file(self) -> tuple[str, ...] | None:
        """The endings of the user's files that it takes; None if it names no files or addresses."""
        endings = _extra(self.field, "file")
        return None if endings is None else tuple(endings)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What must hold of other settings for it to have an effect."""
        part = self.path.rpartition(".")[0]
        return read_conditions(_extra(self.field, "only") or {}, f"{part}." if part else "")


def collect_settings(
    config: type[BaseModel], default: object = None, group: str = ""
) -> Iterator[SettingInfo]:
    """Yield every setting of a config, in the order of the schema.

    Args:
        config: its class.
        default: one whose values are the defaults; by default those that the class declares.
        group: that of the part which the class is of.
    """
    for name, field in config.model_fields.items():
        value = field.default if default is None else getattr(default, name)
        own = _extra(field, "group") or group
        if not isinstance(value, BaseModel):
            yield SettingInfo(name, field, value, group=own)
            continue
        context = _extra(field, "context")
        for inner in collect_settings(type(value), value, own):
            contexts = (context, *inner.contexts) if context else inner.contexts
            yield SettingInfo(
                f"{name}.{inner.path}", inner.field, inner.default, contexts, inner.group
            )


def _extra(field: FieldInfo, name: str) -> Any:
    extra = field.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None
