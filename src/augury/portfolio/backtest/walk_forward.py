"""Retraining emulated: every decision is made by a model that had seen only outcomes known by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

import numpy as np
import polars as pl

from augury.core.clock import iso
from augury.core.errors import InsufficientHistory, LeakError, SchemaMismatch
from augury.core.tables import LABEL_END, FeatureTable, LabelledTable
from augury.core.typing import Floats
from augury.labels.splits import ROWS_MIN, WalkForward
from augury.portfolio.backtest.book import Book
from augury.portfolio.backtest.market import Market

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Retraining:
    """One fit of the schedule.

    Parameters
    ----------
    decides_from, decides_until : datetime
        First and last bar it decides on.
    rows : int
        Labelled rows it was fitted on.
    known_until : datetime
        The last ``label_end`` among them, before ``decides_from``.
    """

    decides_from: datetime
    decides_until: datetime
    rows: int
    known_until: datetime


@dataclass(frozen=True)
class Walk:
    """What the retrained models said.

    Parameters
    ----------
    scores : pl.DataFrame
        ``symbol, ts, score``: one row for each row of a scored block, labelled or not.
    retrainings : tuple of Retraining
        In time order.
    """

    scores: pl.DataFrame
    retrainings: tuple[Retraining, ...]

    def weights(self, market: Market, book: Book | None = None, every: int = 1) -> Floats:
        """Turn the scores into decisions on the rows of a market.

        Parameters
        ----------
        market : Market
            Must hold every symbol and moment that was scored.
        book : Book, optional
            Default: top and bottom 20 % of each day, equal weights.
        every : int
            Bars between decisions; the label's horizon holds each position to its outcome.

        Returns
        -------
        (T, N)
            See :func:`augury.portfolio.backtest.run_backtest`.
        """
        rows = np.searchsorted(market.ts.to_physical().to_numpy(), self.scores["ts"].to_physical().to_numpy())
        columns = np.searchsorted(np.array(market.symbols), self.scores["symbol"].to_numpy().astype(str))
        spread = np.full(market.close.shape, np.nan)
        spread[rows, columns] = self.scores["score"].to_numpy()
        return (book or Book()).weigh(spread, every)


def walk_forward(
    table: LabelledTable,
    fit: Callable[[LabelledTable], Model],
    predict: Callable[[Model, FeatureTable], Floats],
    schedule: WalkForward | None = None,
) -> Walk:
    """Fit on a schedule, score every row until the next fit.

    Parameters
    ----------
    table : LabelledTable
        All rows, those without an outcome included: they are scored, never fitted on.
    fit : callable
        ``(known rows) -> model``.
    predict : callable
        ``(model, features) -> (n,)`` scores, higher is better; it is never shown a label.
    schedule : WalkForward, optional
        Number of retrainings (``folds``), expanding or rolling, embargo; default 5, expanding.

    Raises
    ------
    InsufficientHistory
        Fewer than 10 dates before the first decision.
    LeakError
        A label that had not ended by the decision was about to be fitted on (asserted).
    SchemaMismatch
        ``predict`` answered another number of scores, or infinite ones.
    """
    schedule = schedule or WalkForward()
    dates = table.frame["ts"].unique().sort()
    parts, fits = [], []
    for first, after in pairwise(schedule.borders(len(dates))):
        known = _known(table, dates, first, schedule)
        block = table.frame.filter(pl.col("ts").is_between(dates[first], dates[after - 1]))
        shown = FeatureTable(block.select("symbol", "ts", *table.manifest.names), table.manifest, table.data_version)
        scores = np.asarray(predict(fit(known), shown), dtype=np.float64)
        if scores.shape != (block.height,) or np.isinf(scores).any():
            raise SchemaMismatch(
                f"{block.height} rows were to be scored, the model answered {scores.shape}, finite or NaN"
            )
        parts.append(block.select("symbol", "ts").with_columns(score=pl.Series(scores)))
        fits.append(Retraining(dates[first], dates[after - 1], len(known), _last_end(known)))
    return Walk(pl.concat(parts).sort("symbol", "ts"), tuple(fits))


def _known(table: LabelledTable, dates: pl.Series, first: int, schedule: WalkForward) -> LabelledTable:
    """Rows whose outcome was known before the first decision of a block."""
    start: datetime = dates[first]
    until = dates[max(0, first - max(schedule.embargo_bars, 1))]
    since = dates[0] if schedule.expanding else dates[max(0, first - schedule.borders(len(dates))[0])]
    rows = pl.col("ts").is_between(since, until) & (pl.col(LABEL_END) < start)
    known = table.with_frame(table.frame.filter(rows)).known()
    if (found := known.frame["ts"].n_unique()) < ROWS_MIN:
        raise InsufficientHistory(
            f"{found} labelled dates are known before {iso(start)}, at least {ROWS_MIN} are needed"
        )
    assert_realised(known, start)
    return known


def assert_realised(known: LabelledTable, decision: datetime) -> None:
    """Refuse rows whose outcome was not known when a decision was made.

    Raises
    ------
    LeakError
        With the first such row.
    """
    early = known.frame.filter(pl.col(LABEL_END).is_null() | (pl.col(LABEL_END) >= decision))
    if early.height:
        row = early.row(0, named=True)
        raise LeakError(
            f"{early.height} labels were not known on {iso(decision)}, the first of {row['symbol']} on "
            f"{iso(row['ts'])}: a model is fitted on outcomes that have come"
        )


def _last_end(known: LabelledTable) -> datetime:
    last = known.frame[LABEL_END].max()
    assert isinstance(last, datetime)
    return last
