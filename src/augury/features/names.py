"""The names of the sets, in the order models see them."""

from __future__ import annotations

from typing import Final

TECHNICAL: Final = (
    "returns", "log_returns", "volatility_5d", "volatility_20d", "rsi", "macd", "macd_signal", "macd_histogram",
    "stoch_k", "stoch_d", "sma_10", "sma_20", "sma_50", "ema_12", "ema_26", "price_to_sma20", "price_to_sma50",
    "sma_10_20_cross", "ema_12_26_cross", "bb_upper", "bb_lower", "bb_width", "bb_position", "atr", "atr_percent",
    "realized_vol_20d", "vix", "rv_iv_spread", "rv_iv_spread_zscore", "iv_regime_underpriced",
    "iv_regime_overpriced", "iv_regime_fair", "volatility_regime_normal", "volume_sma", "volume_ratio", "obv",
    "obv_ema", "velocity_5d", "velocity_10d", "velocity_20d", "acceleration_5d", "rsi_velocity", "volume_velocity",
    "higher_high", "lower_low", "gap_up", "gap_down", "body_size", "upper_shadow", "lower_shadow", "momentum_1d",
    "momentum_5d", "momentum_20d", "rate_of_change_10d", "vol_ratio_5_20", "high_low_range", "close_position",
    "volume_price_trend", "accumulation_distribution", "return_lag_1", "return_lag_2", "return_lag_5",
    "rsi_cross_30", "rsi_cross_70", "bb_squeeze", "volume_surge", "rsi_momentum", "momentum_divergence_5d",
    "momentum_divergence_20d", "rsi_3", "rsi_7", "rsi_14", "rsi_28", "rsi_divergence_3_14", "rsi_divergence_3_14_z",
    "rsi_divergence_7_28", "rsi_divergence_7_28_z", "distance_to_nearest_support", "distance_to_nearest_resistance",
    "support_strength", "resistance_strength", "broke_support", "broke_resistance", "days_since_support_break",
    "days_since_resistance_break", "distance_to_fib_382", "distance_to_fib_500", "distance_to_fib_618",
    "in_consolidation_zone", "vwap_deviation", "vwap_volume_ratio", "above_vwap", "vwap_crossover",
    "vwap_crossunder", "vwap_band_position", "vw_momentum_5d", "vw_momentum_20d", "volume_surge_with_price",
    "large_volume_day", "accumulation_signal", "distribution_signal", "vpi", "vpi_short", "rsi_divergence_5d",
    "rsi_divergence_10d", "rsi_divergence_20d", "regime_low_vol", "regime_high_vol", "rsi_low_vol", "rsi_high_vol",
    "macd_low_vol", "macd_high_vol", "bb_position_low_vol", "latest_high_pivot", "latest_low_pivot",
    "dist_to_high_pivot", "dist_to_low_pivot", "vap_poc_price", "dist_to_vap_poc", "hvn_proximity",
    "near_resistance_zone", "near_support_zone", "volume_concentration_score",
)  # fmt: skip
"""From bars alone."""
SENTIMENT: Final = (
    "sentiment_mean", "sentiment_std", "sentiment_min", "sentiment_max", "news_volume", "news_volume_norm",
    "positive_ratio", "negative_ratio", "sentiment_sma_5", "sentiment_sma_20", "sentiment_momentum",
    "sentiment_acceleration", "sentiment_volatility", "sentiment_rsi", "sentiment_bullish_divergence",
    "sentiment_bearish_divergence", "sentiment_strong_bullish_divergence", "sentiment_strong_bearish_divergence",
    "high_volume_positive", "high_volume_negative", "low_volume_positive", "low_volume_negative",
    "volume_surge_positive", "volume_surge_negative", "sentiment_regime_bull", "sentiment_regime_bear",
    "sentiment_regime_neutral", "sentiment_regime_strength", "nsis", "nsis_fast", "nsis_slow", "nsis_z",
    "sentiment_zscore", "news_velocity",
)  # fmt: skip
"""From bars and the news of each session."""
STARTER: Final = (
    "bb_width", "bb_position", "atr_percent", "gap_up", "gap_down", "body_size", "upper_shadow", "lower_shadow",
    "high_low_range", "close_position", "momentum_1d", "momentum_5d", "momentum_20d", "rate_of_change_10d",
    "vol_ratio_5_20", "rsi", "macd", "macd_signal", "macd_histogram", "stoch_k", "stoch_d", "rsi_3", "rsi_7",
    "rsi_14", "rsi_28", "rsi_divergence_3_14", "returns", "volatility_5d", "volatility_20d", "return_lag_1",
    "return_lag_2", "return_lag_5", "sma_10", "sma_20", "sma_50", "ema_12", "price_to_sma20", "velocity_5d",
    "velocity_10d", "velocity_20d", "volume_sma", "volume_ratio", "obv", "volume_price_trend",
    "accumulation_distribution", "vwap_deviation", "vw_momentum_5d", "vw_momentum_20d",
)  # fmt: skip
"""A small set without near copies, known after 50 bars: what a recipe uses unless told otherwise."""
TREND: Final = (
    "adx_14", "plus_di_14", "minus_di_14", "keltner_position_20", "kdj_k", "kdj_d", "kdj_j", "kdj_j_minus_d",
    "williams_r_14", "cci_20", "mfi_14", "vroc_14",
    *(f"{name}_lag_{n}" for name in ("rsi_14", "adx_14", "cci_20", "mfi_14") for n in (1, 7, 14, 30)),
    "supertrend_up", "supertrend_distance", "supertrend_factor", "supertrend_performance", "supertrend_strength",
    "swing_distance", "swing_distance_before", "swing_age", "swing_age_before", "blend_support_distance",
    "blend_resistance_distance", "blend_support_strength", "blend_resistance_strength", "blend_nearest_distance",
    "blend_nearest_strength",
)  # fmt: skip
"""Indicators of trend, the adaptive SuperTrend, the last swings, blended levels."""
REGIME: Final = (
    "volatility_percentile", "volatility_regime_normal", "regime_low_vol", "regime_high_vol", "hmm_p_calm",
    "hmm_p_usual", "hmm_p_wild", "garch_volatility", "day_stress", "day_regime",
)  # fmt: skip
"""What kind of market it is; the last six come from transforms fitted on a fold."""
PANEL_GROUPS: Final = {
    "past_returns": ("past_ret_1", "past_ret_5", "past_ret_10", "past_ret_20", "past_ret_60", "mom_252_21"),
    "volatility": ("vol_5", "vol_20", "vol_60", "vol_ratio_5_20", "parkinson_20"),
    "averages": ("gap_sma20", "gap_sma60", "gap_ema200"),
    "technical": ("rsi_14", "macd_hist_atr", "bb_position", "stoch_k", "atr_percent"),
    "volume": ("volume_ratio", "turnover_z60", "amihud_20"),
    "range": ("close_position", "high_252_gap", "low_252_gap"),
    "cross": ("beta_60", "alpha_60", "idio_vol_60", "rel_strength_20"),
    "sector": ("sector_ret_20", "rel_sector_5"),
    "peers": ("peer_ret_1",),
}
"""The default features of a cross-section by group; a group is known or not as a whole."""
PANEL32: Final = tuple(name for group in PANEL_GROUPS.values() for name in group)
MARKET: Final = (
    "beta_20", "beta_60", "market_corr_20", "market_corr_60", "rel_strength_5", "rel_strength_20", "rel_strength_60",
    "market_lag_1", "market_lag_2", "market_lag_5", "market_vol_20", "market_drawdown", "market_trend",
    "market_dispersion", "rel_sector_20",
)  # fmt: skip
"""A symbol against its market."""
