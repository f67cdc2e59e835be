"""Matured bands: the quantiles of scored forecasts beside the return that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, not_, select

from augury.core.forecast import QUANTILES
from augury.models.adaptation import MaturedBand
from augury.records.database import reading
from augury.records.ledger.flags import has_flag, is_shadow
from augury.records.tables import forecast_evaluations, forecasts, label_specs, symbols

_SAID: Final = ("timeframe", "horizon", "data_until", "matures_at", *QUANTILES)
_REPLAY: Final = has_flag("replay")


@dataclass(frozen=True)
class MaturedBands:
    """The scored bands of a store; what challengers said beside the champions is not among them.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def list(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        *,
        label_spec_hash: str | None = None,
        before: datetime | None = None,
        replays: bool = False,
    ) -> Sequence[MaturedBand]:
        """Return scored bands in order of maturity, the oldest first.

        Parameters
        ----------
        symbol, timeframe, horizon, label_spec_hash : str, optional
            Only these.
        before : datetime, optional
            Only outcomes written down before this moment. One of the same moment is left out, so that what
            was known at a moment never depends on whether forecast or evaluation ran first.
        replays : bool
            Include forecasts that were said of bars whose outcome was known already.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from augury.records.store import Store
        >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        ...     store.matured_bands.list("SPY", "d1")
        []
        """
        scored = forecast_evaluations.c
        wanted: Select[Any] = (
            select(
                forecasts.c.id.label("forecast_id"),
                *(forecasts.c[name] for name in _SAID),
                symbols.c.ticker.label("symbol"),
                label_specs.c.horizon_bars,
                label_specs.c.hash.label("label_spec_hash"),
                scored.evaluated_at,
                scored.realised_return,
            )
            .join(forecast_evaluations, scored.forecast_id == forecasts.c.id)
            .join(symbols, symbols.c.id == forecasts.c.symbol_id)
            .join(label_specs, label_specs.c.id == forecasts.c.label_spec_id)
            .where(not_(is_shadow()))
        )
        given = (
            (symbols.c.ticker, symbol),
            (forecasts.c.timeframe, timeframe),
            (forecasts.c.horizon, horizon),
            (label_specs.c.hash, label_spec_hash),
        )
        wanted = wanted.where(*(column == value for column, value in given if value is not None))
        if before is not None:
            wanted = wanted.where(scored.evaluated_at < before)
        if not replays:
            wanted = wanted.where(not_(_REPLAY))
        with reading(self.engine) as connection:
            return [_band(row) for row in connection.execute(wanted.order_by(forecasts.c.matures_at, forecasts.c.id))]


def _band(row: Row[Any]) -> MaturedBand:
    found = row._mapping
    plain = {name: value for name, value in found.items() if name not in QUANTILES}
    return MaturedBand(**plain, quantiles={name: found[name] for name in QUANTILES})
