"""The feature cache on a server of the Redis protocol, shared by many processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from augury.core.errors import TemporaryError
from augury.core.extras import require

_PREFIX: Final = "augury:features:"


class RedisBackend:
    """Pieces of bytes by key, on a server.

    Parameters
    ----------
    url : str
        E.g. ``redis://127.0.0.1:6379/0`` or ``unix:///run/redis.sock``.
    keep_s : int
        Seconds after which an entry that was not written again is forgotten by the server.
    """

    def __init__(self, url: str, *, keep_s: int = 7 * 86_400) -> None:
        self._redis = require("redis", extra="cache")
        self._client: Any = self._redis.Redis.from_url(url, socket_timeout=10.0, socket_connect_timeout=5.0)
        self._keep_s = keep_s

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each key; None where nothing is."""
        if not keys:
            return []
        try:
            return list(self._client.mget([_PREFIX + key for key in keys]))
        except self._redis.RedisError as error:
            raise self._down(error) from error

    def write(self, puts: Mapping[str, bytes], appends: Mapping[str, bytes]) -> None:
        """Replace some keys and lengthen others: all of it or nothing (one MULTI/EXEC)."""
        pipe = self._client.pipeline(transaction=True)
        for key, value in puts.items():
            pipe.set(_PREFIX + key, value, ex=self._keep_s)
        for key, value in appends.items():
            pipe.append(_PREFIX + key, value)
            pipe.expire(_PREFIX + key, self._keep_s)
        try:
            pipe.execute()
        except self._redis.RedisError as error:
            raise self._down(error) from error

    def clear(self) -> None:
        """Forget everything this cache wrote; other keys of the server stay."""
        try:
            keys = list(self._client.scan_iter(match=_PREFIX + "*", count=1000))
            if keys:
                self._client.delete(*keys)
        except self._redis.RedisError as error:
            raise self._down(error) from error

    def _down(self, error: Exception) -> TemporaryError:
        return TemporaryError(
            f"the feature cache on Redis does not answer: {type(error).__name__}",
            fix="start the server, or leave the cache's URL empty to use a local file",
        )
