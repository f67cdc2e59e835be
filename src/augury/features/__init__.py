"""features: what is known at the close of a bar. Nothing looks to the right of the bar."""

from augury.features.engine import build
from augury.features.feature_sets import describe, feature_set, manifest_for
from augury.features.relative import RelativeFeatureTransform

__all__ = ["RelativeFeatureTransform", "build", "describe", "feature_set", "manifest_for"]
