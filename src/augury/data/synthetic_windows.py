"""A synthetic market of planted patterns: spells of trend and of chop, to test what is learned from windows.

Outside a spell the sign of a bar's return is a fair coin. Inside a spell it repeats the sign before with
probability ``0.5 + strength`` in a trend and ``0.5 - strength`` in a chop; sizes of returns and ranges are the same
everywhere. So volatility, size and place tell nothing: only the order of the bars does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import BAR_SCHEMA, TIMESTAMP, Bars
from augury.core.errors import UsageError
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats, Ints
from augury.data.calendar.openings import opening_times

PATTERNS: Final = ("chop", "trend")
"""Labels of the spells, in code order."""
SPELL_BARS: Final = 30
SPACING_BARS: Final = 180
"""From the start of one spell to the next: a window of 105 bars around one never holds another whole."""
CALENDAR: Final = "24/7"
_SIZE, _WICK = 0.01, 0.006


@dataclass(frozen=True)
class PatternMarket:
    """One symbol of hourly bars with a spell every 180 bars; equal settings give equal bars.

    Parameters
    ----------
    n_patterns : int
        Spells, at least 2; trend and chop by a fair coin.
    strength : float
        How far the chance to repeat a sign lies from 0.5, 0..0.5; 0 plants nothing, 0.35 is found by hundreds of
        labelled windows and hardly by tens.
    seed : int

    Examples
    --------
    >>> market = PatternMarket(n_patterns=3)
    >>> market.bars().frame.height, market.patterns().columns, market.patterns().height
    (675, ['symbol', 'start_ts', 'end_ts', 'label'], 3)
    """

    n_patterns: int = 100
    strength: float = 0.35
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if self.n_patterns < 2 or not 0 <= self.strength <= 0.5:
            raise UsageError(
                f"pattern market: n_patterns={self.n_patterns} is at least 2, strength={self.strength} in 0..0.5"
            )

    def bars(self) -> Bars:
        """Return the bars, marked synthetic."""
        count = len(self._moments)
        close = 100.0 * np.exp(np.cumsum(self._returns()))
        opened = np.concatenate([[100.0], close[:-1]])
        wick = np.exp(_WICK * np.abs(self._rng("wicks").standard_normal((2, count))))
        frame = pl.DataFrame(
            {
                "symbol": ["PATTERN"] * count,
                "ts": pl.Series(self._moments, dtype=TIMESTAMP),
                "open": opened,
                "high": np.maximum(opened, close) * wick[0],
                "low": np.minimum(opened, close) / wick[1],
                "close": close,
                "volume": np.full(count, 1000.0),
            }
        ).select(*BAR_SCHEMA)
        return Bars(frame, Timeframe.H1, CALENDAR, "synthetic", "full", synthetic=True)

    def patterns(self) -> pl.DataFrame:
        """Return the planted spells, ``symbol, start_ts, end_ts`` of first and last bar, ``label``."""
        ts = pl.Series(self._moments, dtype=TIMESTAMP)
        return pl.DataFrame(
            {
                "symbol": ["PATTERN"] * self.n_patterns,
                "start_ts": ts.gather(self._starts),
                "end_ts": ts.gather(self._starts + SPELL_BARS - 1),
                "label": [PATTERNS[code] for code in self._codes.tolist()],
            }
        )

    @cached_property
    def _moments(self) -> list[datetime]:
        count = SPACING_BARS * self.n_patterns + SPACING_BARS * 3 // 4
        return opening_times(Timeframe.H1, CALENDAR, datetime(2000, 1, 3, tzinfo=UTC), count)

    @cached_property
    def _starts(self) -> Ints:
        return np.asarray(SPACING_BARS // 2 + SPACING_BARS * np.arange(self.n_patterns), dtype=np.int64)

    @cached_property
    def _codes(self) -> Ints:
        return self._rng("kinds").integers(0, len(PATTERNS), self.n_patterns, dtype=np.int64)

    def _returns(self) -> Floats:
        count = len(self._moments)
        chance = np.full(count, 0.5)
        # The first bar of a spell has a sign of its own; the 29 after it repeat or turn.
        inside = self._starts[:, None] + np.arange(1, SPELL_BARS)
        chance[inside] += np.where(self._codes == 1, self.strength, -self.strength)[:, None]
        repeats = self._rng("signs").uniform(size=count) < chance
        sizes = np.abs(self._rng("sizes").standard_normal(count))
        return np.asarray(_SIZE * np.cumprod(np.where(repeats, 1.0, -1.0)) * sizes)

    def _rng(self, purpose: str) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(derive(self.seed, "patterns", purpose)))
