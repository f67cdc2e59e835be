"""Eleven relative features of a window of bars: the same shape at any price level."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from augury.core.errors import UsageError
from augury.core.typing import Features, Floats
from augury.features.windows import window_moments

_PRICES = ("open", "high", "low", "close")
NAMES = (
    *(f"log_return_{price}" for price in _PRICES),
    "body_ratio",
    "upper_wick_ratio",
    "lower_wick_ratio",
    *(f"zscore_{price}" for price in _PRICES),
)
"""The eleven columns, in order."""
_FLAT = 1e-9
_BLOCK = 128
"""Windows worked on at a time: their columns stay in the second-level cache."""


class RelativeFeatureTransform:
    """Turn windows of open, high, low, close into eleven columns without a price level.

    Columns 1-4 ``ln(P_t / P_{t-1})`` of the same price, 0 at the first bar; 5-7 body and wicks as a
    share of the bar's range, 0 when the range is no more than 1e-9 of the price; 8-11
    ``(P_t - m) / s`` with mean and population standard deviation of the last
    ``min(t + 1, zscore_window)`` values including t, clipped, 0 when ``s <= 1e-9 m``. Guards are
    relative, so a factor on all prices changes nothing. Looks back ``zscore_window - 1`` bars,
    ahead 0. Stateless; follows scikit-learn's transformer protocol without needing the package.

    Parameters
    ----------
    zscore_window : int
        Bars in the z-score, >= 2; larger is smoother.
    zscore_clip : float
        Bound of the z-score in standard deviations, > 0.
    signed_body : bool
        Keep the sign of close minus open in ``body_ratio``.

    Examples
    --------
    >>> bars = np.array([[[100.0, 102.0, 99.0, 101.0], [101.0, 103.0, 100.0, 102.0]]])
    >>> RelativeFeatureTransform().fit_transform(bars)[0, 1, [0, 4, 7]].astype(float).round(6).tolist()
    [0.00995..., 0.333333..., 1.0]
    """

    def __init__(self, zscore_window: int = 20, zscore_clip: float = 10.0, signed_body: bool = False) -> None:
        self.zscore_window = zscore_window
        self.zscore_clip = zscore_clip
        self.signed_body = signed_body

    def fit(self, X: object, y: object = None) -> Self:
        """Check the settings and the windows; nothing is learned from them."""
        self._checked_settings()
        _checked(X)
        return self

    def transform(self, X: object) -> Features:
        """Compute the eleven columns.

        Parameters
        ----------
        X : array, shape (n_windows, n_bars, 4)
            Finite prices above 0 in the order open, high, low, close.

        Returns
        -------
        array, shape (n_windows, n_bars, 11)
            float32, computed in float64.

        Raises
        ------
        TypeError
            Not a numeric array.
        ValueError
            Another shape, or a price that is not finite or not positive, naming window and bar.
        """
        self._checked_settings()
        prices = _checked(X)
        out = np.zeros((*prices.shape[:2], len(NAMES)), dtype=np.float32)
        for first in range(0, len(prices), _BLOCK):
            part, into = prices[first : first + _BLOCK], out[first : first + _BLOCK]
            into[:, 1:, :4] = np.log(part[:, 1:] / part[:, :-1])
            into[:, :, 4:7] = self._shape_of_bars(part)
            into[:, :, 7:] = self._zscores(part)
        return out

    def fit_transform(self, X: object, y: object = None) -> Features:
        """Check, then transform."""
        return self.fit(X, y).transform(X)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the eleven names in column order."""
        return np.array(NAMES, dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's settings."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change settings, as in scikit-learn.

        Raises
        ------
        ValueError
            A setting that does not exist.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(
                    f"RelativeFeatureTransform has no setting '{name}' (known: {', '.join(self.get_params())})"
                )
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn what this is; the package is imported only when it asks."""
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(two_d_array=False, three_d_array=True, positive_only=True),
            requires_fit=False,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Nothing is learned: always ready."""
        return True

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"RelativeFeatureTransform({settings})"

    def _checked_settings(self) -> None:
        if self.zscore_window < 2:
            raise UsageError(f"zscore_window={self.zscore_window} is below 2: one value has no spread")
        if not self.zscore_clip > 0:
            raise UsageError(f"zscore_clip={self.zscore_clip} is not above 0")

    def _shape_of_bars(self, prices: Floats) -> Floats:
        o, h, low, c = np.moveaxis(prices, 2, 0)
        body = c - o if self.signed_body else np.abs(c - o)
        lengths = np.stack([body, h - np.maximum(o, c), np.minimum(o, c) - low], axis=2)
        spread = (h - low)[:, :, None]
        flat = spread <= _FLAT * ((h + low) / 2.0)[:, :, None]
        shares: Floats = np.divide(lengths, spread, out=np.zeros_like(lengths), where=~flat)
        return shares

    def _zscores(self, prices: Floats) -> Floats:
        series = np.ascontiguousarray(np.moveaxis(prices, 2, 1))
        mean, deviations, count = _trailing_moments(series, self.zscore_window)
        sd = np.sqrt(deviations / count)
        z = np.divide(series - mean, sd, out=np.zeros_like(series), where=sd > _FLAT * mean)
        clip = self.zscore_clip
        clipped: Floats = np.clip(z, -clip, clip)
        return np.moveaxis(clipped, 1, 2)


def _trailing_moments(series: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """Mean, squared deviations and number of the last ``min(t + 1, window)`` values."""
    n_bars = series.shape[-1]
    mean, deviations = window_moments(series, window)
    count = np.minimum(np.arange(1.0, n_bars + 1.0), window)
    # Before the window is full every value so far counts: Welford's step, one bar at a time.
    mean[..., 0], deviations[..., 0] = series[..., 0], 0.0
    for t in range(1, min(window - 1, n_bars)):
        gap = series[..., t] - mean[..., t - 1]
        mean[..., t] = mean[..., t - 1] + gap / (t + 1)
        deviations[..., t] = deviations[..., t - 1] + gap * gap * (t / (t + 1))
    return mean, deviations, count


def _checked(X: object) -> Floats:
    found = np.asarray(X)
    if found.dtype.kind not in "fiu":
        raise TypeError(f"windows must be a numeric array, found {type(X).__name__} of dtype {found.dtype}")
    if found.ndim != 3 or found.shape[1] < 1 or found.shape[2] != len(_PRICES):
        raise ValueError(f"windows must have shape (n, bars, 4) for open, high, low, close, found {found.shape}")
    prices = np.asarray(found, dtype=np.float64)
    bad = ~(np.isfinite(prices) & (prices > 0.0))
    if bad.any():
        window, bar, column = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"window {window} bar {bar}: {_PRICES[column]} is {prices[window, bar, column]}, "
            "prices must be finite and above 0"
        )
    return prices
