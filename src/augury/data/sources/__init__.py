"""Where bars come from: one vendor a file, each with a public ``SOURCE``.

Sources with ``historical`` are bundled; the others ask a vendor over the network, and their libraries
are imported at the first request. ``fred`` and ``finnhub`` hold dated records instead of bars.
"""

from __future__ import annotations

from augury.core.catalog import Catalog
from augury.core.protocols import Source
from augury.core.timeframe import Timeframe

SOURCES: Catalog[Source] = Catalog("source", ("augury.data.sources",), "SOURCE")


def source_of(symbol: str) -> Source | None:
    """Find the bundled source that offers a symbol; None when there is none.

    Examples
    --------
    >>> found = source_of("^GSPC")
    >>> found.name if found else None
    'arch'
    >>> source_of("NO_SUCH") is None
    True
    """
    return next((source for _, source in SOURCES if symbol in source.symbols()), None)


def import_command(symbol: str, timeframe: Timeframe) -> str:
    """Name the command that brings bars of a symbol into the lake: from a bundled source, else from a file.

    Examples
    --------
    >>> import_command("^GSPC", Timeframe.D1)
    'augury data import --provider arch --symbols ^GSPC'
    >>> import_command("SPY", Timeframe.H1)
    'augury data import FILE --symbol SPY --timeframe h1'
    """
    source = source_of(symbol)
    if source is not None and timeframe is Timeframe.D1:
        return f"augury data import --provider {source.name} --symbols {symbol}"
    return f"augury data import FILE --symbol {symbol} --timeframe {timeframe}"
