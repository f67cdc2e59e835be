"""The scaler of window features: mean and spread of the training windows, and nothing of later ones."""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np

from augury.core.errors import InsufficientHistory, NotTrained, SchemaMismatch
from augury.core.typing import Features, Floats, Json

CLIP: Final = 8.0
"""Bound of a scaled feature in standard deviations."""


class WindowScaler:
    """Standardise each column by mean and population standard deviation of the training windows, then clip.

    Without it a log return (near 0.001) would weigh nothing beside a z-score (near 1). A column without
    spread becomes 0. Looks back 0 bars, ahead 0, once it is fitted.

    Parameters
    ----------
    clip : float
        Bound in standard deviations, above 0; larger keeps more of what is extreme.

    Attributes
    ----------
    mean_, sd_ : array, shape (F,)
        Of all bars of all training windows.
    clipped_share_ : float
        Of the values of the training windows that lay beyond the bound.

    Examples
    --------
    >>> x = np.array([[[1.0, 5.0], [3.0, 5.0]]], np.float32)
    >>> scaler = WindowScaler().fit(x)
    >>> scaler.transform(x)[0].tolist(), scaler.clipped_share_
    ([[-1.0, 0.0], [1.0, 0.0]], 0.0)
    >>> WindowScaler.from_json(scaler.to_json()).transform(x).tolist() == scaler.transform(x).tolist()
    True
    """

    mean_: Floats
    sd_: Floats
    clipped_share_: float

    def __init__(self, clip: float = CLIP) -> None:
        self.clip = clip

    def fit(self, X: Any, y: object = None) -> Self:
        """Measure the training windows ``(N, T, F)``.

        Raises
        ------
        InsufficientHistory
            No window.
        """
        x = np.asarray(X)
        if x.ndim != 3 or not x.size:
            raise InsufficientHistory(f"a scaler is fitted on windows (n, bars, features), found shape {x.shape}")
        self.mean_ = x.mean(axis=(0, 1), dtype=np.float64)
        self.sd_ = x.std(axis=(0, 1), dtype=np.float64)
        # A constant of 0.1 has a spread of rounding errors: no spread is one that is nothing beside the mean.
        self.sd_[self.sd_ <= 1e-9 * np.abs(self.mean_)] = 0.0
        self.clipped_share_ = float(np.mean(np.abs(self._scaled(x)) > self.clip))
        return self

    def transform(self, X: Any) -> Features:
        """Scale and clip windows ``(N, T, F)`` to float32.

        Raises
        ------
        NotTrained
            Nothing was fitted.
        SchemaMismatch
            Another number of columns.
        """
        return np.clip(self._scaled(np.asarray(X)), -self.clip, self.clip).astype(np.float32)

    def fit_transform(self, X: Any, y: object = None) -> Features:
        """Fit, then transform."""
        return self.fit(X).transform(X)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        self._check()
        return {
            "clip": self.clip,
            "clipped_share": self.clipped_share_,
            "mean": self.mean_.tolist(),
            "sd": self.sd_.tolist(),
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote; it scales bit for bit as before."""
        scaler = cls(value["clip"])
        scaler.mean_, scaler.sd_ = (np.array(value[name], dtype=np.float64) for name in ("mean", "sd"))
        scaler.clipped_share_ = value["clipped_share"]
        return scaler

    def _scaled(self, x: Any) -> Floats:
        self._check()
        if x.ndim != 3 or x.shape[2] != len(self.mean_):
            raise SchemaMismatch(f"the scaler was fitted on {len(self.mean_)} columns, got shape {x.shape}")
        spread = np.where(self.sd_ > 0, self.sd_, np.inf)
        scaled: Floats = (x - self.mean_) / spread
        return scaled

    def _check(self) -> None:
        if not hasattr(self, "mean_"):
            raise NotTrained("the scaler was not fitted: its mean and spread come from training windows")
