"""FEA-07: the market beside its symbols, and a symbol against its market."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import UnknownName, UsageError
from augury.core.manifest import FeatureManifest
from augury.core.metrics import ic_by_day, noise_floor
from augury.core.timeframe import Timeframe
from augury.features import build, feature_set, manifest_for
from augury.features.panel.market import market_beside
from augury.features.panel.sectors import sector_beside


def closes(bars: Bars) -> pl.DataFrame:
    return bars.frame.pivot(on="symbol", index="ts", values="close").sort("ts")


def column(frame: pl.DataFrame, symbol: str, name: str) -> np.ndarray:
    return frame.filter(pl.col("symbol") == symbol)[name].to_numpy()


def cut_at(bars: Bars, ts: object) -> Bars:
    return bars.with_frame(bars.frame.filter(pl.col("ts") <= ts))


def market_features(bars: Bars) -> pl.DataFrame:
    beside = market_beside(bars)
    specs = [spec for spec in manifest_for(bars, "all", beside=beside).features if spec.family == "market"]
    return build(bars, FeatureManifest(tuple(specs)), beside=beside).frame


def test_the_set_has_fifteen_features_and_lacks_by_name_what_needs_a_longer_history(
    crowd: Bars, sector_records: pl.DataFrame
) -> None:
    beside = market_beside(crowd).join(sector_beside(crowd, sector_records), on=["symbol", "ts"])
    assert len(feature_set("market")) == 15
    absent = set(feature_set("market")) - set(manifest_for(crowd, "market", beside=beside).names)
    assert absent == {"market_drawdown", "market_trend"}  # 150 sessions have neither


def test_the_market_of_a_symbol_is_the_mean_of_the_others(crowd: Bars) -> None:
    table = closes(crowd)
    x = table.drop("ts").to_numpy()
    returns = x[1:] / x[:-1] - 1.0
    beside = market_beside(crowd)
    names = table.columns[1:]
    for symbol in ("S00", "S05"):
        others = np.delete(returns, names.index(symbol), axis=1)
        np.testing.assert_allclose(column(beside, symbol, "market_lag_1")[1:], np.nanmean(others, axis=1), rtol=1e-9)
    np.testing.assert_allclose(
        column(market_beside(crowd, leave_one_out=False), "S00", "market_lag_1")[1:],
        np.nanmean(returns, axis=1),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        column(beside, "S00", "market_dispersion")[1:], np.nanstd(returns, axis=1, ddof=1), rtol=1e-9
    )


def test_a_suspended_symbol_enters_the_market_on_its_second_day_back(crowd: Bars) -> None:
    frame = crowd.frame.with_columns(
        pl.when((pl.col("symbol") == "S03") & (pl.col("ts").rank("dense") > 82)).then(pl.col("close") * 3.0)
        .otherwise("close").alias("close")
    )  # fmt: skip
    assert crowd.frame.filter(pl.col("symbol") == "S03").height == 138
    one, other = market_beside(crowd), market_beside(crowd.with_frame(frame))
    np.testing.assert_allclose(column(other, "S00", "market_lag_1"), column(one, "S00", "market_lag_1"), rtol=1e-9)


def test_the_market_alone_counts_its_own_sessions(crowd: Bars) -> None:
    beside = market_beside(crowd, "S00")
    own = crowd.frame.filter(pl.col("symbol") == "S00")["close"].to_numpy()
    moves = own[1:] / own[:-1] - 1.0
    ts = crowd.frame.filter(pl.col("symbol") == "S03")["ts"].to_list()
    first = ts[0]
    back = next(k for k in range(1, len(ts)) if ts[k] - ts[k - 1] > timedelta(days=5))
    day = (ts[back] - first).days
    row = beside.filter(pl.col("symbol") == "S03")[back]
    assert row["market_lag_2"][0] == pytest.approx(moves[day - 2])
    assert row["market_lag_5"][0] == pytest.approx(moves[day - 5])
    assert row["market_vol_20"][0] == pytest.approx(np.std(moves[day - 20 : day], ddof=1) * np.sqrt(252.0), rel=0.01)


def test_drawdown_and_trend_come_from_the_last_252_and_200_sessions(make_walk: Callable[..., pl.DataFrame]) -> None:
    bars = Bars(make_walk("AAA", 300, 1), Timeframe.D1, synthetic=True)
    own = bars.frame["close"].to_numpy()
    beside = market_beside(bars, "AAA")
    assert beside["market_drawdown"][250] is None
    assert beside["market_drawdown"][280] == pytest.approx(own[280] / own[29:281].max() - 1.0)
    assert beside["market_trend"][198] is None
    for t in (199, 240, 299):
        assert beside["market_trend"][t] == float(own[t - 49 : t + 1].mean() > own[t - 199 : t + 1].mean())


def test_features_against_the_market_equal_their_definitions(crowd: Bars) -> None:
    table = market_features(crowd)
    beside = market_beside(crowd)
    for symbol in ("S01", "S03", "S07"):
        close = column(crowd.frame, symbol, "close")
        level = column(beside, symbol, "market_close")
        r, m = close[1:] / close[:-1] - 1.0, level[1:] / level[:-1] - 1.0
        t = len(r) - 3
        a, b = r[t - 59 : t + 1], m[t - 59 : t + 1]
        beta = np.cov(a, b)[0, 1] / b.var(ddof=1)
        expected = {
            "beta_60": beta,
            "alpha_60": a.mean() - beta * b.mean(),
            "market_corr_60": np.corrcoef(a, b)[0, 1],
            "idio_vol_60": np.sqrt((a.var(ddof=1) - beta**2 * b.var(ddof=1)) * 251.6),
            "rel_strength_20": close[t + 1] / close[t - 19] - level[t + 1] / level[t - 19],
        }
        for name, value in expected.items():
            assert column(table, symbol, name)[t + 1] == pytest.approx(value, rel=2e-3, abs=1e-8), (symbol, name)


def test_an_index_is_its_own_market_with_beta_one(crowd: Bars) -> None:
    table = build(
        crowd, manifest_for(crowd, "market", beside=market_beside(crowd, "S00")), beside=market_beside(crowd, "S00")
    )
    np.testing.assert_allclose(column(table.frame, "S00", "beta_60")[60:], 1.0, rtol=1e-6)
    np.testing.assert_array_equal(column(table.frame, "S00", "rel_strength_20")[20:], 0.0)


def test_an_index_of_its_own_bars_counts_like_one_among_them(crowd: Bars) -> None:
    assert market_beside(crowd, crowd.of("S00")).equals(market_beside(crowd, "S00"))


def test_an_index_that_is_not_there_or_keeps_other_hours_is_refused(crowd: Bars) -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'S"):
        market_beside(crowd, "S0")
    with pytest.raises(UsageError, match="align them first"):
        market_beside(crowd, dataclasses.replace(crowd.of("S00"), calendar="XTKS"))


def test_twenty_cuts_and_noise_after_them_change_nothing(crowd: Bars) -> None:
    whole = market_beside(crowd)
    rng = np.random.default_rng(0)
    days = crowd.frame["ts"].unique().sort()
    for k in np.linspace(2, len(days) - 2, 20).astype(int):
        known = pl.col("ts") <= days[int(k)]
        assert market_beside(cut_at(crowd, days[int(k)])).equals(whole.filter(known))
        factor = pl.Series(rng.lognormal(0.0, 0.5, crowd.frame.height))
        noisy = crowd.frame.with_columns(
            pl.when(known).then("close").otherwise(pl.col("close") * factor).alias("close")
        )
        assert market_beside(crowd.with_frame(noisy)).filter(known).equals(whole.filter(known))


def test_scaling_each_symbol_by_its_own_constant_changes_nothing(crowd: Bars) -> None:
    factor = pl.col("symbol").str.slice(1).cast(pl.Float64) * 3.0 + 0.1
    scaled = crowd.with_frame(crowd.frame.with_columns(pl.col("open", "high", "low", "close") * factor))
    one, other = market_features(crowd), market_features(scaled)
    for name in one.columns[2:]:
        np.testing.assert_allclose(other[name].to_numpy(), one[name].to_numpy(), rtol=1e-5, atol=1e-7, err_msg=name)


def test_a_stray_bar_on_a_day_without_session_does_not_cost_the_market_a_day(crowd: Bars) -> None:
    stray = crowd.frame.filter((pl.col("symbol") == "S00") & (pl.col("ts").rank("dense") == 90))
    stray = stray.with_columns(pl.col("ts") + pl.duration(hours=7))
    with_it = crowd.with_frame(pl.concat([crowd.frame, stray]).sort("symbol", "ts"))
    found = market_beside(with_it)
    assert found.join(stray, on=["symbol", "ts"])["market_close"].to_list() == [None]
    assert found.join(stray, on=["symbol", "ts"], how="anti").equals(market_beside(crowd))


def test_two_symbols_have_no_market(panel: Bars) -> None:
    assert (
        market_beside(Bars(panel.frame.filter(pl.col("symbol") != "BBB"), Timeframe.D1))
        .drop("symbol", "ts")
        .null_count()
        .row(0)
        == (560,) * 8
    )


@pytest.mark.parametrize(("lead", "found"), [(0.5, True), (0.0, False)])
def test_a_planted_lead_of_one_day_raises_ic_above_noise_and_noise_does_not(
    lead: float, found: bool, make_walk: Callable[..., pl.DataFrame]
) -> None:
    bars = led(lead, make_walk)
    beside = market_beside(bars, "INDEX")
    table = build(bars, manifest_for(bars, "all", beside=beside), beside=beside).frame
    ahead = bars.frame.select((pl.col("close").shift(-1) / pl.col("close") - 1.0).over("symbol")).to_series()
    rows = table.with_columns(ahead.alias("ahead")).filter(pl.col("symbol") != "INDEX").drop_nulls("ahead")
    known = rows.drop_nulls("market_lead_60")
    score, day = known["market_lead_60"].to_numpy().astype(float), known["ts"].to_physical().to_numpy()
    value = float(np.nanmean(ic_by_day(score, known["ahead"].to_numpy(), day, min_names=10)))
    assert (value > 4.0 * noise_floor(12, known["ts"].n_unique())) == found
    first = rows.filter(pl.col("symbol") == "S11").drop_nulls("market_lag_1")
    strength = np.corrcoef(first["market_lag_1"].to_numpy(), first["ahead"].to_numpy())[0, 1]
    assert (abs(strength) > 4.0 / np.sqrt(first.height)) == found
    earlier = first.drop_nulls("market_lag_2")
    assert abs(np.corrcoef(earlier["market_lag_2"].to_numpy(), earlier["ahead"].to_numpy())[0, 1]) < 4.0 / np.sqrt(
        first.height
    )


def led(lead: float, make_walk: Callable[..., pl.DataFrame]) -> Bars:
    """An index whose return of one day moves the symbols on the next, each by its own measure."""
    rng = np.random.default_rng(8)
    days = 700
    market = rng.normal(0.0, 0.01, days)
    before = np.append(0.0, market[:-1])
    frames = []
    for k in range(13):
        moves = market if k == 12 else lead * (k - 5.5) / 5.5 * before + rng.normal(0.0, 0.01, days)
        frame = make_walk("INDEX" if k == 12 else f"S{k:02d}", days, k)
        ratio = pl.Series(50.0 * np.cumprod(1.0 + moves)) / frame["close"]
        frames.append(frame.with_columns(pl.col("open", "high", "low", "close") * ratio))
    return Bars(pl.concat(frames).sort("symbol", "ts"), Timeframe.D1, synthetic=True)
