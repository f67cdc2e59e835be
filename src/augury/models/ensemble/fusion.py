"""Fusion: a classifier, a regressor and others become one position a row, in one of eight modes.

A part is what a model says of the same rows: the classifier probabilities, every other part expected
returns (fractions over the horizon).

- ``classifier``: buys with ``p_bullish`` as size where it reaches ``buy_at`` (size between .3 and 1), sells half
  of ``p_bearish`` where that reaches ``sell_at`` (size between .1 and ``max_short``); the larger of the two fires.
- ``regressor``: ``clip(return x scale, -max_short, 1)``, or all in and all out beyond ``regressor_at``.
- ``hybrid``: the classifier where it fires, the regressor elsewhere.
- ``weighted``: the classifier's position times ``1 + |regressor's position|``.
- ``gbm_only``, ``gbm_heavy``, ``balanced``, ``lstm_heavy``: the mean of the returns of ``gbm`` and ``lstm``, the
  first with 1.0, 0.7, 0.5, 0.3, sized like a regressor's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import DataError, NotTrained, UnknownName, UsageError
from augury.core.forecast import Forecast
from augury.core.suggestion import did_you_mean
from augury.core.typing import Floats, Probabilities

CLASSIFIER: Final = "classifier"
GBM_SHARE: Final = {"gbm_only": 1.0, "gbm_heavy": 0.7, "balanced": 0.5, "lstm_heavy": 0.3}
MODES: Final = (CLASSIFIER, "regressor", "hybrid", "weighted", *GBM_SHARE)
PARTS: Final = (CLASSIFIER, "regressor", "gbm", "lstm")
_BUY: Final = (0.3, 1.0)
_SELL_LEAST: Final = 0.1
_SELL_SHARE: Final = 0.5
_NEEDS: Final = {
    CLASSIFIER: (CLASSIFIER,),
    "regressor": ("regressor",),
    "hybrid": (CLASSIFIER, "regressor"),
    "weighted": (CLASSIFIER, "regressor"),
    "gbm_only": ("gbm",),
    **dict.fromkeys(("gbm_heavy", "balanced", "lstm_heavy"), ("gbm", "lstm")),
}
_STAND_INS: Final = ("gbm", "lstm", "regressor", CLASSIFIER)
"""Who answers alone when a part is missing, the first that is there."""


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """How opinions become sizes.

    Parameters
    ----------
    mode : str
        One of ``MODES``.
    buy_at, sell_at : float
        Probability, 0..1, from which the classifier fires; larger fires less often.
    scale : float
        Position per unit of expected return, > 0: at 20 a return of 5 % is a whole position.
    max_short : float
        Largest short position, 0..1; 0 never sells short.
    regressor_at : float, optional
        With it the regressor is all or nothing: 1 above this return, ``-max_short`` below its negative, else 0.
    """

    mode: str = "hybrid"
    buy_at: float = 0.4
    sell_at: float = 0.4
    scale: float = 20.0
    max_short: float = 0.5
    regressor_at: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            hint = did_you_mean(self.mode, MODES)
            raise UnknownName(f"unknown fusion mode '{self.mode}'{hint} (known: {', '.join(MODES)})", name=self.mode)
        inside = all(0 <= value <= 1 for value in (self.buy_at, self.sell_at, self.max_short))
        if not inside or not self.scale > 0 or (self.regressor_at is not None and self.regressor_at < 0):
            raise UsageError(
                f"buy_at={self.buy_at}, sell_at={self.sell_at}, max_short={self.max_short}, scale={self.scale},"
                f" regressor_at={self.regressor_at} (rule: the first three in 0..1, scale > 0, regressor_at >= 0)"
            )


@dataclass(frozen=True)
class Fused:
    """Positions and how they came about.

    Parameters
    ----------
    positions : (n,)
        Share of capital, ``-max_short`` .. 1.
    mode : str
        What was asked for.
    parts : tuple of str
        Who answered.
    fallback : str
        Empty, or what took the place of the mode and why.
    """

    positions: Floats
    mode: str
    parts: tuple[str, ...]
    fallback: str = ""

    @property
    def degraded(self) -> bool:
        """True when a part that the mode needs was missing."""
        return bool(self.fallback)


def fuse(
    settings: FusionSettings, *, classifier: Probabilities | None = None, returns: Mapping[str, Floats] | None = None
) -> Fused:
    """Turn what the parts say into one position a row.

    Parameters
    ----------
    settings : FusionSettings
    classifier : (n, 3), optional
        Probabilities in the order of ``LABELS``.
    returns : mapping, optional
        ``regressor``, ``gbm``, ``lstm`` to expected returns ``(n,)``.

    Returns
    -------
    Fused
        Where a part of the mode is missing, the rest of the mode answers, or the first stand-in that is there;
        ``fallback`` names it.

    Raises
    ------
    NotTrained
        No part at all.
    DataError
        Parts of different length, or values that are not finite.

    Examples
    --------
    >>> sure, doubtful = [0.1, 0.2, 0.7], [0.3, 0.35, 0.35]
    >>> said = {"regressor": np.array([0.01, -0.01])}
    >>> fuse(FusionSettings("hybrid"), classifier=np.array([sure, doubtful]), returns=said).positions.tolist()
    [0.7, -0.2]
    >>> fuse(FusionSettings("weighted"), returns=said).fallback
    'classifier missing: regressor alone'
    """
    given: dict[str, Floats] = {name: np.asarray(said) for name, said in (returns or {}).items()}
    if classifier is not None:
        given[CLASSIFIER] = np.asarray(classifier)
    _check(given)
    missing = [name for name in _NEEDS[settings.mode] if name not in given]
    if not missing:
        return Fused(_positions(settings, given) + 0.0, settings.mode, _NEEDS[settings.mode])  # no position is no -0.0
    left = [name for name in _NEEDS[settings.mode] if name in given]
    alone = next(name for name in (*left, *_STAND_INS) if name in given)
    told = f"{' and '.join(missing)} missing: {alone} alone"
    return Fused(_alone(settings, alone, given) + 0.0, settings.mode, (alone,), told)


def fuse_forecasts(
    settings: FusionSettings,
    forecasts: Sequence[Forecast],
    *,
    classifier: Probabilities | None = None,
    returns: Mapping[str, Floats] | None = None,
) -> Fused:
    """Turn stored forecasts into one position each, as :func:`fuse` does.

    Parameters
    ----------
    settings : FusionSettings
    forecasts : sequence of Forecast
        Their probabilities are the classifier and their expected returns the regressor.
    classifier : (n, 3), optional
        Probabilities in the order of ``LABELS`` that take the place of the forecasts' own: sell, hold, buy of a
        signal classifier.
    returns : mapping, optional
        ``gbm``, ``lstm`` to expected returns ``(n,)``: what the members of those families say.

    Returns
    -------
    Fused
        By the formula alone: whether a forecast abstains is for the caller to obey, see
        :func:`augury.runs.forecasts.positions.positions`.
    """
    if not forecasts:
        raise NotTrained("there is no forecast to fuse", fix="augury forecast --all")
    own = np.array([row.probabilities for row in forecasts])
    expected = {"regressor": np.array([row.expected_return for row in forecasts])}
    return fuse(settings, classifier=own if classifier is None else classifier, returns=expected | dict(returns or {}))


def _positions(settings: FusionSettings, given: Mapping[str, Floats]) -> Floats:
    if settings.mode in GBM_SHARE:
        share = GBM_SHARE[settings.mode]
        lstm = given["lstm"] if share < 1 else 0.0
        return _sized(settings, share * given["gbm"] + (1 - share) * lstm)
    if settings.mode in given:
        return _alone(settings, settings.mode, given)
    fired, sized = _fired(settings, given[CLASSIFIER]), _sized(settings, given["regressor"])
    if settings.mode == "hybrid":
        return np.where(fired != 0, fired, sized)
    return np.asarray(np.clip(fired * (1 + np.abs(sized)), -settings.max_short, 1.0))


def _alone(settings: FusionSettings, name: str, given: Mapping[str, Floats]) -> Floats:
    return _fired(settings, given[name]) if name == CLASSIFIER else _sized(settings, given[name])


def _fired(settings: FusionSettings, proba: Probabilities) -> Floats:
    """The classifier's positions; 0 where it does not fire."""
    bearish, bullish = proba[:, 0], proba[:, 2]
    buys = (bullish >= settings.buy_at) & (bullish >= bearish)
    sells = (bearish >= settings.sell_at) & (bearish > bullish)
    short = np.minimum(np.maximum(_SELL_SHARE * bearish, _SELL_LEAST), settings.max_short)
    return np.where(buys, np.clip(bullish, *_BUY), np.where(sells, -short, 0.0))


def _sized(settings: FusionSettings, expected: Floats) -> Floats:
    if settings.regressor_at is None:
        return np.asarray(np.clip(expected * settings.scale, -settings.max_short, 1.0))
    at = settings.regressor_at
    return np.where(expected > at, 1.0, np.where(expected < -at, -settings.max_short, 0.0))


def _check(given: Mapping[str, Floats]) -> None:
    for name in given:
        if name not in PARTS:
            raise UnknownName(
                f"unknown part '{name}'{did_you_mean(name, PARTS)} (known: {', '.join(PARTS)})", name=name
            )
    if not given:
        raise NotTrained("there is nothing to fuse: no part answered", fix="augury train --help")
    lengths = {name: len(said) for name, said in given.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"parts answered for different rows: {lengths}")
    for name, said in given.items():
        if said.shape[1:] != ((3,) if name == CLASSIFIER else ()) or not np.isfinite(said).all():
            raise DataError(
                f"part '{name}' answered {said.shape}, needs finite {'(n, 3)' if name == CLASSIFIER else '(n,)'}"
            )
