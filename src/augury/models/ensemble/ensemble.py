"""The ensemble: weighted members, calibrated on rows they had not seen, with bands around the centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from augury.core.errors import InsufficientHistory, ModelError, SchemaMismatch
from augury.core.labelspec import LabelSpec
from augury.core.prediction import Prediction
from augury.core.recipe import Recipe
from augury.core.tables import VOLATILITY, LabelledTable
from augury.core.typing import Codes, Features, Floats, Ints, Json, Probabilities
from augury.core.version import MemberEntry
from augury.models.bands import Spread
from augury.models.conformal import ConformalBands
from augury.models.ensemble._storage import read, write
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage, frequencies
from augury.models.ensemble.isotonic import OUTCOMES_MIN, IsotonicCalibration
from augury.models.ensemble.mixing import Mixing, fit_mixing
from augury.models.ensemble.parts import EnsembleParts
from augury.models.ensemble.pooling import signed_score
from augury.models.members import MEMBER_ERRORS, ask
from augury.models.training import ROLLED_FACTS, FittedMembers


@dataclass(frozen=True)
class Ensemble(EnsembleParts):
    """Parts that answer: one prediction out of several members, believed as far as it has earned.

    Built by :meth:`fit`, :meth:`band_only` or :meth:`load`; what it consists of stands in
    :class:`augury.models.ensemble.parts.EnsembleParts`.

    Weights, shrinkage, centre and bands are fitted on out-of-fold answers inside the train part;
    the report slice takes part in nothing. Only features, ``past_ret``, ``vol`` and the bars up to a
    row are read when predicting, so the newest, unlabelled row can be asked.
    """

    _select: tuple[LabelledTable, Mixing, Spread] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def fit(cls, fitted: FittedMembers, recipe: Recipe, spec: LabelSpec) -> Ensemble:
        """Weigh and calibrate fitted members on their out-of-fold answers.

        Parameters
        ----------
        fitted : FittedMembers
        recipe : Recipe
            Names the weight rule and the calibration.
        spec : LabelSpec
            Gives the horizon, and with it how many rows count: overlapping h-bar returns count
            ``rows / h``.
        """
        mixing = fit_mixing(fitted, recipe, spec.horizon_bars)
        rows, pooled = mixing.out_of_fold.rows, mixing.pooled
        seen = fitted.train.with_frame(fitted.train.frame[rows])
        codes, returns, n_eff = seen.y, seen.forward_returns, len(rows) / spec.horizon_bars
        centre = Centre.fit(signed_score(pooled), returns, n_eff)
        spread = fitted.shape.spread(seen) if fitted.spread is None else fitted.spread.newest(len(rows))
        if spread.ladder is None:
            bands = ConformalBands.fit(returns - centre.at(signed_score(pooled)), spread.scale, n_eff=n_eff)
        else:
            bands = ConformalBands.fit_about(spread.ladder, returns, spread.scale, n_eff)
        isotonic = IsotonicCalibration.fit(pooled, codes, n_eff) if recipe.calibration == "isotonic" else None
        missing = any(entry.status != "ready" for entry in fitted.entries) or fitted.shape_event is not None
        events = [*_member_events(fitted.entries), *([fitted.shape_event] if fitted.shape_event else [])]
        return cls(
            fitted.members,
            mixing.weighed.weights,
            ProbabilityShrinkage.fit(pooled, codes, n_eff),
            centre,
            bands,
            spec,
            fitted.train.manifest,
            missing,
            (*mixing.weighed.events, *events, *_band_events(bands), *_calibration_events(isotonic)),
            tuple(fitted.train.X[-1].tolist()),
            fitted.shape,
            isotonic,
            mixing.regimes,
            mixing.stack,
            (seen, mixing, spread),
        )

    @classmethod
    def band_only(cls, train: LabelledTable, spec: LabelSpec) -> Ensemble:
        """Answer with train frequencies, shrunk drift and volatility bands: too few independent rows to learn from.

        Parameters
        ----------
        train : LabelledTable
            Known rows.
        spec : LabelSpec
            Used where ``rows / horizon_bars`` is below 20.
        """
        prior = frequencies(train.y)
        return cls(
            {},
            {},
            ProbabilityShrinkage((float(prior[0]), float(prior[1]), float(prior[2])), 0.0),
            Centre.of_drift(train.forward_returns, len(train) / spec.horizon_bars),
            ConformalBands.normal(),
            spec,
            train.manifest,
            events=({"event": "band_only", "n_eff": len(train) / spec.horizon_bars},),
        )

    def predict(self, table: LabelledTable) -> Prediction:
        """Return what the ensemble says about each row; see :meth:`predict_with_status`."""
        return self.predict_with_status(table)[0]

    def predict_with_status(self, table: LabelledTable) -> tuple[Prediction, tuple[str, ...]]:
        """Predict, and name the members that raised.

        A member that raises is left out of this answer and the weights of the others are
        renormalised; it never votes NEUTRAL.

        Returns
        -------
        (Prediction, tuple of str)
            The second part is empty when every member answered.

        Raises
        ------
        SchemaMismatch
            Features differ from those learned from.
        InsufficientHistory
            A feature or the volatility of a row is not known.
        ModelError
            No member answered.
        """
        X = self._rows(table)
        table = replace(table, spec=self.spec)  # what was learned decides the horizon, not how the rows were labelled
        answers: dict[str, Probabilities] = {}
        for name, member in self.members.items():
            try:
                answers[name] = ask(member, table, X)
            except MEMBER_ERRORS:
                continue
        if self.members and not answers:
            raise ModelError(f"none of the members {', '.join(self.members)} could answer", fix="augury doctor")
        dropped = tuple(name for name in self.members if name not in answers)
        volatility = table.column(VOLATILITY)
        pooled = self.pooled(answers, volatility) if answers else np.tile(self.shrinkage.prior, (len(table), 1))
        return self._answer(answers, pooled, self.shape.spread(table), volatility), dropped

    def out_of_fold_prediction(self) -> tuple[Ints, Prediction]:
        """Return (train row indices, prediction) on the out-of-fold rows, for scores of the select slice.

        No member saw these rows when it answered; weights and calibration did. Empty for a
        band-only ensemble.

        Raises
        ------
        ModelError
            The ensemble was loaded: its train rows are not stored.
        """
        if self._select is not None:
            seen, mixing, spread = self._select
            answers = mixing.out_of_fold
            return answers.rows, self._answer(answers.proba, mixing.pooled, spread, seen.column(VOLATILITY))
        if self.members:
            raise ModelError("a loaded ensemble holds no out-of-fold answers: they belong to the training run")
        none = np.empty(0)
        return np.empty(0, np.int64), self._answer({}, np.empty((0, 3)), Spread(none), none)

    def save(self, folder: Path) -> None:
        """Write ``ensemble.json`` and ``members/<name>/`` into ``folder``; safe formats, equal bytes for equal fits."""
        write(self, folder)

    @classmethod
    def load(cls, folder: Path, allow_missing: bool = False) -> Ensemble:
        """Read what :meth:`save` wrote; predictions are equal bit for bit.

        Parameters
        ----------
        folder : Path
        allow_missing : bool
            Leave out a member that cannot be read, renormalise the stored weights and mark the
            ensemble ``degraded``, instead of raising.

        Raises
        ------
        CorruptArtifact
            A file is missing or damaged.
        """
        return cls(**vars(read(folder, allow_missing=allow_missing)))

    def _rows(self, table: LabelledTable) -> Features:
        if table.manifest.hash != self.features.hash:
            self.features.check(table.manifest.names)
            raise SchemaMismatch(
                f"the formulas of the features changed: {table.manifest.hash[:12]}, learned {self.features.hash[:12]}",
                fix="augury train --symbol SYMBOL --timeframe TIMEFRAME",
            )
        X = table.X
        unknown = [self.features.names[column] for column in np.flatnonzero(~np.isfinite(X).all(axis=0))]
        if unknown:
            raise InsufficientHistory(f"features {', '.join(unknown[:5])} are not known in every row asked for")
        return X

    def _answer(
        self, answers: Mapping[str, Probabilities], pooled: Probabilities, spread: Spread, volatility: Floats
    ) -> Prediction:
        score = signed_score(pooled)
        proba = self.calibrated(pooled)
        codes: Codes = (proba.argmax(axis=1) - 1).astype(np.int8)
        centre = self.centre.at(score)
        return Prediction(
            proba=proba,
            raw_proba=pooled,
            score=score,
            codes=codes,
            expected_return=centre,
            quantiles=self.bands.quantiles(centre, spread.scale, spread.ladder),
            agreement=self.agreed(answers, volatility, codes),
            members=dict(answers),
        )


def _member_events(entries: Sequence[MemberEntry]) -> list[Json]:
    """What a reader should know of the members: who is missing, and how often a costly one was fitted."""
    missing = [
        {"event": entry.status, "member": entry.name, "reason": entry.reason}
        for entry in entries
        if entry.status != "ready"
    ]
    rolled = [
        {"event": "rolled", "member": entry.name, **{key: entry.facts[key] for key in ROLLED_FACTS}}
        for entry in entries
        if set(ROLLED_FACTS) <= set(entry.facts)
    ]
    return [*missing, *rolled]


def _calibration_events(isotonic: IsotonicCalibration | None) -> list[Json]:
    if isotonic is None or not isotonic.raw:
        return []
    return [{"event": "raw", "n_eff": isotonic.n_eff, "needs": OUTCOMES_MIN}]


def _band_events(bands: ConformalBands) -> list[Json]:
    return [{"event": "band_extrapolated", "levels": list(bands.extrapolated)}] if bands.extrapolated else []
