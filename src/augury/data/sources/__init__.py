"""Where bars come from: one vendor a file, each with a public ``SOURCE``."""

from __future__ import annotations

from typing import Protocol

from augury.core import protocols
from augury.core.catalog import Catalog


class Source(protocols.Source, Protocol):
    """A source, and whether its history has an end."""

    historical: bool
    """True for bundled history: there is no newer bar to wait for."""
    calendar: str
    """The calendar its sessions follow."""


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
