"""Indicators against the plain definitions, bar by bar."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.features import build, feature_set

Columns = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def bars(single: Bars) -> Columns:
    return {name: single.frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}


@pytest.fixture(scope="module")
def found(single: Bars) -> pl.DataFrame:
    return build(single, "trend").frame


def wilder(x: np.ndarray, n: int) -> np.ndarray:
    out = np.full(len(x), np.nan)
    for t, value in enumerate(x):
        if value == value:
            out[t] = value if t == 0 or np.isnan(out[t - 1]) else out[t - 1] + (value - out[t - 1]) / n
    return out


def window(x: np.ndarray, n: int, function: Callable[[np.ndarray], float]) -> np.ndarray:
    return np.array([np.nan] * (n - 1) + [function(x[t - n + 1 : t + 1]) for t in range(n - 1, len(x))])


def directional(b: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    up, down = np.diff(b["high"], prepend=np.nan), -np.diff(b["low"], prepend=np.nan)
    nan = np.isnan(up)
    plus = np.where(nan, np.nan, np.where((up > down) & (up > 0), up, 0.0))
    minus = np.where(nan, np.nan, np.where((down > up) & (down > 0), down, 0.0))
    before = np.append(np.nan, b["close"][:-1])
    tr = np.maximum(b["high"], before) - np.minimum(b["low"], before)
    pdi, mdi = (100 * wilder(x, 14) / wilder(tr, 14) for x in (plus, minus))
    with np.errstate(invalid="ignore"):
        dx = 100 * np.abs(pdi - mdi) / (pdi + mdi)
    return wilder(np.where(np.isnan(dx) & ~np.isnan(pdi), 0.0, dx), 14), pdi, mdi


def kdj(b: Columns) -> tuple[np.ndarray, np.ndarray]:
    low, high = window(b["low"], 9, np.min), window(b["high"], 9, np.max)
    k = wilder(100 * (b["close"] - low) / (high - low), 3)
    return k, wilder(k, 3)


def mfi(b: Columns) -> np.ndarray:
    price = (b["high"] + b["low"] + b["close"]) / 3
    flow, moved = price * b["volume"], np.diff(price, prepend=np.nan)
    moved[np.abs(moved) < 1e-12 * price] = 0.0
    up, down = window(np.where(moved > 0, flow, 0), 14, np.sum), window(np.where(moved < 0, flow, 0), 14, np.sum)
    return 100 * up / (up + down)


def cci(b: Columns) -> np.ndarray:
    price = (b["high"] + b["low"] + b["close"]) / 3
    return window(price, 20, lambda w: (w[-1] - w.mean()) / (0.015 * np.abs(w - w.mean()).mean()))


def williams(b: Columns) -> np.ndarray:
    low, high = window(b["low"], 14, np.min), window(b["high"], 14, np.max)
    return -100 * (high - b["close"]) / (high - low)


def keltner(b: Columns) -> np.ndarray:
    before = np.append(b["close"][0], b["close"][:-1])
    atr = wilder(np.maximum(b["high"], before) - np.minimum(b["low"], before), 10)
    middle = wilder(b["close"], 21 / 2)
    return (b["close"] - (middle - 2 * atr)) / (4 * atr)


PLAIN: dict[str, Callable[[Columns], np.ndarray]] = {
    "adx_14": lambda b: directional(b)[0],
    "plus_di_14": lambda b: directional(b)[1],
    "minus_di_14": lambda b: directional(b)[2],
    "keltner_position_20": keltner,
    "kdj_k": lambda b: kdj(b)[0],
    "kdj_d": lambda b: kdj(b)[1],
    "kdj_j": lambda b: 3 * kdj(b)[0] - 2 * kdj(b)[1],
    "kdj_j_minus_d": lambda b: 3 * (kdj(b)[0] - kdj(b)[1]),
    "williams_r_14": williams,
    "cci_20": cci,
    "mfi_14": mfi,
    "vroc_14": lambda b: np.log((b["volume"] + 1) / (np.append([np.nan] * 14, b["volume"][:-14]) + 1)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_an_indicator_equals_its_plain_definition(name: str, bars: Columns, found: pl.DataFrame) -> None:
    known = found[name].is_not_null().to_numpy()
    expected = PLAIN[name](bars)[known]
    np.testing.assert_allclose(found[name].to_numpy()[known], expected, rtol=2e-5, atol=2e-4)


@pytest.mark.parametrize("name", ["adx_14", "cci_20", "mfi_14"])
@pytest.mark.parametrize("n", [1, 7, 14, 30])
def test_a_lag_is_the_value_of_that_many_bars_ago(name: str, n: int, found: pl.DataFrame) -> None:
    assert found[f"{name}_lag_{n}"].equals(found[name].shift(n))


def test_scores_stay_within_their_bounds(found: pl.DataFrame) -> None:
    for name in ("adx_14", "plus_di_14", "minus_di_14", "kdj_k", "kdj_d", "mfi_14"):
        low, high = found[name].min(), found[name].max()
        assert 0.0 <= low <= high <= 100.0 + 1e-4, name  # type: ignore[operator]
    assert found["williams_r_14"].min() >= -100.0  # type: ignore[operator]
    assert found["williams_r_14"].max() <= 0.0  # type: ignore[operator]


def flat(bars: Bars) -> Bars:
    level = pl.lit(20.0)
    return bars.with_frame(bars.frame.with_columns(open=level, high=level, low=level, close=level))


def test_a_price_that_stands_still_has_no_direction(single: Bars) -> None:
    last = build(flat(single), "trend").frame.row(-1, named=True)
    still = {"adx_14": 0.0, "plus_di_14": 0.0, "cci_20": 0.0, "mfi_14": 50.0, "kdj_k": 50.0, "williams_r_14": -50.0}
    assert {name: last[name] for name in still} == still
    assert last["keltner_position_20"] == 0.5


def test_a_steady_rise_is_all_plus(single: Bars) -> None:
    rise = pl.int_range(pl.len()).cast(pl.Float64) + 100.0
    frame = single.frame.with_columns(open=rise, high=rise + 0.5, low=rise - 0.5, close=rise + 0.4)
    last = build(single.with_frame(frame), "trend").frame.row(-1, named=True)
    assert last["adx_14"] == pytest.approx(100.0)
    assert last["minus_di_14"] == 0.0
    assert last["mfi_14"] == pytest.approx(100.0)


def test_the_trend_set_holds_every_feature_of_its_families_once() -> None:
    names = feature_set("trend")
    assert len(set(names)) == len(names) == 43


def test_the_volatility_percentile_is_the_share_of_calmer_bars_in_the_year_before(single: Bars) -> None:
    close = single.frame["close"].to_numpy()
    sd = window(np.append(np.nan, close[1:] / close[:-1] - 1), 20, lambda w: w.std(ddof=1))
    got = build(single, "regime").frame["volatility_percentile"].to_list()
    assert got[271] is None
    for t in (272, 280, 299):
        assert got[t] == pytest.approx(1.0 - (sd[t - 252 : t] > sd[t]).mean(), abs=1e-6)
