"""From the bars of one or more symbols to buy, sell or hold: what is learnt and what is asked are made alike here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import CorruptArtifact, InsufficientHistory, NotTrained, SchemaMismatch, UsageError
from augury.core.hashing import canonical_json
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.tables import FORWARD_RETURN, LABEL_END, VOLATILITY, LabelledTable
from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Features, Floats, Ints
from augury.features.engine import build
from augury.labels.attach import attach
from augury.models.signals.classifier import SignalClassifier
from augury.models.signals.slices import SignalSlices

SEQUENCE: Final = "lstm_transformer"
"""The body that reads windows of rows; every other one reads rows."""
LOOKBACK: Final = 20
_RETURN_CLIP: Final = 5.0
"""Of returns in units of volatility."""
_FILE: Final = "model.json"
_CLASSIFIER: Final = "classifier"


@dataclass(frozen=True)
class SignalRows:
    """Rows that can be asked about, in the order of time, rows of one moment side by side.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts, fwd_ret, label_end``; the last two are null while they are not known.
    X : (n, F) or (n, L, F)
        Features; windows when the body reads an order of rows.
    returns : (n,)
        What is asked for, NaN where it is not known: the forward return, or that in units of volatility.
    """

    frame: pl.DataFrame
    X: Features
    returns: Floats


class SignalModel:
    """Buy, sell or hold over a horizon, for the bars of one or more symbols taken together.

    Parameters
    ----------
    horizon : str
        Canonical spelling, e.g. ``5d``.
    horizon_bars : int
        The same in bars.
    timeframe : Timeframe
    feature_set : str
        Name of a feature set, default ``starter``; scale-free, so that symbols can be taken together.
    body : str
        ``lgbm`` (default) reads the row of a bar, ``lstm_transformer`` the last ``lookback`` rows.
    lookback : int
        Rows of a window, at least 2, default 20; of the sequence body.
    by_volatility : bool
        Ask for returns in units of the bar's own volatility, clipped at 5; default False.
    **settings
        Of :class:`~augury.models.signals.SignalClassifier`: ``buy, sell, calibration, body_settings``.

    Notes
    -----
    With ``by_volatility`` the percentiles are 55 and 45, else 60 and 40, unless they are given.
    """

    def __init__(
        self,
        horizon: str,
        horizon_bars: int,
        timeframe: Timeframe,
        feature_set: str = "starter",
        body: str = "lgbm",
        lookback: int = LOOKBACK,
        by_volatility: bool = False,
        **settings: Any,
    ) -> None:
        if lookback < 2:
            raise UsageError(f"lookback={lookback} is below 2: one row is no order of rows")
        self.spec = LabelSpec(timeframe, horizon, horizon_bars, 0.0)
        self.feature_set, self.lookback, self.by_volatility = feature_set, lookback, by_volatility
        usual = {"buy": 55.0, "sell": 45.0} if by_volatility else {}
        self.classifier = SignalClassifier(body, **(usual | settings))
        self._manifest: FeatureManifest | None = None
        self._scale: tuple[Floats, Floats] | None = None

    def rows(self, bars: Bars) -> SignalRows:
        """Return the rows of bars whose features, and where it reads windows those of the rows before, are known."""
        table = attach(build(bars, self._manifest or self.feature_set), bars, self.spec)
        X = table.X
        known = np.asarray(np.isfinite(X).all(axis=1))
        ends = _windows(table, known, self.lookback if self._sequence else 1)
        frame = table.frame[ends].with_row_index("at").sort("ts", "symbol")
        ends = ends[frame["at"].to_numpy()]
        found = X[ends[:, None] - np.arange(self.lookback - 1, -1, -1)] if self._sequence else X[ends]
        return SignalRows(frame.select("symbol", "ts", FORWARD_RETURN, LABEL_END), found, self._returns(table)[ends])

    def fit(self, bars: Bars, rows: SignalRows, taught: Ints) -> Self:
        """Learn from some of the rows of bars.

        Parameters
        ----------
        bars : Bars
        rows : SignalRows
            What :meth:`rows` gave for them.
        taught : array of int
            Ascending rows whose outcomes are known before anything is reported; cut here into four slices of time.
        """
        known = taught[np.isfinite(rows.returns[taught])]
        if not len(known):
            raise InsufficientHistory("no row has a known outcome: nothing to learn from")
        part = rows.frame[known]
        made, ends = (part[name].to_physical().to_numpy() for name in ("ts", LABEL_END))
        slices = SignalSlices.of_times(ends, made)
        self._manifest = self._manifest or build(bars, self.feature_set).manifest
        X = rows.X[known]
        if self._sequence:
            self._scale = _scale_of(X[slices.fit])
        self.classifier.fit(self._scaled(X), rows.returns[known], slices)
        return self

    def predict(self, rows: SignalRows) -> pl.DataFrame:
        """Answer for rows: ``symbol, ts, p_buy, p_sell, p_hold, signal``."""
        return rows.frame.select("symbol", "ts").hstack(self.classifier.predict(self._scaled(rows.X)))

    def latest(self, bars: Bars) -> pl.DataFrame:
        """Answer for the last bar of each symbol, as :meth:`predict` does.

        Raises
        ------
        NotTrained
        SchemaMismatch
            Bars of another timeframe.
        InsufficientHistory
            A symbol's features are not known at its last bar.
        """
        if self._manifest is None:
            raise NotTrained("the signal model was asked before it was fitted")
        if bars.timeframe is not self.spec.timeframe:
            raise SchemaMismatch(f"the signals were learnt from {self.spec.timeframe} bars, got {bars.timeframe}")
        rows = self.rows(bars)
        last = bars.frame.group_by("symbol").agg(pl.col("ts").max()).sort("symbol")
        asked = rows.frame.with_row_index("at").join(last, on=["symbol", "ts"]).sort("symbol")
        if missing := sorted(set(last["symbol"]) - set(asked["symbol"])):
            raise InsufficientHistory(f"{', '.join(missing)}: features are not known yet at the last bar")
        at = asked["at"].to_numpy()
        return self.predict(SignalRows(rows.frame[at], rows.X[at], rows.returns[at]))

    def save(self, folder: Path) -> None:
        """Write into an existing folder, in safe formats."""
        if self._manifest is None:
            raise NotTrained("a signal model was to be kept before it was fitted")
        said = {
            "horizon": self.spec.horizon, "horizon_bars": self.spec.horizon_bars, "timeframe": str(self.spec.timeframe),
            "feature_set": self.feature_set, "lookback": self.lookback, "by_volatility": self.by_volatility,
        }  # fmt: skip
        scale = None if self._scale is None else [part.tolist() for part in self._scale]
        described = {"settings": said, "manifest": self._manifest.to_json(), "scale": scale}
        (folder / _CLASSIFIER).mkdir()
        self.classifier.save(folder / _CLASSIFIER)
        (folder / _FILE).write_text(canonical_json(described) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; answers are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            The folder holds no signal model, or a changed one.
        """
        try:
            said: Any = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            made = cls(**(said["settings"] | {"timeframe": Timeframe.parse(said["settings"]["timeframe"])}))
            made._manifest = FeatureManifest.from_json(said["manifest"])
            scale = said["scale"]
            made._scale = None if scale is None else (np.asarray(scale[0]), np.asarray(scale[1]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(f"{folder / _FILE} is not what a signal model wrote: {error}") from error
        made.classifier = SignalClassifier.load(folder / _CLASSIFIER)
        return made

    @property
    def _sequence(self) -> bool:
        return self.classifier.body == SEQUENCE

    def _returns(self, table: LabelledTable) -> Floats:
        forward = table.column(FORWARD_RETURN)
        if not self.by_volatility:
            return forward
        unit = table.column(VOLATILITY) * np.sqrt(self.spec.horizon_bars)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = np.clip(forward / unit, -_RETURN_CLIP, _RETURN_CLIP)
        return np.where(unit > 0, found, np.nan)

    def _scaled(self, X: Features) -> Features:
        """Windows in units of the fit slice, clipped; trees read rows as they are."""
        if self._scale is None:
            return X
        middle, spread = self._scale
        scaled: Features = np.clip((X - middle) / spread, -_RETURN_CLIP, _RETURN_CLIP).astype(np.float32)
        return scaled


def _windows(table: LabelledTable, known: Bools, length: int) -> Ints:
    """Rows that, with the ``length - 1`` rows of their symbol before them, hold every feature."""
    run = pl.DataFrame({"symbol": table.frame["symbol"], "known": known})
    counted = run.with_columns(pl.col("known").cast(pl.Int64).rolling_sum(length, min_samples=length).over("symbol"))
    found: Ints = np.flatnonzero((counted["known"] == length).fill_null(False).to_numpy())
    return found


def _scale_of(X: Features) -> tuple[Floats, Floats]:
    """Median and 1.4826 times the median distance to it, of each column; a column without spread is divided by 1."""
    flat = X.reshape(-1, X.shape[-1]).astype(np.float64)
    middle = np.median(flat, axis=0)
    spread = 1.4826 * np.median(np.abs(flat - middle), axis=0)
    return middle, np.where(spread > 0, spread, 1.0)
