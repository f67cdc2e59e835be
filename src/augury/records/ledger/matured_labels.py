"""Matured labels: the probabilities of scored forecasts beside the class that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Engine, not_, select

from augury.core.labelspec import CODES, LABELS
from augury.core.typing import Codes, Floats, Probabilities
from augury.records.database import reading
from augury.records.ledger.flags import has_flag, is_shadow
from augury.records.tables import forecast_evaluations, forecasts, label_specs, symbols

_REPLAY: Final = has_flag("replay")


@dataclass(frozen=True)
class MaturedLabels:
    """Classes that came and what was said of them, in order of maturity.

    Parameters
    ----------
    came : (n,)
        Codes -1, 0, +1.
    said : (n, 3)
        Probabilities in the order of ``LABELS``.
    horizon_bars : (n,)
        h of each row: overlapping ones count 1 / h.
    """

    came: Codes
    said: Probabilities
    horizon_bars: Floats

    @property
    def n_eff(self) -> float:
        """Rows that count."""
        return float((1 / self.horizon_bars).sum())


def matured_labels(
    engine: Engine, symbol: str | None = None, timeframe: str | None = None, *, replays: bool = False
) -> MaturedLabels:
    """Return what was served and has been scored; what challengers said in the shadow is not among it.

    Parameters
    ----------
    engine : Engine
    symbol, timeframe : str, optional
        Only these.
    replays : bool
        Include forecasts that were said of bars whose outcome was known already.
    """
    said, scored = forecasts.c, forecast_evaluations.c
    wanted = (
        select(said.p_bearish, said.p_neutral, said.p_bullish, scored.realised_label, label_specs.c.horizon_bars)
        .join(forecast_evaluations, scored.forecast_id == said.id)
        .join(symbols, symbols.c.id == said.symbol_id)
        .join(label_specs, label_specs.c.id == said.label_spec_id)
        .where(not_(is_shadow()))
    )
    given = ((symbols.c.ticker, symbol), (said.timeframe, timeframe))
    wanted = wanted.where(*(column == value for column, value in given if value is not None))
    wanted = wanted if replays else wanted.where(not_(_REPLAY))
    with reading(engine) as connection:
        rows = connection.execute(wanted.order_by(said.matures_at, said.id)).all()
    return MaturedLabels(
        np.array([CODES[LABELS.index(row.realised_label)] for row in rows], np.int8),
        np.array([row[:3] for row in rows], np.float64).reshape(-1, 3),
        np.array([row.horizon_bars for row in rows], np.float64),
    )
