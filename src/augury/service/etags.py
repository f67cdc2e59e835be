"""ETags: an answer is sent again only when it changed, and what it says is changed only by one who saw it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response

from augury.core.errors import ChangedMeanwhile
from augury.core.hashing import sha256_bytes
from augury.service.strict import Answer, StrictRoute

_REVALIDATE: Final = "private, no-cache"
_NOT_CHANGED: Final = {304: {"description": "Not changed since If-None-Match"}}


def etag_of(content: bytes) -> str:
    """Return the strong ETag of an answer: equal bytes, equal tag.

    Examples
    --------
    >>> etag_of(b"{}")
    '"44136fa355b3678a1146ad16f7e8649e"'
    """
    return f'"{sha256_bytes(content)[:32]}"'


def etag_of_answer(answer: Answer) -> str:
    """Return the ETag of an answer whose route sets it itself, so that a later ``If-Match`` can be held against it."""
    return etag_of(answer.model_dump_json().encode())


def names(header: str, tag: str) -> bool:
    """Say whether a header of tags (``If-Match``, ``If-None-Match``) names a tag.

    Examples
    --------
    >>> [names(header, '"a"') for header in ('"b", W/"a"', "*", '"b"', "")]
    [True, True, False, False]
    """
    said = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in said or tag in said


def require(if_match: str | None, answer: Answer, what: str) -> None:
    """Refuse to change what is no longer what the caller saw; without ``If-Match`` nothing is asked.

    Parameters
    ----------
    if_match : str or None
        The header.
    answer : Answer
        As it is now.
    what : str
        Named in the message.

    Raises
    ------
    ChangedMeanwhile
        The tag is another one.
    """
    if if_match is not None and not names(if_match, etag_of_answer(answer)):
        raise ChangedMeanwhile(f"{what} is not what If-Match says: it was changed meanwhile", fix="read it again")


class TaggedRoute(StrictRoute):
    """A strict route whose GETs carry an ETag, of their content or their own, and answer 304 to one who has it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        if "GET" in (said.get("methods") or ()):
            said["responses"] = _NOT_CHANGED | (said.get("responses") or {})
        super().__init__(path, endpoint, **said)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the strict handler."""
        answer = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answer(request)
            if request.method != "GET" or response.status_code != 200:
                return response
            tag = response.headers.get("etag") or etag_of(bytes(response.body))
            headers = {"etag": tag, "cache-control": _REVALIDATE}
            if names(request.headers.get("if-none-match", ""), tag):
                return Response(status_code=304, headers=headers)
            response.headers.update(headers)
            return response

        return tagged
