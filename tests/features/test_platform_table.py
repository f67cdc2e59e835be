"""The platform's table of 157 features: number, name, bars until known, unit; kept here as data."""

import csv
import io

import polars as pl
import pytest

from augury.cli.app import run
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.timeframe import Timeframe
from augury.features import build, describe, feature_set

TABLE = """
    1 returns 2 fraction | 2 log_returns 2 fraction | 3 volatility_5d 6 fraction
    4 volatility_20d 21 fraction | 5 rsi 15 score | 6 macd 26 atr | 7 macd_signal 34 atr
    8 macd_histogram 34 atr | 9 stoch_k 14 score | 10 stoch_d 16 score | 11 sma_10 10 fraction
    12 sma_20 20 fraction | 13 sma_50 50 fraction | 14 ema_12 12 fraction | 15 ema_26 26 fraction
    16 price_to_sma20 20 atr | 17 price_to_sma50 50 atr | 18 sma_10_20_cross 20 fraction
    19 ema_12_26_cross 26 fraction | 20 bb_upper 20 fraction | 21 bb_lower 20 fraction
    22 bb_width 20 fraction | 23 bb_position 20 ratio | 24 atr 114 ratio | 25 atr_percent 15 fraction
    26 realized_vol_20d 21 fraction | 27 vix 1 fraction | 28 rv_iv_spread 21 ratio
    29 rv_iv_spread_zscore 40 sd | 30 iv_regime_underpriced 21 flag | 31 iv_regime_overpriced 21 flag
    32 iv_regime_fair 21 flag | 33 volatility_regime_normal 65 flag | 34 volume_sma 20 ratio
    35 volume_ratio 20 ratio | 36 obv 6 ratio | 37 obv_ema 25 ratio | 38 velocity_5d 21 sd
    39 velocity_10d 21 sd | 40 velocity_20d 21 sd | 41 acceleration_5d 26 sd | 42 rsi_velocity 20 score
    43 volume_velocity 6 ratio | 44 higher_high 2 flag | 45 lower_low 2 flag | 46 gap_up 2 fraction
    47 gap_down 2 fraction | 48 body_size 1 fraction | 49 upper_shadow 1 fraction | 50 lower_shadow 1 fraction
    51 momentum_1d 22 sd | 52 momentum_5d 6 fraction | 53 momentum_20d 21 fraction
    54 rate_of_change_10d 11 fraction | 55 vol_ratio_5_20 21 ratio | 56 high_low_range 1 fraction
    57 close_position 1 ratio | 58 volume_price_trend 20 fraction | 59 accumulation_distribution 20 ratio
    60 return_lag_1 3 fraction | 61 return_lag_2 4 fraction | 62 return_lag_5 7 fraction
    63 rsi_cross_30 16 flag | 64 rsi_cross_70 16 flag | 65 bb_squeeze 70 flag | 66 volume_surge 20 flag
    67 rsi_momentum 34 ratio | 68 momentum_divergence_5d 21 ratio | 69 momentum_divergence_20d 34 ratio
    70 rsi_3 4 score | 71 rsi_7 8 score | 72 rsi_14 15 score | 73 rsi_28 29 score
    74 rsi_divergence_3_14 15 score | 75 rsi_divergence_3_14_z 34 sd | 76 rsi_divergence_7_28 29 score
    77 rsi_divergence_7_28_z 48 sd | 78 distance_to_nearest_support 61 fraction
    79 distance_to_nearest_resistance 61 fraction | 80 support_strength 61 ratio
    81 resistance_strength 61 ratio | 82 broke_support 62 flag | 83 broke_resistance 62 flag
    84 days_since_support_break 62 ratio | 85 days_since_resistance_break 62 ratio
    86 distance_to_fib_382 21 fraction | 87 distance_to_fib_500 21 fraction
    88 distance_to_fib_618 21 fraction | 89 in_consolidation_zone 21 flag | 90 vwap_deviation 20 fraction
    91 vwap_volume_ratio 20 ratio | 92 above_vwap 20 flag | 93 vwap_crossover 21 flag
    94 vwap_crossunder 21 flag | 95 vwap_band_position 20 ratio | 96 vw_momentum_5d 6 fraction
    97 vw_momentum_20d 21 fraction | 98 volume_surge_with_price 22 flag | 99 large_volume_day 20 flag
    100 accumulation_signal 20 flag | 101 distribution_signal 20 flag | 102 vpi 20 ratio
    103 vpi_short 5 ratio | 104 rsi_divergence_5d 15 score | 105 rsi_divergence_10d 15 score
    106 rsi_divergence_20d 21 score | 107 regime_low_vol 65 flag | 108 regime_high_vol 65 flag
    109 rsi_low_vol 65 ratio | 110 rsi_high_vol 65 ratio | 111 macd_low_vol 65 atr | 112 macd_high_vol 65 atr
    113 bb_position_low_vol 65 ratio | 114 latest_high_pivot 60 fraction | 115 latest_low_pivot 60 fraction
    116 dist_to_high_pivot 60 fraction | 117 dist_to_low_pivot 60 fraction | 118 vap_poc_price 60 ratio
    119 dist_to_vap_poc 60 fraction | 120 hvn_proximity 60 ratio | 121 near_resistance_zone 60 flag
    122 near_support_zone 60 flag | 123 volume_concentration_score 60 ratio | 124 sentiment_mean 1 ratio
    125 sentiment_std 1 ratio | 126 sentiment_min 1 ratio | 127 sentiment_max 1 ratio
    128 news_volume 1 count | 129 news_volume_norm 60 ratio | 130 positive_ratio 1 ratio
    131 negative_ratio 1 ratio | 132 sentiment_sma_5 5 ratio | 133 sentiment_sma_20 20 ratio
    134 sentiment_momentum 10 ratio | 135 sentiment_acceleration 15 ratio | 136 sentiment_volatility 20 ratio
    137 sentiment_rsi 15 score | 138 sentiment_bullish_divergence 21 flag
    139 sentiment_bearish_divergence 21 flag | 140 sentiment_strong_bullish_divergence 21 flag
    141 sentiment_strong_bearish_divergence 21 flag | 142 high_volume_positive 51 flag
    143 high_volume_negative 51 flag | 144 low_volume_positive 51 flag | 145 low_volume_negative 51 flag
    146 volume_surge_positive 5 flag | 147 volume_surge_negative 5 flag | 148 sentiment_regime_bull 20 flag
    149 sentiment_regime_bear 20 flag | 150 sentiment_regime_neutral 20 flag
    151 sentiment_regime_strength 20 ratio | 152 nsis 5 ratio | 153 nsis_fast 9 ratio | 154 nsis_slow 24 ratio
    155 nsis_z 64 sd | 156 sentiment_zscore 60 sd | 157 news_velocity 20 ratio
"""
ROWS = [tuple(row.split()) for row in TABLE.replace("|", "\n").strip().splitlines()]
NAMES = tuple(name for _, name, _, _ in ROWS)
LIMITS = {"flag": (0.0, 1.0), "fraction": (-1.0, 2.0), "score": (-100.0, 100.0), "count": (0.0, 1e6)}


def test_the_table_counts_from_1_to_157() -> None:
    assert [int(number) for number, _, _, _ in ROWS] == list(range(1, 158))
    assert len(set(NAMES)) == 157


def test_the_platform_is_the_table_in_its_order() -> None:
    assert feature_set("platform") == NAMES
    assert feature_set("technical") == NAMES[:123]
    assert feature_set("sentiment") == NAMES[123:]


def test_every_feature_is_known_after_the_bars_the_table_says() -> None:
    assert {spec.name: spec.lookback_bars for spec in describe("platform")} == {
        name: int(bars) for _, name, bars, _ in ROWS
    }


def test_every_feature_has_the_unit_of_its_formula() -> None:
    assert {spec.name: spec.unit for spec in describe("platform")} == {name: unit for _, name, _, unit in ROWS}


def test_values_lie_where_their_unit_lets_them(panel: Bars, beside: pl.DataFrame) -> None:
    frame = build(panel, "platform", beside=beside).frame
    assert tuple(frame.columns[2:]) == NAMES
    for _, name, _, unit in ROWS:
        low, high = LIMITS.get(unit, (-25.0, 25.0))
        assert frame[name].drop_nulls().is_between(low, high).all(), name
        if unit == "flag":
            assert frame[name].drop_nulls().is_in([0.0, 1.0]).all(), name


def test_the_first_value_stands_at_the_bar_the_table_says(single: Bars, beside: pl.DataFrame) -> None:
    frame = build(single, "platform", beside=beside).frame
    first = {name: frame[name].is_not_null().arg_max() for name in NAMES}
    assert first == {name: int(bars) - 1 for _, name, bars, _ in ROWS}


@pytest.mark.parametrize("factor", [0.001, 1.3, 10_000.0])
def test_a_factor_on_prices_in_ticks_flips_no_flag_and_moves_no_value(
    factor: float, markets: tuple[pl.DataFrame, ...]
) -> None:
    # Prices in ticks tie and stand on thresholds, and times a factor they miss each other by rounding.
    frame = markets[1]
    bars = Bars(frame.select(*BAR_SCHEMA), Timeframe.D1, synthetic=True)
    scaled = bars.with_frame(bars.frame.with_columns(pl.col("open", "high", "low", "close") * factor))
    one, other = (build(each, "platform", beside=frame.drop(*bars.frame.columns[2:])).frame for each in (bars, scaled))
    for name in NAMES:
        assert one[name].is_null().equals(other[name].is_null()), name
        assert other[name].drop_nulls().to_list() == pytest.approx(
            one[name].drop_nulls().to_list(), rel=2e-7, abs=1e-7
        ), name


def test_the_catalogue_prints_157_rows_with_lookback_unit_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["features", "list", "--csv"], environ={}) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["number"], row["name"], row["bars"], row["unit"]) for row in rows] == ROWS
    assert all(row["source"] for row in rows)


@pytest.mark.parametrize("column", ["name", "bars", "unit", "source"])
def test_the_printed_catalogue_shows_what_a_reader_asks_for(column: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["features", "list"], environ={}) == 0
    said = capsys.readouterr()
    assert column in said.out.splitlines()[0]
    assert "157 features" in said.err
