"""Keep the store sound: look whether it verifies, remove what dead processes left half done."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.records.database import check_integrity
from augury.runs.durable.kind import Bench, Kind


def plan(bench: Bench) -> Sequence[Json]:
    """One part: the whole store."""
    return [{"name": "store"}]


def make(bench: Bench, part: Json) -> Json:
    """Verify the ledger's chains and the database's pages, then sweep.

    Raises
    ------
    CorruptStore
        The database is damaged, or a chain of the ledger is broken.
    """
    store = bench.workspace.store
    check_integrity(store.engine)
    found = store.ledger.verify().require()
    swept = store.artifacts.sweep()
    return {"text": f"{found.rows} forecasts verified, {len(swept)} leftovers removed", "rows": found.rows}


KIND = Kind(title="Verify the store and sweep it", plan=plan, make=make, time_limit_s=1800.0)
