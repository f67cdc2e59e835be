"""The forecast: one row of the append-only ledger."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from augury.core.errors import DataError, NotAForecast
from augury.core.hashing import sha256_json
from augury.core.labelspec import LABELS
from augury.core.typing import Json

QUANTILES: Final = {
    "q025": 0.025,
    "q05": 0.05,
    "q10": 0.10,
    "q25": 0.25,
    "q50": 0.50,
    "q75": 0.75,
    "q90": 0.90,
    "q95": 0.95,
    "q975": 0.975,
}
"""Quantile columns and their levels; the 80 % band is q10..q90, the 95 % band q025..q975."""
FLAGS: Final = ("ab", "abstain", "adapted", "band_only", "degraded", "raw", "replay", "shadow", "stale", "synthetic")
"""``adapted``: bands moved by the misses of matured ones. ``shadow``: said by another version than the champion, and
nobody's newest forecast. ``ab``: such a one that an A/B test gave to a reader."""
_MOMENTS: Final = ("made_at", "recorded_at", "version")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was said, about what, from what, and when.

    Invariants, asserted on creation: ``data_until <= made_at < matures_at``; probabilities in
    [0, 1] and summing to 1; quantiles ordered. Returns are simple and fractions (0.012 is 1.2 %),
    relative to ``current_price``.

    Parameters
    ----------
    symbol, timeframe, horizon : str
    made_at : datetime
        When it was said. For a replay of historical bars this is the data's own end and ``flags``
        holds ``replay``; the wall clock of writing is the ledger's ``recorded_at``.
    data_until : datetime
        Close of the last bar used.
    matures_at : datetime
        Close of the bar that decides the outcome.
    version, artifact_hash : str
        The model version and the hash of its content.
    label_spec_hash, data_hash, feature_hash : str
        64 hex each.
    label : str
        One of ``LABELS``: the most probable class, NEUTRAL when abstaining.
    p_bearish, p_neutral, p_bullish, confidence, agreement : float
        ``confidence`` is the probability of the most probable class; ``agreement`` the weight of
        the members that name it, null with a single member.
    current_price, expected_return : float
    quantiles : dict
        ``QUANTILES`` names to returns.
    verdict : str
        The gate's verdict on the version: ``skill``, ``calibrated_only``, ``insufficient``.
    weights : dict
        Member name to the weight really used.
    flags : tuple of str
        Sorted subset of ``FLAGS``.
    """

    symbol: str
    timeframe: str
    horizon: str
    made_at: datetime
    data_until: datetime
    matures_at: datetime
    version: str
    artifact_hash: str
    label_spec_hash: str
    data_hash: str
    feature_hash: str
    label: str
    p_bearish: float
    p_neutral: float
    p_bullish: float
    confidence: float
    agreement: float | None
    current_price: float
    expected_return: float
    quantiles: dict[str, float]
    verdict: str
    weights: dict[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"{self.symbol} {self.timeframe} {self.horizon}"
        if not self.data_until <= self.made_at < self.matures_at:
            raise NotAForecast(
                f"{where}: data until {self.data_until}, made at {self.made_at}, matures at {self.matures_at}"
                " (rule: data_until <= made_at < matures_at)"
            )
        numbers = [*self.probabilities, self.confidence, self.current_price, self.expected_return]
        numbers += self.quantiles.values()
        if not all(math.isfinite(number) for number in numbers):
            raise DataError(f"{where}: a forecast holds finite numbers only")
        if abs(sum(self.probabilities) - 1) > 1e-6 or min(self.probabilities) < 0:
            raise DataError(f"{where}: probabilities {self.probabilities} are not a distribution")
        ladder = [self.quantiles[name] for name in QUANTILES]
        if ladder != sorted(ladder):
            raise DataError(f"{where}: quantiles cross: {ladder}")
        if self.label not in LABELS or not set(self.flags) <= set(FLAGS):
            raise DataError(f"{where}: label {self.label} or flags {self.flags} are unknown")

    @property
    def probabilities(self) -> tuple[float, float, float]:
        """(bearish, neutral, bullish)."""
        return self.p_bearish, self.p_neutral, self.p_bullish

    def band(self, level: int) -> tuple[float, float]:
        """Return (lower, upper) returns of the 50, 80, 90 or 95 % band."""
        low, high = {50: ("q25", "q75"), 80: ("q10", "q90"), 90: ("q05", "q95"), 95: ("q025", "q975")}[level]
        return self.quantiles[low], self.quantiles[high]

    def to_json(self) -> Json:
        """Write as a flat JSON-ready object: quantiles become columns, moments stay datetimes."""
        row = asdict(self)
        return {**{k: v for k, v in row.items() if k != "quantiles"}, **row["quantiles"], "flags": list(self.flags)}

    @classmethod
    def from_json(cls, row: Json) -> Forecast:
        """Read what :meth:`to_json` wrote."""
        quantiles = {name: row[name] for name in QUANTILES}
        rest = {key: value for key, value in row.items() if key not in QUANTILES}
        return cls(**(rest | {"quantiles": quantiles, "flags": tuple(row["flags"])}))

    @property
    def content_hash(self) -> str:
        """Hash of what was said without when it was said or under which version name (64 hex).

        The same command in a fresh process on the same bars gives the same hash.
        """
        return sha256_json({key: value for key, value in self.to_json().items() if key not in _MOMENTS})
