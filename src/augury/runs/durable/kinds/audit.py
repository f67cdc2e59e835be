"""Read the whole store, every byte of it: versions against their manifests, bars against their hashes, chains."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import AuguryError, CorruptStore
from augury.core.typing import Json
from augury.records.database import check_integrity
from augury.runs.durable.kind import Bench, Kind


def plan(bench: Bench) -> Sequence[Json]:
    """One part for the database, one for the versions, one for the lake."""
    return [{"name": name} for name in ("database", "versions", "lake")]


def make(bench: Bench, part: Json) -> Json:
    """Check one of them, to its end even when something is damaged.

    Raises
    ------
    CorruptStore
        Something does not verify; the first is named, the rest are counted.
    """
    return {"database": _database, "versions": _versions, "lake": _lake}[part["name"]](bench)


def _database(bench: Bench) -> Json:
    store = bench.workspace.store
    check_integrity(store.engine)
    rows = store.ledger.verify().require().rows, store.consensus.verify().require().rows
    return {"text": f"{rows[0]} forecasts and {rows[1]} consensus rows verified"}


def _versions(bench: Bench) -> Json:
    store, damaged = bench.workspace.store, []
    rows = [row for row in store.versions.list() if row.removed_at is None]
    for row in rows:
        bench.check()
        try:
            store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
        except AuguryError as error:
            damaged.append(f"{row.symbol} {row.timeframe} {row.horizon} {row.version}: {error.message}")
    return _sound(damaged, len(rows), "versions")


def _lake(bench: Bench) -> Json:
    lake, damaged = bench.workspace.lake, []
    entries = lake.entries()
    for entry in entries:
        bench.check()
        try:
            lake.read([entry.symbol], entry.timeframe)
        except AuguryError as error:
            damaged.append(error.message)
    return _sound(damaged, len(entries), "series")


def _sound(damaged: Sequence[str], looked_at: int, what: str) -> Json:
    if damaged:
        raise CorruptStore(
            f"{len(damaged)} of {looked_at} {what} are damaged, the first: {damaged[0]}", fix="augury doctor"
        )
    return {"text": f"{looked_at} {what} verified"}


KIND = Kind(title="Verify every byte of the store", plan=plan, make=make, time_limit_s=4 * 3600.0)
