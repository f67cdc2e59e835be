"""A bundle: what one forecast run did for a symbol and timeframe, and how it travels between processes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from augury.core.errors import AuguryError
from augury.core.forecast import Forecast
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.records.ledger.chain import LedgerRow
from augury.runs.cells import Cell
from augury.runs.executors._protocol import error_of, failure

_MOMENTS: Final = ("made_at", "data_until", "matures_at")


@dataclass(frozen=True)
class Bundle:
    """What one forecast run did for a symbol and timeframe.

    Parameters
    ----------
    forecasts : tuple of Forecast
        In order of horizon.
    rows : tuple of LedgerRow
        The same, as the ledger holds them; empty on a dry run.
    errors : tuple of (Cell, AuguryError)
        Cells that could not be forecast, each with its reason.
    """

    symbol: str
    timeframe: str
    forecasts: tuple[Forecast, ...]
    rows: tuple[LedgerRow, ...] = ()
    errors: tuple[tuple[Cell, AuguryError], ...] = ()

    def to_json(self) -> Json:
        """Write as a JSON object; rows of a ledger are left out."""
        errors = [[[cell.symbol, cell.timeframe, cell.horizon], failure(error)] for cell, error in self.errors]
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "forecasts": [plain_forecast(row) for row in self.forecasts],
            "errors": errors,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        errors = tuple((Cell(*cell), _error(said)) for cell, said in value["errors"])
        made = tuple(read_forecast(row) for row in value["forecasts"])
        return cls(value["symbol"], value["timeframe"], made, errors=errors)


def plain_forecast(row: Forecast) -> Json:
    """Write a forecast as plain JSON, its moments as text."""
    plain: Json = json.loads(canonical_json(row.to_json()))
    return plain


def read_forecast(row: Json) -> Forecast:
    """Read what :func:`plain_forecast` wrote."""
    return Forecast.from_json(row | {name: datetime.fromisoformat(row[name]) for name in _MOMENTS})


def _error(said: Json) -> AuguryError:
    found = error_of(said)
    assert found is not None
    return found
