"""JSON that others wrote: within limits, and with the place of a mistake."""

import json
from typing import Any

from ..errors import DataError
from ..limits import MAX_JSON_BYTES, MAX_JSON_PARTS
from .input_files import describe_kind

__all__ = ["parse_json"]


def parse_json(data: bytes, where: str, most: int = MAX_JSON_BYTES) -> Any:
    """Return what a JSON text describes.

    Args:
        data: the text, as UTF-8, UTF-16 or UTF-32, with or without a byte order mark.
        where: the file, for an error.
        most: how many bytes it may have.

    Raises:
        DataError: naming line and column of a mistake, or what it is instead; if it is too large,
            or nested too deeply.
    """
    if len(data) > most:
        raise DataError(f"{where} has {len(data):,} bytes; at most {most:,} are read.")
    if kind := describe_kind(data):
        raise DataError(f"{where} is no JSON but {kind}.")
    if data.count(b"[") + data.count(b"{") > MAX_JSON_PARTS:
        raise DataError(f"{where} holds more than {MAX_JSON_PARTS:,} lists and objects.")
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {_mistake(error)}"
        raise DataError(f"{where} is damaged: it is no JSON ({place}).") from None
    except UnicodeDecodeError:
        raise DataError(f"{where} is damaged: it is neither UTF-8 nor UTF-16 text.") from None
    except RecursionError:
        raise DataError(f"{where} is damaged: its lists are nested too deeply.") from None
    except ValueError:  # of Python's limit on digits
        raise DataError(f"{where} is damaged: it holds a number of thousands of digits.") from None


def _mistake(error: json.JSONDecodeError) -> str:
    before = error.doc[: error.pos].rstrip()[-1:]
    if before == "," and error.doc[error.pos : error.pos + 1] in ("]", "}"):
        return "the comma before it is one too many"
    return f"{error.msg[:1].lower()}{error.msg[1:]}"
