"""Quantiles of the h-bar return from features: one booster a quantile, ordered, held to their promise."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from augury.core.errors import CorruptArtifact, DataError, InsufficientHistory, ModelError, UsageError
from augury.core.hashing import canonical_json
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Features, Floats, Json

LEVELS: Final = (0.10, 0.25, 0.50, 0.75, 0.90)
"""q10, q25, q50, q75, q90."""
ROWS_MIN: Final = 100
"""Rows the boosters need, and rows the correction needs: a fifth of the rest, at least 20."""
_CORRECTION_MIN: Final = 20
_RECORD: Final = "quantile.json"
_FIXED: Final[Json] = {
    "objective": "quantile",
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class QuantileSettings:
    """Settings of :class:`QuantileLightGBM`.

    Parameters
    ----------
    n_estimators : int
        Stages of each quantile, default 150.
    learning_rate : float
        Default 0.05.
    num_leaves : int
        Default 15; larger fits interactions and noise.
    min_samples_leaf : int
        Default 30: a tail quantile of fewer rows is one of them.
    correction_share : float
        Share of the rows, the latest, that corrects the quantiles; in (0, 0.5], default 0.25.
    horizon_bars : int
        Bars ahead the return looks; as many rows are left out before the correcting part.
    random_state : int
    """

    n_estimators: int = 150
    learning_rate: float = 0.05
    num_leaves: int = 15
    min_samples_leaf: int = 30
    correction_share: float = 0.25
    horizon_bars: int = 1
    random_state: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if not 0 < self.correction_share <= 0.5 or self.horizon_bars < 1:
            raise UsageError(
                f"correction_share={self.correction_share}, horizon_bars={self.horizon_bars}: in (0, 0.5], at least 1"
            )


class QuantileLightGBM:
    """Five quantiles of the return that follows a row.

    Each level has boosters of its own, fitted to its own pinball loss on the earlier rows. On the
    later ones, the horizon purged between, each quantile is moved by the conformal amount that
    makes it hold (Romano et al. 2019, one-sided). The answers of a row are sorted, which never
    raises the loss (Chernozhukov et al. 2010), so quantiles do not cross for any input. One model
    per horizon, as with labels: the correction of one horizon says nothing about another.

    Parameters
    ----------
    settings : QuantileSettings

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(800, 2)).astype(np.float32)
    >>> y = 0.01 * (1 + (X[:, 0] > 0)) * rng.normal(size=800)
    >>> said = QuantileLightGBM(QuantileSettings(n_estimators=40)).fit(X, y).predict(X[:3])
    >>> said.shape, bool((np.diff(said, axis=1) >= 0).all())
    ((3, 5), True)
    """

    def __init__(self, settings: QuantileSettings | None = None) -> None:
        self.settings = settings or QuantileSettings()
        self._boosters: list[Any] = []
        self._moved: Floats = np.zeros(len(LEVELS))
        self.n_corrected = 0

    def fit(self, X: Features, returns: Floats, scale: Floats | None = None) -> Self:
        """Learn from rows in time order, oldest first.

        Parameters
        ----------
        X : array (n, n_features)
            Finite.
        returns : array (n,)
            The h-bar return that followed each row.
        scale : array (n,), optional
            Positive, known at the row, usually ``vol * sqrt(h)``: quantiles are then learned in its
            units, so that a calm past speaks for a wild present.

        Raises
        ------
        InsufficientHistory
            Too few rows for the boosters or for the correction.
        DataError
            A number that is not finite, or a scale that is not positive.
        """
        target = returns / _checked(X, returns, scale)
        late = len(X) - round(len(X) * self.settings.correction_share)
        early = late - self.settings.horizon_bars
        if early < ROWS_MIN or len(X) - late < _CORRECTION_MIN:
            raise InsufficientHistory(
                f"{len(X)} rows leave {early} to learn quantiles from (needs {ROWS_MIN}) and {len(X) - late} to correct"
                f" them by (needs {_CORRECTION_MIN})"
            )
        self._boosters = [self._boost(X[:early], target[:early], level) for level in LEVELS]
        self.n_corrected = len(X) - late
        missed = target[late:, None] - self._ordered(X[late:])
        self._moved = np.array([_correction(missed[:, at], level) for at, level in enumerate(LEVELS)])
        return self

    def predict(self, X: Features, scale: Floats | None = None) -> Floats:
        """Return ``(n, 5)`` quantiles at ``LEVELS``, ascending in every row.

        Parameters
        ----------
        X : array (n, n_features)
        scale : array (n,), optional
            That of :meth:`fit`, for these rows.
        """
        if not self._boosters:
            raise ModelError("quantiles were asked before a fit")
        unit = _checked(X, np.zeros(len(X)), scale)
        return np.sort(self._ordered(X) + self._moved, axis=1) * unit[:, None]

    def raw(self, X: Features) -> Floats:
        """What each booster says, neither moved nor sorted, in units of the scale, ``(n, 5)``."""
        return np.column_stack([np.asarray(booster.predict(X, num_threads=1)) for booster in self._boosters])

    def save(self, folder: Path) -> None:
        """Write ``quantile.json`` and one text per level into an existing folder."""
        record = {"settings": asdict(self.settings), "moved": self._moved.tolist(), "n_corrected": self.n_corrected}
        (folder / _RECORD).write_text(canonical_json(record) + "\n", encoding="utf-8")
        for level, booster in zip(LEVELS, self._boosters, strict=True):
            (folder / _file(level)).write_text(booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; quantiles are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            A file is missing or is not what was written.
        """
        import lightgbm as lgb

        try:
            record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
            model = cls(QuantileSettings(**record["settings"]))
            model._moved, model.n_corrected = np.array(record["moved"], np.float64), int(record["n_corrected"])
            texts = [(folder / _file(level)).read_text(encoding="utf-8") for level in LEVELS]
            if not all("end of trees" in text for text in texts) or model._moved.shape != (len(LEVELS),):
                raise ValueError("a model text ends early")
            model._boosters = [lgb.Booster(model_str=text) for text in texts]
        except (OSError, KeyError, TypeError, ValueError, lgb.basic.LightGBMError) as error:
            raise CorruptArtifact(f"quantiles in {folder.name} cannot be read: {error}", path=str(folder)) from error
        return model

    def _ordered(self, X: Features) -> Floats:
        return np.sort(self.raw(X), axis=1)

    def _boost(self, X: Features, target: Floats, level: float) -> Any:
        import lightgbm as lgb  # heavy, and only a fit needs it

        settings = self.settings
        parameters = _FIXED | {
            "alpha": level,
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.num_leaves,
            "min_data_in_leaf": settings.min_samples_leaf,
            "seed": settings.random_state,
        }
        try:
            return lgb.train(parameters, lgb.Dataset(X, target, params=parameters), settings.n_estimators)
        except lgb.basic.LightGBMError as error:
            raise ModelError(f"LightGBM refused {len(X)} rows for the {level:.0%} quantile: {error}") from error


def _correction(missed: Floats, level: float) -> float:
    """How far a quantile must move for ``level`` of the outcomes to lie below it.

    The finite-sample rank goes outward from the median: up for upper levels, down for lower ones.
    """
    ranked, n = np.sort(missed), len(missed)
    if level == 0.5:
        return float(np.median(missed))
    if level > 0.5:
        return float(ranked[min(n, math.ceil((n + 1) * level - 1e-9)) - 1])
    return float(ranked[max(1, math.floor((n + 1) * level + 1e-9)) - 1])


def _checked(X: Features, returns: Floats, scale: Floats | None) -> Floats:
    unit = np.ones(len(X)) if scale is None else np.asarray(scale, dtype=np.float64)
    if not (len(X) == len(returns) == len(unit)):
        raise DataError(f"{len(X)} rows, {len(returns)} returns and {len(unit)} scales do not belong together")
    if not (np.isfinite(X).all() and np.isfinite(returns).all()):
        raise DataError("features and returns hold finite numbers only: a row with a missing one is not a row")
    if not (np.isfinite(unit).all() and (unit > 0).all()):
        raise DataError("the scale of a quantile is a positive number in every row")
    return unit


def _file(level: float) -> str:
    return f"q{round(100 * level):02d}.txt"
