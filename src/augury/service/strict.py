"""Strict input: what a body may be, before any rule of ours looks at it.

Python's own JSON reader takes ``NaN``; schemas that are not strict take ``"1.5"`` for a number and
forget fields they do not know. Here such a body is refused with its field named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

import numpy as np
import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from augury.service.idempotency import answered

DEPTH_MAX: Final = 32
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NO_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))


class Strict(BaseModel):
    """A body or a part of one: known fields only, numbers that are numbers and finite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Answer(BaseModel):
    """What a route says: written once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Read the body; raises 400 or 422 problems with what is wrong."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads JSON strictly; queries may hold only what it declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the framework."""
        answer = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params} | {
            field.alias for part in self.dependant.dependencies for field in part.query_params
        }

        async def strictly(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                raise RequestValidationError(
                    [{"loc": ("query", name), "msg": _unknown(name, known), "type": "extra"} for name in unknown]
                )
            return await answered(StrictRequest(request.scope, request.receive), answer)

        return strictly


def _unknown(name: str, known: set[str]) -> str:
    return f"unknown parameter (known: {', '.join(sorted(known)) or 'none'})"


def read_json(body: bytes) -> Any:
    """Read JSON without NaN, infinities or deep nesting.

    Raises
    ------
    HTTPException
        400: not JSON, or nested deeper than ``DEPTH_MAX``.

    Examples
    --------
    >>> read_json(b'{"data": [1.5]}')
    {'data': [1.5]}
    >>> read_json(b'[NaN]')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    starlette.exceptions.HTTPException: 400: not JSON: unexpected character...line 1 column 2 (char 1)
    """
    if _too_deep(body):
        raise HTTPException(400, f"JSON is nested deeper than {DEPTH_MAX}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"not JSON: {error}") from None


def _too_deep(body: bytes) -> bool:
    # Cheap first: a body with few openings cannot be deep. Brackets inside strings only make us look closer.
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return False
    bare = _STRING.sub(b"", body) if b'"' in body else body
    brackets = np.frombuffer(bare.translate(None, _NO_BRACKET), dtype=np.uint8)
    opens = (brackets == ord("[")) | (brackets == ord("{"))
    return bool(np.where(opens, 1, -1).cumsum().max(initial=0) > DEPTH_MAX)
