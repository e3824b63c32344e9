"""What a config says of each of its settings, in whatever part it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .i18n import translator

__all__ = ["SettingInfo", "collect_settings"]


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting of a config, in whatever part it stands.

    Attributes:
        path: its name, after those of the parts that it stands in: `generator.layers`.
        field: its declaration: type, bounds, description.
        default: its value there when nothing is said; two parts of one class may differ in it.
        contexts: how each part around it completes its label: `{} of the generator`.
    """

    path: str
    field: FieldInfo
    default: Any
    contexts: tuple[str, ...] = ()

    def label(self, language: str = "en") -> str:
        """Return a learner's name for it: "Learning rate of the generator"."""
        _ = translator(language)
        text = _(str(self.field.title))
        for context in reversed(self.contexts):
            text = _(context).format(text)
        return text


def collect_settings(config: type[BaseModel], default: object = None) -> Iterator[SettingInfo]:
    """Yield every setting of a config, in the order of the schema.

    Args:
        config: its class.
        default: one whose values are the defaults; by default those that the class declares.
    """
    for name, field in config.model_fields.items():
        value = field.default if default is None else getattr(default, name)
        if not isinstance(value, BaseModel):
            yield SettingInfo(name, field, value)
            continue
        context = _context(field)
        for inner in collect_settings(type(value), value):
            contexts = (context, *inner.contexts) if context else inner.contexts
            yield SettingInfo(f"{name}.{inner.path}", inner.field, inner.default, contexts)


def _context(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra.get("context", "")) if isinstance(extra, dict) else ""
