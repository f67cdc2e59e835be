"""What an import did to the lake, written down: origin, bars, symbols, each with its version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import CorruptStore
from augury.core.hashing import sha256_file
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.lake import Lake
from augury.data.lake.stitching import difference
from augury.records.lineage import Derivation, Lineage


def from_file(path: Path) -> Derivation:
    """Name a file as an origin: the hash of its bytes."""
    return Derivation(sha256_file(path), "file", (), {"path": str(path.resolve()), "bytes": path.stat().st_size})


def from_source(bars: Bars, name: str) -> Derivation:
    """Name a source as an origin: what it gave is what it is known by."""
    return Derivation(bars.data_version, "source", (), {"source": name}, bars.frame.height)


@contextmanager
def remembered(
    lineage: Lineage | None, lake: Lake, bars: Bars, origin: Derivation, parameters: Json | None = None
) -> Iterator[None]:
    """Record what the block writes into the lake; with no lineage, only run the block.

    The lake is written first: what cannot be recorded is recorded by the same import again.

    Parameters
    ----------
    lineage : Lineage or None
    lake : Lake
        Written inside the block.
    bars : Bars
        What is written.
    origin : Derivation
        From :func:`from_file` or :func:`from_source`.
    parameters : dict, optional
        How the origin was read.
    """
    if lineage is None:
        yield
        return
    before = {symbol: _stored(lake, symbol, bars.timeframe) for symbol in bars.symbols}
    yield
    records = [origin]
    if origin.child_hash != bars.data_version:
        records.append(
            Derivation(bars.data_version, "import", (origin.child_hash,), parameters or {}, bars.frame.height)
        )
    stored = [_symbol(lake, bars, symbol, old) for symbol, old in before.items()]
    if [one.child_hash for one in stored] == [bars.data_version]:
        # One symbol, stored as it came: the import itself is what made the dataset.
        records[-1] = replace(records[-1], dataset=stored[0].dataset, change=stored[0].change)
        stored = []
    lineage.record([*records, *stored])


def _symbol(lake: Lake, bars: Bars, symbol: str, before: Bars | None) -> Derivation:
    after = lake.read([symbol], bars.timeframe)
    part = bars.of(symbol)
    appended = before is not None and part.data_version != after.data_version
    parents = (before.data_version, bars.data_version) if before is not None and appended else (bars.data_version,)
    return Derivation(
        after.data_version,
        "append" if appended else "symbol",
        parents,
        {"symbol": symbol, "timeframe": str(bars.timeframe), "last": iso(after.frame["ts"][-1])},
        after.frame.height,
        f"{bars.timeframe}/{symbol}",
        None if before is None else difference(before, after),
    )


def _stored(lake: Lake, symbol: str, timeframe: Timeframe) -> Bars | None:
    try:
        return lake.read([symbol], timeframe) if lake.has(symbol, timeframe) else None
    except CorruptStore:
        return None  # what is damaged has no history to compare with: the import is its cure
