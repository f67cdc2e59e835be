"""From stored forecasts to positions: what the fusion modes read is gathered here, one cell after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.bars import Bars
from augury.core.errors import SchemaMismatch, UsageError
from augury.core.forecast import Forecast
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats, Json, Probabilities
from augury.data.calendar.availability import closed
from augury.models.ensemble.fusion import GBM_SHARE, FusionSettings, fuse_forecasts
from augury.models.ensemble.pooling import signed_score
from augury.models.signals.model import SignalModel
from augury.records.registry.loader import EnsembleLoader
from augury.runs.forecasts.view import View, last_row
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

FAMILIES: Final = {"gbm": ("gb", "lgbm", "xgboost"), "lstm": ("lstm",)}
"""Parts of the fusion modes to the members that speak for them."""


@dataclass(frozen=True)
class Position:
    """What to hold for a forecast, and how that came about.

    Parameters
    ----------
    forecast : Forecast
    fused : float
        What the mode says, share of capital, ``-max_short`` .. 1.
    held : float
        The same, and 0 where the forecast abstains: a version without skill moves no money.
    parts : tuple of str
        Who answered.
    fallback : str
        Empty, or what took the place of the mode and why.
    probabilities : (float, float, float)
        Of the classifier, in the order of ``LABELS``.
    """

    forecast: Forecast
    fused: float
    held: float
    parts: tuple[str, ...]
    fallback: str
    probabilities: tuple[float, float, float]

    def to_json(self) -> Json:
        """Write as a JSON object, without the forecast."""
        return {
            "fused_position": self.fused, "position": self.held, "parts": list(self.parts), "fallback": self.fallback,
            "classifier_probabilities": list(self.probabilities),
        }  # fmt: skip


def positions(
    workspace: Workspace, forecasts: Sequence[Forecast], settings: FusionSettings, signals: SignalModel | None = None
) -> list[Position]:
    """Fuse each forecast with what else is known at its last bar.

    Parameters
    ----------
    workspace : Workspace
    forecasts : sequence of Forecast
        As they were made or stored.
    settings : FusionSettings
        The modes with ``gbm`` or ``lstm`` ask the members of the forecast's own version anew.
    signals : SignalModel, optional
        Its buy, hold and sell take the place of the forecasts' probabilities, for the forecasts of its horizon.

    Raises
    ------
    SchemaMismatch
        No forecast has the timeframe and horizon of the signals.
    """
    if signals is not None:
        spec = signals.spec
        if not any(_speaks_of(signals, row) for row in forecasts):
            raise SchemaMismatch(
                f"the signals are of {spec.timeframe} {spec.horizon}, no forecast is",
                fix=f"augury forecast --timeframe {spec.timeframe} --horizon {spec.horizon} --all",
            )
    return [_position(workspace, row, settings, signals) for row in forecasts]


def _position(workspace: Workspace, row: Forecast, settings: FusionSettings, signals: SignalModel | None) -> Position:
    said: Probabilities = np.array([row.probabilities])
    if signals is not None and _speaks_of(signals, row):
        answer = signals.latest(_bars_until(workspace, row))
        said = answer.select("p_sell", "p_hold", "p_buy").to_numpy()
    returns = _member_returns(workspace, row) if settings.mode in GBM_SHARE else {}
    fused = fuse_forecasts(settings, [row], classifier=said, returns=returns)
    position = float(fused.positions[0])
    sell, hold, buy = said[0].tolist()
    held = 0.0 if "abstain" in row.flags else position
    return Position(row, position, held, fused.parts, fused.fallback, (sell, hold, buy))


def _speaks_of(signals: SignalModel, row: Forecast) -> bool:
    return (str(signals.spec.timeframe), signals.spec.horizon) == (row.timeframe, row.horizon)


def _bars_until(workspace: Workspace, row: Forecast) -> Bars:
    """The bars that were closed when the forecast looked."""
    return closed(bars_of(workspace.lake, row.symbol, Timeframe.parse(row.timeframe)), row.data_until)


def _member_returns(workspace: Workspace, row: Forecast) -> dict[str, Floats]:
    """Expected return by family: the mean score of its members, on the scale of the ensemble's own returns."""
    loaded = EnsembleLoader(workspace.store).load(row.symbol, row.timeframe, row.horizon, row.version)
    view = View(_bars_until(workspace, row), row.made_at, row.data_until, {})
    answers = loaded.ensemble.predict(last_row(view, loaded)).members
    found = {}
    for part, names in FAMILIES.items():
        scores = [signed_score(answers[name]) for name in names if name in answers]
        if scores:
            found[part] = loaded.ensemble.centre.at(np.mean(scores, axis=0))
    return found


def fusion_settings(mode: str, given: Json) -> FusionSettings:
    """Read the settings of a mode.

    Raises
    ------
    UsageError
        A setting it does not have, or a value that is no number.

    Examples
    --------
    >>> fusion_settings("regressor", {"scale": 10}).scale
    10
    """
    known = [name for name in FusionSettings.__slots__ if name != "mode"]
    for name, value in given.items():
        if name not in known or isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"fusion setting {name}={value!r} is not one of {', '.join(known)} with a number")
    return FusionSettings(mode, **given)
