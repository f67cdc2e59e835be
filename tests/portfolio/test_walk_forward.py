"""Retraining emulated: never fitted on an outcome that had not come, never shown a label to predict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, LeakError, SchemaMismatch
from augury.core.labelspec import LabelSpec
from augury.core.tables import FORWARD_RETURN, LABEL, LABEL_END
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.features import build
from augury.labels.attach import attach
from augury.labels.splits import WalkForward
from augury.portfolio.backtest import Book, Costs, Market, figures, run_backtest, walk_forward
from augury.portfolio.backtest.walk_forward import assert_realised

SCHEDULE = WalkForward(folds=4, min_train=150)


@pytest.fixture(scope="module")
def bars():
    return SyntheticMarket(n_symbols=10, n_bars=400, ic=0.3, seed=9).bars()


@pytest.fixture(scope="module")
def table(bars):
    return attach(build(bars), bars, LabelSpec(Timeframe.D1, "5d", 5, 0.009))


def fit(known):
    """Slope of the outcome on each feature, one at a time."""
    X, y = known.X.astype(float), known.forward_returns
    return (X - X.mean(axis=0)).T @ (y - y.mean()) / np.maximum(X.var(axis=0), 1e-12) / len(y)


def predict(slopes, shown):
    return np.nan_to_num(shown.X.astype(float)) @ slopes


def test_no_model_is_fitted_on_an_outcome_that_had_not_come(table):
    seen = []

    def watched(known):
        seen.append((known.frame["ts"].max(), known.frame[LABEL_END].max(), known.frame[LABEL].null_count()))
        return fit(known)

    walk = walk_forward(table, watched, predict, SCHEDULE)
    assert len(walk.retrainings) == len(seen) == 4
    for one, (last, end, unknown) in zip(walk.retrainings, seen, strict=True):
        assert last < end < one.decides_from
        assert end == one.known_until
        assert unknown == 0
        # Purged by outcome, not by more: the newest row that may be used is used.
        assert (one.decides_from - end) <= timedelta(days=5)


def test_outcomes_that_come_later_change_no_earlier_score(table):
    whole = walk_forward(table, fit, predict, SCHEDULE)
    start = whole.retrainings[1].decides_from
    late = pl.col(LABEL_END) >= start
    spoilt = table.with_frame(
        table.frame.with_columns(pl.when(late).then(-9.0).otherwise(pl.col(FORWARD_RETURN)).alias(FORWARD_RETURN))
    )
    other = walk_forward(spoilt, fit, predict, SCHEDULE)
    block = pl.col("ts") <= whole.retrainings[1].decides_until
    assert whole.scores.filter(block).equals(other.scores.filter(block))
    assert not whole.scores.equals(other.scores)


def test_a_label_not_yet_known_is_refused_by_name(table):
    known = table.known()
    decision = known.frame[LABEL_END].sort()[500]
    with pytest.raises(LeakError, match=r"were not known on .* the first of SYN"):
        assert_realised(known, decision)


def test_the_newest_rows_are_scored_without_an_outcome_and_no_label_is_shown(table):
    shown_columns = set()

    def watching(slopes, shown):
        shown_columns.update(shown.frame.columns)
        return predict(slopes, shown)

    walk = walk_forward(table, fit, watching, SCHEDULE)
    assert walk.scores["ts"].max() == table.frame["ts"].max()
    assert shown_columns == {"symbol", "ts", *table.manifest.names}


def test_a_rolling_schedule_forgets_and_an_embargo_waits(table):
    rolling = walk_forward(table, fit, predict, replace(SCHEDULE, expanding=False))
    growing = walk_forward(table, fit, predict, SCHEDULE)
    assert rolling.retrainings[-1].rows < growing.retrainings[-1].rows
    waiting = walk_forward(table, fit, predict, replace(SCHEDULE, embargo_bars=30))
    assert all(
        late.known_until < early.known_until
        for late, early in zip(waiting.retrainings, growing.retrainings, strict=True)
    )


def test_a_planted_signal_is_earned_and_a_reversed_one_is_lost(bars, table):
    market = Market.of(bars)
    walk = walk_forward(table, fit, predict, SCHEDULE)
    ends = [
        figures(run_backtest(market, weights, costs=Costs.none())).net.total_return
        for weights in (walk.weights(market), -walk.weights(market, Book("long_short", 0.2)))
    ]
    assert ends[0] > 0 > ends[1]


def test_decisions_stand_on_the_scored_rows_only(bars, table):
    market = Market.of(bars)
    walk = walk_forward(table, fit, predict, SCHEDULE)
    weights = walk.weights(market, every=5)
    first = market.ts.index_of(walk.retrainings[0].decides_from)
    decided = np.flatnonzero(~np.isnan(weights).all(axis=1))
    assert decided.tolist() == list(range(first, market.days, 5))
    assert np.nansum(np.abs(weights[first])) == pytest.approx(1.0)


def test_a_model_that_answers_something_else_is_refused(table):
    with pytest.raises(SchemaMismatch, match="rows were to be scored"):
        walk_forward(table, fit, lambda slopes, shown: np.zeros(3), SCHEDULE)
    with pytest.raises(InsufficientHistory, match="labelled dates"):
        walk_forward(table, fit, predict, WalkForward(folds=2, min_train=12))
