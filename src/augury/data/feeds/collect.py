"""Bars to train on: several symbols in several timeframes, none older than asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import Clock, SystemClock
from augury.core.errors import AuguryError, NotFound, TemporaryError, UsageError
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import closed
from augury.data.calendar.resample import resample
from augury.data.feeds.chain import Answer, Chain
from augury.data.feeds.universe import resolve_universe
from augury.data.lake import Lake

TIMEFRAMES: Final = ("m15", "h1", "h4", "d1", "w1")


class TrainingBars(dict[str, dict[str, pl.DataFrame]]):
    """``{timeframe: {symbol: frame}}``, with ``warnings``: what failed, fell back, or was made from shorter bars."""

    def __init__(self, timeframes: Sequence[Timeframe], warnings: Sequence[str] = ()) -> None:
        super().__init__((str(timeframe), {}) for timeframe in timeframes)
        self.warnings = list(warnings)


def collect_training_data(
    symbols: Sequence[str] | None = None,
    lookback_days: int = 730,
    timeframes: Sequence[str] = TIMEFRAMES,
    *,
    chain: Chain | None = None,
    clock: Clock | None = None,
) -> TrainingBars:
    """Collect the closed bars of the last days, each symbol from the first source that has it.

    A timeframe that no source and no stored file has is made from the longest shorter one.

    Parameters
    ----------
    symbols : sequence of str, optional
        None, or none of them, is the fallback list of :func:`augury.data.feeds.universe.resolve_universe`.
    lookback_days : int
        No bar opens earlier than so many days before now; at least 1.
    timeframes : sequence of str
        ``m15 h1 h4 d1 w1`` or some of ``m1 m5 m15 h1 h4 d1 w1``.
    chain : Chain, optional
        Whom to ask; Yahoo, then the lake of the settings, when not given.
    clock : Clock, optional
        Says what now is; the chain's own when not given.

    Returns
    -------
    TrainingBars
        A canonical frame for each timeframe and symbol, sorted and unique; what could not be had is
        absent and named in ``warnings``.

    Raises
    ------
    TemporaryError
        Nothing at all could be had now.
    NotFound
        Nobody has any of it.
    UsageError, UnknownName
        A bad lookback, timeframe or symbol.

    Examples
    --------
    >>> from datetime import UTC
    >>> from augury.core.clock import FixedClock
    >>> clock = FixedClock(datetime(2018, 12, 31, 21, tzinfo=UTC))
    >>> found = collect_training_data(["^GSPC"], 60, ("d1", "w1"), chain=Chain(["arch"], clock=clock))
    >>> found["d1"]["^GSPC"].height, found["w1"]["^GSPC"].height
    (39, 8)
    """
    if lookback_days < 1:
        raise UsageError(f"lookback_days={lookback_days} must be at least 1")
    wanted = list(dict.fromkeys(Timeframe.parse(name) for name in timeframes))
    chain = chain or _usual(clock)
    now = (clock or chain.clock).now()
    universe = resolve_universe(symbols)
    found = TrainingBars(wanted, universe.warnings)
    collector = _Collector(chain, now - timedelta(days=lookback_days), now)
    for symbol in universe.symbols:
        for timeframe in wanted:
            try:
                found[timeframe][symbol] = collector.bars(symbol, timeframe).frame
            except AuguryError as error:
                collector.failed.append(error)
                collector.say(f"{symbol} {timeframe} is missing: {error.message}")
    found.warnings += collector.warnings
    if not any(found.values()):
        passing = any(isinstance(error, TemporaryError) for error in collector.failed)
        raise (TemporaryError if passing else NotFound)(f"no bars at all: {'; '.join(found.warnings)}")
    return found


@dataclass
class _Collector:
    """Asks the chain once for each symbol and timeframe."""

    chain: Chain
    start: datetime
    now: datetime
    warnings: list[str] = field(default_factory=list)
    failed: list[AuguryError] = field(default_factory=list)
    answers: dict[tuple[str, Timeframe], Answer | AuguryError] = field(default_factory=dict)

    def say(self, warning: str) -> None:
        """Keep a warning, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        """Closed bars of the span, asked for or made from shorter ones."""
        give = self._asked if self.chain.offers(symbol, timeframe) else self._made
        bars = give(symbol, timeframe)
        known = closed(bars, self.now)
        # A week or day made from a part of it opens before the span and falls out here.
        kept = known.frame.filter(pl.col("ts") >= self.start)
        if kept.is_empty():
            raise NotFound(f"{bars.provider} has no closed {timeframe} bar in the span")
        return known.with_frame(kept)

    def _made(self, symbol: str, timeframe: Timeframe) -> Bars:
        shorter = list(Timeframe)[: list(Timeframe).index(timeframe)]
        base = next((other for other in reversed(shorter) if self.chain.offers(symbol, other)), None)
        if base is None:
            raise NotFound(f"no source of the chain has {timeframe} bars or shorter ones")
        bars = resample(closed(self._asked(symbol, base), self.now), timeframe)
        self.say(f"{symbol} {timeframe}: made from {base}")
        return bars

    def _asked(self, symbol: str, timeframe: Timeframe) -> Bars:
        key = (symbol, timeframe)
        if key not in self.answers:
            try:
                self.answers[key] = self.chain.ask(symbol, timeframe, start=self.start)
            except AuguryError as error:
                self.answers[key] = error
        answer = self.answers[key]
        if isinstance(answer, AuguryError):
            raise answer
        for warning in answer.warnings:
            self.say(warning)
        return answer.bars


def _usual(clock: Clock | None) -> Chain:
    return Chain(["yahoo"], lake=Lake(Settings.load().data_dir / "lake"), clock=clock or SystemClock())
