"""Agreement: the forecasts of several timeframes about one duration become one, or an honest abstention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import numpy as np

from augury.core.errors import DataError
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LABELS
from augury.core.timeframe import Horizon
from augury.core.typing import Floats
from augury.models.consensus.durations import durations, trading_minutes
from augury.models.consensus.effective import correlations, effective_sources
from augury.models.consensus.handoff import CASCADE, handoff_confidence, of_each, partners
from augury.models.consensus.voices import Consensus, Source, Voice

_ORDER: Final = tuple(str(frame) for frame in CASCADE)
_WEIGHTS: Final = (
    (7.0, (0.8, 1.0, 0.8, 0.5, 0.3)),
    (30.0, (0.3, 0.5, 1.0, 0.9, 0.5)),
    (90.0, (0.1, 0.3, 0.8, 1.0, 0.8)),
    (float("inf"), (0.05, 0.1, 0.5, 0.8, 1.0)),
)
_WITHIN_A_DAY: Final = (1.0, 0.8, 0.5, 0.3, 0.1)
"""Weight of m15, h1, h4, d1 and w1 by the longest horizon in sessions they hold for."""
LEAD: Final = 1.2
"""A direction must outweigh the opposite one by this factor."""
SOURCES_MIN: Final = 1.2
"""With fewer effective sources there is nobody to agree with."""
_CARRIED: Final = ("adapted", "degraded", "raw", "replay", "stale", "synthetic")

History: TypeAlias = Mapping[date, float]


def table_weight(sessions: float, timeframe: str) -> float:
    """Weight of a timeframe for a horizon before confidence and hand-off.

    Parameters
    ----------
    sessions : float
        Length of the horizon.
    timeframe : str
        One of m15, h1, h4, d1, w1.

    Examples
    --------
    >>> table_weight(0.6, "m15"), table_weight(5, "h1"), table_weight(30, "h4"), table_weight(360, "w1")
    (1.0, 1.0, 1.0, 1.0)
    """
    row = next(row for longest, row in _WEIGHTS if sessions <= longest + 1e-9)
    return (_WITHIN_A_DAY if sessions < 1 - 1e-9 else row)[_ORDER.index(timeframe)]


def direction(weights: Mapping[str, float]) -> str:
    """Name the direction that leads: more than 1.2 times the opposite one and more than NEUTRAL.

    Examples
    --------
    >>> direction({"BEARISH": 0.4, "NEUTRAL": 0.0, "BULLISH": 0.6})
    'BULLISH'
    >>> direction({"BEARISH": 0.46, "NEUTRAL": 0.0, "BULLISH": 0.54})
    'NEUTRAL'
    """
    for name, against in (("BULLISH", "BEARISH"), ("BEARISH", "BULLISH")):
        if weights[name] > LEAD * weights[against] + 1e-12 and weights[name] > weights["NEUTRAL"] + 1e-12:
            return name
    return "NEUTRAL"


def agree(
    sources: Sequence[Source],
    minutes_per_session: int,
    histories: Mapping[tuple[str, str], History] | None = None,
) -> list[Consensus]:
    """Put the forecasts of one symbol together, one consensus a duration, the shortest first.

    A source whose own future is over when the newest speaks is left out, and so are timeframes outside the
    cascade. An abstaining source does not vote; when all abstain there is a row all the same, with their
    bands and no direction.

    Parameters
    ----------
    sources : sequence of Source
        One symbol; at most one a timeframe and horizon.
    minutes_per_session : int
        Of the symbol's calendar.
    histories : mapping, optional
        (timeframe, horizon) to the source's past signed scores by day; without them sources are taken to
        overlap (correlation 0.8).

    Raises
    ------
    DataError
        Sources of more than one symbol.
    """
    if len({source.forecast.symbol for source in sources}) > 1:
        raise DataError("a consensus is of one symbol")
    named = durations([source.forecast.horizon for source in sources], minutes_per_session)
    groups: dict[str, dict[str, Source]] = {}
    for source in sources:
        if source.forecast.timeframe in _ORDER:
            group = groups.setdefault(named[source.forecast.horizon], {})
            before = group.get(source.forecast.timeframe)
            # Two horizons of one timeframe in one duration: the one that names it speaks.
            if before is None or source.forecast.horizon == named[source.forecast.horizon]:
                group[source.forecast.timeframe] = source
    ordered = sorted(groups, key=lambda name: trading_minutes(name, minutes_per_session))
    return [
        _agree(name, _alive(groups[name]), Horizon.parse(name).sessions(minutes_per_session), histories or {})
        for name in ordered
    ]


def _alive(group: Mapping[str, Source]) -> list[Source]:
    """The sources in order of timeframe whose future is not over."""
    now = max(source.forecast.made_at for source in group.values())
    there = (group[name] for name in _ORDER if name in group)
    return [source for source in there if source.forecast.matures_at > now]


def _agree(
    horizon: str, sources: Sequence[Source], sessions: float, histories: Mapping[tuple[str, str], History]
) -> Consensus:
    voting = [source for source in sources if not source.abstains]
    speaking = voting or list(sources)
    handoffs = _handoffs(voting)
    each = of_each([source.forecast.timeframe for source in speaking], handoffs)
    raw = np.array([_weight(source.forecast, sessions, each[source.forecast.timeframe]) for source in speaking])
    weights = raw / raw.sum()
    votes = {label: _sum(weights, [source.forecast.label == label for source in speaking]) for label in LABELS}
    label = direction(votes) if voting else "NEUTRAL"
    past = [histories.get((source.forecast.timeframe, source.forecast.horizon), {}) for source in speaking]
    n_eff = effective_sources(weights, correlations(past)) if voting else 0.0
    alone = n_eff < SOURCES_MIN
    newest = max(speaking, key=lambda source: (source.forecast.data_until, _ORDER.index(source.forecast.timeframe)))
    price = newest.forecast.current_price
    carried = {flag for source in speaking for flag in source.forecast.flags if flag in _CARRIED}
    share = {source.row_hash: float(weight) for source, weight in zip(voting, weights, strict=False)}
    return Consensus(
        symbol=newest.forecast.symbol,
        horizon=horizon,
        made_at=max(source.forecast.made_at for source in sources),
        data_until=newest.forecast.data_until,
        matures_at=newest.forecast.matures_at,
        label=label,
        confidence=_sum(weights, [source.forecast.confidence for source in speaking]),
        agreement=None if alone else votes[label],
        n_eff=n_eff,
        current_price=price,
        expected_return=_sum(weights, [_rebased(s.forecast.expected_return, s, price) for s in speaking]),
        quantiles=_bands(speaking, weights, price),
        voices=tuple(_voice(source, share.get(source.row_hash, 0.0), each) for source in sources),
        handoffs=tuple((a, b, value) for (a, b), value in handoffs.items()),
        flags=tuple(sorted(carried | _marks(alone=alone, abstains=not voting))),
    )


def _marks(*, alone: bool, abstains: bool) -> set[str]:
    return {name for name, true in (("single_source", alone), ("abstain", abstains)) if true}


def _handoffs(voting: Sequence[Source]) -> dict[tuple[str, str], float]:
    by_frame = {source.forecast.timeframe: source for source in voting}
    found = {}
    for pair in partners(list(by_frame)):
        a, b = (by_frame[name] for name in pair)
        found[pair] = handoff_confidence(
            (a.forecast.confidence, b.forecast.confidence), (a.forecast.label, b.forecast.label), (a.target, b.target)
        )
    return found


def _weight(forecast: Forecast, sessions: float, handoff: float | None) -> float:
    return table_weight(sessions, forecast.timeframe) * forecast.confidence * (1.0 if handoff is None else handoff)


def _sum(weights: Floats, values: Sequence[float]) -> float:
    return float(weights @ np.array(values, dtype=np.float64))


def _rebased(returned: float, source: Source, price: float) -> float:
    """A return counted from another price: sources saw other last closes."""
    return source.forecast.current_price * (1 + returned) / price - 1


def _bands(speaking: Sequence[Source], weights: Floats, price: float) -> dict[str, float]:
    """Weighted mean of the quantiles, its bands widened to hold those of the source with the narrowest one."""
    each = [{name: _rebased(value, s, price) for name, value in s.forecast.quantiles.items()} for s in speaking]
    narrowest = min(each, key=lambda ladder: ladder["q90"] - ladder["q10"])
    found = {name: _sum(weights, [ladder[name] for ladder in each]) for name in QUANTILES}
    widened = {
        name: value if level == 0.5 else (min if level < 0.5 else max)(value, narrowest[name])
        for (name, level), value in zip(QUANTILES.items(), found.values(), strict=True)
    }
    # A mean of ordered ladders is ordered but for rounding.
    return dict(zip(QUANTILES, np.maximum.accumulate(list(widened.values())).tolist(), strict=True))


def _voice(source: Source, weight: float, each: Mapping[str, float | None]) -> Voice:
    said = source.forecast
    return Voice(
        timeframe=said.timeframe,
        horizon=said.horizon,
        row_hash=source.row_hash,
        label=said.label,
        confidence=said.confidence,
        target=source.target,
        weight=weight,
        handoff=None if source.abstains else each.get(said.timeframe),
        abstained=source.abstains,
    )
