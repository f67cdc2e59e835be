"""The outcome: what a forecast said, beside what came."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from augury.core.typing import Json

OUTCOMES: Final = ("FULL_HIT", "DIRECTIONAL_HIT", "DIRECTIONAL_ONLY", "MISS")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A matured forecast, scored once with its own label spec.

    Parameters
    ----------
    forecast_id : int
        Key of the ledger's row.
    symbol, timeframe, horizon, version : str
    horizon_bars : int
        h: outcomes of one cell that overlap count n / h.
    made_at, data_until, matures_at, evaluated_at : datetime
    label, realised_label : str
        What was said and what came, of ``LABELS``.
    confidence : float
        Probability of the most probable class, as it was said.
    abstained : bool
        The forecast named no direction.
    realised_price, realised_return : float
        Close of the bar at ``matures_at``, and the simple return to it.
    expected_return : float
        What was said.
    direction_correct : bool or None
        Sign of the expected return against the realised one; None when either is zero.
    error_pct : float
        Realised less expected return, a fraction.
    covered50, covered80, covered95 : bool
        Whether the bands held it.
    pinball, brier : float
        Mean pinball loss over the quantiles (a return); Brier score of the three classes, 0..2.
    outcome : str
        One of ``OUTCOMES``.
    """

    forecast_id: int
    symbol: str
    timeframe: str
    horizon: str
    version: str
    horizon_bars: int
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    evaluated_at: datetime
    label: str
    realised_label: str
    confidence: float
    abstained: bool
    realised_price: float
    realised_return: float
    expected_return: float
    direction_correct: bool | None
    error_pct: float
    covered50: bool
    covered80: bool
    covered95: bool
    pinball: float
    brier: float
    outcome: str

    @property
    def hit(self) -> bool:
        """True when the class that was said came."""
        return self.label == self.realised_label

    def to_json(self) -> Json:
        """Write as a JSON object; moments stay datetimes, as in the ledger's rows."""
        return asdict(self)
