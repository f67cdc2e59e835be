"""Charts: the past of a symbol as a live forecast shows it, kept until the store or the bars change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.forecast import Forecast
from augury.records.ledger.chain import LedgerRow
from augury.records.ledger.forecast_pages import ForecastPages
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.chart import Order, Style, orders
from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.serving.kept import Kept

OVERLAY_BARS: Final = 20
_CHARTS_MAX: Final = 256
Past = dict[str, list[LedgerRow]]


@dataclass
class Charts:
    """What charts are made of.

    Parameters
    ----------
    workspace : Workspace
    """

    workspace: Workspace
    _bars: Kept[tuple[object, ...], pl.DataFrame] = field(default_factory=lambda: Kept(_CHARTS_MAX))
    _told: Kept[tuple[object, ...], Sequence[LedgerRow]] = field(default_factory=lambda: Kept(_CHARTS_MAX))
    _orders: Kept[tuple[object, ...], list[Order]] = field(default_factory=lambda: Kept(_CHARTS_MAX))

    def bars(self, bars: Bars, ahead: int) -> pl.DataFrame:
        """Return bars with the return that came ``ahead`` bars later (``came``) and a mean of closes (``average``)."""
        return self._bars.get((bars.data_version, ahead), lambda: _beside(bars.frame, ahead))

    def past(self, bundle: Bundle, since: datetime, mark: tuple[int, ...]) -> Past:
        """Return what was said of each horizon at earlier bars, the newest of each bar, the oldest bar first.

        Parameters
        ----------
        bundle : Bundle
            What is said now.
        since : datetime
            When the oldest bar of the chart opened.
        mark : tuple of int
            Of the store now.
        """
        pages, where = ForecastPages(self.workspace.store.engine), (bundle.symbol, bundle.timeframe)
        told = self._told.get(
            (*where, since, *mark), lambda: [one.row for one in pages.page(*where, since=since, limit=None)]
        )
        first = bundle.forecasts[0]
        found: dict[str, dict[datetime, LedgerRow]] = {row.horizon: {} for row in bundle.forecasts}
        for row in reversed(told):
            said = row.forecast
            if said.horizon in found and said.data_until < first.data_until and said.made_at < first.made_at:
                found[said.horizon][said.data_until] = row
        return {horizon: [rows[moment] for moment in sorted(rows)] for horizon, rows in found.items()}

    def orders(self, past: Sequence[LedgerRow], style: Style, bundle: Bundle, mark: tuple[int, ...]) -> list[Order]:
        """Turn what was said of one horizon into positions and orders; see :func:`augury.runs.forecasts.chart.orders`.

        Parameters
        ----------
        past : sequence of LedgerRow
        style : Style
        bundle : Bundle
            Says which bars are known now.
        mark : tuple of int
        """
        said: list[Forecast] = [row.forecast for row in past]
        key = (tuple(row.id for row in past), style, bundle.forecasts[0].data_hash, mark)
        return self._orders.get(key, lambda: orders(self.workspace, said, style))


def _beside(frame: pl.DataFrame, ahead: int) -> pl.DataFrame:
    close = pl.col("adj_close") if "adj_close" in frame.columns else pl.col("close")
    came = (close.shift(-ahead) / close - 1).alias("came")
    return frame.with_columns(came, pl.col("close").rolling_mean(OVERLAY_BARS).alias("average"))


def charts_of(backend: Backend) -> Charts:
    """Return the charts of a backend, made at their first use."""
    found: Charts = backend.parts.setdefault("charts", Charts(backend.workspace))
    return found
