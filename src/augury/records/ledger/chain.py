"""The chain of hashes: each forecast row hashes the row before it in its cell."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from augury.core.forecast import QUANTILES, Forecast
from augury.core.hashing import canonical_json, sha256_bytes
from augury.core.typing import Json

GENESIS: Final = "0" * 64
"""``prev_hash`` of the first row of a cell."""
COLUMNS: Final = (*(item.name for item in fields(Forecast) if item.name != "quantiles"), *QUANTILES)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One forecast as it stands in the ledger.

    Parameters
    ----------
    forecast : Forecast
    id : int
        Key in this database.
    seq : int
        Place in the chain of its cell, from 1 without gaps.
    recorded_at : datetime
        Wall clock of writing.
    prev_hash, row_hash : str
        64 hex.
    new : bool
        False when ``append`` found the very same forecast already written.
    """

    forecast: Forecast
    id: int
    seq: int
    recorded_at: datetime
    prev_hash: str
    row_hash: str
    new: bool = True


def hash_row(prev_hash: str, said: Json, seq: int, recorded_at: datetime, content_hash: str) -> str:
    """Return ``sha256(prev_hash + canonical_json(row))``.

    The row is the forecast with names, not keys of this database, plus ``seq``,
    ``recorded_at`` and ``content_hash``: it can be checked from an export too.
    """
    row = said | {"seq": seq, "recorded_at": recorded_at, "content_hash": content_hash}
    return sha256_bytes((prev_hash + canonical_json(row)).encode())


def plain(forecast: Forecast) -> Forecast:
    """Return the forecast as the databases give it back: Python floats, and 0.0 for -0.0."""
    # SQLite keeps -0.0 as 0: said and stored must be one text, or the chain would break by itself.
    numbers: dict[str, Any] = {
        item.name: float(value) + 0.0
        for item in fields(forecast)
        if isinstance(value := getattr(forecast, item.name), int | float)
    }
    numbers["quantiles"] = {name: float(value) + 0.0 for name, value in forecast.quantiles.items()}
    numbers["weights"] = {name: float(value) + 0.0 for name, value in forecast.weights.items()}
    return replace(forecast, **numbers)


def said_in(row: Row[Any]) -> Json:
    """Read what was said, as it stands in the database, without judging it."""
    values = row._mapping
    return {name: values[name] for name in COLUMNS}


def read_row(row: Row[Any], *, new: bool = True) -> LedgerRow:
    """Read a row of the ledger."""
    return LedgerRow(
        forecast=Forecast.from_json(said_in(row)),
        id=row.id,
        seq=row.seq,
        recorded_at=row.recorded_at,
        prev_hash=row.prev_hash,
        row_hash=row.row_hash,
        new=new,
    )
