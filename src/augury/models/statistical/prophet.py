"""Prophet itself, under its own name: without the package there is no member, and no other takes its place."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from augury.core.errors import ModelError, UsageError
from augury.core.extras import require
from augury.core.typing import Floats, Json
from augury.models.series import Moments, PriceSeries
from augury.models.statistical._level import LevelMember

_EXTRA: Final = "prophet"


class Prophet(LevelMember):
    """The package ``prophet`` on the log price: bending trend and weekly season, a fresh object per fit.

    Needs ``pip install "augury[prophet]"``; the member is ``unavailable`` without it. What our own
    ``trend_season`` does for those who leave the package out has its own name and its own record.

    Parameters
    ----------
    changepoint_prior : float
        Above 0, default 0.05; larger bends more readily and follows noise.

    Notes
    -----
    Taylor and Letham (2018), *Forecasting at scale*. The band is not the package's: it is made for
    levels; ours is that of the h-bar return, see the base class.
    """

    def __init__(self, changepoint_prior: float = 0.05) -> None:
        if changepoint_prior <= 0:
            raise UsageError(f"changepoint_prior={changepoint_prior} is not above 0")
        self.changepoint_prior = changepoint_prior

    def _fit_curve(self, series: PriceSeries) -> Json:
        prophet = require("prophet", extra=_EXTRA)
        serialize = require("prophet.serialize", extra=_EXTRA)
        model = prophet.Prophet(
            changepoint_prior_scale=self.changepoint_prior,
            weekly_seasonality=True,
            yearly_seasonality=False,
            daily_seasonality=False,
            uncertainty_samples=0,
        )
        with _quiet():
            try:
                model.fit(_frame(series.ts, series.log_close), seed=0)
            except RuntimeError as error:
                raise ModelError(f"Prophet did not fit {len(series)} bars of {series.symbol}: {error}") from error
        curve = {"prophet": json.loads(serialize.model_to_json(model))}
        # Asked through what will be stored, so that a loaded member says the same to the bit.
        self._model = _read(curve)
        return curve

    def _restored(self) -> None:
        self._model = _read((self._fitted or {})["curve"])

    def _curve(self, curve: Json, ts: Moments) -> Floats:
        return np.asarray(self._model.predict(_frame(ts))["yhat"], dtype=np.float64)


def _read(curve: Json) -> Any:
    serialize = require("prophet.serialize", extra=_EXTRA)
    return serialize.model_from_json(json.dumps(curve["prophet"]))


def _frame(ts: Moments, y: Floats | None = None) -> Any:
    pandas = require("pandas", extra=_EXTRA)
    return pandas.DataFrame({"ds": ts} if y is None else {"ds": ts, "y": y})


@contextmanager
def _quiet() -> Iterator[None]:
    """The package writes the progress of its search to its own log; nobody waits for it."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was


MEMBER = Prophet
