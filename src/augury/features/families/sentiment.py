"""News scores of each session, their course, and their agreement with price and volume.

The inputs are columns of ``data.sentiment.daily_sentiment``: scores in [-1, 1], carried forward at
most three sessions. They are absent without news, and dropped by name when news are sparse.
"""

from math import exp

from augury.features.families.divergence import momentum_in_sd
from augury.features.family import Family, Feature
from augury.features.language import (
    absolute,
    change,
    column,
    dot,
    greater,
    log,
    mean,
    per,
    previous_quantiles,
    sd,
    volume,
    where,
    wilder,
    zscore,
)

score, count = column("news_score_mean"), column("news_count")
_sma5, _sma20 = mean(score, 5), mean(score, 20)
_momentum = change(_sma5, 5)
_move = momentum_in_sd(5)
_gain, _loss = wilder(greater(change(score, 1), 0.0), 14), wilder(greater(-change(score, 1), 0.0), 14)
_strength = where(_gain + _loss > 0.0, 100.0 * _gain / (_gain + _loss), 50.0)
_quiet, _busy = previous_quantiles(volume, 252, 0.2, 0.8, least=50)
_surge = volume > 1.5 * mean(volume, 5)
# Without headlines a session adds nothing, whatever score is carried forward.
_intensity = where(count > 0.0, score * log(count + 1.0), 0.0)
nsis = dot(_intensity, [exp(-0.3 * k) for k in range(5)])

FAMILY = Family(
    name="sentiment",
    source="headline scores by session; news-sentiment intensity with weights exp(-0.3 k) over five sessions",
    features=(
        Feature("sentiment_mean", 1, score, unit="ratio"),
        Feature("sentiment_std", 1, column("news_score_std"), unit="ratio"),
        Feature("sentiment_min", 1, column("news_score_min"), unit="ratio"),
        Feature("sentiment_max", 1, column("news_score_max"), unit="ratio"),
        Feature("news_volume", 1, count, unit="count"),
        Feature("news_volume_norm", 60, log(count + 1.0) - mean(log(count + 1.0), 60), unit="ratio"),
        Feature("positive_ratio", 1, column("news_positive_share"), unit="ratio"),
        Feature("negative_ratio", 1, column("news_negative_share"), unit="ratio"),
        Feature("sentiment_sma_5", 5, _sma5, unit="ratio"),
        Feature("sentiment_sma_20", 20, _sma20, unit="ratio"),
        Feature("sentiment_momentum", 10, _momentum, unit="ratio"),
        Feature("sentiment_acceleration", 15, change(_momentum, 5), unit="ratio"),
        Feature("sentiment_volatility", 20, sd(score, 20), unit="ratio"),
        Feature("sentiment_rsi", 15, _strength, unit="score"),
        Feature("sentiment_bullish_divergence", 21, (_move < -0.5) & (_momentum > 0.1), unit="flag"),
        Feature("sentiment_bearish_divergence", 21, (_move > 0.5) & (_momentum < -0.1), unit="flag"),
        Feature("sentiment_strong_bullish_divergence", 21, (_move < -1.0) & (_momentum > 0.2), unit="flag"),
        Feature("sentiment_strong_bearish_divergence", 21, (_move > 1.0) & (_momentum < -0.2), unit="flag"),
        Feature("high_volume_positive", 51, (volume > _busy) & (score > 0.3), unit="flag"),
        Feature("high_volume_negative", 51, (volume > _busy) & (score < -0.3), unit="flag"),
        Feature("low_volume_positive", 51, (volume < _quiet) & (score > 0.3), unit="flag"),
        Feature("low_volume_negative", 51, (volume < _quiet) & (score < -0.3), unit="flag"),
        Feature("volume_surge_positive", 5, _surge & (score > 0.2), unit="flag"),
        Feature("volume_surge_negative", 5, _surge & (score < -0.2), unit="flag"),
        Feature("sentiment_regime_bull", 20, _sma20 > 0.2, unit="flag"),
        Feature("sentiment_regime_bear", 20, _sma20 < -0.2, unit="flag"),
        Feature("sentiment_regime_neutral", 20, (_sma20 <= 0.2) & (_sma20 >= -0.2), unit="flag"),
        Feature("sentiment_regime_strength", 20, absolute(_sma20), unit="ratio"),
        Feature("nsis", 5, nsis, unit="ratio"),
        Feature("nsis_fast", 9, mean(nsis, 5), unit="ratio"),
        Feature("nsis_slow", 24, mean(nsis, 20), unit="ratio"),
        Feature("nsis_z", 64, zscore(nsis, 60), unit="sd"),
        Feature("sentiment_zscore", 60, zscore(score, 60), unit="sd"),
        Feature("news_velocity", 20, per(count, mean(count, 20)) - 1.0, unit="ratio"),
    ),
)
