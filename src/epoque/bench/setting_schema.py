"""The JSON schema of a config, from which a form is made."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from .i18n import translator

__all__ = ["build_schema"]


def build_schema(
    config: type[BaseModel], language: str, common: Collection[str] = ()
) -> dict[str, Any]:
    """Return the schema of a config's class, with labels, descriptions, units and groups in words.

    Beside what JSON schemas have, a setting has what it declares of `unit`, `scale`, `step`,
    `group`, `live`, `only` and `file` (see `epoque.bench.config.setting`). A lab's own settings
    come first, then those that every lab has.

    Args:
        config: the class.
        language: "en" or "fr".
        common: the names of the settings that every lab has.
    """
    schema = config.model_json_schema()
    definitions = schema.pop("$defs", {})
    schema.pop("description", None)
    schema = _inline_parts(schema, definitions, config().model_dump(mode="json"), language)
    properties = schema["properties"]
    last = {name: properties.pop(name) for name in common}
    return {**schema, "properties": {**properties, **last}}


def _inline_parts(
    schema: dict[str, Any],
    definitions: Mapping[str, Any],
    defaults: Any,
    language: str,
    part: str = "",
) -> dict[str, Any]:
    """Return an object's schema with its parts in place, defaults and words as they are there.

    Args:
        schema: the object's.
        definitions: of the parts, by the name of their class.
        defaults: the object's.
        language: of the words.
        part: the object's path, with a dot at its end.
    """
    _ = translator(language)
    properties: dict[str, Any] = {}
    for name, value in schema["properties"].items():
        inlined = {**value, "title": _(value["title"]), "description": _(value["description"])}
        inlined |= {word: _(value[word]) for word in ("unit", "group") if word in value}
        if "choices" in value:
            inlined["choices"] = {name: _(word) for name, word in value["choices"].items()}
        if "only" in value:
            inlined["only"] = {f"{part}{path}": needs for path, needs in value["only"].items()}
        inlined.pop("context", None)
        if reference := inlined.pop("$ref", None):
            own = definitions[reference.rpartition("/")[2]]
            inner = _inline_parts(own, definitions, defaults[name], language, f"{part}{name}.")
            inlined = {**inner, **inlined}
        properties[name] = {**inlined, "default": defaults[name]}
    return {**schema, "properties": properties}
