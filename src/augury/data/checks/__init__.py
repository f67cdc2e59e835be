"""The rules bars must keep: one rule a file, each with a public ``CHECK`` and a stable code."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from augury.core.bars import Bars
from augury.core.catalog import Catalog
from augury.data.calendar import MarketCalendar, market_calendar
from augury.data.canonical.moments import infer_timeframe
from augury.data.canonical.normalize import is_close_only
from augury.data.checks._view import BarsView, in_order
from augury.data.validation.findings import ERROR, WARNING, Check, CheckContext, Finding, by_symbol

if TYPE_CHECKING:
    from augury.data.knowledge.instruments import InstrumentTable

CHECKS: Catalog[Check] = Catalog("check", ("augury.data.checks",), "CHECK")

__all__ = [
    "CHECKS", "ERROR", "WARNING", "BarsView", "Check", "CheckContext", "Finding", "by_symbol", "run", "run_with",
]  # fmt: skip


def run(
    bars: Bars | pl.DataFrame,
    *,
    calendar: str | MarketCalendar | None = None,
    now: datetime | None = None,
    grace_minutes: int = 0,
    instruments: InstrumentTable | None = None,
) -> list[Finding]:
    """Return every finding at once, in the order of the rules' files and of the symbols.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
        A frame's timeframe is taken from its spacing.
    calendar : str or MarketCalendar, optional
        The bars' own when not given; a frame without one is not checked for gaps.
    now : datetime, optional
        The present; without it nothing is called future or forming.
    grace_minutes : int
        How long after its close a bar may still change.
    instruments : InstrumentTable, optional
        Which instrument a symbol meant on which day.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> [f.code for f in run(SyntheticMarket(n_symbols=1, n_bars=300, gaps=2).bars())]
    ['GAP']
    """
    frame = bars.frame if isinstance(bars, Bars) else bars
    name = calendar or (bars.calendar if isinstance(bars, Bars) else None)
    broken = run_with(frame, CheckContext(), names=("schema", "empty"))
    if broken:
        return broken
    context = CheckContext(
        calendar=market_calendar(name) if isinstance(name, str) else name,
        timeframe=bars.timeframe if isinstance(bars, Bars) else infer_timeframe(frame),
        now=now,
        close_only=is_close_only(frame),
        grace_minutes=grace_minutes,
        instruments=instruments,
    )
    return run_with(frame, context)


def run_with(frame: pl.DataFrame, context: CheckContext, names: tuple[str, ...] | None = None) -> list[Finding]:
    """Run the named rules, or all, with a context made elsewhere."""
    chosen = [CHECKS.load(name) for name in (CHECKS.names() if names is None else names)]
    given = BarsView(frame)
    ordered: BarsView | None = None
    found: list[Finding] = []
    for check in chosen:
        if check.ordered and ordered is None:
            ordered = in_order(given)
        found += check.run(ordered if check.ordered and ordered is not None else given, context)
    return found
