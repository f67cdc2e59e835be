from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from augury.core.errors import UnknownName
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.knowledge.asset_class import ASSET_CLASSES, annualisation, asset_class


def test_eight_classes_are_known_each_with_a_calendar_and_a_factor() -> None:
    assert set(ASSET_CLASSES) == {"equity", "etf", "index", "crypto", "fx", "commodity", "bond", "future"}
    for name, one in ASSET_CLASSES.items():
        assert market_calendar(one.calendar).minutes_per_session > 0
        assert 240 <= annualisation(name) <= 365


def test_only_the_price_of_a_future_may_be_negative_and_an_index_has_no_volume() -> None:
    assert [name for name, one in ASSET_CLASSES.items() if one.may_be_negative] == ["future"]
    assert asset_class("index").volume == "none"


def test_a_year_has_as_many_bars_as_its_market_trades() -> None:
    assert (annualisation("equity"), annualisation("crypto")) == (252.0, 365.0)
    assert annualisation("crypto", Timeframe.H1) == 365 * 24
    assert annualisation("equity", Timeframe.M15) == 252 * 26
    assert annualisation("equity", Timeframe.W1) == pytest.approx(252 / 5)
    assert annualisation("equity", calendar="XTKS") != annualisation("equity")


def test_the_same_daily_series_has_another_sharpe_ratio_in_each_class() -> None:
    returns = np.array([0.01, -0.005, 0.002, 0.004])
    daily = returns.mean() / returns.std(ddof=1)
    equity, crypto = (daily * sqrt(annualisation(name)) for name in ("equity", "crypto"))
    assert crypto / equity == pytest.approx(sqrt(365 / 252))


def test_an_unknown_class_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'crypto'"):
        asset_class("cripto")
