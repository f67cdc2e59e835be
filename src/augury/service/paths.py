"""Paths: how symbols, timeframes, horizons and versions stand in addresses, and what else a route may answer.

A symbol may hold ``/`` (written ``%2F``), so it takes all that the other parts leave; what those parts may look like
is said here, that an address with a verb at its end is never read as a cell. A name in an address is looked up, never
opened: nothing here becomes a path of the disk.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Path, Query
from starlette.convertors import Convertor, register_url_convertor

from augury.service.problems import MEDIA_TYPE


class _Word(Convertor[str]):
    """A part of an address that only some texts fit."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


_FRAME: Final = "[0-9]{0,2}[mhdwMHDW][0-9]{0,2}"
_SPAN: Final = "[0-9]{1,4}[hdwHDW]"
_VERSION: Final = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
for _name, _regex in (("timeframe", _FRAME), ("horizon", _SPAN), ("version", _VERSION)):
    register_url_convertor(_name, type(f"_{_name}", (_Word,), {"regex": _regex})())

CELL: Final = "/{symbol:path}/{timeframe:timeframe}/{horizon:horizon}"
"""A cell in an address."""

Symbol = Annotated[str, Path(min_length=1, max_length=24, pattern=r"^[A-Za-z0-9.^=_/-]+$", examples=["^GSPC"])]
Frame = Annotated[str, Path(pattern=f"^{_FRAME}$", examples=["d1"])]
Span = Annotated[str, Path(pattern=f"^{_SPAN}$", examples=["5d"])]
VersionName = Annotated[str, Path(pattern=f"^{_VERSION}$", examples=["20261121T105800Z-1a2b3c"])]
OneSymbol = Annotated[str, Query(min_length=1, max_length=24, examples=["^GSPC"])]
AnySymbol = Annotated[str | None, Query(min_length=1, max_length=24, examples=["^GSPC"])]
AnyFrame = Annotated[str | None, Query(min_length=1, max_length=8, examples=["d1"])]
AnySpan = Annotated[str | None, Query(min_length=1, max_length=8, examples=["5d"])]
Cursor = Annotated[str | None, Query(min_length=1, max_length=300, description="`next` of the page before.")]


def _refused(status: int, said: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": said, "content": {MEDIA_TYPE: schema}}}


UNKNOWN: Final = _refused(404, "Nothing of that name")
REFUSED: Final = _refused(409, "The gates, a pin or its state refuse it; `errors` says which and why")
MOVED: Final = _refused(412, "It was changed since it was read")
