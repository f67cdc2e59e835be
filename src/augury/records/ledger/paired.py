"""Pairs: what two versions said of the same bar of the same cell, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, and_, not_, select

from augury.core.labelspec import LABELS
from augury.records.database import reading
from augury.records.ledger.flags import has_flag
from augury.records.tables import forecast_evaluations, forecasts, model_versions, symbols

_PROBABILITIES: Final = ("p_bearish", "p_neutral", "p_bullish")


@dataclass(frozen=True, slots=True)
class Said:
    """One side of a pair, scored.

    Parameters
    ----------
    label : str
        The most probable class, also where the version abstained: both sides are asked the same.
    brier, pinball : float
        As in :class:`augury.core.outcome.Outcome`; smaller is better.
    covered80 : bool
        Whether its 80 % band held the return.
    """

    label: str
    brier: float
    pinball: float
    covered80: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two matured forecasts of one bar and horizon, the first said of each.

    Parameters
    ----------
    symbol, timeframe, horizon : str
    data_until, matures_at : datetime
    realised_label : str
        What came, by the label spec that both share.
    a, b : Said
    """

    symbol: str
    timeframe: str
    horizon: str
    data_until: datetime
    matures_at: datetime
    realised_label: str
    a: Said
    b: Said

    def scores(self, metric: str) -> tuple[float, float]:
        """Return the scores of both, larger is better: 1 for a hit, a Brier score or pinball loss negated.

        Examples
        --------
        >>> moment = datetime(2026, 11, 21)
        >>> right, wrong = Said("BULLISH", 0.4, 0.01, True), Said("BEARISH", 1.2, 0.02, True)
        >>> pair = Pair("SPY", "d1", "5d", moment, moment, "BULLISH", right, wrong)
        >>> pair.scores("hit"), pair.scores("brier")
        ((1.0, 0.0), (-0.4, -1.2))
        """
        if metric == "hit":
            return float(self.a.label == self.realised_label), float(self.b.label == self.realised_label)
        sign = 1.0 if metric == "covered80" else -1.0
        return sign * float(getattr(self.a, metric)), sign * float(getattr(self.b, metric))


METRICS: Final = ("hit", "brier", "pinball", "covered80")


def pairs_of(
    engine: Engine, symbol: str, timeframe: str, horizon: str, a: str, b: str, *, since: datetime | None = None
) -> Sequence[Pair]:
    """Return every bar of a cell that two versions spoke of before its outcome was known, in order of time.

    Replays are left out: of a bar whose outcome was known a version that was trained on it says anything.
    Where a version spoke twice of a bar the first word counts.

    Parameters
    ----------
    engine : Engine
    symbol, timeframe, horizon : str
    a, b : str
        Versions with the same label spec; pairs of different ones are no pairs.
    since : datetime, optional
        Only forecasts made at or after this.
    """
    first, second = forecasts.alias("a"), forecasts.alias("b")
    known_a, known_b = forecast_evaluations.alias("known_a"), forecast_evaluations.alias("known_b")
    version_a, version_b = model_versions.alias("version_a"), model_versions.alias("version_b")
    same = ("symbol_id", "timeframe", "horizon", "data_until", "matures_at", "label_spec_id")
    wanted = (
        select(first.c.data_until, first.c.matures_at, known_a.c.realised_label)
        .add_columns(*_side("a", first, known_a), *_side("b", second, known_b))
        .join(symbols, symbols.c.id == first.c.symbol_id)
        .join(version_a, version_a.c.id == first.c.version_id)
        .join(second, and_(*(second.c[name] == first.c[name] for name in same)))
        .join(version_b, version_b.c.id == second.c.version_id)
        .join(known_a, known_a.c.forecast_id == first.c.id)
        .join(known_b, known_b.c.forecast_id == second.c.id)
        .where(symbols.c.ticker == symbol, first.c.timeframe == timeframe, first.c.horizon == horizon)
        .where(version_a.c.version == a, version_b.c.version == b)
        .where(not_(has_flag("replay", first)), not_(has_flag("replay", second)))
        .order_by(first.c.data_until, first.c.made_at, second.c.made_at, first.c.id, second.c.id)
    )
    if since is not None:
        wanted = wanted.where(first.c.made_at >= since, second.c.made_at >= since)
    found: dict[tuple[datetime, datetime], Pair] = {}
    with reading(engine) as connection:
        for row in connection.execute(wanted):
            found.setdefault((row.data_until, row.matures_at), _pair(row, symbol, timeframe, horizon))
    return list(found.values())


_FIELDS: Final = ("label", *_PROBABILITIES, "flags_json")
_SCORED: Final = ("brier", "pinball", "covered80")


def _side(name: str, said: Any, known: Any) -> list[Any]:
    columns = [*(said.c[field] for field in _FIELDS), *(known.c[field] for field in _SCORED)]
    return [column.label(f"{name}_{column.name}") for column in columns]


def _pair(row: Row[Any], symbol: str, timeframe: str, horizon: str) -> Pair:
    sides = [_said(row._mapping, name) for name in ("a", "b")]
    return Pair(symbol, timeframe, horizon, row.data_until, row.matures_at, row.realised_label, sides[0], sides[1])


def _said(row: Any, name: str) -> Said:
    shares = [row[f"{name}_{field}"] for field in _PROBABILITIES]
    label = LABELS[shares.index(max(shares))] if "abstain" in row[f"{name}_flags_json"] else row[f"{name}_label"]
    return Said(label, *(row[f"{name}_{field}"] for field in _SCORED))
