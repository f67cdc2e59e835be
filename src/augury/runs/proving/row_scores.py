"""Rows of features that somebody else computed, answered by a version's members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Codes, Features, Floats, Probabilities
from augury.models.alignment import align_proba
from augury.models.ensemble.ensemble import Ensemble
from augury.models.ensemble.pooling import signed_score
from augury.models.statistical import SeriesMember


@dataclass(frozen=True)
class RowScores:
    """Arrays over the same rows; as in :class:`augury.core.prediction.Prediction`."""

    proba: Probabilities
    codes: Codes
    score: Floats
    expected_return: Floats


def score_rows(ensemble: Ensemble, X: Features) -> RowScores:
    """Ask the members, pool and calibrate, as the ensemble's own ``predict`` does with the same features.

    Parameters
    ----------
    ensemble : Ensemble
    X : (n, n_features)
        float32, in the order of the ensemble's manifest, finite.

    Raises
    ------
    UsageError
        The ensemble reads more than rows: closes, a volatility that says the regime, or it has no member.
    """
    closes = [name for name, member in ensemble.members.items() if isinstance(member, SeriesMember)]
    if closes or not ensemble.members or ensemble.regimes is not None or ensemble.stack is not None:
        what = f"members {', '.join(closes)} read closes" if closes else "it reads bars beside them"
        raise UsageError(f"rows of features are not enough for this version: {what}", fix="POST /v1/forecasts")
    answers = {
        name: align_proba(member.predict_proba(X), member.classes_)
        for name, member in ensemble.members.items()
        if not isinstance(member, SeriesMember)
    }
    pooled = ensemble.pooled(answers, np.full(len(X), np.nan))
    proba = ensemble.calibrated(pooled)
    score = signed_score(pooled)
    codes: Codes = (proba.argmax(axis=1) - 1).astype(np.int8)
    return RowScores(proba, codes, score, ensemble.centre.at(score))
