"""From windows of prices to what a network reads: one way, for training, forecasting and serving."""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.typing import Features, Floats, Json
from augury.features.relative import NAMES, RelativeFeatureTransform
from augury.labels.windows.rules import PRICES
from augury.models.deep.windows.scaler import WindowScaler

RELATIVE: Final = len(NAMES)
PLAIN: Final = len(PRICES)
_CLOSE: Final = PRICES.index("close")


class WindowInputs:
    """Features of windows, and the scaler fitted on the training ones.

    Parameters
    ----------
    input_dim : int
        11: relative features, the same at any price. 4: prices over the close of the window's first bar.
    raw : bool
        With 4: prices as they are, unscaled; a network that reads them knows the price level.

    Examples
    --------
    >>> bars = np.array([[[100.0, 102.0, 99.0, 101.0], [101.0, 103.0, 100.0, 102.0]]])
    >>> inputs = WindowInputs().fit(bars)
    >>> bool((inputs.transform(bars * 1.3) == inputs.transform(bars)).all()), inputs.transform(bars).shape
    (True, (1, 2, 11))
    >>> WindowInputs(4, raw=True).fit(bars).transform(bars)[0, 0].tolist()
    [100.0, 102.0, 99.0, 101.0]
    """

    def __init__(self, input_dim: int = RELATIVE, raw: bool = False) -> None:
        if input_dim not in (RELATIVE, PLAIN) or (raw and input_dim != PLAIN):
            raise UsageError(f"input_dim={input_dim} with raw={raw}: 11 relative features, or 4 prices, these also raw")
        self.input_dim, self.raw = input_dim, raw
        self.scaler: WindowScaler | None = None

    @property
    def feature_set(self) -> str:
        """Hash of which columns these are, in which order; an encoder fits only those it was trained on."""
        names = list(NAMES) if self.input_dim == RELATIVE else [f"{price}_over_first_close" for price in PRICES]
        return sha256_json({"columns": list(PRICES) if self.raw else names, "windows": 1})

    def fit(self, prices: Floats) -> Self:
        """Fit the scaler on training windows ``(N, T, 4)``; raw prices have none."""
        self.scaler = None if self.raw else WindowScaler().fit(self.features(prices))
        return self

    def features(self, prices: Floats) -> Features:
        """Compute the columns, unscaled, ``(N, T, input_dim)`` float32."""
        if self.input_dim == RELATIVE:
            return RelativeFeatureTransform().transform(prices)
        divided: Any = prices if self.raw else prices / prices[:, :1, _CLOSE, None]
        return np.asarray(divided, dtype=np.float32)

    def transform(self, prices: Floats) -> Features:
        """Compute and scale."""
        found = self.features(prices)
        return found if self.scaler is None else self.scaler.transform(found)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        scaler = None if self.scaler is None else self.scaler.to_json()
        return {"input_dim": self.input_dim, "raw": self.raw, "scaler": scaler, "feature_set": self.feature_set}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        inputs = cls(value["input_dim"], value["raw"])
        inputs.scaler = None if value["scaler"] is None else WindowScaler.from_json(value["scaler"])
        return inputs
