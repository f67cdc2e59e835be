"""IsBuy and IsSell: limits come from the fit slice and from nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.tables import LabelledTable
from augury.labels import PercentileLabels, WalkForward, fit_percentiles, time_ordered


def test_limits_are_the_percentiles_of_the_fit_slice() -> None:
    returns = np.random.default_rng(0).normal(size=500)
    fitted = fit_percentiles(pl.DataFrame({"fwd_ret": returns}))
    assert fitted.buy_return == pytest.approx(np.percentile(returns, 60))
    assert fitted.sell_return == pytest.approx(np.percentile(returns, 40))
    labelled = fitted.transform(pl.DataFrame({"fwd_ret": returns}))
    assert labelled["IsBuy"].sum() == labelled["IsSell"].sum() == 200
    assert not (labelled["IsBuy"] & labelled["IsSell"]).any()


def test_changed_validation_rows_change_no_percentile_and_no_train_label(six_hundred: LabelledTable) -> None:
    split = time_ordered(six_hundred)
    start = split.valid.frame["ts"].min()
    noise = pl.when(pl.col("ts") >= start).then(pl.col("fwd_ret") * -7 + 1).otherwise("fwd_ret").alias("fwd_ret")
    other = time_ordered(six_hundred.with_frame(six_hundred.frame.with_columns(noise)))
    fitted, again = fit_percentiles(split.train.frame), fit_percentiles(other.train.frame)
    assert fitted == again
    assert fitted.transform(split.train.frame).equals(again.transform(other.train.frame))
    assert not fitted.transform(split.valid.frame)["IsBuy"].equals(again.transform(other.valid.frame)["IsBuy"])


def test_every_fold_is_fitted_on_its_own_train_rows_only(six_hundred: LabelledTable) -> None:
    limits = set()
    for train, _ in WalkForward(4).split(six_hundred):
        fitted = fit_percentiles(six_hundred.frame[train])
        assert fitted.n_fit == len(train)
        limits.add((fitted.sell_return, fitted.buy_return))
    assert len(limits) == 4


def test_an_unknown_return_has_no_label() -> None:
    fitted = fit_percentiles(pl.DataFrame({"fwd_ret": [k / 100 for k in range(101)]}))
    labelled = fitted.transform(pl.DataFrame({"fwd_ret": [None, float("nan"), 0.9]}))
    assert labelled["IsBuy"].to_list() == [None, None, True]
    assert labelled["IsSell"].to_list() == [None, None, False]


def test_fitted_limits_are_stored_and_come_back() -> None:
    fitted = fit_percentiles(pl.DataFrame({"r": np.arange(100.0)}), buy=55, sell=45, column="r")
    assert PercentileLabels.from_json(fitted.to_json()) == fitted
    assert fitted.to_json()["n_fit"] == 100


def test_settings_and_slices_that_tell_nothing_are_refused(make_table: Callable) -> None:
    frame = pl.DataFrame({"fwd_ret": np.arange(100.0)})
    for sell, buy in ((60, 40), (0, 50), (50, 100), (50, 50)):
        with pytest.raises(UsageError, match="in order between 0 and 100"):
            fit_percentiles(frame, buy=buy, sell=sell)
    with pytest.raises(UsageError, match="'nothing'"):
        fit_percentiles(frame, column="nothing")
    with pytest.raises(InsufficientHistory, match="49 known returns"):
        fit_percentiles(frame[:49])
    with pytest.raises(UsageError, match="nothing tells buy from sell"):
        fit_percentiles(frame.with_columns(pl.lit(0.0).alias("fwd_ret")))
    with pytest.raises(UsageError, match="'fwd_ret'"):
        fit_percentiles(frame).transform(pl.DataFrame({"other": [1.0]}))
