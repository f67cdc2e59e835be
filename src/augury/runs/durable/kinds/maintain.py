"""Keep the store sound: look whether it verifies, remove what dead processes left and what never served."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.records.database import check_integrity
from augury.runs.durable.kind import Bench, Kind

KEEP_DAYS: Final = 30
"""A version that was never promoted, tried or heard keeps its files this long."""


def plan(bench: Bench) -> Sequence[Json]:
    """One part: the whole store.

    Raises
    ------
    UsageError
        ``keep_days`` is no number of days.
    """
    keep_days = bench.job.settings["keep_days"]
    if isinstance(keep_days, bool) or not isinstance(keep_days, int) or keep_days < 1:
        raise UsageError(f"keep_days={keep_days} (rule: whole days, >= 1)", fix="augury jobs kinds")
    return [{"name": "store", "keep_days": keep_days}]


def make(bench: Bench, part: Json) -> Json:
    """Verify the ledger's chains and the database's pages, sweep, then remove files of versions that never served.

    Raises
    ------
    CorruptStore
        The database is damaged, or a chain of the ledger is broken.
    """
    store = bench.workspace.store
    check_integrity(store.engine)
    found = store.ledger.verify().require()
    swept = store.artifacts.sweep()
    gone = store.retention.remove(bench.moment - timedelta(days=part["keep_days"]))
    told = f"{found.rows} forecasts verified, {len(swept)} leftovers and {len(gone)} versions that never served removed"
    return {"text": told, "rows": found.rows, "removed": [f"{row.manifest.cell} {row.version}" for row in gone]}


KIND = Kind(
    title="Verify the store and sweep it", plan=plan, make=make, settings={"keep_days": KEEP_DAYS}, time_limit_s=1800.0
)
