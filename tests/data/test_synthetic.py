from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket


def measured(market: SyntheticMarket) -> tuple[float, float]:
    """Correlation of the signal with the forward return, and half its 95 % interval."""
    forward = (pl.col("close").shift(-market.ic_bars).over("symbol") / pl.col("close") - 1).alias("forward")
    joined = market.bars().frame.join(market.signal(), on=["symbol", "ts"], maintain_order="left")
    rows = joined.with_columns(forward).drop_nulls("forward")
    return rows.select(pl.corr("signal", "forward")).item(), 1.96 / math.sqrt(rows.height)


@pytest.mark.parametrize("ic", [0.0, 0.05, 0.10, -0.05])
@pytest.mark.parametrize("horizon", [1, 5])
def test_the_planted_ic_is_recovered_within_its_interval(ic: float, horizon: int) -> None:
    found, half = measured(SyntheticMarket(ic=ic, ic_bars=horizon))
    assert abs(found - ic) < half


def test_the_planted_ic_is_right_on_average_over_seeds() -> None:
    found = [measured(SyntheticMarket(n_bars=1000, ic=0.10, seed=seed))[0] for seed in range(20)]
    assert abs(np.mean(found) - 0.10) < 3 / math.sqrt(20 * 8 * 1000)


def test_the_signal_is_seen_at_the_close_through_the_place_in_the_range(market: SyntheticMarket) -> None:
    rows = market.bars().frame.join(market.signal(), on=["symbol", "ts"], maintain_order="left")
    place = ((rows["close"] - rows["low"]) / (rows["high"] - rows["low"])).to_numpy()
    expected = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in rows["signal"]])
    assert np.abs(place - expected).max() < 1e-9


def test_the_signal_says_nothing_about_the_bar_it_is_drawn_in() -> None:
    market = SyntheticMarket(ic=0.10)
    past = (pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).alias("past")
    rows = market.bars().frame.with_columns(past).join(market.signal(), on=["symbol", "ts"]).drop_nulls("past")
    assert abs(rows.select(pl.corr("signal", "past")).item()) < 2.5 / math.sqrt(rows.height)


@pytest.mark.parametrize("regimes", [True, False])
def test_bars_are_possible_and_move_about_one_percent_a_day(regimes: bool) -> None:
    frame = SyntheticMarket(regimes=regimes, splits=3, gaps=5).bars().frame
    assert frame.filter(pl.col("high") < pl.max_horizontal("open", "low", "close")).is_empty()
    assert frame.filter(pl.col("low") > pl.min_horizontal("open", "high", "close")).is_empty()
    assert frame.filter((pl.col("low") <= 0) | (pl.col("volume") <= 0)).is_empty()
    plain = SyntheticMarket(regimes=regimes).bars().frame
    daily = plain.select((pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).std()).item()
    assert 0.008 < daily < 0.012


def test_regimes_make_volatility_change_and_their_absence_does_not() -> None:
    def spread(regimes: bool) -> float:
        frame = SyntheticMarket(regimes=regimes).bars().frame
        moves = frame.with_columns((pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).alias("r"))
        monthly = moves.group_by(pl.col("ts").dt.truncate("1mo")).agg(pl.col("r").std())
        return float(monthly["r"].std() / monthly["r"].mean())  # type: ignore[operator]

    assert spread(regimes=True) > 3 * spread(regimes=False)


def test_symbols_of_one_sector_move_together_more_than_strangers() -> None:
    market = SyntheticMarket(n_symbols=8, regimes=False)
    returns = market.bars().frame.with_columns(
        (pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).alias("r")
    )
    wide = returns.drop_nulls("r").pivot("symbol", index="ts", values="r").drop("ts").to_numpy()
    matrix, names, sectors = np.corrcoef(wide.T), market.names, market.sectors()
    pairs = [(i, j) for i in range(8) for j in range(i)]
    same = [matrix[i, j] for i, j in pairs if sectors[names[i]] == sectors[names[j]]]
    other = [matrix[i, j] for i, j in pairs if sectors[names[i]] != sectors[names[j]]]
    assert np.mean(same) > np.mean(other) + 0.05 > 0.2


def test_bars_are_marked_synthetic_and_lie_on_sessions(market: SyntheticMarket) -> None:
    bars = market.bars()
    assert bars.synthetic
    assert bars.provider == "synthetic"
    expected = market_calendar("XNYS").sessions(bars.frame["ts"].min(), bars.frame["ts"].max())  # type: ignore[arg-type]
    assert bars.of("SYN002").frame["ts"].equals(expected.rename("ts"))


def test_the_same_seed_gives_the_same_bytes_in_another_process(market: SyntheticMarket) -> None:
    code = (
        "from augury.data.synthetic import SyntheticMarket as M;"
        "print(M(n_symbols=3, n_bars=120).bars().data_version, M(n_symbols=3, n_bars=120, seed=7).bars().data_version)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    same, other = ran.stdout.split()
    assert same == market.bars().data_version
    assert other != same


def test_planted_gaps_and_splits_change_nothing_else() -> None:
    clean, broken = SyntheticMarket(n_bars=400), SyntheticMarket(n_bars=400, gaps=5, splits=2)
    planted = broken.planted()
    gaps = planted.filter(pl.col("kind") == "gap")
    assert (gaps.height, planted.height) == (5, 7)
    assert broken.bars().frame.height == clean.bars().frame.height - 5
    assert broken.bars().frame.join(gaps, on=["symbol", "ts"], how="semi").is_empty()
    split = planted.filter(pl.col("kind") == "split").row(0, named=True)
    key = (pl.col("symbol") == split["symbol"]) & (pl.col("ts") < split["ts"])
    assert broken.signal().join(clean.signal(), on=["symbol", "ts", "signal"], how="anti").is_empty()
    before = broken.bars().frame.filter(key)
    first_split = planted.filter((pl.col("kind") == "split") & (pl.col("symbol") == split["symbol"]))["ts"].min()
    untouched = before.filter(pl.col("ts") < first_split)
    assert untouched.join(clean.bars().frame, on=untouched.columns, how="anti").is_empty()


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.W1])
def test_every_timeframe_has_a_market_on_its_own_grid(timeframe: Timeframe) -> None:
    frame = SyntheticMarket(n_symbols=1, n_bars=60, timeframe=timeframe).bars().frame
    assert frame.height == 60
    steps = frame["ts"].diff().drop_nulls().dt.total_minutes()
    assert steps.min() >= (timeframe.minutes or 4 * 1440)  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [{"ic": 1.0}, {"n_bars": 1}, {"n_symbols": 0}, {"gaps": 10**9}, {"ic_bars": 0}])
def test_impossible_settings_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SyntheticMarket(**wrong)  # type: ignore[arg-type]
