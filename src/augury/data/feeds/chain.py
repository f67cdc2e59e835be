"""The fallback chain: the next source, then the lake, then a refusal that names every try.

A failed feed never becomes other data in silence: the answer says who gave it and how old it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from augury.core.bars import Bars
from augury.core.clock import Clock, SystemClock, iso
from augury.core.errors import AuguryError, NotFound, TemporaryError, UsageError
from augury.core.protocols import Source
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.lake import Lake
from augury.data.sources import SOURCES
from augury.data.sources._bars import between

LAKE = "lake"
_LATE = timedelta(days=7)
"""A history that begins this much later than asked for is said so."""


@dataclass(frozen=True)
class Answer:
    """Bars of one symbol, and where they came from.

    Parameters
    ----------
    bars : Bars
    provider : str
        The source that gave them, or ``lake``; ``bars.provider`` says who first told the lake.
    age : timedelta
        How long the newest bar was known when it was asked for; at least 0.
    warnings : list of str
        Every try that failed before, the fallback taken, a history shorter than asked for.
    """

    bars: Bars
    provider: str
    age: timedelta
    warnings: list[str] = field(default_factory=list)


class Chain:
    """Sources in the order in which they are asked.

    Parameters
    ----------
    sources : sequence of str or Source
        Names of the catalogue, or sources made by hand.
    lake : Lake, optional
        What was imported before: the last resort.
    clock : Clock, optional
        Tells how old an answer is.

    Raises
    ------
    UsageError
        No source and no lake; or invented bars beside real ones: they would stand in for each other.

    Examples
    --------
    >>> answer = Chain(["arch"]).ask("^GSPC")
    >>> answer.provider, answer.warnings, answer.bars.frame.height
    ('arch', [], 5031)
    """

    def __init__(
        self, sources: Sequence[str | Source], *, lake: Lake | None = None, clock: Clock | None = None
    ) -> None:
        self.sources = tuple(SOURCES.load(item) if isinstance(item, str) else item for item in sources)
        self.lake = lake
        self.clock = clock or SystemClock()
        if not self.sources and lake is None:
            raise UsageError("a chain needs a source or a lake to ask")
        invented = [source.name for source in self.sources if source.synthetic]
        if invented and len(invented) < len(self.sources):
            raise UsageError(f"source {invented[0]} gives invented bars: it can not stand in a chain of real ones")

    @property
    def synthetic(self) -> bool:
        """True when invented bars were asked for."""
        return any(source.synthetic for source in self.sources)

    def offers(self, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether a source has this timeframe, or the lake these bars."""
        return any(timeframe in source.timeframes for source in self.sources) or (
            self.lake is not None and self.lake.has(symbol, timeframe)
        )

    def ask(
        self,
        symbol: str,
        timeframe: Timeframe = Timeframe.D1,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Answer:
        """Return bars of a symbol from the first that has them.

        Parameters
        ----------
        symbol : str
        timeframe : Timeframe
        start, end : datetime, optional
            First and last ``ts``.

        Raises
        ------
        TemporaryError
            Exit 75: none could answer, and at least one may later; names every try.
        NotFound
            Each answered that it has no such bars.
        """
        failed: list[AuguryError] = []
        tries: list[str] = []
        for source in self.sources:
            try:
                bars = source.load([symbol], timeframe=timeframe, start=start, end=end)
            except AuguryError as error:
                failed.append(error)
                tries.append(f"{source.name} failed: {error}")
            else:
                return self._answer(bars, source.name, start, tries)
        try:
            bars = self._cached(symbol, timeframe, start, end)
        except AuguryError as error:
            raise self._refusal(symbol, timeframe, [*failed, error], [*tries, f"{LAKE} failed: {error}"]) from error
        return self._answer(bars, LAKE, start, tries)

    def _cached(self, symbol: str, timeframe: Timeframe, start: datetime | None, end: datetime | None) -> Bars:
        if self.lake is None:
            raise NotFound("no lake to fall back on")
        bars = self.lake.read([symbol], timeframe)
        if bars.synthetic and not self.synthetic:
            raise NotFound(f"its {timeframe} bars of {symbol} are invented, and real ones were asked for")
        return between(bars, start, end)

    def _answer(self, bars: Bars, provider: str, start: datetime | None, tries: Sequence[str]) -> Answer:
        symbol, ts = bars.symbols[0], bars.frame["ts"]
        known_at = bars.timeframe.closes_at(ts[-1], market_calendar(bars.calendar))
        age = max(timedelta(0), self.clock.now() - known_at)
        warnings = list(tries)
        if tries:
            first = f" (from {bars.provider})" if provider == LAKE else ""
            warnings.append(f"{symbol} {bars.timeframe}: bars of {provider}{first}, {_in_words(age)} old")
        if start is not None and ts[0] - start > _LATE:
            warnings.append(f"{symbol} {bars.timeframe}: asked from {iso(start)}, {provider} begins {iso(ts[0])}")
        return Answer(bars, provider, age, warnings)

    def _refusal(
        self, symbol: str, timeframe: Timeframe, failed: Sequence[AuguryError], tries: Sequence[str]
    ) -> AuguryError:
        passing = any(isinstance(error, TemporaryError) for error in failed)
        kind = TemporaryError if passing else NotFound
        return kind(
            f"no {timeframe} bars for {symbol}: {'; '.join(tries)}",
            fix=f"augury data import FILE --symbol {symbol} --timeframe {timeframe}",
            symbol=symbol,
            timeframe=str(timeframe),
            tries=list(tries),
        )


def _in_words(age: timedelta) -> str:
    if age < timedelta(hours=1):
        return f"{int(age.total_seconds() // 60)} minutes"
    if age < timedelta(days=2):
        return f"{int(age.total_seconds() // 3600)} hours"
    return f"{age.days} days"
