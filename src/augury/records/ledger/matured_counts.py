"""Matured counts: how many served forecasts of a day were right and within their bands, counted by the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, func, not_, select

from augury.records.database import reading
from augury.records.ledger.flags import has_flag, is_shadow
from augury.records.tables import forecast_evaluations, forecasts, label_specs


@dataclass(frozen=True, slots=True)
class MaturedCount:
    """Scored forecasts that are alike in all that is counted.

    Parameters
    ----------
    day : date
        UTC day on which they matured.
    timeframe, horizon : str
    horizon_bars : int
    came : str
        The class that came, of ``LABELS``.
    hit, covered80, abstained : bool
        The class that was said came; the 80 % band held the return; no direction was named.
    n : int
    """

    day: date
    timeframe: str
    horizon: str
    horizon_bars: int
    came: str
    hit: bool
    covered80: bool
    abstained: bool
    n: int


def matured_counts(engine: Engine, since: datetime) -> Sequence[MaturedCount]:
    """Count what was served, was said before its outcome was known and has matured since a moment, by day.

    A day of full breadth has a thousand outcomes: they are counted where they lie, and not read one by one.
    """
    said, known = forecasts.c, forecast_evaluations.c
    alike = (
        said.matures_at,
        said.timeframe,
        said.horizon,
        label_specs.c.horizon_bars,
        known.realised_label,
        (said.label == known.realised_label).label("hit"),
        known.covered80,
        has_flag("abstain").label("abstained"),
    )
    wanted = (
        select(*alike, func.count().label("n"))
        .select_from(forecasts)
        .join(forecast_evaluations, known.forecast_id == said.id)
        .join(label_specs, label_specs.c.id == said.label_spec_id)
        .where(said.matures_at >= since, not_(is_shadow()), not_(has_flag("replay")))
        .group_by(*alike)
    )
    found: Counter[tuple[date, str, str, int, str, bool, bool, bool]] = Counter()
    with reading(engine) as connection:
        for row in connection.execute(wanted):
            found[row[0].date(), row[1], row[2], row[3], row[4], bool(row[5]), bool(row[6]), bool(row[7])] += row.n
    return [MaturedCount(*key, n) for key, n in sorted(found.items())]
