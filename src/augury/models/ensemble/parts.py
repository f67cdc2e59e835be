"""What an ensemble consists of: the shape that is fitted, stored and read back."""

from __future__ import annotations

from dataclasses import dataclass, field

from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.typing import Json, Probabilities
from augury.models.bands import BandShape
from augury.models.bands.conformal import Conformal
from augury.models.conformal import ConformalBands
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage
from augury.models.ensemble.isotonic import IsotonicCalibration
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

    @property
    def raw(self) -> bool:
        """True when probabilities are the members' own: too few outcomes to calibrate them by."""
        return self.isotonic is not None and self.isotonic.raw

    def calibrated(self, pooled: Probabilities) -> Probabilities:
        """Return pooled probabilities as far as they have been earned, ``(n, 3)``."""
        return (self.shrinkage if self.isotonic is None else self.isotonic).apply(pooled)
