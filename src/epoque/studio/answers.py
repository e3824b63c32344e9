"""How errors become answers: one sentence, the right status, never a traceback."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from epoque.bench.errors import (
    ConfigError,
    DamagedRunError,
    EpoqueError,
    MissingExtraError,
    NameTakenError,
    Problem,
    RunLockedError,
    RunWriteError,
    UnknownNameError,
)
from epoque.bench.undefined import replace_undefined

from .models import ProblemInfo
from .refusals import language_of, translate_refusal

__all__ = ["PlainJson", "add_error_answers", "describe_problems"]

_STATUS: tuple[tuple[type[EpoqueError], int], ...] = (
    (UnknownNameError, 404),
    (NameTakenError, 409),
    (RunLockedError, 409),
    (DamagedRunError, 409),
    (MissingExtraError, 409),
    (RunWriteError, 507),
)
"""Of the errors that are no mistake in the request; of all others it is 422."""


class PlainJson(JSONResponse):
    """JSON that any client reads: what is no number is null, half a surrogate pair escaped."""

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return json.dumps(replace_undefined(content), separators=(",", ":")).encode()


def describe_problems(problems: Sequence[Problem]) -> list[ProblemInfo]:
    """Return problems as they go over the wire."""
    return [ProblemInfo(field=p.field, message=p.message, ignored=p.ignored) for p in problems]


def add_error_answers(app: FastAPI) -> None:
    """Have an app answer errors with a sentence."""
    app.add_exception_handler(EpoqueError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_wrong_request)
    app.add_exception_handler(HTTPException, _answer_http)


async def _answer_error(request: Request, error: Exception) -> PlainJson:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 422)
    problems = describe_problems(error.problems) if isinstance(error, ConfigError) else []
    sentence = translate_refusal(str(error), language_of(request.headers))
    return _refusal(status, sentence, [problem.model_dump() for problem in problems])


async def _answer_wrong_request(_request: Request, error: Exception) -> PlainJson:
    """Answer a request that no model takes; what it said is not repeated."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        f"{'.'.join(map(str, item['loc'][1:])) or item['loc'][0]}: {item['msg']}."
        for item in error.errors()[:10]
    ]
    return _refusal(422, " ".join(wrong))


async def _answer_http(_request: Request, error: Exception) -> PlainJson:
    assert isinstance(error, HTTPException)
    return _refusal(error.status_code, str(error.detail), headers=error.headers)


def _refusal(
    status: int, detail: str, problems: Sequence[dict[str, Any]] = (), headers: Any = None
) -> PlainJson:
    return PlainJson({"detail": detail, "problems": list(problems)}, status, headers)
