"""The label spec: what exactly a forecast of one horizon is scored on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.timeframe import Calendar, Horizon, Timeframe
from augury.core.typing import Json

LABELS: Final = ("BEARISH", "NEUTRAL", "BULLISH")
"""Class order everywhere; codes are -1, 0, +1 in the same order."""
CODES: Final = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class _Plan:
    base_bars: int
    threshold: float
    horizons: tuple[str, ...]


_PLANS: Final[dict[Timeframe, _Plan]] = {
    Timeframe.M1: _Plan(5, 0.0005, ("1h", "4h")),
    Timeframe.M5: _Plan(5, 0.0012, ("1h", "4h", "1d")),
    Timeframe.M15: _Plan(5, 0.0020, ("4h", "1d", "1w")),
    Timeframe.H1: _Plan(5, 0.0030, ("1d", "5d", "15d", "30d")),
    Timeframe.H4: _Plan(3, 0.0050, ("5d", "15d", "30d", "45d", "90d")),
    Timeframe.D1: _Plan(5, 0.0090, ("5d", "15d", "30d", "60d", "90d", "120d")),
    Timeframe.W1: _Plan(4, 0.0180, ("30d", "90d", "180d", "360d")),
}


def default_horizons(timeframe: Timeframe) -> tuple[Horizon, ...]:
    """Return the forecast horizons of a timeframe, the base horizon first.

    Examples
    --------
    >>> [str(h) for h in default_horizons(Timeframe.D1)]
    ['5d', '15d', '30d', '60d', '90d', '120d']
    """
    return tuple(Horizon.parse(text) for text in _PLANS[timeframe].horizons)


def base_label(timeframe: Timeframe) -> tuple[int, float]:
    """Return (bars, threshold) of a timeframe's base label: (5, 0.009) for d1."""
    plan = _PLANS[timeframe]
    return plan.base_bars, plan.threshold


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """How a row is labelled; stored with the version and with every forecast.

    A row is BULLISH when the simple return over the next ``horizon_bars`` bars exceeds
    ``+threshold``, BEARISH below ``-threshold``, else NEUTRAL. One spec per horizon: a label is
    never reused for another horizon.

    Parameters
    ----------
    timeframe : Timeframe
    horizon : str
        Canonical spelling, e.g. ``5d``.
    horizon_bars : int
        Bars ahead, at least 1.
    threshold : float
        Fraction, >= 0; larger makes more rows NEUTRAL.
    kind : str
        ``fixed``.
    price_field : str
        ``close`` or ``adj_close``.

    Examples
    --------
    >>> spec = LabelSpec(Timeframe.D1, "20d", 20, 0.018)
    >>> LabelSpec.from_json(spec.to_json()) == spec
    True
    """

    timeframe: Timeframe
    horizon: str
    horizon_bars: int
    threshold: float
    kind: str = "fixed"
    price_field: str = "close"

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_bars <= 5000:
            raise UsageError(f"horizon_bars={self.horizon_bars} is outside 1..5000")
        if not (math.isfinite(self.threshold) and 0 <= self.threshold < 1):
            raise UsageError(f"threshold={self.threshold} is outside [0, 1): it is a fraction, 0.009 is 0.9 %")

    @classmethod
    def of(cls, timeframe: Timeframe, horizon: Horizon, calendar: Calendar) -> LabelSpec:
        """Derive the spec of a horizon: the base threshold times sqrt(bars / base bars)."""
        base_bars, threshold = base_label(timeframe)
        bars = horizon.bars(timeframe, calendar)
        return cls(timeframe, str(horizon), bars, round(threshold * math.sqrt(bars / base_bars), 10))

    @property
    def hash(self) -> str:
        """Content hash (64 hex); another hash means another model version."""
        return sha256_json(self.to_json())

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"timeframe": str(self.timeframe)}

    @classmethod
    def from_json(cls, value: Json) -> LabelSpec:
        """Read what :meth:`to_json` wrote."""
        return cls(**(value | {"timeframe": Timeframe.parse(value["timeframe"])}))
