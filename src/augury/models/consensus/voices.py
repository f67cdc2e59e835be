"""What goes into a consensus and what comes out: sources, voices, and the one row they become."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from augury.core.forecast import Forecast
from augury.core.typing import Json


@dataclass(frozen=True, slots=True)
class Source:
    """One timeframe's newest forecast, as the ledger holds it."""

    forecast: Forecast
    row_hash: str

    @property
    def abstains(self) -> bool:
        """True when it names no direction: it does not vote."""
        return "abstain" in self.forecast.flags

    @property
    def target(self) -> float:
        """Median price."""
        return self.forecast.current_price * (1 + self.forecast.quantiles["q50"])


@dataclass(frozen=True, slots=True)
class Voice:
    """What a source contributed: ``weight`` is 0 for one that abstained, ``handoff`` null without a partner."""

    timeframe: str
    horizon: str
    row_hash: str
    label: str
    confidence: float
    target: float
    weight: float
    handoff: float | None
    abstained: bool


@dataclass(frozen=True)
class Consensus:
    """What the timeframes of one symbol say together about one duration.

    Parameters
    ----------
    symbol, horizon : str
    made_at, data_until, matures_at : datetime
        The newest of the sources; it matures when the source of the newest data does.
    label : str
        NEUTRAL too when every source abstains.
    confidence, expected_return : float
        Weighted means over the voices.
    agreement : float or None
        Weight of the voices that name the label; null below 1.2 effective sources.
    n_eff : float
        Effective number of sources; 0 when all abstain.
    current_price : float
        Of the newest data; returns are relative to it.
    quantiles : dict
        Weighted means, widened to hold the bands of the narrowest voice.
    voices : tuple of Voice
        In order of timeframe.
    handoffs : tuple of (str, str, float)
        The cascade: neighbours that both vote, and how surely the shorter hands on to the longer.
    flags : tuple of str
        ``abstain``, ``single_source`` and what any voice carries.
    ladder : dict or None
        Levels, beside the median and never in its place.
    """

    symbol: str
    horizon: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    label: str
    confidence: float
    agreement: float | None
    n_eff: float
    current_price: float
    expected_return: float
    quantiles: dict[str, float]
    voices: tuple[Voice, ...]
    handoffs: tuple[tuple[str, str, float], ...] = ()
    flags: tuple[str, ...] = ()
    ladder: Json | None = None

    def to_json(self) -> Json:
        """Write as a JSON object; moments stay datetimes."""
        return asdict(self) | {
            "voices": [asdict(voice) for voice in self.voices],
            "handoffs": [list(pair) for pair in self.handoffs],
            "flags": list(self.flags),
        }

    @classmethod
    def from_json(cls, value: Json) -> Consensus:
        """Read what :meth:`to_json` wrote."""
        return cls(
            **value
            | {
                "voices": tuple(Voice(**voice) for voice in value["voices"]),
                "handoffs": tuple((a, b, c) for a, b, c in value["handoffs"]),
                "flags": tuple(value["flags"]),
            }
        )
