"""Settings as trackers keep them: short texts; the run folder has them whole."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ..limits import MAX_PARAMETER_CHARACTERS
from ..setting_paths import flatten

__all__ = ["shorten_parameters"]


def shorten_parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return path to value, those of more than `MAX_PARAMETER_CHARACTERS` shortened.

    What is cut ends with its length and its SHA-256, so that two drawings can be told apart.
    """
    return {name: _shorten(value) for name, value in flatten(config).items()}


def _shorten(value: object) -> Any:
    text = str(value)
    if len(text) <= MAX_PARAMETER_CHARACTERS:
        return value
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    end = f"… ({len(text):,} characters, sha256 {digest[:16]}; whole in config.json)"
    return text[: MAX_PARAMETER_CHARACTERS - len(end)] + end
