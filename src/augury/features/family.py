"""What a feature family file declares: names, lookbacks, formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from augury.core.manifest import FeatureSpec
from augury.features.language import Term
from augury.features.program import leaves


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: what it declares about itself, and how it is computed.

    Parameters
    ----------
    name : str
        Column name.
    lookback_bars : int
        Bars that must exist, the current one included; earlier rows are null whatever the formula gives.
    formula : Term
        Written in the words of ``features.language``, which know no future. NaN means undefined and
        becomes null.
    unit : str
        ``fraction``, ``ratio``, ``score`` (0 to 100), ``sd`` (in standard deviations), ``atr``,
        ``flag`` (0 or 1), ``bars`` or ``count``.
    version : int
        Raised when the formula changes.
    scale_free : bool
        True when multiplying all prices by a constant changes nothing; a generated test holds it to that.
    """

    name: str
    lookback_bars: int
    formula: Term
    unit: str = "fraction"
    version: int = 1
    scale_free: bool = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns the formula reads."""
        return leaves([self.formula])


@dataclass(frozen=True, slots=True)
class Family:
    """Features that belong together; each file of ``features/families`` defines one as ``FAMILY``.

    Parameters
    ----------
    name : str
        Name of the file.
    source : str
        Paper or reference of the definitions.
    features : tuple of Feature
        In manifest order.
    """

    name: str
    source: str
    features: tuple[Feature, ...]

    def specs(self) -> Sequence[FeatureSpec]:
        """What the family declares, in order."""
        return [self.spec(feature) for feature in self.features]

    def spec(self, feature: Feature) -> FeatureSpec:
        """The declaration of one of its features."""
        return FeatureSpec(
            name=feature.name,
            family=self.name,
            inputs=feature.inputs,
            lookback_bars=feature.lookback_bars,
            unit=feature.unit,
            scale_free=feature.scale_free,
            source=self.source,
            version=feature.version,
        )
