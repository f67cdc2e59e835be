"""How often and how strongly training windows are changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json

NAMES: Final = {
    "TEMPORAL_AUG_TIME_WARP_PROB": "time_warp_prob",
    "SIMPLE_LSTM_TIME_WARP_PROB": "time_warp_prob",
}
"""Names of older settings and environment variables, and what they set; 0.0 unless given, as everywhere."""
_SHARES: Final = ("time_warp_prob", "volatility_prob", "jitter_prob", "scaling_prob", "cutmix_prob")


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """What happens to a training window; the defaults are those of fine-tuning.

    Bars are never put in another order: order is what a window says.

    Parameters
    ----------
    time_warp_prob : float
        Share of windows whose bars are resampled along a bent time axis, 0..1; 0.0 in fine-tuning.
    time_warp_sigma : float
        Standard deviation of the speed at four knots; larger bends more.
    volatility_prob : float
        Share of windows whose bars get longer or shorter ranges, 0..1.
    volatility_low, volatility_high : float
        Bounds of the factor on the range, above 0.
    jitter_prob, jitter_sd : float
        Share of windows with noise, and its size in standard deviations of the feature over training.
    scaling_prob, scaling_sd : float
        Share of windows with one factor N(1, sd) on all scaled features.
    mixup_alpha : float
        Of the Beta(alpha, alpha) share of two windows; 0 is off. Larger mixes more evenly.
    cutmix_prob : float
        Share of windows that get a block of another one instead of a mixture; 0..1.
    cutmix_alpha : float
        Of the Beta(alpha, alpha) share of bars that stay, above 0.

    Examples
    --------
    >>> warped = AugmentSettings.from_json({"SIMPLE_LSTM_TIME_WARP_PROB": "0.5"})
    >>> AugmentSettings().time_warp_prob, warped.time_warp_prob
    (0.0, 0.5)
    >>> AugmentSettings(jitter_prob=2.0)
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: jitter_prob=2.0 is outside 0..1
    """

    time_warp_prob: float = 0.0
    time_warp_sigma: float = 0.12
    volatility_prob: float = 0.0
    volatility_low: float = 0.85
    volatility_high: float = 1.15
    jitter_prob: float = 0.5
    jitter_sd: float = 0.05
    scaling_prob: float = 0.3
    scaling_sd: float = 0.1
    mixup_alpha: float = 0.4
    cutmix_prob: float = 0.5
    cutmix_alpha: float = 0.3

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name}={getattr(self, name)} is outside 0..1")
        if not (0 < self.volatility_low <= self.volatility_high and self.cutmix_alpha > 0):
            raise UsageError(
                f"volatility factors {self.volatility_low}..{self.volatility_high} ascend from above 0, "
                f"cutmix_alpha={self.cutmix_alpha} is above 0"
            )
        if min(self.time_warp_sigma, self.jitter_sd, self.scaling_sd, self.mixup_alpha) < 0:
            raise UsageError("time_warp_sigma, jitter_sd, scaling_sd and mixup_alpha are not below 0")

    @property
    def changes_bars(self) -> bool:
        """True when prices may be changed, so that features must be computed anew."""
        return self.time_warp_prob > 0 or self.volatility_prob > 0

    @property
    def mixes(self) -> bool:
        """True when windows may be put together."""
        return self.mixup_alpha > 0 or self.cutmix_prob > 0

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> AugmentSettings:
        """Read settings by their own names or those of ``NAMES``; numbers may be text.

        Raises
        ------
        UsageError
            An unknown name, two names of one setting that differ, or a value that is no number.
        """
        known = [item.name for item in fields(cls)]
        found: dict[str, float] = {}
        for key, given in value.items():
            name = NAMES.get(key, key)
            if name not in known:
                raise UsageError(f"unknown setting '{key}'{did_you_mean(key, [*known, *NAMES])}")
            number = _number(key, given)
            if found.setdefault(name, number) != number:
                raise UsageError(f"{name} is given twice: {found[name]} and, as {key}, {number}")
        return cls(**found)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AugmentSettings:
        """Read the variables of ``NAMES`` that are set; everything else keeps its default."""
        return cls.from_json({name: environment[name] for name in NAMES if name in environment})


def _number(key: str, given: Any) -> float:
    try:
        return float(given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{key}={given!r} is not a number") from error


OFF: Final = AugmentSettings(jitter_prob=0.0, scaling_prob=0.0, mixup_alpha=0.0, cutmix_prob=0.0)
"""Nothing is changed."""
PRETRAINING: Final = AugmentSettings(time_warp_prob=0.5, volatility_prob=0.3)
"""Unlabelled windows bear stronger changes."""
