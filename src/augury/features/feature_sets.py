"""Named sets of features, and which of them a source can have.

technical   every technical feature known after 50 bars (a forecast is allowed from 50 bars on)
all         every feature of every family
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.catalog import Catalog
from augury.core.errors import UnknownName
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.suggestion import did_you_mean
from augury.features.family import Family, Feature

FAMILIES: Final[Catalog[Family]] = Catalog("feature family", ("augury.features.families",), "FAMILY")
_READY_BARS: Final = 50

_SETS: Final[dict[str, Callable[[Family, Feature], bool]]] = {
    "technical": lambda family, feature: family.group == "technical" and feature.lookback_bars <= _READY_BARS,
    "all": lambda family, feature: True,
}


def feature_set(name: str) -> tuple[str, ...]:
    """Return the feature names of a set, in manifest order.

    Parameters
    ----------
    name : str
        ``technical`` (ready after a few months of daily bars) or ``all``.

    Raises
    ------
    UnknownName
        With the nearest name and the whole list.

    Examples
    --------
    >>> "close_position" in feature_set("technical"), "atr" in feature_set("technical"), "atr" in feature_set("all")
    (True, False, True)
    """
    if (belongs := _SETS.get(name)) is None:
        hint = did_you_mean(name, _SETS)
        raise UnknownName(f"unknown feature set '{name}'{hint} (known: {', '.join(_SETS)})", name=name)
    return tuple(feature.name for family, feature in catalogue().values() if belongs(family, feature))


def manifest_for(bars: Bars, name: str = "technical") -> FeatureManifest:
    """Return the features of a set that these bars can have.

    A feature is absent, not null and not zero, when the source lacks one of its inputs: only the
    close of a close-only source is real, and a column that is null (or, for volume, zero) on every
    bar of some symbol does not exist for it. One manifest holds for all symbols of a table, so an
    index without volume among stocks costs the table its volume features: build it apart.

    Parameters
    ----------
    bars : Bars
        What the features are to be computed from.
    name : str
        Which set; default ``technical``.

    Raises
    ------
    UnknownName
        No such set.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> "rsi" in manifest_for(SyntheticMarket(n_symbols=1, n_bars=30).bars()).names
    True
    """
    wanted = feature_set(name)
    known = inputs_of(bars)
    entries = catalogue()
    specs = (entries[feature][0].spec(entries[feature][1]) for feature in wanted)
    return FeatureManifest(tuple(spec for spec in specs if known.issuperset(spec.inputs)))


def describe() -> list[FeatureSpec]:
    """Return the declaration of every feature, family by family.

    Examples
    --------
    >>> [spec.unit for spec in describe() if spec.name == "atr_percent"]
    ['fraction']
    """
    return [family.spec(feature) for family, feature in catalogue().values()]


def inputs_of(bars: Bars) -> frozenset[str]:
    """Return the bar columns that are real for every symbol.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> sorted(inputs_of(SyntheticMarket(n_symbols=1, n_bars=30).bars()))
    ['close', 'high', 'low', 'open', 'volume']
    """
    if bars.close_only:
        return frozenset({"close"})
    traded = [pl.col(name).is_not_null().any() for name in ("open", "high", "low", "close")]
    traded.append((pl.col("volume") > 0).any())
    present = bars.frame.lazy().group_by("symbol").agg(traded).select(pl.exclude("symbol").all()).collect()
    return frozenset(name for name in present.columns if present[name].item())


@cache
def catalogue() -> dict[str, tuple[Family, Feature]]:
    """Return every feature with its family, by name; a name belongs to one family.

    Raises
    ------
    UnknownName
        Two families declare the same name.
    """
    found: dict[str, tuple[Family, Feature]] = {}
    for _, family in FAMILIES:
        for feature in family.features:
            if feature.name in found:
                raise UnknownName(
                    f"feature '{feature.name}' is declared by '{found[feature.name][0].name}' and by '{family.name}'"
                )
            found[feature.name] = (family, feature)
    return found
