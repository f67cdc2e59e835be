"""What an ensemble consists of: the shape that is fitted, stored and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.typing import Codes, Floats, Json, Probabilities
from augury.models.bands import BandShape
from augury.models.bands.conformal import Conformal
from augury.models.conformal import ConformalBands
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage
from augury.models.ensemble.isotonic import IsotonicCalibration
from augury.models.ensemble.pooling import agreement, pool
from augury.models.ensemble.regimes import RegimeWeights
from augury.models.ensemble.stacking import Stack
from augury.models.members import AnyMember


@dataclass(frozen=True)
class EnsembleParts:
    """Members, their weights, and how far their answer is believed.

    Parameters
    ----------
    members : dict
        Name to fitted member.
    weights : dict
        Name to weight, summing to 1; empty for a band-only ensemble.
    shrinkage : ProbabilityShrinkage
        How far the pooled probabilities are drawn to the train frequencies.
    centre : Centre
        Pooled score to expected h-bar return.
    bands : ConformalBands
        Quantiles around the centre, in units of the volatility of the horizon.
    spec : LabelSpec
        What the members learned to foresee.
    features : FeatureManifest
        Columns the members learned from; others are refused.
    degraded : bool
        True when a member of the recipe is missing.
    events : tuple of dict
        What a reader should know: dominance guard, missing members, extrapolated bands.
    probe : tuple of float
        Features of one train row, ``(n_features,)``; every load asks the members about it again.
    shape : BandShape
        What gives the bands their width; ``bands`` hold it to its promise.
    isotonic : IsotonicCalibration, optional
        Stands in the place of ``shrinkage`` when the recipe asks for it.
    regimes : RegimeWeights, optional
        Weights of quiet, usual and strained bars, where the recipe asks for them; ``weights`` answer elsewhere.
    stack : Stack, optional
        A member over members that pools in place of weights; they pool while one of its members is missing.
    """

    members: dict[str, AnyMember]
    weights: dict[str, float]
    shrinkage: ProbabilityShrinkage
    centre: Centre
    bands: ConformalBands
    spec: LabelSpec
    features: FeatureManifest
    degraded: bool = False
    events: tuple[Json, ...] = ()
    probe: tuple[float, ...] = ()
    shape: BandShape = field(default_factory=Conformal)
    isotonic: IsotonicCalibration | None = None
    regimes: RegimeWeights | None = None
    stack: Stack | None = None

    @property
    def raw(self) -> bool:
        """True when probabilities are the members' own: too few outcomes to calibrate them by."""
        return self.isotonic is not None and self.isotonic.raw

    def calibrated(self, pooled: Probabilities) -> Probabilities:
        """Return pooled probabilities as far as they have been earned, ``(n, 3)``."""
        return (self.shrinkage if self.isotonic is None else self.isotonic).apply(pooled)

    def weights_at(self, volatility: Floats) -> list[Mapping[str, float]]:
        """Return the weights of each row, by its regime where there are regimes.

        Parameters
        ----------
        volatility : array (n,)
            Column ``vol`` of the rows.
        """
        if self.regimes is None:
            return [self.weights] * len(volatility)
        return self.regimes.per_row(volatility, self.weights)

    def pooled(self, answers: Mapping[str, Probabilities], volatility: Floats) -> Probabilities:
        """Return the members' answers as one distribution a row, ``(n, 3)``, before calibration.

        Parameters
        ----------
        answers : mapping
            Member to ``(n, 3)``; weights of members that are missing are shared out.
        volatility : array (n,)
            Column ``vol`` of the rows.
        """
        if self.stack is not None and self.stack.answers_with(answers):
            return self.stack.pooled(answers, volatility)
        if self.regimes is not None:
            return self.regimes.pool(answers, volatility, self.weights)
        return pool(answers, self.weights)

    def agreed(self, answers: Mapping[str, Probabilities], volatility: Floats, codes: Codes) -> Floats | None:
        """Return the weight of the members whose own answer is ``codes``, ``(n,)``; None with a single member."""
        if self.regimes is None or len(answers) < 2:
            return agreement(answers, self.weights, codes)
        agreed = np.empty(len(volatility))
        for rows, weights in self.regimes.vectors(volatility, self.weights):
            agreed[rows] = agreement({name: proba[rows] for name, proba in answers.items()}, weights, codes[rows])
        return agreed
