"""Visits: every answered call is logged, counted and, when it is known whose it was, metered."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram
from starlette.types import Scope

from augury.records.accounts.usage import Call
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SERIES_MAX: Final = 5_000


class Book:
    """Writes down every visit.

    Parameters
    ----------
    backend : Backend
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def write(self, scope: Scope, method: str, status: int, latency_ms: float) -> None:
        """Log, count and meter one visit.

        Parameters
        ----------
        scope : ASGI scope
            After the answer: it says which route and which caller it was.
        method : str
            Whatever the caller sent; unknown ones are written as ``OTHER``.
        status : int
        latency_ms : float
        """
        method = method if method in _METHODS else "OTHER"
        route = _route(scope)
        self._count(route, method, status, latency_ms)
        caller: Caller | None = scope.get("augury.caller")
        whose = (caller.tenant_id, caller.key_id, caller.user_id) if caller else ("", None, None)
        call = Call(
            *whose, scope["augury.request_id"], self._backend.workspace.clock.now(), method, route, status,
            round(latency_ms, 3), scope.get("augury.units", 1),
        )  # fmt: skip
        self._backend.meter.note(call)

    def _count(self, route: str, method: str, status: int, latency_ms: float) -> None:
        metrics = self._backend.metrics
        series = self._series.get((route, method, status))
        if series is None:
            series = metrics.calls.labels(route, method, str(status)), metrics.latency.labels(route)
            if len(self._series) < _SERIES_MAX:
                self._series[route, method, status] = series
        series[0].inc()
        series[1].observe(latency_ms / 1000)
        if status >= 500:
            metrics.errors.labels(route).inc()


def _route(scope: Scope) -> str:
    route = scope.get("route")
    if route is not None:
        return str(getattr(route, "path", "unknown"))
    return "/static" if scope["path"].startswith("/static/") else "unknown"
