"""The synthetic market: invented bars in which the truth is known, to test the machinery.

The planted signal ``s_t ~ N(0, 1)`` is drawn anew for every bar and seen at its close through where
the close lies in the bar's range, ``(close - low) / (high - low) = Phi(s_t)``. Its correlation with
the simple return over the next ``ic_bars`` bars is ``ic``; an ``ic`` of 0 plants nothing. Whatever
finds more than that, or finds it earlier than the close, is wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import UsageError
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Floats, Ints
from augury.data.calendar.openings import opening_times

SECTORS: Final = ("Energy", "Finance", "Health", "Technology")
SPLIT_RATIOS: Final = (2, 3, 4, 5, 10)
CALM, TURBULENT, PLAIN = 0.0075, 0.017, 0.01
"""Volatility of a daily return in each regime, and without regimes (fractions)."""
STAY_CALM, STAY_TURBULENT = 0.99, 0.96
MARKET_SHARE, SECTOR_SHARE = 0.25, 0.10
"""Share of a return's noise variance that all symbols, and all of a sector, have in common."""
DRIFT: Final = 0.0003
"""Mean daily return (fraction)."""


@dataclass(frozen=True)
class SyntheticMarket:
    """A seeded market with a planted signal of chosen strength.

    Equal settings give equal bars, bit for bit, in every process.

    Parameters
    ----------
    n_symbols : int
        1 to 999; they are called SYN001, SYN002 …
    n_bars : int
        Bars of each symbol before gaps are cut out, at least 2.
    ic : float
        Correlation of the signal with the forward return, between -0.99 and 0.99. Daily stocks hold
        0.01 to 0.05; 0.10 is found easily; 0.9 and more is for watching machinery react within days.
    ic_bars : int
        Bars over which the forward return is taken, 1 to 60.
    seed : int
        Another seed is another market.
    timeframe : Timeframe
        Volatility and drift are scaled by the square root of, and the length of, the bar.
    regimes : bool
        Calm and turbulent spells, the same for all symbols. Volatility then can be forecast, as in
        real markets, even when the direction can not; False gives a constant 1 % a day.
    splits : int
        Unadjusted n:1 splits planted (price / n, volume x n from that bar on).
    gaps : int
        Bars taken out, as if the feed had missed them; never the first or last of a symbol.
    start : datetime
        The first bar opens on or after this day, UTC.
    calendar : str
        Market calendar of the sessions.

    Examples
    --------
    >>> market = SyntheticMarket(n_symbols=2, n_bars=50)
    >>> bars = market.bars()
    >>> bars.symbols, bars.frame.height, bars.synthetic
    (['SYN001', 'SYN002'], 100, True)
    """

    n_symbols: int = 8
    n_bars: int = 2500
    ic: float = 0.05
    ic_bars: int = 1
    seed: int = DEFAULT_SEED
    timeframe: Timeframe = Timeframe.D1
    regimes: bool = True
    splits: int = 0
    gaps: int = 0
    start: datetime = datetime(2010, 1, 4, tzinfo=UTC)
    calendar: str = "XNYS"

    def __post_init__(self) -> None:
        ranges = {"n_symbols": (1, 999), "n_bars": (2, 1_000_000), "ic": (-0.99, 0.99), "ic_bars": (1, 60)}
        room = self.n_symbols * max(0, self.n_bars - 2)
        for name, (low, high) in (ranges | {"splits": (0, room), "gaps": (0, room)}).items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"synthetic market: {name}={getattr(self, name)} is outside {low}..{high}")

    @property
    def names(self) -> list[str]:
        """The symbols, sorted."""
        return [f"SYN{number:03d}" for number in range(1, self.n_symbols + 1)]

    def sectors(self) -> dict[str, str]:
        """Return the sector of each symbol."""
        return {name: SECTORS[at % len(SECTORS)] for at, name in enumerate(self.names)}

    def bars(self) -> Bars:
        """Return the bars, marked synthetic."""
        frame = self._rows.select(*BAR_SCHEMA)
        adjustment = "raw" if self.splits else "full"
        return Bars(frame, self.timeframe, self.calendar, "synthetic", adjustment, synthetic=True)

    def signal(self) -> pl.DataFrame:
        """Return the planted truth, ``symbol, ts, signal``, known at the close of each bar."""
        return self._rows.select("symbol", "ts", "signal")

    def planted(self) -> pl.DataFrame:
        """Return the planted defects, ``kind`` (split or gap), ``symbol, ts, ratio`` (null for a gap)."""
        grid = [(name, moment) for name in self.names for moment in self._moments]
        rows: list[tuple[str, str, datetime, float | None]]
        rows = [("split", *grid[at], float(ratio)) for at, ratio in self._splits.items()]
        rows += [("gap", *grid[at], None) for at in np.flatnonzero(self._missing).tolist()]
        schema = {"kind": pl.String(), "symbol": BAR_SCHEMA["symbol"], "ts": BAR_SCHEMA["ts"], "ratio": pl.Float64()}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("kind", "symbol", "ts")

    @cached_property
    def _moments(self) -> list[datetime]:
        return opening_times(self.timeframe, self.calendar, self.start, self.n_bars)

    @cached_property
    def _rows(self) -> pl.DataFrame:
        signal = self._rng("signal").standard_normal((self.n_symbols, self.n_bars))
        vol = self._volatility()
        returns = self._returns(signal, vol)
        first = self._rng("level").uniform(40.0, 160.0, (self.n_symbols, 1))
        close = first * np.cumprod(1.0 + returns, axis=1)
        prices = self._ranges(signal, vol, close, returns)
        volume = self._volumes(vol, returns)
        factor = self._split_factors()
        columns = {name: (values / factor).ravel() for name, values in prices.items()}
        frame = pl.DataFrame(
            {
                "symbol": np.repeat(self.names, self.n_bars).tolist(),
                "ts": pl.Series(self._moments * self.n_symbols, dtype=BAR_SCHEMA["ts"]),
                **columns,
                "volume": np.round(volume * factor).ravel(),
                "signal": signal.ravel(),
            }
        )
        return frame.filter(pl.Series(~self._missing))

    def _rng(self, purpose: str) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(derive(self.seed, "synthetic", purpose)))

    def _volatility(self) -> Floats:
        """Volatility of each bar's return, ``(n_bars,)``."""
        scale = math.sqrt(_sessions_a_bar(self.timeframe))
        if not self.regimes:
            return np.full(self.n_bars, PLAIN * scale)
        draws = self._rng("regimes").uniform(size=self.n_bars)
        turbulent = np.zeros(self.n_bars, dtype=np.bool_)
        now = False
        for at, draw in enumerate(draws.tolist()):
            now = (draw < STAY_TURBULENT) if now else (draw >= STAY_CALM)
            turbulent[at] = now
        return np.where(turbulent, TURBULENT, CALM) * scale

    def _returns(self, signal: Floats, vol: Floats) -> Floats:
        """Simple return of each bar, ``(n_symbols, n_bars)``; the first one follows no signal."""
        weight = self._signal_weight(vol)
        pushed = np.zeros_like(signal)
        for lag in range(1, min(self.ic_bars, self.n_bars - 1) + 1):
            pushed[:, lag:] += signal[:, :-lag]
        noise = math.sqrt(1.0 - self.ic_bars * weight**2) * self._noise()
        drift = DRIFT * _sessions_a_bar(self.timeframe)
        return np.asarray(drift + vol * (weight * pushed + noise), dtype=np.float64)

    def _signal_weight(self, vol: Floats) -> float:
        """Weight of one signal in one unit-variance return, so that the pooled correlation is ``ic``.

        With h = ``ic_bars`` overlapping signals of weight b, the h-bar return has the covariance
        h b with one signal and the variance h + b^2 (h(2h^2+1)/3 - h^2). Changing volatility
        dilutes a pooled correlation by mean(vol) / rms(vol), which is undone first.
        """
        h = self.ic_bars
        wanted = self.ic * math.sqrt(float(np.mean(vol**2))) / float(np.mean(vol))
        overlap = h * (2 * h * h + 1) / 3 - h * h
        squared = wanted**2 * h / (h * h - wanted**2 * overlap)
        if not 0.0 <= h * squared < 1.0:
            raise UsageError(f"synthetic market: ic={self.ic} over {h} bars leaves no room for noise; use a smaller ic")
        return math.copysign(math.sqrt(squared), self.ic)

    def _noise(self) -> Floats:
        """Unit-variance noise with a market and a sector factor."""
        rng = self._rng("noise")
        market = rng.standard_normal((1, self.n_bars))
        sector = rng.standard_normal((len(SECTORS), self.n_bars))[np.arange(self.n_symbols) % len(SECTORS)]
        own = rng.standard_normal((self.n_symbols, self.n_bars))
        rest = 1.0 - MARKET_SHARE - SECTOR_SHARE
        return np.asarray(math.sqrt(MARKET_SHARE) * market + math.sqrt(SECTOR_SHARE) * sector + math.sqrt(rest) * own)

    def _ranges(self, signal: Floats, vol: Floats, close: Floats, returns: Floats) -> dict[str, Floats]:
        """Open, high, low around each close: the range is drawn first, the signal places the close in it."""
        rng = self._rng("ranges")
        spread = close * vol * (0.8 + rng.gamma(3.0, 0.3, close.shape))
        place = _normal_cdf(signal)
        low = close - place * spread
        high = close + (1.0 - place) * spread
        before = close / (1.0 + returns)
        opened = before * (1.0 + 0.3 * vol * rng.standard_normal(close.shape))
        opened = np.clip(opened, low + 0.02 * spread, high - 0.02 * spread)
        return {"open": opened, "high": np.maximum(high, close), "low": np.minimum(low, close), "close": close}

    def _volumes(self, vol: Floats, returns: Floats) -> Floats:
        rng = self._rng("volume")
        base = 10.0 ** rng.uniform(5.5, 7.0, (self.n_symbols, 1))
        return np.asarray(1.0 + base * np.exp(0.3 * rng.standard_normal(returns.shape)) * (1.0 + np.abs(returns) / vol))

    @cached_property
    def _splits(self) -> dict[int, int]:
        """Flat row number of each planted split to its ratio."""
        rng = self._rng("splits")
        rows = rng.choice(self._inner_rows(), size=self.splits, replace=False)
        return dict(zip(rows.tolist(), rng.choice(SPLIT_RATIOS, size=self.splits).tolist(), strict=True))

    @cached_property
    def _missing(self) -> Bools:
        """Which flat rows are gaps; a split's own row is kept so that it can be found."""
        free = np.setdiff1d(self._inner_rows(), np.array(list(self._splits), dtype=np.int64))
        missing = np.zeros(self.n_symbols * self.n_bars, dtype=np.bool_)
        missing[self._rng("gaps").choice(free, size=self.gaps, replace=False)] = True
        return missing

    def _inner_rows(self) -> Ints:
        rows = np.arange(self.n_symbols * self.n_bars, dtype=np.int64).reshape(self.n_symbols, self.n_bars)
        return rows[:, 1:-1].ravel()

    def _split_factors(self) -> Floats:
        factor = np.ones((self.n_symbols, self.n_bars))
        for row, ratio in self._splits.items():
            symbol, bar = divmod(row, self.n_bars)
            factor[symbol, bar:] *= ratio
        return factor


def _sessions_a_bar(timeframe: Timeframe) -> float:
    if timeframe.minutes is not None:
        return timeframe.minutes / 390.0
    return 5.0 if timeframe is Timeframe.W1 else 1.0


def _normal_cdf(values: Floats) -> Floats:
    root = math.sqrt(2.0)
    flat = [0.5 * (1.0 + math.erf(value / root)) for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)
