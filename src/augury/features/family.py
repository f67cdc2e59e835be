"""What a feature family file declares: names, lookbacks, formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from augury.core.manifest import FeatureSpec
from augury.core.typing import Floats
from augury.features.block import Block

Formula = Callable[[Block], Floats]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: what it declares about itself, and how it is computed.

    Parameters
    ----------
    name : str
        Column name.
    lookback_bars : int
        Bars that must exist, the current one included; earlier rows are null whatever the formula gives.
    formula : callable
        ``Block -> (n_rows,)`` float64. May look back at most ``lookback_bars - 1`` rows (recursive
        smoothing excepted) and never ahead. NaN means undefined and becomes null.
    inputs : tuple of str
        Bar columns the formula reads.
    unit : str
        ``fraction``, ``ratio``, ``score`` (0 to 100), ``sd`` (in standard deviations) or ``atr``.
    version : int
        Raised when the formula changes.
    """

    name: str
    lookback_bars: int
    formula: Formula
    inputs: tuple[str, ...] = ("close",)
    unit: str = "fraction"
    version: int = 1


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
    group : str
        Sets collect groups: ``technical`` families are part of the set of that name.
    """

    name: str
    source: str
    features: tuple[Feature, ...]
    group: str = "technical"

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
            source=self.source,
            version=feature.version,
        )
