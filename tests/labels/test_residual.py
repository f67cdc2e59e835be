"""Residual targets: what is taken out, from which rows, and what stays null."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.data.synthetic import SyntheticMarket
from augury.labels import TargetSpec, residual_targets

MARKET = SyntheticMarket(n_symbols=9, n_bars=220)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return MARKET.bars()


def records(**sectors: str) -> pl.DataFrame:
    known = MARKET.sectors() | sectors
    frame = pl.DataFrame({"symbol": known.keys(), "sector": known.values()})
    return frame.with_columns(valid_from=pl.date(2000, 1, 1), valid_to=pl.lit(None, pl.Date))


def closes(bars: Bars, symbol: str, price: str = "close") -> np.ndarray:
    return bars.of(symbol).frame[price].to_numpy()


def target(found: pl.DataFrame, symbol: str) -> np.ndarray:
    column = next(name for name in found.columns if name.startswith("fwd_"))
    return found.filter(pl.col("symbol") == symbol)[column].to_numpy()


@pytest.mark.parametrize("h", [1, 5, 20])
def test_the_plain_target_is_the_return_over_the_next_rows(bars: Bars, h: int) -> None:
    found = residual_targets(bars, TargetSpec(h))
    close = closes(bars, "SYN003")
    assert target(found, "SYN003")[:-h] == pytest.approx(close[h:] / close[:-h] - 1, abs=1e-15)
    assert found.columns == ["symbol", "ts", f"fwd_ret_{h}", "label_end"]


@pytest.mark.parametrize(
    ("spec", "ahead"),
    [
        (TargetSpec(5), 5),
        (TargetSpec(5, entry="next_open"), 5),
        (TargetSpec(5, entry="next_close"), 6),
        (TargetSpec(5, by_volatility=True), 5),
        (TargetSpec(5, neutral="beta"), 5),
        (TargetSpec(5, neutral="sector"), 5),
    ],
)
def test_the_last_rows_of_every_symbol_are_null_and_no_null_becomes_zero(
    bars: Bars, spec: TargetSpec, ahead: int
) -> None:
    found = residual_targets(bars, spec, sectors=records())
    for symbol in bars.symbols:
        own = found.filter(pl.col("symbol") == symbol)
        assert own[spec.name].tail(ahead).null_count() == ahead
        assert own["label_end"].null_count() == ahead
        assert own[spec.name][len(own) - ahead - 1] is not None
        assert own["label_end"][0] == own["ts"][ahead]
    assert not (found[spec.name].drop_nulls() == 0.0).any()
    assert not found[spec.name].is_nan().any()


def test_entries_buy_at_the_price_they_name(bars: Bars) -> None:
    close, opening = closes(bars, "SYN001"), closes(bars, "SYN001", "open")
    at_open = target(residual_targets(bars, TargetSpec(3, entry="next_open")), "SYN001")
    at_close = target(residual_targets(bars, TargetSpec(3, entry="next_close")), "SYN001")
    logs = target(residual_targets(bars, TargetSpec(3, log=True)), "SYN001")
    assert at_open[10] == pytest.approx(close[13] / opening[11] - 1)
    assert at_close[10] == pytest.approx(close[14] / close[11] - 1)
    assert logs[10] == pytest.approx(np.log(close[13] / close[10]))


def test_adjusted_closes_adjust_the_open_they_are_bought_at(bars: Bars) -> None:
    adjusted = bars.with_frame(bars.frame.with_columns((pl.col("close") * 0.5).alias("adj_close")))
    plain = residual_targets(bars, TargetSpec(3, entry="next_open"))
    found = residual_targets(adjusted, TargetSpec(3, entry="next_open", price_field="adj_close"))
    assert target(found, "SYN001")[:-3] == pytest.approx(target(plain, "SYN001")[:-3])
    with pytest.raises(DataError, match="adj_close"):
        residual_targets(bars, TargetSpec(3, price_field="adj_close"))


@pytest.mark.parametrize("h", [1, 5])
def test_the_mean_of_each_sector_on_each_day_is_zero(bars: Bars, h: int) -> None:
    spec = TargetSpec(h, neutral="sector")
    found = residual_targets(bars, spec, sectors=records()).join(records(), on="symbol")
    means = found.group_by("ts", "sector").agg(pl.col(spec.name).mean().abs(), pl.col(spec.name).count().alias("n"))
    assert means[spec.name].max() < 1e-12
    assert set(means["n"]) == {0, 2, 3}


def test_a_sector_of_one_has_no_residual(bars: Bars) -> None:
    found = residual_targets(bars, TargetSpec(1, neutral="sector"), sectors=records(SYN009="Alone"))
    assert found.filter(pl.col("symbol") == "SYN009")["fwd_ret_1_sector"].null_count() == 220
    without = residual_targets(bars, TargetSpec(1, neutral="sector"), sectors=records()[:8])
    assert without.filter(pl.col("symbol") == "SYN009")["fwd_ret_1_sector"].null_count() == 220


def test_the_sector_is_the_one_of_the_day_never_the_newest(bars: Bars) -> None:
    days = bars.of("SYN001").frame["ts"].dt.date()
    moved = pl.DataFrame(
        {
            "symbol": ["SYN001", "SYN001"],
            "sector": ["Energy", "Finance"],
            "valid_from": [date(2000, 1, 1), days[100]],
            "valid_to": [days[99], None],
        }
    )
    others = records().filter(pl.col("symbol") != "SYN001")
    changed = residual_targets(bars, TargetSpec(1, neutral="sector"), sectors=pl.concat([others, moved]))
    stayed = residual_targets(bars, TargetSpec(1, neutral="sector"), sectors=records())
    before, after = target(changed, "SYN001"), target(stayed, "SYN001")
    assert np.array_equal(before[:100], after[:100])
    assert (before[100:219] != after[100:219]).all()
    overlapping = pl.concat([records(), moved])
    with pytest.raises(DataError):
        residual_targets(bars, TargetSpec(1, neutral="sector"), sectors=overlapping)
    with pytest.raises(UsageError, match="sectors="):
        residual_targets(bars, TargetSpec(1, neutral="sector"))


def test_the_beta_residual_is_the_return_less_past_beta_times_the_market(bars: Bars) -> None:
    found = target(residual_targets(bars, TargetSpec(5, neutral="beta"), market="SYN002"), "SYN001")
    own, market = closes(bars, "SYN001"), closes(bars, "SYN002")
    x, m = own[1:] / own[:-1] - 1, market[1:] / market[:-1] - 1
    for t in (60, 61, 150, 214):
        past = slice(t - 60, t)
        beta = np.cov(x[past], m[past], ddof=0)[0, 1] / np.var(m[past])
        assert found[t] == pytest.approx(own[t + 5] / own[t] - 1 - beta * (market[t + 5] / market[t] - 1), abs=1e-12)
    assert np.isnan(found[:60]).all()
    alone = target(residual_targets(bars, TargetSpec(5, neutral="beta"), market="SYN002"), "SYN002")
    assert np.abs(alone[60:215]).max() < 1e-12
    with pytest.raises(UsageError, match="did you mean 'SYN002'"):
        residual_targets(bars, TargetSpec(5, neutral="beta"), market="SYN02")


def test_the_market_without_a_name_is_the_mean_of_the_same_day(bars: Bars) -> None:
    found = target(residual_targets(bars, TargetSpec(1, neutral="beta")), "SYN001")
    close = np.stack([closes(bars, symbol) for symbol in bars.symbols])
    returns = close[:, 1:] / close[:, :-1] - 1
    market, own, t = returns.mean(axis=0), returns[0], 120
    beta = np.cov(own[t - 60 : t], market[t - 60 : t], ddof=0)[0, 1] / np.var(market[t - 60 : t])
    assert found[t] == pytest.approx(own[t] - beta * market[t], abs=1e-12)


def test_the_volatility_normalised_target_divides_by_what_is_known_and_is_clipped(bars: Bars) -> None:
    found = target(residual_targets(bars, TargetSpec(4, by_volatility=True)), "SYN001")
    close = closes(bars, "SYN001")
    one = close[1:] / close[:-1] - 1
    t = 100
    scale = one[t - 20 : t].std(ddof=1) * np.sqrt(4)
    assert found[t] == pytest.approx(np.clip((close[t + 4] / close[t] - 1) / scale, -5, 5))
    assert np.isnan(found[:20]).all()
    jumpy = bars.frame.with_columns(
        pl.when(pl.int_range(pl.len()).over("symbol") >= 150)
        .then(pl.col("close") * 3)
        .otherwise("close")
        .alias("close")
    )
    spec = TargetSpec(1, by_volatility=True)
    clipped = target(residual_targets(bars.with_frame(jumpy), spec), "SYN001")
    assert clipped[149] == 5.0


def test_a_price_that_stands_still_has_no_volatility_and_no_beta(bars: Bars) -> None:
    still = bars.frame.with_columns(
        pl.when(pl.int_range(pl.len()).over("symbol") >= 100).then(50.0).otherwise("close").alias("close")
    )
    frozen = bars.with_frame(still)
    scaled = target(residual_targets(frozen, TargetSpec(1, by_volatility=True)), "SYN001")
    assert np.isnan(scaled[120:]).all()
    beta = target(residual_targets(frozen, TargetSpec(1, neutral="beta")), "SYN001")
    assert np.isnan(beta[160:]).all()


@pytest.mark.parametrize("settings", [{}, {"neutral": "beta"}, {"by_volatility": True}, {"neutral": "sector"}])
def test_rows_after_the_outcome_change_nothing_before_it(bars: Bars, settings: dict[str, object]) -> None:
    spec = TargetSpec(5, **settings)
    whole = residual_targets(bars, spec, sectors=records())
    cut = bars.of("SYN001").frame["ts"][150]
    part = residual_targets(bars.with_frame(bars.frame.filter(pl.col("ts") < cut)), spec, sectors=records())
    known = part.drop_nulls()
    assert known.equals(whole.join(known.select("symbol", "ts"), on=["symbol", "ts"], maintain_order="right"))
    assert len(known) > 0


def test_a_suspended_symbol_is_compared_over_its_own_rows(bars: Bars) -> None:
    days = bars.of("SYN001").frame["ts"]
    holed = bars.with_frame(bars.frame.filter(~((pl.col("symbol") == "SYN001") & (pl.col("ts") == days[151]))))
    found = residual_targets(holed, TargetSpec(1, neutral="beta"), market="SYN002")
    row = found.filter((pl.col("symbol") == "SYN001") & (pl.col("ts") == days[150]))
    own, market = closes(bars, "SYN001"), closes(bars, "SYN002")
    x, m = own[1:] / own[:-1] - 1, market[1:] / market[:-1] - 1
    beta = np.cov(x[90:150], m[90:150], ddof=0)[0, 1] / np.var(m[90:150])
    expected = own[152] / own[150] - 1 - beta * (market[152] / market[150] - 1)
    assert row["fwd_ret_1_beta"][0] == pytest.approx(expected, abs=1e-12)


def test_a_target_never_carries_the_name_of_a_past_return() -> None:
    names = {
        TargetSpec(h, entry, log, neutral, by_volatility).name
        for h in (1, 5)
        for entry in ("close", "next_open", "next_close")
        for log in (False, True)
        for neutral in ("none", "sector", "beta")
        for by_volatility in (False, True)
    }
    assert len(names) == 72
    assert all(name.startswith("fwd_") for name in names)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"horizon_bars": 0}, "horizon_bars=0"),
        ({"horizon_bars": 1, "entry": "open"}, "entry='open'"),
        ({"horizon_bars": 1, "neutral": "market"}, "neutral='market'"),
        ({"horizon_bars": 1, "price_field": "vwap"}, "price_field='vwap'"),
    ],
)
def test_a_target_that_does_not_exist_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        TargetSpec(**settings)
