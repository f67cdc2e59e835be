"""IsBuy and IsSell, fitted apart and answered together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl

from augury.core.errors import CorruptArtifact, NotTrained, SchemaMismatch, UsageError
from augury.core.hashing import canonical_json
from augury.core.tables import FORWARD_RETURN
from augury.core.typing import Bools, Features, Floats, Json
from augury.labels.percentile import PercentileLabels, fit_percentiles
from augury.models.signals.bodies import BODIES
from augury.models.signals.body import Body
from augury.models.signals.calibration import BinaryCalibration, best_limit
from augury.models.signals.slices import SignalSlices

SIDES: Final = {"buy": "IsBuy", "sell": "IsSell"}
_FILE: Final = "signals.json"


class SignalClassifier:
    """Two classifiers of one question each: is the return among the best, is it among the worst?

    Each of four slices decides one thing: ``fit`` the weights, the class weights and the percentiles, ``stop`` when to
    end, ``calibrate`` how a score becomes a frequency, ``choose`` from which probability on a signal is given.

    Parameters
    ----------
    body : str
        Name of a file of ``bodies/``: ``lgbm`` reads rows ``(n, F)``, ``lstm_transformer`` windows ``(n, L, F)``.
    buy, sell : float
        Percentiles of the returns of the fit slice, in per cent; 60 and 40, for returns in units of volatility 55
        and 45. Further apart asks a rarer question.
    calibration : str
        ``isotonic`` or ``platt``.
    body_settings : dict, optional
        What differs from the body's defaults.
    """

    def __init__(
        self,
        body: str = "lgbm",
        buy: float = 60.0,
        sell: float = 40.0,
        calibration: str = "isotonic",
        body_settings: Json | None = None,
    ) -> None:
        self.body, self.buy, self.sell = body, buy, sell
        self.calibration, self.body_settings = calibration, dict(body_settings or {})
        self.labels_: PercentileLabels | None = None
        self._bodies: dict[str, Body] = {}
        self._curves: dict[str, BinaryCalibration] = {}
        self.limits_: dict[str, float] = {}
        self._facts: Json = {}

    def fit(self, X: Features, returns: Floats, slices: SignalSlices) -> Self:
        """Learn both questions.

        Parameters
        ----------
        X : array (n, F) or (n, L, F)
            Known features, in the order of time.
        returns : array (n,)
            Forward returns; rows without one (NaN) teach nothing.
        slices : SignalSlices

        Raises
        ------
        UsageError
            A slice holds no row of one kind.
        """
        if len(X) != len(returns):
            raise UsageError(f"{len(X)} rows came with {len(returns)} returns")
        frame = pl.DataFrame({FORWARD_RETURN: np.asarray(returns, dtype=np.float64)})
        self.labels_ = fit_percentiles(frame[slices.fit], self.buy, self.sell)
        labelled = self.labels_.transform(frame)
        known = np.isfinite(returns)
        rows = {name: part[known[part]] for name, part in vars(slices).items()}
        for side, column in SIDES.items():
            hit = labelled[column].fill_null(False).to_numpy()
            for name, part in rows.items():
                _check_both(hit[part], side, name)
            body = BODIES.load(self.body)(**self.body_settings)
            self._bodies[side] = body.fit(X[rows["fit"]], hit[rows["fit"]], X[rows["stop"]], hit[rows["stop"]])
            scored = body.logits(X[rows["calibrate"]])
            self._curves[side] = BinaryCalibration.fit(scored, hit[rows["calibrate"]], self.calibration)
            said = self._curves[side].apply(body.logits(X[rows["choose"]]))
            self.limits_[side] = best_limit(said, hit[rows["choose"]])
        self._facts = {"shape": list(X.shape[1:]), "rows": {name: len(part) for name, part in rows.items()}}
        return self

    def predict(self, X: Features) -> pl.DataFrame:
        """Answer for rows.

        Returns
        -------
        pl.DataFrame
            ``p_buy, p_sell, p_hold`` that add up to 1, and ``signal``: ``buy`` or ``sell`` where that question's own
            probability reaches its limit (where both do, the one further above), else ``hold``.

        Raises
        ------
        NotTrained, SchemaMismatch
        """
        if self.labels_ is None:
            raise NotTrained("the signal classifier was asked before it was fitted")
        if list(X.shape[1:]) != self._facts["shape"]:
            raise SchemaMismatch(f"the classifier reads rows of {self._facts['shape']}, got {list(X.shape[1:])}")
        said = {side: self._curves[side].apply(self._bodies[side].logits(X)) for side in SIDES}
        beyond = {side: said[side] - self.limits_[side] for side in SIDES}
        # Each question is asked alone, so both may be answered by more than 1 together.
        total = np.maximum(1.0, said["buy"] + said["sell"])
        buy, sell = said["buy"] / total, said["sell"] / total
        first = np.where(beyond["buy"] >= beyond["sell"], "buy", "sell")
        given = np.maximum(beyond["buy"], beyond["sell"]) >= 0
        word = np.where(given, first, "hold")
        return pl.DataFrame({"p_buy": buy, "p_sell": sell, "p_hold": np.maximum(0.0, 1 - buy - sell), "signal": word})

    def facts(self) -> Json:
        """Percentiles, limits and how many rows decided what; JSON-ready."""
        if self.labels_ is None:
            raise NotTrained("the signal classifier was asked before it was fitted")
        return self._facts | {"labels": self.labels_.to_json(), "limits": dict(self.limits_)}

    def save(self, folder: Path) -> None:
        """Write into an existing folder, in safe formats."""
        curves = {side: curve.to_json() for side, curve in self._curves.items()}
        settings: Json = {
            "body": self.body, "buy": self.buy, "sell": self.sell, "calibration": self.calibration,
            "body_settings": self.body_settings,
        }  # fmt: skip
        said = {"settings": settings, "facts": self.facts(), "curves": curves}
        for side, body in self._bodies.items():
            (folder / side).mkdir()
            body.save(folder / side)
        (folder / _FILE).write_text(canonical_json(said) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; answers are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            The description is missing or is not what was written.
        """
        try:
            said: Any = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            made = cls(**said["settings"])
            facts = said["facts"]
            made.labels_ = PercentileLabels.from_json(facts.pop("labels"))
            made.limits_ = facts.pop("limits")
            made._curves = {side: BinaryCalibration.from_json(value) for side, value in said["curves"].items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(f"{folder / _FILE} is not what a signal classifier wrote: {error}") from error
        made._facts = facts
        made._bodies = {side: BODIES.load(made.body).load(folder / side) for side in SIDES}
        return made


def _check_both(hit: Bools, side: str, name: str) -> None:
    if hit.all() or not hit.any():
        raise UsageError(
            f"no row of the slice '{name}' {'is not' if hit.all() else 'is'} a {side}: nothing to tell apart"
        )
