"""Named sets of features, and which of them a source can have.

technical   every technical feature known after 50 bars (a forecast is allowed from 50 bars on)
all         every feature of every family
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.catalog import Catalog
from augury.core.errors import UnknownName
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.features.family import Family, Feature

FAMILIES: Final[Catalog[Family]] = Catalog("feature family", ("augury.features.families",), "FAMILY")
_READY_BARS: Final = 50

_SETS: Final[dict[str, Callable[[Family, Feature], bool]]] = {
    "technical": lambda family, feature: family.group == "technical" and feature.lookback_bars <= _READY_BARS,
    "all": lambda family, feature: True,
}


def set_names() -> tuple[str, ...]:
    """Names of the sets."""
    return tuple(_SETS)


def feature_set(name: str) -> tuple[str, ...]:
    """Return the feature names of a set, in manifest order.

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
        near = difflib.get_close_matches(name, _SETS, n=1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise UnknownName(f"unknown feature set '{name}'{hint} (known: {', '.join(_SETS)})", name=name)
    return tuple(feature.name for family, feature in catalogue().values() if belongs(family, feature))


def manifest_for(bars: Bars, name: str = "technical") -> FeatureManifest:
    """Return the features of a set that these bars can have.

    A feature is absent, not null and not zero, when the source lacks one of its inputs: only the
    close of a close-only source is real, and a column that is null (or, for volume, zero) on every
    bar of some symbol does not exist for it. One manifest holds for all symbols of a table, so an
    index without volume among stocks costs the table its volume features: build it apart.

    Raises
    ------
    UnknownName
        No such set.
    """
    wanted = feature_set(name)
    known = inputs_of(bars)
    entries = catalogue()
    specs = (entries[feature][0].spec(entries[feature][1]) for feature in wanted)
    return FeatureManifest(tuple(spec for spec in specs if known.issuperset(spec.inputs)))


def describe() -> list[FeatureSpec]:
    """Return the declaration of every feature, family by family."""
    return [family.spec(feature) for family, feature in catalogue().values()]


def inputs_of(bars: Bars) -> frozenset[str]:
    """Return the bar columns that are real for every symbol."""
    if bars.close_only:
        return frozenset({"close"})
    traded = [pl.col(name).is_not_null().any() for name in ("open", "high", "low", "close")]
    traded.append((pl.col("volume") > 0).any())
    present = bars.frame.lazy().group_by("symbol").agg(traded).select(pl.exclude("symbol").all()).collect()
    return frozenset(name for name in present.columns if present[name].item())


@cache
def catalogue() -> dict[str, tuple[Family, Feature]]:
    """Return every feature with its family, by name; a name belongs to one family."""
    found: dict[str, tuple[Family, Feature]] = {}
    for _, family in FAMILIES:
        for feature in family.features:
            if feature.name in found:
                raise UnknownName(
                    f"feature '{feature.name}' is declared by '{found[feature.name][0].name}' and by '{family.name}'"
                )
            found[feature.name] = (family, feature)
    return found
