"""Which of a source's symbols were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean


def asked(source: str, known: Sequence[str], symbols: Sequence[str] | None) -> list[str]:
    """Return the symbols to load, sorted; all of them when none were named.

    Raises
    ------
    UnknownName
        The source does not have one of them.
    UsageError
        An empty list: None means all.

    Examples
    --------
    >>> asked("arch", ["^GSPC", "^IXIC"], None)
    ['^GSPC', '^IXIC']
    """
    if symbols is None:
        return sorted(known)
    if not symbols:
        raise UsageError(f"source {source}: no symbol was asked for (it has: {', '.join(sorted(known)[:24])})")
    for symbol in symbols:
        if symbol not in known:
            hint = did_you_mean(symbol, known)
            raise UnknownName(
                f"source {source} has no '{symbol}'{hint} (it has: {', '.join(sorted(known)[:24])})", name=symbol
            )
    return sorted(set(symbols))
